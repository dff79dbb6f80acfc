"""Which curves may be compared: only those drawn alike but for the weights.

A difference between two models means something only if nothing else differs. The comparability key
is the draw key without weights and seed; where it disagrees, pairing is refused with the fields
named, unless the user allows it (a distilled model needs its own prompt), and then every number
built on it carries the list of what differs. Another version of the same sampler is a warning.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rlvr.core.errors import UserError
from rlvr.core.hashing import hex_digest
from rlvr.samplers.versions_apart import GENERATION_FILE, PROMPT_TOKENS
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.store.keys import DIGEST_BYTES

# what makes two evaluations different samples, and not samples of different things. Which tokens
# are a template's end markers follows from the tokenizer; a completion that went on behind one has
# the verdict of one that stopped there (`rlvr.answers.attempts`). What tells draws from an earlier
# version's by the model's own files may differ between two models, too.
_MAY_DIFFER = frozenset({"weights", "seed", "run_seed", "end_ids", PROMPT_TOKENS, GENERATION_FILE})


@dataclass(frozen=True)
class Comparison:
    """What differs between two draw keys, beyond weights and seed.

    Attributes:
        differing: field -> (theirs, ours), for fields that make a difference meaningless.
        warnings: sentences on differences that seldom matter.
        are_the_same_draws: True where weights and seed are the same as well.
    """

    differing: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    are_the_same_draws: bool = False


def comparability_key(draw_key: Mapping[str, Any]) -> dict[str, Any]:
    """Return the draw key without weights and seed."""
    return {name: value for name, value in draw_key.items() if name not in _MAY_DIFFER}


def fingerprint(key: Mapping[str, Any]) -> str:
    """Hash a key to hexadecimal digits; for a whole draw key, this is its folder in the store."""
    canonical = json.dumps(key, sort_keys=True, default=str)
    return hex_digest(canonical, DIGEST_BYTES)


def compare_keys(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Comparison:
    """Compare two draw keys, weights and seed aside."""
    first, second = _plain(comparability_key(theirs)), _plain(comparability_key(ours))
    differing = {
        name: (first.get(name), second.get(name))
        for name in sorted(first.keys() | second.keys())
        if first.get(name) != second.get(name)
    }
    warnings = []
    if "sampler" in differing and _same_engine(*differing["sampler"]):
        warnings.append("sampler {} against {}".format(*differing.pop("sampler")))
    are_the_same = bool(theirs) and fingerprint(theirs) == fingerprint(ours)
    return Comparison(differing, tuple(warnings), are_the_same)


def check_comparable(base: Outcomes, other: Outcomes, *, allow_differing: bool) -> Comparison:
    """Compare the draw keys of two evaluations of one benchmark; refuse undeclared differences.

    Raises:
        UserError: if they are not comparable and that was not allowed.
    """
    comparison = compare_keys(base.draw_key, other.draw_key)
    if comparison.differing and not allow_differing:
        listed = "; ".join(
            f"{name} is {theirs!r} against {ours!r}"
            for name, (theirs, ours) in comparison.differing.items()
        )
        raise UserError(
            f"{other.benchmark}: {base.model.name} and {other.model.name} were not drawn alike: "
            f"{listed}. {_remedy(comparison.differing)}, or allow the difference "
            "explicitly; it is then written beside every number"
        )
    return comparison


def _remedy(differing: Mapping[str, Any]) -> str:
    if differing.keys() <= {"answer_rule", "verifier"}:
        return "Verify the stored completions again, by rlvr eval RUN --regrade"
    return "Evaluate both under the same settings"


def _same_engine(theirs: Any, ours: Any) -> bool:
    return str(theirs).partition("/")[0] == str(ours).partition("/")[0]


def _plain(value: Any) -> Any:
    """Return the value as JSON preserves it, so that a tuple equals the list it was stored as."""
    return json.loads(json.dumps(value, default=str))
