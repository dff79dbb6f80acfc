"""From groups of rows to ledger entries, and for samples to draws in the store.

Samples keep the order of their file (or of their own `sample_index`): it stands for the order of
drawing. Their verdicts are the file's, under the verifier name "imported", or those of one of our
verifiers, which can later be renewed like any other (`rlvr_eval.draw.regrade`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rlvr import verifiers
from rlvr.answers.attempts import RULE, Ends, verdict_version
from rlvr.core.errors import UserError
from rlvr.core.records import Completion, FinishReason, Outcome, Problem, Verdict
from rlvr.runs.run_directory import Run
from rlvr.tasks import problems as benchmarks
from rlvr.verifiers import Verifier, golds
from rlvr_eval.draw.verify_completions import verify
from rlvr_eval.estimators import parse_design
from rlvr_eval.estimators.design import Design
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.estimators.random_continuation import ContinuationDesign
from rlvr_eval.imports.counts import Count, design_of
from rlvr_eval.imports.groups import Group
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Faults
from rlvr_eval.imports.samples import Sample
from rlvr_eval.plan.planning import store_of
from rlvr_eval.store.draw_store import DrawStore
from rlvr_eval.store.problem_snapshot import remember

GIVEN = "imported"


@dataclass(frozen=True)
class Prepared:
    """Samples that are ready to be written.

    Attributes:
        completions, verdicts: one each per sample; `has_text` is False where none was given.
        notes: sentences on what will not be counted.
    """

    entry: dict[str, Any]
    problems: tuple[Problem, ...]
    completions: list[Completion]
    verdicts: list[Verdict]
    has_text: list[bool]
    notes: tuple[str, ...]


def counts_entry(group: Group[Count], options: Options, faults: Faults) -> dict[str, Any] | None:
    """Build the ledger entry of a group of counts; None after faults."""
    first: dict[str, Count] = {}
    for row in group.rows:
        there = first.setdefault(group.problem_id(row), row)
        if there is not row:
            faults.add(row.where, f"problem {row.problem} again, as at {there.where}")
    design = design_of(group.rows, options.design, faults)
    if design is None or len(first) < len(group.rows):
        return None
    held = {name: [getattr(row, name) for row in group.rows] for name in ("n", "c", "undecided")}
    return group.entry(
        [(row.problem, row.n, row.c, row.undecided) for row in group.rows],
        design=str(design),
        verifier=None,
        problem_ids=[group.problem_id(row) for row in group.rows],
        kinds=[row.kind for row in group.rows],
        families=[row.family for row in group.rows],
        counts=held,
    )


def prepared(group: Group[Sample], options: Options, faults: Faults) -> Prepared | None:
    """Prepare verified samples of one model on one benchmark; None after faults."""
    drawn = _in_order(group, faults)
    problems, verifier = _problems(group, drawn, options, faults)
    design, notes = _design(group, drawn, options, faults)
    if design is None or faults:
        return None
    rows = [row for of_problem in drawn.values() for row in of_problem]
    completions = [
        _completion(id, index, row)
        for id, of_problem in drawn.items()
        for index, row in enumerate(of_problem)
    ]
    ends = Ends(options.prompt)
    if verifier is None:
        verdicts = [Verdict(row.verdict or Outcome.ERROR) for row in rows]
    else:
        verdicts = verify(verifier, completions, problems, ends, timeout_s=options.verify_timeout_s)
    _check_stops(group, drawn, verdicts, design, faults)
    entry = group.entry(
        [(row.problem, row.completion, row.verdict) for row in rows],
        draw_key={"revision": "imported", "prompt": options.prompt, "run_seed": 0},
        design=str(design),
        verifier=verdict_version(verifier.version, ends) if verifier else GIVEN,
        answer_rule=RULE,
        problem_ids=list(drawn),
        kinds=[problems[id].kind for id in drawn],
        families=[problems[id].family for id in drawn],
    )
    has_text = [row.completion is not None for row in rows]
    told = tuple(problems[id] for id in drawn)
    return Prepared(entry, told, completions, verdicts, has_text, notes)


def store(run: Run, samples: Prepared) -> None:
    """Write prepared samples, once: what is there already is not written again."""
    entry = samples.entry
    remember(run, entry["benchmark"], entry["draw_key"]["revision"], samples.problems)
    draws = DrawStore(store_of(run), entry["draw_key"])
    if len(draws.verdicts(entry["verifier"])) < len(samples.completions):
        draws.append(
            samples.completions, samples.verdicts, entry["verifier"], has_text=samples.has_text
        )


def _in_order(group: Group[Sample], faults: Faults) -> dict[str, list[Sample]]:
    """Sort each problem's samples in the order of drawing."""
    found: dict[str, list[Sample]] = {}
    for row in group.rows:
        found.setdefault(group.problem_id(row), []).append(row)
    for problem, rows in found.items():
        indices = [row.index for row in rows if row.index is not None]
        if not indices:
            continue
        if len(indices) < len(rows) or sorted(indices) != list(range(len(rows))):
            repeated = {index for index in indices if indices.count(index) > 1}
            what = f"{min(repeated)} is listed twice" if repeated else "expected 0, 1, 2, .."
            faults.add(rows[-1].where, f"sample_index of problem {problem}: {what}")
        rows.sort(key=lambda row: row.index or 0)
    return found


def _problems(
    group: Group[Sample],
    drawn: Mapping[str, list[Sample]],
    options: Options,
    faults: Faults,
) -> tuple[dict[str, Problem], Verifier | None]:
    """Return the problems that the samples answer, and their verifier unless verdicts are given."""
    rows = [of_problem[0] for of_problem in drawn.values()]
    lacking = [row for of_problem in drawn.values() for row in of_problem if row.verdict is None]
    own = {
        id: Problem(id, row.question, row.gold, row.kind, family=row.family)
        for id, row in zip(drawn, rows, strict=True)
    }
    if options.task is None and not lacking:
        return own, None
    # golds of the file stand where all are there: an id of ours may be another problem's there
    has_golds = options.task is not None and all(row.gold is not None for row in rows)
    published = None if has_golds else _published(group, options)
    task = options.task or (published[0] if published else None)
    if task is None:
        faults.add(
            lacking[0].where,
            f"no verdict, and '{group.benchmark}' is not a known benchmark; give --task "
            f"({', '.join(verifiers.NAMES)}), or --benchmark, one of rlvr's",
        )
        return {}, None
    known = published[1] if published else {}
    found = {id: _completed(problem, known.get(id)) for id, problem in own.items()}
    for row, (id, problem) in zip(rows, found.items(), strict=True):
        if problem.gold is None:
            faults.add(
                row.where,
                f"problem {id} has no gold to verify against, here or published; name its column "
                "if there is one: --map gold=COLUMN",
            )
        elif fault := golds.fault(task, problem.gold):
            faults.add(row.where, f"problem {id}: {fault}")
    for of_problem in drawn.values():
        for row in of_problem:
            if row.completion is None:
                faults.add(row.where, f"no completion that {task} could verify")
    return found, verifiers.get(task)


def _completed(own: Problem, published: Problem | None) -> Problem:
    """Return the published problem in the strata and families that the file gives it."""
    if published is None:
        return own
    return replace(
        published, kind=own.kind or published.kind, family=own.family or published.family
    )


def _published(group: Group[Sample], options: Options) -> tuple[str, dict[str, Problem]] | None:
    """Return verifier and problems of a benchmark that is known by its name."""
    try:
        benchmark = benchmarks.get(group.benchmark)
    except UserError:
        return None
    loaded = benchmarks.load(group.benchmark, path=options.benchmark_file)
    return benchmark.verifier, {problem.id: problem for problem in loaded}


def _design(
    group: Group[Sample], drawn: Mapping[str, list[Sample]], options: Options, faults: Faults
) -> tuple[Design | None, tuple[str, ...]]:
    """Return the design given, or the most draws that every problem has."""
    if options.design is not None:
        return _parsed(options.design, group, faults), ()
    numbers = [len(rows) for rows in drawn.values()]
    n, most = min(numbers), max(numbers)
    if n == most:
        return FixedDesign(n), ()
    note = (
        f"{group.model} on {group.benchmark}: {n} to {most} samples per problem; the first {n} of "
        "each are counted. If their number hung on their verdicts, say how with --design"
    )
    return FixedDesign(n), (note,)


def _parsed(text: str, group: Group[Sample], faults: Faults) -> Design | None:
    try:
        design = parse_design(text)
    except UserError as error:
        faults.add(group.rows[0].where, error)
        return None
    if isinstance(design, ContinuationDesign):
        faults.add(group.rows[0].where, f"design {design}: samples do not tell how the toss fell")
        return None
    return design


def _check_stops(
    group: Group[Sample],
    drawn: Mapping[str, list[Sample]],
    verdicts: list[Verdict],
    design: Design,
    faults: Faults,
) -> None:
    """Check that every problem has the draws that the design asks for."""
    at = 0
    for problem, rows in drawn.items():
        own = verdicts[at : at + len(rows)]
        at += len(rows)
        there = design.replay([verdict.outcome is Outcome.CORRECT for verdict in own])
        if not there.stopped:
            faults.add(
                rows[-1].where,
                f"problem {problem} has {len(rows)} samples of {group.model}, "
                f"{design} asks for {there.due}",
            )


def _completion(problem_id: str, index: int, row: Sample) -> Completion:
    reason: FinishReason = "length" if row.truncated else "stop"
    return Completion(problem_id, index, row.completion or "", reason)
