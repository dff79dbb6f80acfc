"""The one exception meant for the user's eyes.

A `UserError` is printed as its message alone, without a traceback, and ends the command with its
exit code. Its message names the value that is wrong, what was expected and what to do next.
Our own bugs are never UserErrors: they keep their traceback.
"""

import errno
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches


class UserError(Exception):
    """The user's input is wrong; the message says what to write instead.

    Attributes:
        exit_code: of the command that it ends.
    """

    exit_code = 2


_MOST_LINES = 18


def summarized(faults: Sequence[tuple[str, str]]) -> list[str]:
    """Write (place, fault) pairs as lines: equal faults once with their count, and 18 at most."""
    places: dict[str, list[str]] = {}
    for place, fault in faults:
        places.setdefault(fault, []).append(place)
    lines = [f"{at[0]}: {fault}{_also(at[1:])}" for fault, at in places.items()]
    more = len(lines) - _MOST_LINES
    return lines[:_MOST_LINES] + ([f"and {more} more"] if more > 0 else [])


def _also(places: Sequence[str]) -> str:
    if not places:
        return ""
    more = f" and {len(places) - 2} more" if len(places) > 2 else ""
    return f" (also {', '.join(places[:2])}{more})"


class Fault(str):
    """One fault of an input, as a line for people that can be told apart by code and key.

    The wording may change at any time; code and key stay.

    Attributes:
        code: kind of the fault, such as "unknown-key".
        key: the key that it is about, such as "trainer.learning_rate"; "" for none.
    """

    code: str
    key: str

    def __new__(cls, text: str, code: str = "invalid-value", key: str | None = None) -> "Fault":
        """Write a fault; the default key is the one that the text begins with."""
        fault = super().__new__(cls, text)
        begins = _KEY.match(text)
        fault.code = code
        fault.key = key if key is not None else begins[0] if begins else ""
        return fault


_KEY = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+(?=[ :])|[A-Za-z_]\w*(?=: )")


def unknown_key(key: str, known: Sequence[str]) -> Fault:
    """Name a key that nobody reads; suggest a near one, otherwise list the known keys."""
    near = get_close_matches(key.rpartition(".")[2], known, n=1)
    instead = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(known))}"
    return Fault(f"unknown key '{key}'; {instead}", "unknown-key", key)


def missing_key(key: str, remedy: str = "") -> Fault:
    """Name a key that has to be there, and what to write."""
    return Fault(f"missing key '{key}'{remedy and '; '}{remedy}", "missing-key", key)


class Faults(UserError):
    """Several faults found in one pass, so that a file is corrected once and not fault by fault."""

    def __init__(self, source: str, faults: Sequence[str]) -> None:
        self.source = source
        self.faults = tuple(each if isinstance(each, Fault) else Fault(each) for each in faults)
        super().__init__("\n".join(summarized([(source, fault) for fault in self.faults])))

    def __reduce__(self) -> tuple[type["Faults"], tuple[str, tuple[Fault, ...]]]:
        """Pickle the constructor arguments; BaseException would pickle only the message."""
        return type(self), (self.source, self.faults)

    @property
    def codes(self) -> frozenset[tuple[str, str]]:
        """Code and key of every fault."""
        return frozenset((fault.code, fault.key) for fault in self.faults)


_OF_A_PATH = {
    errno.EACCES,
    errno.EEXIST,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


def path_fault(error: OSError) -> str | None:
    """Say what keeps a path from being read or written; None where the path is not to blame."""
    if error.errno not in _OF_A_PATH or not error.filename:
        return None
    return f"{error.filename!s:.200}: {error.strerror}; give another path, or make way for it"


_MOST_LETTERS = 400


# a path has one slash where the address that it was made from has two
_LOGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:/{1,2})[^/\s@]+@")
_NAME_AND_PASSWORD = re.compile(r"[\w.-]+:[^\s/@'\"]+@(?=\w)")


def holds_login(text: str) -> bool:
    """Return whether a text holds an address with a user's name or password before its host."""
    return _LOGIN.search(text) is not None


def without_logins(text: str) -> str:
    """Return the text with the name and password of every address in it hidden."""
    return _NAME_AND_PASSWORD.sub("***@", _LOGIN.sub(r"\1***@", text))


def shown(error: UserError) -> str:
    """Return an error's message as it is printed: 20 lines at most, none of them endless.

    A message repeats what the user wrote, which may hold control characters or half a surrogate
    pair, which are escaped, and a password in an address, which is hidden.
    """
    lines = without_logins(str(error)).split("\n")
    if len(lines) > _MOST_LINES + 2:
        lines = [*lines[: _MOST_LINES + 1], f"and {len(lines) - _MOST_LINES - 1} more lines"]
    return "\n".join(_printable(line) for line in lines)


def _printable(line: str) -> str:
    clipped = line if len(line) <= _MOST_LETTERS else f"{line[:_MOST_LETTERS]}.."
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in clipped
    )


@contextmanager
def concerning(place: str) -> Iterator[None]:
    """Put before a UserError's message what it concerns: a file, or a key of a recipe."""
    try:
        yield
    except UserError as error:
        if type(error) is not UserError:  # Faults name theirs; the others are no faults of an input
            raise
        raise UserError(f"{place}: {error}") from error
