"""Models that are named on the command line: Hub ids, folders, folders of checkpoints.

    Qwen/Qwen2.5-7B            a model on the Hub, or in its cache where HF_HUB_OFFLINE is set
    Qwen/Qwen2.5-7B@9ab1c2d    at a revision
    out/checkpoint-500         a folder; the step is read from its name
    out                        every checkpoint in a folder, whichever trainer wrote it, and
                               weights that lie beside them

A checkpoint's step is the number after "checkpoint", "step", "iter", .. in its folder's name. Its
weights may lie deeper (`global_step_100/actor/huggingface`), and in parts
(`rlvr.weights.sharded`), for which a folder in a cache then stands.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from rlvr.core.errors import UserError
from rlvr.runs.run_directory import Run
from rlvr.weights import model_folder, models
from rlvr.weights.adapters import cache_folder, full_weights
from rlvr.weights.checkpoint import damage_of_contents, has_marker
from rlvr.weights.model_hash import weights_hash
from rlvr.weights.sharded import cache as merged_copies
from rlvr.weights.sharded.layouts import how_to_convert, layout_of
from rlvr_eval.plan.arrivals import last_step
from rlvr_eval.plan.evaluation import Model

logger = logging.getLogger(__name__)

_STEP = re.compile(
    r"(?:^|[^a-z])(?:checkpoint|ckpt|global[-_]?step|step|iter(?:ation)?|update|epoch)s?[-_=]?(\d+)",
    re.IGNORECASE,
)
_DEEPEST = 3
# what trainers save beside the model that they train
_BESIDE_THE_MODEL = {"critic", "dataloader", "optim", "optimizer", "ref", "reference", "reward"}


def step_in(name: str) -> int | None:
    """Return the training step in a checkpoint's name: checkpoint-500, global_step_500, 500."""
    if name.isdigit():
        return int(name)
    found = _STEP.findall(name)
    return int(found[-1]) if found else None


Unreadable = dict[str, str]


@dataclass(frozen=True)
class _Cache:
    """Where checkpoints in parts are merged, and whose configuration they take without their own.

    Attributes:
        base: folder of the model that they were trained from.
    """

    root: Path
    base: Path | None = None


def given_models(
    base: str | None,
    names: Sequence[str],
    unreadable: Unreadable | None = None,
    merged: Path | None = None,
) -> list[Model]:
    """List the base at step 0, then models by step, then those without a step in their name.

    These have no place among the checkpoints: they are shown beside them, in the order given.

    Args:
        unreadable: gets the folders that hold no whole model, and why. Without it checkpoints in a
            folder of checkpoints are left out with a warning, and any other is an error.
        merged: where checkpoints in parts are merged; None for the user's own cache.

    Raises:
        UserError: if a model cannot be had, or two of them would have one name and step.
    """
    cache = _Cache(merged or cache_folder() / "merged")
    found = [] if base is None else [_model(base, 0, cache)]
    if found:
        cache = replace(cache, base=found[0].folder)
    for position, name in enumerate(names, start=1):
        with _noted(name, unreadable if Path(name).is_dir() else None):
            found += _named(name, position, unreadable, cache)
    _refuse_repeats(found)
    return sorted(found, key=lambda model: model.ref.place)


def _named(name: str, position: int, unreadable: Unreadable | None, cache: _Cache) -> list[Model]:
    """List a model, or the checkpoints in a folder."""
    folder = Path(name)
    if (folder / "_actor").is_dir():  # OpenRLHF's folder of checkpoints, with `_critic` beside
        return _named(str(folder / "_actor"), position, unreadable, cache)
    if folder.is_dir() and (_is_of_checkpoints(folder) or weights_folder(folder) is None):
        return _checkpoints(folder, unreadable, cache)
    step = step_in(folder.name)
    if step is not None:
        return [_model(name, step, cache)]
    return [replace(_model(name, position, cache), beside=True)]


def models_beside(run: Run, names: Sequence[str]) -> list[Model]:
    """List what `evaluation.beside` names: other runs by their last checkpoint, and models.

    A run that has no complete checkpoint yet is left out and named.

    Raises:
        UserError: if a model cannot be had, or two of them would have one name.
    """
    found = []
    for position, name in enumerate(names, start=1):
        if "/" in name:
            step = step_in(Path(name).name) or position
            found.append(
                replace(_model(name, step, _Cache(cache_folder() / "merged")), beside=True)
            )
        elif checkpoints := Run(run.path.parent / name).sound_checkpoints():
            last = checkpoints[-1]
            found.append(Model(name, last.step, last.path, weights_hash(last.path), beside=True))
        else:
            logger.warning("%s has no complete checkpoint yet; shown without it", name)
    _refuse_repeats(found)
    return found


def weights_folder(folder: Path) -> Path | None:
    """Find a checkpoint's weights: in the folder itself, or in the only place below it.

    What is whole comes before parts, and the model before what was trained or saved beside it.
    """
    if _holds_weights(folder) or layout_of(folder):
        return folder
    if _has_checkpoints(folder):
        # DeepSpeed's own folder within a checkpoint of transformers or TRL
        inner = [path for path in folder.glob("global_step*/") if layout_of(path)]
        return inner[0] if step_in(folder.name) is not None and len(inner) == 1 else None
    below = [f for depth in range(1, _DEEPEST + 1) for f in folder.glob("*/" * depth)]
    for holds in (_holds_weights, layout_of):
        holding = [path for path in below if holds(path)]
        of_model = [p for p in holding if not _BESIDE_THE_MODEL & {*p.relative_to(folder).parts}]
        if holding:
            return (of_model or holding)[0] if len(of_model or holding) == 1 else None
    return None


def _checkpoints(folder: Path, unreadable: Unreadable | None, cache: _Cache) -> list[Model]:
    """List every checkpoint in a folder, and the weights beside them as the last.

    One without weights is left out and named.
    """
    steps = {path: step for path in folder.glob("*/") if (step := step_in(path.name)) is not None}
    if not steps:
        if command := how_to_convert(folder):
            raise UserError(f"{folder}: {command}")
        raise UserError(
            f"{folder}: neither a model (config.json and *.safetensors) nor a folder of "
            "checkpoints (checkpoint-500, global_step_500, ..)"
        )
    found = []
    for path, step in sorted(steps.items(), key=lambda pair: pair[1]):
        with left_out_if_faulty(path.name, unreadable):
            place = weights_folder(path)
            if place is None:
                command = how_to_convert(path) or "no config.json with *.safetensors in it"
                raise UserError(f"{path}: {command}")
            found.append(_at(path.name, step, place, cache))
    if _holds_weights(folder):
        with left_out_if_faulty(folder.name, unreadable):
            found += _beside_checkpoints(folder, max(steps.values()), found)
    return found


def _beside_checkpoints(folder: Path, step: int, checkpoints: Sequence[Model]) -> list[Model]:
    """List weights that a trainer saved at its end, unless a checkpoint has the same."""
    weights = _checked_hash(folder)
    same = next((model.name for model in checkpoints if model.weights == weights), None)
    if same is not None:
        _tell(f"{folder}: its own weights are those of {same}; shown once")
        return []
    return [Model(folder.resolve().name, last_step(folder) or step, folder, weights)]


def _model(name: str, step: int, cache: _Cache) -> Model:
    if Path(name).is_dir():
        folder = weights_folder(Path(name)) or Path(name)
        return _at(Path(name).resolve().name, step, folder, cache)
    source, _, revision = name.partition("@")
    folder = models.resolve(source, revision or None)
    return Model(name, step, folder, _checked_hash(folder))


def _at(name: str, step: int, place: Path, cache: _Cache) -> Model:
    """Make a model of the folder that its weights lie in, whole or in parts."""
    if _holds_weights(place) or layout_of(place) is None:
        return Model(name, step, place, _checked_hash(place))
    folder = merged_copies.stand_in(place, cache.base, cache.root)
    return Model(name, step, folder, weights_hash(folder), parts=place)


@contextmanager
def left_out_if_faulty(name: str, unreadable: Unreadable | None = None) -> Iterator[None]:
    """Go on without a model that cannot be used, and name it; once, however often it is tried.

    Args:
        unreadable: takes the name and the reason instead of the log.
    """
    try:
        yield
    except UserError as error:
        if unreadable is None:
            _tell(f"{name} is left out: {error}")
        else:
            unreadable[name] = str(error)


def _noted(name: str, unreadable: Unreadable | None) -> AbstractContextManager[None]:
    """Note an unreadable model as `left_out_if_faulty` does, or raise where nothing notes it."""
    return nullcontext() if unreadable is None else left_out_if_faulty(name, unreadable)


@cache
def _tell(message: str) -> None:
    logger.warning("%s", message)


def _checked_hash(folder: Path) -> str:
    """Hash a model's weights, if it can be loaded and is what was saved.

    Raises:
        UserError: naming the folder and the fault.
    """
    if has_marker(folder) and (faults := damage_of_contents(folder, for_training=False)):
        raise UserError(f"{folder}: {faults[0]}; take another checkpoint, or copy it again")
    model_folder.check(full_weights(folder))
    return weights_hash(folder)


def _holds_weights(folder: Path) -> bool:
    has_config = any((folder / f"{kind}.json").is_file() for kind in ("config", "adapter_config"))
    return has_config and any(folder.glob("*.safetensors"))


def _has_checkpoints(folder: Path) -> bool:
    return any(step_in(path.name) is not None for path in folder.glob("*/"))


def _is_of_checkpoints(folder: Path) -> bool:
    """Return whether checkpoints lie in a folder, which may have weights of its own too."""
    return _has_checkpoints(folder) and weights_folder(folder) in (None, folder)


def _refuse_repeats(found: Sequence[Model]) -> None:
    places = [(model.name, model.step) for model in found]
    for name, step in places:
        if places.count((name, step)) > 1:
            raise UserError(f"two models are called {name} (step {step}); rename a folder")
