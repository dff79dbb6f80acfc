"""Verifiers by name. A verifier says of every attempt what it is worth, and never raises for one.

`get` imports a verifier's module only when it is asked for, so that nothing pays for libraries it
does not use. To add a verifier: one module with a class that satisfies `Verifier`, one line here.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Protocol, cast

from rlvr.core import plugins
from rlvr.core.errors import UserError
from rlvr.core.records import Attempt, Verdict
from rlvr.verifiers.own_source import is_own, name_in
from rlvr.verifiers.time_limit import TIMEOUT_S

__all__ = [
    "CHECKS_EVERY_STEP",
    "NAMES",
    "TIMEOUT_S",
    "Verifier",
    "check",
    "get",
    "name_of",
]

_CLASSES = {
    "choice": "rlvr.verifiers.choice:ChoiceVerifier",
    "code": "rlvr.verifiers.code.verifier:CodeVerifier",
    "countdown": "rlvr.verifiers.countdown:CountdownVerifier",
    "math": "rlvr.verifiers.math.verifier:MathVerifier",
    "reasoning_gym": "rlvr.verifiers.reasoning_gym:ReasoningGymVerifier",
}

NAMES = tuple(_CLASSES)

# a correct verdict of theirs says that the reasoning is right, not the last answer alone
CHECKS_EVERY_STEP = frozenset({"countdown"})


class Verifier(Protocol):
    """What training and evaluation need of a verifier.

    Attributes:
        name: as in `get(name)`.
        version: "<name>@<number>", stored with every verdict; raised whenever a verdict can change.
    """

    name: str
    version: str

    def verify(self, attempts: Sequence[Attempt], *, timeout_s: float = TIMEOUT_S) -> list[Verdict]:
        """Return verdicts in the order of `attempts`; callable from any thread.

        A completion that hangs or crashes the verifier gets `timeout` or `error` within about
        `timeout_s` seconds of its start; it never raises and never delays the others for long.
        """
        ...


def get(name: str) -> Verifier:
    """Return the verifier called `name`, or the one for a user's function (`rlvr.verifiers.own`).

    Raises:
        UserError: if there is none; the message lists those there are.
    """
    if is_own(name):
        from rlvr.verifiers.own import OwnVerifier

        return OwnVerifier(name)
    if (point := plugins.find("rlvr.verifiers", name, NAMES)) is not None:
        return _of_package(point)
    if name not in _CLASSES:
        listed = ", ".join((*NAMES, *plugins.names("rlvr.verifiers")))
        raise UserError(
            f"unknown verifier '{name}'; write one of: {listed}; or path/to/file.py:function"
        )
    module, _, attribute = _CLASSES[name].partition(":")
    return cast(Verifier, getattr(import_module(module), attribute)())


def _of_package(point: EntryPoint) -> Verifier:
    """Make a verifier of what a package registers: a class like those here, or a function."""
    found = plugins.load(point)
    if not isinstance(found, type) and callable(found):
        from rlvr.verifiers.own import OwnVerifier

        return OwnVerifier(point.value, name=point.name)
    try:
        made = found()
        version = made.version
    except Exception as error:
        raise plugins.broken(point, f"{type(error).__name__}: {error}") from error
    if not callable(getattr(made, "verify", None)) or version.partition("@")[0] != point.name:
        raise plugins.broken(
            point, f"a verifier has verify(attempts, timeout_s=..) and version '{point.name}@1'"
        )
    return cast(Verifier, made)


def check(name: str) -> None:
    """Refuse a verifier that cannot be had; a user's function is imported in a process of its own.

    Raises:
        UserError: if there is none, or the function cannot be imported or called.
    """
    from rlvr.verifiers.own import OwnVerifier

    found = get(name)
    if isinstance(found, OwnVerifier):
        found.start()


def name_of(version: str) -> str | None:
    """Return the name, as `get` takes it, of the verifier of a version; None if it is not here."""
    if (own := name_in(version)) is not None:
        return own
    name = version.partition("@")[0]
    return name if name in NAMES or name in plugins.names("rlvr.verifiers") else None
