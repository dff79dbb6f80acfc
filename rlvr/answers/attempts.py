"""What of a completion is the model's answer: the one way from a completion to an attempt.

Training, evaluation, distillation and `rlvr grade` all call `attempt`, so that what earns a reward
is what an evaluation counts. A completion ends at the first of

- a token that the model's own files name as its end (end of sequence);
- a token that is an end marker of the prompt's template, such as `<|im_end|>`. A base model's own
  end may be another token: Qwen2.5's is `<|endoftext|>`. These tokens are looked for among the
  token ids, because decoding drops special tokens and the markers with them. Engines stop at them;
- an end marker in the text: one that is not a single token of the tokenizer, or any where there is
  no more than text;
- a turn that the model invents as the template would write it (`Template.run_on`).

Tokens and text follow the same rule: text that still holds its special tokens, cut here, gives the
attempt that its tokens give. A completion with an end was not cut off by its token budget, even if
the budget ended what the model wrote behind that end.

Verdicts are stored under a name that tells the rule where the rule can matter (`verdict_version`),
so that verdicts of an earlier rule are never counted as this one's. Rule 1 looked for markers in
text without special tokens, and took "User:" in the middle of a sentence for an invented turn.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rlvr.answers import prompts, templates
from rlvr.core import reading
from rlvr.core.errors import UserError
from rlvr.core.records import Attempt, Problem

__all__ = [
    "RULE",
    "Ends",
    "attempt",
    "cut",
    "end_ids",
    "ends_of",
    "model_end_ids",
    "verdict_version",
    "verifier_version",
]

RULE = 2
_BY_RULE = "+answers"


@dataclass(frozen=True)
class Ends:
    """What ends the completions of one model under one template.

    Attributes:
        template: its name.
        of_model: tokens that the model's own files name as its end.
        of_template: further tokens that are end markers of the template.
        further_marker: the end of the assistant's turn in the model's chat template; empty where
            the prompt is none.
        tokenizer: the model's; None where there is only text.
    """

    template: str
    of_model: frozenset[int] = frozenset()
    of_template: frozenset[int] = frozenset()
    further_marker: str = ""
    tokenizer: Any = None

    @property
    def ids(self) -> frozenset[int]:
        """Every token that ends a completion."""
        return self.of_model | self.of_template


def attempt(
    problem: Problem, text: str, ends: Ends, *, ran_out: bool, ids: Sequence[int] = ()
) -> Attempt:
    """Turn a completion into the attempt that its verifier sees.

    Args:
        text: decoded without special tokens where there are `ids`; otherwise as it came.
        ran_out: the token budget ended it, as far as the caller knows; an end overrules that.
        ids: its tokens, the end included.
    """
    end = next((at for at, token in enumerate(ids) if token in ends.ids), None)
    if end is not None and ends.tokenizer is not None:
        ran_out = False
        # engines and trainers have already dropped a special token that stands last
        if end < len(ids) - 1 or ids[end] not in ends.tokenizer.all_special_ids:
            text = str(ends.tokenizer.decode(list(ids[:end]), skip_special_tokens=True))
    answer = cut(text, ends.template, further=ends.further_marker)
    in_line = prompts.get(ends.template).answer == "line"
    return Attempt(problem, answer, truncated=ran_out and answer == text, answer_in_line=in_line)


def cut(text: str, template: str = "plain", *, further: str = "") -> str:
    """Cut a text at its first end marker, by the template's rule.

    Args:
        further: one more end marker.
    """
    pattern = _pattern(prompts.get(template).name, further)
    while end := pattern.search(text):
        text = text[: end.start()]  # a fence may stand at the end of a line only now
    return text


def ends_of(
    template: str, tokenizer: Any, of_model: Collection[int], *, chat_tokenizer: Any = None
) -> Ends:
    """Collect the markers and tokens that end a model's completions under a template.

    Args:
        tokenizer: the model's.
        of_model: tokens that its files name as its end (`model_end_ids`).
        chat_tokenizer: whose chat template `chat` is; the model's own unless given.
    """
    further = _chat_end(chat_tokenizer or tokenizer) if prompts.is_chat(template) else ""
    markers = (*templates.END_OF_TURN, *([further] if further else []))
    found = {_token(tokenizer, marker) for marker in markers} - {None}
    own = frozenset(of_model)
    of_template = frozenset(token for token in found if token is not None) - own
    return Ends(template, own, of_template, further, tokenizer)


def model_end_ids(folder: Path, tokenizer: Any) -> frozenset[int]:
    """Read the end tokens of a model: its tokenizer's and those of its generation config.

    Raises:
        UserError: naming a file of the model that is no JSON object.
    """
    configured: Any = None
    for name in ("generation_config.json", "config.json"):
        file = folder / name
        if file.is_file():
            configured = reading.json_object_file(file).get("eos_token_id")
            break
    return end_ids(tokenizer, configured)


def end_ids(tokenizer: Any, configured: int | Sequence[int] | None) -> frozenset[int]:
    """Collect the tokenizer's end of sequence and the end tokens of a generation config."""
    listed = [configured] if isinstance(configured, int) else list(configured or ())
    return frozenset({tokenizer.eos_token_id, *listed} - {None})


def verdict_version(verifier: str, ends: Ends) -> str:
    """Name the verdicts on answers with these ends, e.g. "math@1+answers2".

    Without the rule where it changes nothing: where the template invents no turns and none of its
    markers is a token beyond the model's own ends.
    """
    matters = ends.of_template or prompts.get(ends.template).run_on
    return f"{verifier}{_BY_RULE}{RULE}" if matters else verifier


def verifier_version(verdict_version: str) -> str:
    """Extract the verifier's own version: "math@1" of "math@1+answers2"."""
    return verdict_version.partition(_BY_RULE)[0]


@lru_cache(maxsize=64)
def _pattern(template: str, further: str) -> re.Pattern[str]:
    markers = (*templates.END_OF_TURN, *([further] if further else []))
    run_on = prompts.get(template).run_on
    alternatives = [*map(re.escape, markers), *([run_on] if run_on else [])]
    return re.compile("|".join(alternatives), re.MULTILINE)


def _token(tokenizer: Any, marker: str) -> int | None:
    """Return the one token that is the marker, if there is one."""
    token = tokenizer.convert_tokens_to_ids(marker)
    if token is None or tokenizer.convert_ids_to_tokens(token) != marker:
        return None  # an unknown word gets the token for unknown words
    return int(token)


def _chat_end(tokenizer: Any) -> str:
    """Return the token that a chat template writes after an assistant turn; "" if there is none."""
    if not tokenizer.chat_template:
        return ""
    said = prompts.UNCHANGED
    turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": said}]
    try:
        text = prompts.chat_text(tokenizer, turns)
    except UserError:  # a template that takes no assistant's turn
        return ""
    _, said, behind = text.rpartition(said)
    behind = behind.lstrip()
    special = [str(token) for token in tokenizer.added_tokens_decoder.values()]
    fitting = [token for token in special if token.strip() and behind.startswith(token)]
    return max(fitting, key=len, default="") if said else ""
