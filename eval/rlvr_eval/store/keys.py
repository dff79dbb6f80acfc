"""What says that two draws may be pooled.

The *draw key* is everything a completion depends on besides its problem and index. Draws of
different keys are never pooled: each key has a folder of its own, and every shard names the key it
belongs to. (Which curves may be compared is a weaker question: `rlvr_eval.summary.comparability`.)
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rlvr.core.errors import UserError
from rlvr.core.hashing import hex_digest
from rlvr.samplers.base import SamplingParams

DIGEST_BYTES = 8

# a draw key as it is stored: one flat mapping of JSON values
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DrawKey:
    """Everything that decides how a completion comes out.

    Attributes:
        weights: hash of the model's weights (`rlvr.weights.model_hash`).
        revision: of the benchmark: commit, or hash of the local file.
        prompt: name of the template; of a model's chat template with its hash, "chat@1a2b3c4d".
        sampling: the fields of SamplingParams.
        context_length: tokens of prompt and completion together that the model takes.
        sampler: "<engine>/<version>".
        end_ids: tokens at which completions end because they are end markers of the template, and
            the model's own files do not name them (`rlvr.answers.attempts`).
        versions_apart: further entries, of draws that version 0.1.0 would have made otherwise
            (`rlvr.samplers.versions_apart`).
    """

    weights: str
    benchmark: str
    revision: str
    prompt: str
    sampling: SamplingParams
    context_length: int
    dtype: str
    sampler: str
    run_seed: int
    end_ids: tuple[int, ...] = ()
    versions_apart: Mapping[str, str] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Return the fields as key.json stores them: one flat mapping with sampling parameters.

        Without `end_ids` where there are none: those draws are what they were before templates'
        markers were stop tokens.
        """
        flat = asdict(self)
        del flat["sampling"], flat["versions_apart"]
        if not flat["end_ids"]:
            del flat["end_ids"]
        return {**flat, **self.sampling.model_dump(mode="json"), **self.versions_apart}


def canonical(fields: Fields) -> str:
    """Write a draw key in its one canonical form."""
    return json.dumps(fields, sort_keys=True)


def digest(fields: Fields) -> str:
    """Return the name of a draw key's folder in the store."""
    return hex_digest(canonical(fields), DIGEST_BYTES)


def differing(one: Fields, other: Fields) -> list[str]:
    """List the names of the fields in which two keys differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def refuse_pooling(place: str, found: Fields, own: Fields) -> None:
    """Refuse draws that lie among those of another key.

    Raises:
        UserError: naming the fields in which the keys differ, if they do.
    """
    # through JSON, where a tuple is a list
    names = differing(json.loads(canonical(found)), json.loads(canonical(own)))
    if names:
        pairs = ", ".join(f"{name} {found.get(name)!r}, here {own.get(name)!r}" for name in names)
        raise UserError(
            f"{place} contains samples drawn with other settings ({pairs}); move the file to "
            f"{digest(found)}, the folder for those settings, or delete it"
        )
