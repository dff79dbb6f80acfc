"""Which completions keep their text: `all`, `correct` or `sample:N`.

Every draw is recorded with its verdict, length and log-probability whatever is chosen; what is
dropped is its text and its tokens. A draw without text can be counted for ever, but not read, and
not verified again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rlvr.core.errors import UserError
from rlvr.core.records import Completion, Outcome, Verdict

# what a recipe may write; its own pattern is this one
KEEP_TEXT = r"^(?:(all|correct)|sample:([1-9][0-9]*))$"
_WRITTEN = re.compile(KEEP_TEXT)


@dataclass(frozen=True, slots=True)
class KeepText:
    """A choice of completions.

    Attributes:
        rule: `sample` keeps the first `count` draws of every problem: by index, not by outcome.
    """

    rule: Literal["all", "correct", "sample"] = "all"
    count: int = 0

    @classmethod
    def parse(cls, text: str) -> "KeepText":
        """Parse a rule written as `all`, `correct` or `sample:N`.

        Raises:
            UserError: if it is none of them.
        """
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise UserError(f"keep_text: '{text}'; write all, correct or sample:N, as in sample:8")
        if match[1] is None:
            return cls("sample", int(match[2]))
        return cls("correct" if match[1] == "correct" else "all")

    def keeps(self, completions: Sequence[Completion], verdicts: Sequence[Verdict]) -> list[bool]:
        """Return True for each draw whose text is kept."""
        if self.rule == "correct":
            return [verdict.outcome is Outcome.CORRECT for verdict in verdicts]
        if self.rule == "sample":
            return [completion.sample_index < self.count for completion in completions]
        return [True] * len(completions)


ALL = KeepText()
