"""Find files of our own that are no longer what was written, and move them out of the way.

Nothing here deletes. What cannot be read is moved to a folder `set-aside` and named on the log, so
that a command can go on without it and a person can still look at it.
"""

import json
import logging
from pathlib import Path
from typing import Any, TypeVar

from rlvr.core.errors import UserError

logger = logging.getLogger(__name__)

SET_ASIDE = "set-aside"

Kind = TypeVar("Kind", dict[str, Any], list[Any])


class Damaged(UserError):
    """A file cannot be read as what it should be; the message names it and says why.

    Attributes:
        path: the file.
        reason: what is wrong with it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} is damaged: {reason}")

    def __reduce__(self) -> tuple[type["Damaged"], tuple[Path, str]]:
        """Pickle the constructor arguments; BaseException would pickle only the message."""
        return type(self), (self.path, self.reason)


def read_json(path: Path, kind: type[Kind]) -> Kind:
    """Read a JSON file whose outermost value is a dict or a list.

    Raises:
        Damaged: if it holds anything else.
        FileNotFoundError: if there is no such file.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise
    except (ValueError, RecursionError, OSError) as error:
        raise Damaged(path, _reason(error)) from None
    if not isinstance(value, kind):
        raise Damaged(path, f"a JSON {kind.__name__} was expected, not {type(value).__name__}")
    return value


def set_aside(path: Path, place: Path, reason: str) -> None:
    """Move a file or folder into `place` and name it; harmless where another process was first.

    Raises:
        UserError: if it cannot be moved.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        target = _free_name(place, path.name)
        path.rename(target)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"{path} is {reason}, and cannot be moved to {place}: {error}") from None
    logger.warning("%s is %s; set aside as %s", path.name, reason, target)


def _free_name(place: Path, name: str) -> Path:
    number = 0
    while (target := place / (f"{name}.{number}" if number else name)).exists():
        number += 1
    return target


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text (byte {error.start})"
    if isinstance(error, json.JSONDecodeError):
        return "the file is empty" if not error.doc.strip() else f"not JSON ({error})"
    return str(error) or type(error).__name__
