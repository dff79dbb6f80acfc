"""summary.json: every number of a run, from counts alone.

`summarise` pairs each checkpoint with the base on their common problems, analyses all problems and
each stratum, has `claims` decide what may be said of them, and returns plain JSON values. It loads
no model, reads no file and takes seconds for fifty checkpoints of five benchmarks.

    {"format": 1, "run": {..}, "warnings": [..], "tests": {"number", "level", "method"},
     "benchmarks": {NAME: {"k_max", "headline_ks", "histogram_bins", "problem_ids", "kinds",
                           "drawn_under", "draw_key", "draw_key_fingerprint",
                           "models": [MODEL, ..]}}}
    MODEL = {"name", "step" (0 for the base), "beside" (true for a model that is no checkpoint of
             the run; those come last), "weights", "problems", "design", "completions",
             "undecided_rate", "truncation_rate", "curve", "area", "histogram", "cover", "counts",
             "these_problems", .. ("families", their number, and "effective_families", how many of
             equal size they are worth, where problems are variants of one another; "curve_upper"
             and "difference_range" too where undecided verdicts matter, `left_open`),
             "drawn_under", "looked_at" (designs it was reported under before), "planned_looks",
             "finding" and, except for the base: "difference", "tests", "area_difference",
             "crossover", "delta_se", "migration", "coverage", "certified", "these_differences", ..,
             "strata": {KIND: the same but for the problems' own}; of the base, the last checkpoint
             and models beside also "beyond"}
    POINT = {"k", "value", "low", "high"}, 95 % intervals, pointwise in k
    "finding" = {"text", "crossing", "claims": [{"k", "change": "rises", "falls" or "crosses"}]}
    "certified" = {"lost", "gained"}: problems whose probability of success fell or rose
                  by a test, at a false discovery rate of 5 %
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rlvr.core.errors import UserError
from rlvr_eval.estimators.which_ks import headline_ks
from rlvr_eval.statistics.certify import Pair, certify, solved_sets
from rlvr_eval.statistics.left_open import DrawnCurves
from rlvr_eval.statistics.lineup import Lineup, lineup
from rlvr_eval.statistics.outcomes import Outcomes, on_common_problems, units_of
from rlvr_eval.summary.claims import state_findings
from rlvr_eval.summary.comparability import (
    Comparison,
    check_comparable,
    comparability_key,
    fingerprint,
)
from rlvr_eval.summary.conditions import drawn_line, drawn_under
from rlvr_eval.summary.fixed_problem_set import (
    describe_beyond,
    describe_these_differences,
    describe_these_problems,
)
from rlvr_eval.summary.format import FORMAT
from rlvr_eval.summary.looks import of_looks, pay_for_looks
from rlvr_eval.summary.model_summary import HISTOGRAM_BINS, Json, describe, describe_pair


def summarise(
    outcomes: Sequence[Outcomes],
    run: Mapping[str, Any],
    *,
    allow_differing: bool = False,
    beyond: bool = True,
) -> Json:
    """Summarise every number of a run.

    Args:
        outcomes: base and checkpoints on one or more benchmarks, in any order.
        run: what was run, as plain JSON values; copied into the summary for people to read.
        allow_differing: pair models although their draw keys disagree; the summary then names what
            differs beside every such model.
        beyond: also say what may lie beyond k_max, which takes longer than all the rest.

    Raises:
        UserError: if nothing was evaluated, a benchmark has two bases, or curves that were not
            drawn alike would be compared.
    """
    if not outcomes:
        raise UserError("nothing has been evaluated yet; run `rlvr eval` first")
    warnings: list[str] = []
    names = list(dict.fromkeys(each.benchmark for each in outcomes))
    compared: list[tuple[Json, Pair]] = []
    benchmarks = {
        name: _summarise_benchmark(
            [each for each in outcomes if each.benchmark == name],
            allow_differing,
            warnings,
            compared,
            beyond,
        )
        for name in names
    }
    certified = certify([pair for _, pair in compared])
    for (model, _), problems in zip(compared, certified, strict=True):
        model["certified"] = problems
    summary: Json = {
        "format": FORMAT,
        "run": dict(run),
        "warnings": list(dict.fromkeys(warnings)),
        "benchmarks": benchmarks,
    }
    state_findings(summary)
    return summary


def lineup_of(outcomes: Sequence[Outcomes]) -> Lineup[Outcomes]:
    """Find the base of one benchmark, if it was evaluated, its checkpoints, and models beside.

    Raises:
        UserError: if there are two bases, or one model occurs twice.
    """
    shown = lineup(outcomes, lambda each: each.model)
    bases = [each for each in shown.all if each.model.is_base]
    if len(bases) > 1:
        listed = " and ".join(f"{each.model.name} ({each.model.weights})" for each in bases)
        raise UserError(
            f"{bases[0].benchmark}: {listed} are both at step 0; report one base at a time"
        )
    models = [(each.model.step, each.model.name, each.model.weights) for each in shown.all]
    for model in models:
        if models.count(model) > 1:
            raise UserError(
                f"{outcomes[0].benchmark}: {model[1]} at step {model[0]} was given twice; "
                "choose one of its evaluations"
            )
    return shown


def _summarise_benchmark(
    outcomes: list[Outcomes],
    allow_differing: bool,
    warnings: list[str],
    compared: list[tuple[Json, Pair]],
    beyond: bool,
) -> Json:
    """Describe one benchmark; add every model that has a base to `compared`, with its pair."""
    shown = lineup_of(outcomes)
    base, ordered = shown.base, list(shown.all)
    problem_ids, kinds = _all_problems(ordered)
    models = []
    for each in ordered:
        warnings += of_looks(each, base)
        model = identity(each) | _alone(each) | {"counts": _counts(each, problem_ids)}
        if beyond and any(each is one for one in shown.headline):
            model["beyond"] = describe_beyond(each.counts, each.units)
        if base is not None and each is not base:
            comparison = check_comparable(base, each, allow_differing=allow_differing)
            warnings += warnings_of(each, comparison)
            pair = _paired(base, each)
            warnings += _of_unshared_problems(base, each, len(pair[0].problem_ids))
            model = _merged(model, _against(*pair)) | _not_comparable(comparison)
            compared.append((model, pair))
        models.append(model)
    if base is None:
        warnings.append(f"{ordered[0].benchmark}: no base was evaluated, so nothing is compared")
    k_max = max(each.counts.design.n_max for each in ordered)
    key = comparability_key(ordered[0].draw_key)
    return {
        "k_max": k_max,
        "headline_ks": list(headline_ks(k_max)),
        "histogram_bins": list(HISTOGRAM_BINS),
        "problem_ids": problem_ids,
        "kinds": kinds,
        "drawn_under": drawn_line((each["name"], each["drawn_under"]) for each in models),
        "draw_key": key,
        "draw_key_fingerprint": fingerprint(key),
        "models": models,
    }


def identity(outcomes: Outcomes) -> Json:
    """Return which model it is, how it was drawn, and how much of it is unknown."""
    return {
        "name": outcomes.model.name,
        "step": outcomes.model.step,
        "beside": outcomes.model.beside,
        "weights": outcomes.model.weights,
        "design": str(outcomes.counts.design),
        "completions": outcomes.completions,
        "undecided_rate": outcomes.undecided_rate,
        "truncation_rate": outcomes.truncation_rate,
        "seed": outcomes.draw_key.get("run_seed", outcomes.draw_key.get("seed")),
        "drawn_under": drawn_under(outcomes.draw_key),
        "looked_at": list(outcomes.looks.before),
        "planned_looks": list(outcomes.looks.planned),
        "draw_key_fingerprint": fingerprint(outcomes.draw_key),
    }


def _alone(outcomes: Outcomes) -> Json:
    """Describe the model alone: all problems, then each stratum."""
    drawn = DrawnCurves.of(outcomes)
    described = describe(outcomes.counts, outcomes.units, drawn)
    ks = headline_ks(outcomes.counts.design.n_max)
    described["these_problems"] = describe_these_problems(outcomes.counts, ks)
    strata = {
        kind: describe(part.counts, part.units, drawn.take(rows))
        for kind, rows in _strata(outcomes).items()
        for part in [outcomes.take(rows)]
    }
    return described | {"strata": strata}


def _paired(base: Outcomes, outcomes: Outcomes) -> Pair:
    """Restrict both to the problems that both have.

    Raises:
        UserError: if there is none.
    """
    base, outcomes = on_common_problems([base, outcomes])
    if not base.problem_ids:
        raise UserError(
            f"{base.benchmark}: {base.model.name} and {outcomes.model.name} share no problem, so "
            "they cannot be paired; evaluate both on the same problems"
        )
    return base, outcomes


def _of_unshared_problems(base: Outcomes, outcomes: Outcomes, shared: int) -> list[str]:
    """Warn where D is of fewer problems than the curves beside it, so not their difference."""
    theirs, ours = len(base.problem_ids), len(outcomes.problem_ids)
    if shared == theirs == ours:
        return []
    noun = "problem" if shared == 1 else "problems"
    return [
        f"{base.benchmark}, {outcomes.model.name}: compared with the base on the {shared} {noun} "
        f"that both were evaluated on (the base on {theirs}, {outcomes.model.name} on {ours}), so "
        "that D is not the difference of their values of pass@k"
    ]


def _against(base: Outcomes, outcomes: Outcomes) -> Json:
    """Describe the model against its base on the same problems: all of them, then each stratum."""
    k_max = min(base.counts.design.n_max, outcomes.counts.design.n_max)
    ours, theirs = DrawnCurves.of(outcomes, k_max), DrawnCurves.of(base, k_max)
    described = describe_pair(ours, theirs, units_of(base, outcomes))
    described["coverage"] = solved_sets(base, outcomes)
    if base.counts.design.n_max == outcomes.counts.design.n_max:
        described["these_differences"] = describe_these_differences(
            outcomes.counts, base.counts, headline_ks(k_max)
        )
    strata = {
        kind: describe_pair(
            ours.take(rows),
            theirs.take(rows),
            units_of(base.take(rows), outcomes.take(rows)),
        )
        for kind, rows in _strata(base).items()
    }
    for view in (described, *strata.values()):
        pay_for_looks(view["tests"], base, outcomes)
    return described | {"strata": strata}


def _merged(alone: Json, against: Json) -> Json:
    """Merge both descriptions, with those of each stratum."""
    strata = {
        kind: described | against["strata"].get(kind, {})
        for kind, described in alone["strata"].items()
    }
    return alone | against | {"strata": strata}


def _strata(outcomes: Outcomes) -> dict[str, list[int]]:
    """Return rows of each kind, by name; empty where all problems are of one kind."""
    rows: dict[str, list[int]] = {}
    for row, kind in enumerate(outcomes.kinds):
        rows.setdefault(kind, []).append(row)
    return {kind: rows[kind] for kind in sorted(rows) if kind} if len(rows) > 1 else {}


def _all_problems(ordered: list[Outcomes]) -> tuple[list[str], list[str]]:
    """List every problem that some model was evaluated on, the base's first, and their kinds."""
    kinds: dict[str, str] = {}
    for each in ordered:
        for problem, kind in zip(each.problem_ids, each.kinds, strict=True):
            kinds.setdefault(problem, kind)
    return list(kinds), list(kinds.values())


def _counts(outcomes: Outcomes, problem_ids: list[str]) -> Json:
    """Return n and c in the order of `problem_ids`; one n if all agree, null if missing."""
    position = {problem: i for i, problem in enumerate(outcomes.problem_ids)}
    rows = [position.get(problem) for problem in problem_ids]
    drawn, correct = outcomes.counts.n.tolist(), outcomes.counts.c.tolist()
    n = [None if row is None else drawn[row] for row in rows]
    return {
        "n": n[0] if len(set(n)) == 1 else n,
        "c": [None if row is None else correct[row] for row in rows],
    }


def _not_comparable(comparison: Comparison) -> Json:
    """Return what differs from the base's draw key, as base and checkpoint have it."""
    if not comparison.differing:
        return {}
    return {"differs_from_base": {k: list(pair) for k, pair in comparison.differing.items()}}


def warnings_of(
    outcomes: Outcomes, comparison: Comparison, *, name: str = "", against: str = "the base"
) -> list[str]:
    """Warn of how a model's draws differ from those it is compared with.

    Args:
        name: how the model is called; its own name by default.
        against: how the other is called.
    """
    label = f"{outcomes.benchmark}, {name or outcomes.model.name}"
    warnings = [f"{label}: {warning}" for warning in comparison.warnings]
    if comparison.are_the_same_draws:
        warnings.append(
            f"{label}: same weights and seed as {against}: the same draws, not two samples"
        )
    if comparison.differing:
        listed = ", ".join(comparison.differing)
        warnings.append(
            f"{label}: drawn under another {listed} than {against}, which it is compared with, as "
            "was allowed"
        )
    return warnings
