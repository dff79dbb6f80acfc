"""What needs no model: the functions behind `rlvr report`, `rlvr compare` and `rlvr import`."""

import os
from collections.abc import Mapping, Sequence
from math import isfinite
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.api.faults import raises_user_errors
from rlvr.api.results import Comparison, Report, Run
from rlvr.core.errors import UserError
from rlvr.runs import run_directory
from rlvr.verifiers import TIMEOUT_S

if TYPE_CHECKING:
    from rlvr_eval.imports import Options
    from rlvr_eval.statistics.outcomes import Outcomes

Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


@raises_user_errors()
def report(run: str | PathLike[str]) -> Report:
    """Rebuild summary.json and report.html from stored draws; load no model.

    The function behind `rlvr report`.

    Raises:
        UserError: if nothing was evaluated yet, or draws are missing.
    """
    from rlvr_eval.report.rebuild import report as rebuild

    path = Path(fspath(run))
    return Report(path, rebuild(run_directory.Run(path), stream=None))


@raises_user_errors()
def compare(
    *runs: str | PathLike[str], step: int | None = None, allow_differing: bool = False
) -> Comparison:
    """Compare runs on the problems that they share, paired with their base and each other.

    The function behind `rlvr compare`.

    Args:
        step: checkpoint of each run to compare (default: its last).
        allow_differing: also compare runs that were drawn differently, and say so in `warnings`.

    Raises:
        UserError: if a run is given twice or was not evaluated, or they cannot be compared.
    """
    paths = [Path(fspath(run)) for run in runs]
    return Comparison(compared(paths, step=step, allow_differing=allow_differing))


def compared(paths: Sequence[Path], *, step: int | None, allow_differing: bool) -> dict[str, Any]:
    """Return the comparison of run directories as plain values."""
    from rlvr_eval.summary.comparison import compare as compare_outcomes

    return compare_outcomes(_outcomes(paths), step=step, allow_differing=allow_differing)


@raises_user_errors()
def import_outcomes(
    files: Paths,
    out: str | PathLike[str],
    *,
    model: str | None = None,
    step: int | None = None,
    benchmark: str | None = None,
    benchmark_file: str | PathLike[str] | None = None,
    design: str | None = None,
    task: str | None = None,
    prompt: str = "plain",
    verify_timeout_s: float = TIMEOUT_S,
    columns: Mapping[str, str] | None = None,
    metric: str | None = None,
    filter_name: str | None = None,
    format: str | None = None,
    correct_above: float | None = None,
) -> Run:
    """Import counts or samples of another tool as a run directory, for `report` and `compare`.

    The function behind `rlvr import`.

    Args:
        files: .csv, .jsonl, .json or .parquet with counts (problem, n, c) or samples.
        out: run directory to create or to add to.
        model: model name for rows without one (default: the file name).
        step: training step for rows without one; the base model has step 0.
        benchmark: benchmark for rows without one; `benchmark_file` holds its problems.
        design: design that the rows were sampled with (default: fixed:n).
        task: verifier of the completions (default: the verdicts given are kept).
        prompt: prompt template of the completions.
        verify_timeout_s: time limit of the verifier for one completion, in seconds.
        columns: name of a field -> column of the files, such as {"completion": "output"}.
        metric: lm-evaluation-harness: metric to take as verdict.
        filter_name: lm-evaluation-harness: filter whose rows to import.
        format: which framework wrote the files (default: told by their rows).
        correct_above: score above which a completion is correct (default: scores are 0 or 1).

    Raises:
        UserError: naming every fault with file and line; then nothing was imported.
    """
    from rlvr_eval.imports import Options, import_files

    given = [files] if isinstance(files, str | PathLike) else files
    options = Options(
        model=model,
        step=step,
        benchmark=benchmark,
        benchmark_file=None if benchmark_file is None else Path(fspath(benchmark_file)),
        design=design,
        task=task,
        prompt=prompt,
        verify_timeout_s=verify_timeout_s,
        columns=dict(columns or {}),
        metric=metric,
        filter_name=filter_name,
        format=format,
        correct_above=correct_above,
    )
    _refuse_strange(options)
    path = Path(fspath(out))
    import_files([Path(fspath(file)) for file in given], run_directory.Run(path), options)
    return Run(path)


def _refuse_strange(options: "Options") -> None:
    """Refuse values that the command's parser would not have taken."""
    from rlvr_eval.imports.formats.registry import FORMATS
    from rlvr_eval.imports.mapping import NAMES

    if strange := set(options.columns) - set(NAMES):
        raise UserError(f"columns: no field '{min(strange)}'; it maps {', '.join(NAMES)}")
    if options.format is not None and options.format not in FORMATS:
        raise UserError(f"format '{options.format}': no such format; one of {', '.join(FORMATS)}")
    if options.step is not None and options.step < 0:
        raise UserError(f"step = {options.step}: write 0 for the base model, or a later step")
    if not 0 < options.verify_timeout_s <= 3600:
        raise UserError(f"verify_timeout_s = {options.verify_timeout_s}: write 0.1 .. 3600 seconds")
    if options.correct_above is not None and not isfinite(options.correct_above):
        raise UserError(f"correct_above = {options.correct_above}: write a finite number")


def _outcomes(paths: Sequence[Path]) -> "dict[str, list[Outcomes]]":
    """Collect the outcomes of every run by its name; by its path if two have the same name."""
    from rlvr_eval.plan.ledger import Ledger

    resolved = [Path(os.path.realpath(path)) for path in paths]  # Path.resolve raises for a loop
    if len(set(resolved)) < len(paths):
        raise UserError("a run was given twice; name each run once")
    names = [path.name for path in resolved]
    return {
        name if names.count(name) == 1 else str(path): Ledger(run_directory.Run(path)).outcomes()
        for name, path in zip(names, paths, strict=True)
    }
