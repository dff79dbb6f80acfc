"""Keeps a program's objects from telling a test that they are what it expects.

An operator tells an object the other operand. Where that is a number of the test, it may be the one
that is expected, as in `abs(answer - 7) < 1e-6`, and an object that answers 0 to everything would
pass. So the result has to be an object of the program again, which from then on gives no number, no
truth and no items: those of `(vector * 3).x` are its attributes, which a test compares with values
of its own. What a test makes itself by calling a class that it tests may answer more: there, the
operators are what is tested.

An object that says what it contains answers as a function of truth does, and such a function cannot
pass by one answer to everything. So a test has to have heard both answers.
"""

from __future__ import annotations

from .operators import COMPARISONS
from .stand_ins import Lent

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NUMBERS = (int, float, complex)
_TELLING = frozenset(
    {
        "bool",
        "int",
        "float",
        "complex",
        "index",
        "len",
        "getitem",
        "format",
        "reversed",
        "bytes",
        "hash",
    }
)
_TURNING = frozenset({"abs", "neg", "pos", "invert", "round", "floor", "ceil", "trunc"})


class Trust:
    """Remembers, by their numbers, which objects of the program have met numbers of the test.

    Args:
        is_class: whether the tests are those of a class.
    """

    def __init__(self, is_class: bool) -> None:
        self._is_class = is_class
        self._made: set[int] = set()
        self._met: set[int] = set()
        self._contained: set[bool] = set()

    @property
    def fault(self) -> str | None:
        """Why the tests prove nothing although they passed, None where they do."""
        if self._contained == {True}:
            return "an object of the program says that it contains whatever it is asked for"
        return None

    def may_operate(self, number: int, other: Any) -> bool:
        """Return whether an operator may tell an object this value of the test."""
        return type(other) in NUMBERS or number in self._made

    def check_question(self, number: int, action: str, asked: tuple[Any, ...]) -> None:
        """Refuse what an object may not be asked any more.

        Raises:
            TypeError: where it has met a number of the test.
        """
        name = asked[0] if action == "special" else action
        if number in self._met and (name in _TELLING or action == "iterate"):
            raise TypeError(f"an object that has met a number of the test gives no {name}")

    def check_answer(self, number: int, action: str, asked: tuple[Any, ...], answer: Any) -> None:
        """Take notice of an answer.

        Raises:
            TypeError: for a number or a truth in place of an object of the program.
        """
        if action == "operate" and asked[0] not in COMPARISONS:
            self._check_result(number, asked[1], answer)
        elif action == "special":
            self._check_special(number, asked[0], answer)
        elif action == "call" and number == 0 and self._is_class and isinstance(answer, Lent):
            self._made.add(answer._number)

    def _check_result(self, number: int, other: Any, result: Any) -> None:
        if number in self._made:
            if isinstance(result, Lent):
                self._made.add(result._number)
            return
        is_own = isinstance(other, Lent)
        if not is_own or number in self._met or other._number in self._met:
            self._meet(result)

    def _check_special(self, number: int, name: str, answer: Any) -> None:
        if name == "contains" and number not in self._made:
            self._contained.add(answer is True)
        elif number in self._met and name in _TURNING:
            self._meet(answer)
        elif number in self._met and type(answer) is str and _is_number(answer):
            raise TypeError("an object that has met a number of the test gives no number")

    def _meet(self, result: Any) -> None:
        if not isinstance(result, Lent):
            raise TypeError(f"a {type(result).__name__} from an operator with a number of the test")
        self._met.add(result._number)


def _is_number(text: str) -> bool:
    try:
        complex(text)
    except ValueError:
        return False
    return True
