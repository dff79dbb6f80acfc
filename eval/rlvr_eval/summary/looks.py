"""Says what it costs that draws are looked at more than once, and makes the tests pay for it."""

from rlvr_eval.estimators import parse_design
from rlvr_eval.statistics.outcomes import Outcomes, is_between_looks, looks_at_pair
from rlvr_eval.summary.model_summary import Json


def pay_for_looks(tests: list[Json], base: Outcomes, outcomes: Outcomes) -> None:
    """Write into each test by how many looks it shares; between two looks nothing is claimed."""
    for test in tests:
        test["looks"] = looks_at_pair(base.looks, outcomes.looks)
        if is_between_looks(base, outcomes):
            test["p_value"] = 1.0


def of_looks(outcomes: Outcomes, base: Outcomes | None, name: str = "") -> list[str]:
    """Warn where a model's draws are reported more than once, and say what that does.

    Args:
        name: how the model is called; its own name by default.
    """
    looks, design = outcomes.looks, outcomes.counts.design
    label = f"{outcomes.benchmark}, {name or outcomes.model.name}"
    if looks.planned:
        return _of_planned_looks(outcomes, base, label)
    if not looks.before:
        return []
    is_extended = all(parse_design(each).n_max < design.n_max for each in looks.before)
    how = "extended to" if is_extended else "reported under"
    return [
        f"{label}: {how} {design} after "
        f"{', '.join(looks.before)} had been reported. Drawing on after a look, or choosing one of "
        "several, raises false alarms (11 to 14 % for looks at 64, 256 and 1024 draws where 5 % "
        f"are meant) and intervals do not allow for it; p-values are multiplied by the "
        f"{looks.number} looks, which is not "
        "enough where there would have been more. To be safe, fix one design or "
        "evaluation.looks beforehand and draw under another evaluation.run_seed"
    ]


def _of_planned_looks(outcomes: Outcomes, base: Outcomes | None, label: str) -> list[str]:
    planned = outcomes.looks.planned
    at = planned.index(outcomes.counts.design.n_max) + 1
    told = [
        f"{outcomes.benchmark}: look {at} of the {len(planned)} planned, at "
        f"{', '.join(map(str, planned))} draws. p-values are multiplied by "
        f"{len(planned)}, so that what is claimed at any of them holds the level of one "
        "report; intervals are for one look"
    ]
    if base is None or not is_between_looks(base, outcomes):
        return told
    return [
        f"{label}: at look {at} of the {len(planned)} planned, where its base is not "
        f"({base.counts.design}). Nothing is claimed of it until both are at the same look"
    ]
