"""Which checkpoints a report lacks, and why: a curve over training with a gap would not say so.

Whoever evaluates is told on the log what was set aside or left out. A report is read later, often
by someone else.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rlvr.core.damage import SET_ASIDE
from rlvr.runs.run_directory import Run
from rlvr.weights.checkpoint import has_marker
from rlvr_eval.plan.model_names import step_in
from rlvr_eval.plan.named_models_folder import is_given, read_given

# a second folder of one name is set aside under "checkpoint-50.1"
_SET_ASIDE_AGAIN = re.compile(r"\.\d+$")


def unevaluated(run: Run, evaluated: Iterable[str]) -> list[str]:
    """Say for each checkpoint of the run that was not evaluated that it is missing, by step.

    Args:
        evaluated: names of models.
    """
    known = set(evaluated)
    missing = {path.name: path for path in _present(run) if path.name not in known}
    lost = {_SET_ASIDE_AGAIN.sub("", path.name): path for path in _lost(run)}
    told = {
        name: f"{name} is not evaluated; rlvr eval {run.path} evaluates it, or says why it cannot"
        for name in missing
    } | {
        name: f"{name} is not in this report: it is damaged, and was set aside as {path}"
        for name, path in lost.items()
        if name not in known and name not in missing
    }
    return [told[name] for name in sorted(told, key=lambda name: (step_in(name) or 0, name))]


def _present(run: Run) -> Iterator[Path]:
    """Yield the folders that were declared complete, or that were named for evaluation."""
    yield from (path for path in run.path.glob("checkpoint-*/") if has_marker(path))
    if is_given(run):
        folders = [Path(name) for name in read_given(run).models]
        yield from (path for folder in folders for path in folder.glob("*/") if _is_named(path))


def _is_named(path: Path) -> bool:
    return re.fullmatch(r"(?:checkpoint|global_step)[-_]\d+", path.name) is not None


def _lost(run: Run) -> Iterator[Path]:
    """Yield folders that were set aside although they had been declared complete."""
    return (path for path in (run.path / SET_ASIDE).glob("checkpoint-*/") if has_marker(path))
