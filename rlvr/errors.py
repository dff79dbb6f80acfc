"""The one exception meant for the user's eyes.

A `UserError` is printed as its message alone, without a traceback, and ends the command with its
exit code. Its message names the value that is wrong, what was expected and what to do next.
Our own bugs are never UserErrors: they keep their traceback.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class UserError(Exception):
    """The user's input is wrong; the message says what to write instead.

    Attributes:
        exit_code: of the command that it ends.
    """

    exit_code = 2


class Faults(UserError):
    """Several faults found in one pass, so that a file is corrected once and not fault by fault."""

    def __init__(self, source: str, faults: Sequence[str]) -> None:
        self.source, self.faults = source, tuple(faults)
        super().__init__("\n".join(f"{source}: {fault}" for fault in self.faults))

    def __reduce__(self) -> tuple[type["Faults"], tuple[str, tuple[str, ...]]]:
        """Pickled by what it is made from; an exception's own way would pass the message alone."""
        return type(self), (self.source, self.faults)


@contextmanager
def concerning(place: str) -> Iterator[None]:
    """Put before a UserError's message what it concerns: a file, or a key of a recipe."""
    try:
        yield
    except UserError as error:
        if type(error) is not UserError:  # Faults name theirs; the others are no faults of an input
            raise
        raise UserError(f"{place}: {error}") from error
