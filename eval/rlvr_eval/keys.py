"""What says that two draws may be pooled.

The *draw key* is everything a completion depends on besides its problem and index. Draws of
different keys are never pooled: each key has a folder of its own. (Which curves may be compared is
a weaker question: `rlvr_eval.comparability`.)
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

from rlvr.samplers.base import SamplingParams

DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class DrawKey:
    """Everything that decides how a completion comes out.

    Attributes:
        weights: hash of the model's weights (`rlvr.weights`).
        revision: of the benchmark: commit, or hash of the local file.
        sampling: the fields of SamplingParams.
        context_length: tokens of prompt and completion together that the model takes.
        sampler: "<engine>/<version>".
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

    def fields(self) -> dict[str, Any]:
        """As stored in key.json: one flat mapping, sampling parameters by their own names."""
        flat = asdict(self)
        del flat["sampling"]
        return {**flat, **self.sampling.model_dump(mode="json")}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "DrawKey":
        """The inverse of `fields`."""
        sampling = {name: fields[name] for name in SamplingParams.model_fields}
        own = {name: value for name, value in fields.items() if name not in sampling}
        return cls(**own, sampling=SamplingParams.model_validate(sampling))

    def digest(self) -> str:
        """Name of the key's folder in the store."""
        canonical = json.dumps(self.fields(), sort_keys=True)
        return blake2b(canonical.encode(), digest_size=DIGEST_BYTES).hexdigest()


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Names of the fields in which two keys differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
