"""Read and check everything, verify what has no verdict, then write it all at once.

What is imported counts once its entry in the ledger is there, and all entries of one import are one
file; so an import is whole or absent.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from rlvr import verifiers
from rlvr.answers import prompts
from rlvr.runs.run_directory import Run
from rlvr.tasks import datafiles
from rlvr_eval.imports import counts, mapping, samples
from rlvr_eval.imports.counts import Count
from rlvr_eval.imports.formats import registry
from rlvr_eval.imports.formats.shape import Format
from rlvr_eval.imports.groups import grouped, noted_entries, of_counted_steps, refuse_conflicts
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Fault, Faults, Row, read
from rlvr_eval.imports.samples import Sample
from rlvr_eval.imports.stored import counts_entry, prepared, store
from rlvr_eval.plan.ledger import Entry, Ledger

R = TypeVar("R", Count, Sample)

DEFAULT_BENCHMARK = "imported"
# lm-evaluation-harness: <model>/samples_<task>_<date>.jsonl
_OF_HARNESS = re.compile(r"samples_(.+)_\d{4}-\d\d-\d\dT[\d.-]+")


@dataclass(frozen=True)
class Imported:
    """What came in: its entries in the ledger, and sentences on what is not counted."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        lines = [
            f"{entry['model']} (step {entry['step']}) on {entry['benchmark']}: "
            f"{_problems(len(entry['problem_ids']))}, {entry['design']}"
            for entry in self.entries
        ]
        return "\n".join([*lines, *self.notes])


def _problems(number: int) -> str:
    return f"{number} problem{'' if number == 1 else 's'}"


def import_files(files: Sequence[Path], run: Run, options: Options) -> Imported:
    """Bring files into a run directory.

    Raises:
        UserError: naming every fault with file and line; then nothing was imported.
    """
    options = replace(options, prompt=prompts.canonical(options.prompt))
    prompts.get(options.prompt)
    if options.task is not None:
        verifiers.check(options.task)
    if options.benchmark_file is not None:
        datafiles.check(options.benchmark_file)
    faults = Faults()
    files = registry.files_in(files)
    count_rows, sample_rows, published = _read(files, options, faults)
    faults.raise_if_any()
    known = noted_entries(run)
    count_groups = list(grouped(count_rows, known, options))
    sample_groups = list(grouped(sample_rows, known, options))
    of_counts = [counts_entry(group, options, faults) for group in count_groups]
    of_samples = [prepared(group, options, faults) for group in sample_groups]
    samples_in = [each for each in of_samples if each is not None]
    entries = [each for each in of_counts if each is not None]
    entries += [each.entry for each in samples_in]
    refuse_conflicts(known, entries, faults)
    faults.raise_if_any()
    for each in samples_in:
        store(run, each)
    Ledger(run).write(*entries)
    run.record(run=run.name, imported=[file.name for file in files])
    notes = of_counted_steps([*count_groups, *sample_groups])
    notes += [*published, *(note for each in samples_in for note in each.notes)]
    return Imported(tuple(entries), tuple(notes))


def _read(
    files: Sequence[Path], options: Options, faults: Faults
) -> tuple[list[Count], list[Sample], list[str]]:
    """Parse every row of every file as counts or samples; also return what to tell of them."""
    count_rows: list[Count] = []
    sample_rows: list[Sample] = []
    of_tools: list[Sample] = []
    notes: list[str] = []
    for file in files:
        known = len(faults)
        found = registry.of_file(file, options.format)
        table = found.read(file, faults) if found and found.read else read(file, faults)
        rows = list(_renamed(table, options, faults))
        if rows and not found and not options.columns:
            found = registry.of_row(rows[0].values)
        if found:
            of_tools += _of_format(found, rows, file, options, faults)
            notes += [f"note: {file.name}: {found.filtered}"] if found.filtered else []
            if not rows and len(faults) == known:
                faults.add(str(file), "it has no rows")
            continue
        samples.refuse_repeats(rows, options.filter_name, faults)
        for row in rows:
            try:
                if counts.is_count(row.values):
                    count_rows.append(_named(counts.parse(row), file, options))
                else:
                    sample_rows += [_named(each, file, options) for each in _samples(row, options)]
            except Fault as fault:
                faults.add(row.where, fault)
        if not rows and len(faults) == known:
            faults.add(str(file), "it has no rows")
    if options.model is None:
        _refuse_overlap(of_tools, faults)
    return count_rows, sample_rows + of_tools, notes


def _of_format(
    found: Format, rows: Sequence[Row], file: Path, options: Options, faults: Faults
) -> list[Sample]:
    """Read the samples of one tool's rows; all of one problem have one prompt and one gold."""
    told: dict[tuple[Any, ...], Sample] = {}
    samples_in: list[Sample] = []
    for row in rows:
        try:
            if not found.has(row.values):
                raise Fault(f"no row of {found.name}; it has {', '.join(row.values)}")
            for sample in found.samples(row, options):
                each = _named(sample, file, options)
                first = told.setdefault((each.model, each.step, each.benchmark, each.problem), each)
                if found.one_row_each and first.where != each.where:
                    raise Fault(f"problem {each.problem} again, as at {first.where}")
                if (first.question, first.gold) != (each.question, each.gold):
                    what = "prompt" if first.question != each.question else "gold"
                    raise Fault(f"problem {each.problem} has another {what} than in an earlier row")
                samples_in.append(each)
        except Fault as fault:
            faults.add(row.where, fault)
    return samples_in


def _renamed(rows: Iterable[Row], options: Options, faults: Faults) -> Iterator[Row]:
    for row in rows:
        try:
            yield mapping.renamed(row, options.columns)
        except Fault as fault:
            faults.add(row.where, fault)


def _samples(row: Row, options: Options) -> list[Sample]:
    return samples.parse(
        row,
        metric=options.metric,
        filter_name=options.filter_name,
        correct_above=options.correct_above,
    )


def _model(file: Path) -> str:
    """Return the model in a file's name; `results` names none, but its folders do."""
    if file.stem != "results":
        return file.stem
    folders = file.resolve().parents
    step = next((each.name for each in folders[:4] if re.fullmatch(r"step_\d+", each.name)), None)
    return step or folders[0].name


def _refuse_overlap(rows: Sequence[Sample], faults: Faults) -> None:
    """Note problems that two files have of one model: its draws would be counted together."""
    files: dict[tuple[Any, ...], str] = {}
    for row in rows:
        file = row.where.partition(", ")[0]
        other = files.setdefault((row.model, row.step, row.benchmark, row.problem), file)
        if other != file:
            step = "" if row.step is None else f" at step {row.step}"
            faults.add(
                file,
                f"{other} has problems of {row.model}{step} too; if both are draws of one model, "
                "say so with --model, or else import them one by one",
            )
            return


def _named(row: R, file: Path, options: Options) -> R:
    """Add the model and benchmark that the row, the options or its file's name say."""
    harness = _OF_HARNESS.fullmatch(file.stem)
    model = row.model or options.model or (file.resolve().parent.name if harness else _model(file))
    benchmark = row.benchmark or options.benchmark or (harness[1] if harness else None)
    benchmark = benchmark or DEFAULT_BENCHMARK
    return replace(
        row,
        model=counts.label("model", model),
        benchmark=counts.label("benchmark", benchmark),
    )
