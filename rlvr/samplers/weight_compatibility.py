"""Whether a checkpoint's weights can take the place of those that an engine has loaded.

Only the headers are compared, so the answer comes before anything is touched. vLLM itself would
take a checkpoint with a tensor missing (a warning, and the old tensor stays: completions of a model
that never was) and be ruined by one of another shape.
"""

from collections.abc import Mapping
from pathlib import Path

from rlvr.core.damage import read_json
from rlvr.core.errors import Faults
from rlvr.weights.tensors import TensorHeader, headers

# converted to the engine's own on loading; anything else is another kind of weights
_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
_MOST_FAULTS_SHOWN = 8
_TIED_HEAD = "lm_head.weight"


def fitting_headers(checkpoint: Path) -> dict[str, TensorHeader]:
    """Return the headers that must agree: a tied head is a copy that only some models save.

    Raises:
        UserError: as `rlvr.weights.tensors.headers`.
    """
    found = headers(checkpoint)
    if read_json(checkpoint / "config.json", dict).get("tie_word_embeddings"):
        found.pop(_TIED_HEAD, None)
    return found


def check_fit(
    loaded: Mapping[str, TensorHeader], offered: Mapping[str, TensorHeader], checkpoint: Path
) -> None:
    """Return if both have exactly the same tensors, in shape and in kind of number.

    Raises:
        UserError: naming the tensors that are missing, unknown, misshapen or of another type.
    """
    faults = [
        *(f"tensor '{name}' is missing" for name in sorted(loaded.keys() - offered.keys())),
        *(f"tensor '{name}' is unknown" for name in sorted(offered.keys() - loaded.keys())),
    ]
    for name in sorted(loaded.keys() & offered.keys()):
        faults += _differences(loaded[name], offered[name])
    if faults:
        raise Faults(str(checkpoint), _shortened(faults))


def _differences(loaded: TensorHeader, offered: TensorHeader) -> list[str]:
    faults = []
    if offered.shape != loaded.shape:
        faults.append(
            f"tensor '{loaded.name}' has shape {list(offered.shape)}, "
            f"the loaded model {list(loaded.shape)}"
        )
    if offered.dtype != loaded.dtype and not {offered.dtype, loaded.dtype} <= _FLOATS:
        faults.append(
            f"tensor '{loaded.name}' has dtype {offered.dtype}, the loaded model {loaded.dtype}"
        )
    return faults


def _shortened(faults: list[str]) -> list[str]:
    """Return the first faults, how many more there are, and what to do."""
    shown = faults[:_MOST_FAULTS_SHOWN]
    if len(faults) > len(shown):
        shown.append(f"and {len(faults) - len(shown)} more")
    return [
        *shown,
        "not a checkpoint of the loaded model, or not saved whole: save it again, or evaluate it "
        "in a run of its own",
    ]
