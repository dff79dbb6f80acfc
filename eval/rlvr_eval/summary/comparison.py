"""Several runs side by side, on the problems that all of them have.

As Table 2 and Fig. 8 of Yue et al. 2025 (arXiv:2504.13837): one row for each base and for one
checkpoint of each run, with pass@1, pass@k_max, Delta_SE and the paired difference to the base;
and, since algorithms differ less among themselves than from their base, the paired difference to
the first run. A run of nothing but models by name, as their Fig. 7 needs, has a row for each of
them. Every curve ends at the smallest n_max of all.

    {"format": 1, "runs": [..], "warnings": [..],
     "benchmarks": {NAME: {"k_max", "headline_ks", "problems", "rows": [ROW, ..]}}}
    ROW = {"run" (null for a base; "RUN: NAME" for a model by name), "base" (name, for others),
           "name" (of one base among several with its runs: "base of RUN and RUN"), "step",
           "weights", "design", "undecided_rate", "truncation_rate", "curve", "area", .., and for
           others "difference", "tests", "crossover", "delta_se", .., "versus_first" (except for
           the first run); "curve_upper" and "difference_range" too where undecided verdicts
           matter, `left_open`}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlvr.core.errors import UserError
from rlvr_eval.estimators.design import Ints
from rlvr_eval.estimators.which_ks import headline_ks, reported_ks
from rlvr_eval.statistics.left_open import DrawnCurves
from rlvr_eval.statistics.lineup import Lineup
from rlvr_eval.statistics.outcomes import Outcomes, on_common_problems, units_of
from rlvr_eval.statistics.population_intervals import paired_difference
from rlvr_eval.summary.claims import Subject, state
from rlvr_eval.summary.comparability import check_comparable, compare_keys
from rlvr_eval.summary.conditions import drawn_line
from rlvr_eval.summary.format import FORMAT
from rlvr_eval.summary.looks import of_looks, pay_for_looks
from rlvr_eval.summary.model_summary import Json, describe, describe_pair, points
from rlvr_eval.summary.run_summary import identity, lineup_of, warnings_of


@dataclass(frozen=True)
class _Entry:
    """One row to be: what was evaluated, under which label, and the row it is compared with.

    Attributes:
        run: None for a base.
        name: of the model; of one base among several also whose it is.
    """

    run: str | None
    name: str
    outcomes: Outcomes
    base: int | None = None


def compare(
    runs: Mapping[str, Sequence[Outcomes]],
    *,
    step: int | None = None,
    allow_differing: bool = False,
) -> Json:
    """Compare runs side by side.

    Args:
        runs: name of a run -> what was evaluated of it. A run without a base is compared with the
            others' base where they have one and the same.
        step: the checkpoint of each run to show; None for its last. Models by name have none.
        allow_differing: compare although draw keys disagree; it is then said in the warnings.

    Raises:
        UserError: if there is nothing to compare, a run has no checkpoint at `step`, the runs share
            no problem, or curves that were not drawn alike would be compared.
    """
    if not any(runs.values()):
        raise UserError("none of the runs has been evaluated yet; run `rlvr eval` on each first")
    warnings: list[str] = []
    names = list(dict.fromkeys(each.benchmark for run in runs.values() for each in run))
    benchmarks = {}
    subjects: list[Subject] = []
    for name in names:
        here = {
            run: [each for each in outcomes if each.benchmark == name]
            for run, outcomes in runs.items()
        }
        missing = [run for run, outcomes in here.items() if not outcomes]
        warnings += [f"{name}: run {run} was not evaluated on it" for run in missing]
        benchmarks[name] = _compare_benchmark(name, here, step, allow_differing, warnings, subjects)
    return {
        "format": FORMAT,
        "runs": list(runs),
        "tests": state(subjects),
        "warnings": list(dict.fromkeys(warnings)),
        "benchmarks": benchmarks,
    }


def _compare_benchmark(
    name: str,
    runs: Mapping[str, list[Outcomes]],
    step: int | None,
    allow_differing: bool,
    warnings: list[str],
    subjects: list[Subject],
) -> Json:
    """Compare one benchmark; add what may be claimed to `subjects`."""
    entries = _entries(name, runs, step)
    warnings += _of_lacking_bases(name, entries)
    warnings += _of_lacking_checkpoints(name, runs, entries)
    common = on_common_problems([entry.outcomes for entry in entries])
    if not common[0].problem_ids:
        raise UserError(f"{name}: the runs share no problem; evaluate all on the same ones")
    warnings += _of_unshared_problems(name, entries, len(common[0].problem_ids))
    k_max = min(each.counts.design.n_max for each in common)
    drawn = [DrawnCurves.of(each, k_max) for each in common]
    units = units_of(*common)
    first = next((i for i, entry in enumerate(entries) if entry.run is not None), None)
    rows = []
    for i, (entry, each) in enumerate(zip(entries, common, strict=True)):
        row: Json = {"run": entry.run} | identity(each) | {"name": entry.name}
        row |= describe(each.counts, units, drawn[i])
        theirs = None if entry.base is None else common[entry.base]
        warnings += of_looks(each, theirs, entry.run or entry.name)
        if theirs is not None and entry.base is not None:
            found = check_comparable(theirs, each, allow_differing=allow_differing)
            warnings += warnings_of(
                each, found, name=entry.run or "", against=_against(entries, entry)
            )
            row |= {"base": entries[entry.base].name}
            row |= describe_pair(drawn[i], drawn[entry.base], units)
            pay_for_looks(row["tests"], theirs, each)
        if entry.run is not None and first is not None and i != first:
            found = check_comparable(common[first], each, allow_differing=allow_differing)
            warnings += warnings_of(each, found, name=entry.run, against=str(entries[first].run))
            row["versus_first"] = _versus(drawn[i], drawn[first], units)
        rows.append(row)
    subjects += [
        Subject(
            row,
            None if entry.base is None else rows[entry.base],
            entry.run or entry.name,
            name,
            against=_against(entries, entry),
        )
        for row, entry in zip(rows, entries, strict=True)
    ]
    return {
        "k_max": k_max,
        "headline_ks": list(headline_ks(k_max)),
        "problems": len(common[0].problem_ids),
        "drawn_under": drawn_line((row["run"] or row["name"], row["drawn_under"]) for row in rows),
        "rows": rows,
    }


def _entries(name: str, runs: Mapping[str, list[Outcomes]], step: int | None) -> list[_Entry]:
    """List each distinct base once, by weights and conditions, then what every run shows."""
    lineups = {run: lineup_of(outcomes) for run, outcomes in runs.items() if outcomes}
    bases: list[Outcomes] = []
    position: dict[str, int] = {}
    for run, models in lineups.items():
        if models.base is None:
            continue
        position[run] = next(
            (i for i, each in enumerate(bases) if _is_same_base(each, models.base)), len(bases)
        )
        if position[run] == len(bases):
            bases.append(models.base)
    entries = [
        _Entry(
            None,
            base.model.name
            if len(bases) == 1
            else _whose(base, [run for run, at in position.items() if at == i]),
            base,
        )
        for i, base in enumerate(bases)
    ]
    only = 0 if len(bases) == 1 else None
    for run, models in lineups.items():
        compared_with = position.get(run, only)
        shown = _shown(name, run, models, step)
        entries += [_Entry(label, each.model.name, each, compared_with) for label, each in shown]
    return entries


def _of_lacking_bases(name: str, entries: Sequence[_Entry]) -> list[str]:
    """Warn that a run without a base is compared with none, where the others have several."""
    if sum(each.run is None for each in entries) < 2:
        return []
    return [
        f"{name}: {each.run} has no base of its own and the others have several, so that it is "
        "compared with none of them"
        for each in entries
        if each.run is not None and each.base is None
    ]


def _of_lacking_checkpoints(
    name: str, runs: Mapping[str, list[Outcomes]], entries: Sequence[_Entry]
) -> list[str]:
    """Name runs that have no row of their own, because only their base was evaluated."""
    shown = {entry.outcomes.model for entry in entries if entry.run is not None}
    return [
        f"{name}: of run {run} only the base was evaluated, so that it has no row of its own"
        for run, outcomes in runs.items()
        if outcomes and not any(each.model in shown for each in outcomes)
    ]


def _of_unshared_problems(name: str, entries: Sequence[_Entry], shared: int) -> list[str]:
    """Name rows that leave out problems that their run was evaluated on."""
    return [
        f"{name}: {shared} of the {len(entry.outcomes.problem_ids)} problems that "
        f"{entry.run or entry.name} was evaluated on are compared, those that all rows have"
        for entry in entries
        if len(entry.outcomes.problem_ids) > shared
    ]


def _is_same_base(one: Outcomes, other: Outcomes) -> bool:
    """Return whether two runs have one base: the same weights, drawn under the same conditions."""
    if one.model.weights != other.model.weights:
        return False
    return not compare_keys(one.draw_key, other.draw_key).differing


def _whose(base: Outcomes, runs: Sequence[str]) -> str:
    return f"{base.model.name} of {' and '.join(runs)}"


def _against(entries: Sequence[_Entry], entry: _Entry) -> str:
    """Return what a sentence calls the base of a row: its name where there are several."""
    if entry.base is None or sum(each.run is None for each in entries) == 1:
        return "the base"
    return entries[entry.base].name


def _shown(
    name: str, run: str, models: Lineup[Outcomes], step: int | None
) -> list[tuple[str, Outcomes]]:
    """Return one checkpoint under the run's name; every model of a run without checkpoints."""
    if models.checkpoints:
        return [(run, _chosen(name, run, models.checkpoints, step))]
    return [(f"{run}: {each.model.name}", each) for each in models.beside]


def _chosen(name: str, run: str, checkpoints: Sequence[Outcomes], step: int | None) -> Outcomes:
    """Return the checkpoint at a step, or the last."""
    if step is None:
        return checkpoints[-1]
    for each in checkpoints:
        if each.model.step == step:
            return each
    steps = ", ".join(str(each.model.step) for each in checkpoints)
    raise UserError(f"{name}: run {run} has no checkpoint at step {step}; it has {steps}")


def _versus(ours: DrawnCurves, first: DrawnCurves, families: Ints | None) -> list[Json]:
    """Estimate the paired difference to the first run's checkpoint."""
    ks = reported_ks(first.k_max)
    at = first.columns(ks)
    difference = paired_difference(ours.curves[:, at], first.curves[:, at], families=families)
    return points(ks, difference)
