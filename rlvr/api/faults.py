"""One kind of exception for what a user can mend: `UserError`."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from rlvr.core import disk, extras
from rlvr.core.errors import UserError, path_fault

P = ParamSpec("P")
R = TypeVar("R")


def raises_user_errors(extra: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Turn a missing package, a full disk and a path that cannot be used into a UserError.

    Args:
        extra: the extra of the package without which the function cannot be called.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            extras.require(extra)
            try:
                with disk.told():
                    return function(*args, **kwargs)
            except OSError as error:
                if (fault := path_fault(error)) is None:
                    raise
                raise UserError(fault) from error
            except ModuleNotFoundError as error:
                if (remedy := extras.explain_missing(error.name or "")) is None:
                    raise
                raise UserError(remedy) from error

        return call

    return decorate
