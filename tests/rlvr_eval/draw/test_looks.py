"""Draws that were reported before they were extended are told, and pay for the looks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rlvr.core.errors import UserError
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import carry_out
from rlvr_eval.draw.simulator import Simulator
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.statistics.outcomes import Looks
from rlvr_eval.summary.claims import claims_in
from rlvr_eval.summary.comparison import compare
from rlvr_eval.summary.run_summary import summarise
from tests.rlvr_eval.simulated import evaluation, model
from tests.simulated import fixed

P = (0.0, 0.1, 0.5, 1.0)


def test_an_extended_run_says_so_and_its_p_values_pay_for_the_looks(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    run, crew = Run(tmp_path / "r"), Crew(Simulator(), Simulator, 1)
    base = evaluation(tmp_path, P)
    later = replace(base, model=model(tmp_path / "later", P[::-1], name="checkpoint-1", step=1))
    for n in (4, 8, 16):
        planned = [replace(each, design=FixedDesign(n)) for each in (base, later)]
        carry_out(run, planned, crew)
    outcomes = Ledger(run).outcomes()
    assert [each.looks for each in outcomes] == [Looks(("fixed:4", "fixed:8"))] * 2
    summary = summarise(outcomes, {}, beyond=False)
    said = "simulated, checkpoint-1: extended to fixed:16 after fixed:4, fixed:8 had been reported"
    (warning,) = [each for each in summary["warnings"] if each.startswith(said)]
    assert "draw under another evaluation.run_seed" in warning
    again = [replace(each, run_seed=1, design=FixedDesign(16)) for each in (base, later)]
    carry_out(run, again, crew)
    fresh = Ledger(run).outcomes()
    assert [each.looks for each in fresh] == [Looks(), Looks()]
    assert not any("extended" in each for each in summarise(fresh, {}, beyond=False)["warnings"])


def test_looks_that_were_planned_before_the_first_are_told_and_need_no_warning(
    tmp_path: Path,
) -> None:
    run = carried_out(tmp_path, {4: (4, 16), 16: (4, 16)})
    outcomes = Ledger(run).outcomes()
    assert [each.looks for each in outcomes] == [Looks(("fixed:4",), (4, 16))] * 2
    (told,) = summarise(outcomes, {}, beyond=False)["warnings"]
    assert told.startswith("simulated: look 2 of the 2 planned, at 4, 16 draws. ")


@pytest.mark.parametrize(
    "plans",
    [
        {4: (), 16: (4, 16)},
        {4: (4, 8), 16: (4, 16)},
        {4: (4, 16), 8: (), 16: (4, 16)},
        {4: (4, 16), 16: ()},
        {4: (8, 16), 16: (8, 16)},
    ],
)
def test_a_plan_that_was_made_or_changed_after_a_look_is_none(
    plans: dict[int, tuple[int, ...]], tmp_path: Path
) -> None:
    outcomes = Ledger(carried_out(tmp_path, plans)).outcomes()
    assert {each.looks.planned for each in outcomes} == {()}
    assert {each.looks.number for each in outcomes} == {len(plans)}


def carried_out(folder: Path, plans: dict[int, tuple[int, ...]]) -> Run:
    """A run that was looked at after so many draws, with the plan there was each time."""
    (folder / "r").mkdir()
    run, crew = Run(folder / "r"), Crew(Simulator(), Simulator, 1)
    base = evaluation(folder, P)
    later = replace(base, model=model(folder / "later", P[::-1], name="checkpoint-1", step=1))
    for n, looks in plans.items():
        planned = [
            replace(each, design=FixedDesign(n), planned_looks=looks) for each in (base, later)
        ]
        carry_out(run, planned, crew)
    return run


def test_looks_are_refused_where_they_are_none() -> None:
    named = {"benchmarks": "countdown-test"}
    for looks in ([64], [256, 64], [64, 64], [0, 64], [True, 64], [64, 2**21], 64, "often"):
        with pytest.raises(UserError, match=r"looks: write at least two numbers of draws"):
            recipes.evaluation(named | {"looks": looks}, source="r.yaml")
    settings = recipes.evaluation(named | {"looks": [64, 256], "design": "fixed:128"}, source="r")
    (fault,) = settings.contradictions()
    assert "the design is fixed:128, which is none of the looks planned" in fault
    adaptive = settings.model_copy(update={"design": "sequential"})
    assert adaptive.contradictions()
    assert not settings.model_copy(update={"design": "fixed:64"}).contradictions()


def test_models_that_equal_their_base_seldom_get_a_claim_at_any_of_the_looks() -> None:
    """Looked at three times and stopped at the first claim, as people do."""
    rng, reports, looks = np.random.default_rng(11), 60, (16, 64, 256)
    planned = Looks((), looks)
    alarms = {planned: 0, Looks(): 0}
    for _ in range(reports):
        p = rng.beta(0.35, 1.6, size=100)
        batches = [rng.binomial(n, p, (2, p.size)) for n in np.diff(looks, prepend=0)]
        correct = np.cumsum(batches, axis=0)
        at_looks = [
            [fixed(n, c.tolist(), step) for c, step in zip(both, (0, 50), strict=True)]
            for n, both in zip(looks, correct, strict=True)
        ]
        for plan in alarms:
            alarms[plan] += any(
                claims_in(summarise([replace(each, looks=plan) for each in pair], {}, beyond=False))
                for pair in at_looks
            )
    assert alarms[planned] <= 0.05 * reports
    assert alarms[planned] < alarms[Looks()]


def test_every_look_shares_the_chance_of_a_false_claim() -> None:
    pair = [fixed(16, [3, 4] * 20), fixed(16, [5, 8] * 20, 50)]
    looked = [replace(each, looks=Looks(("fixed:4", "fixed:8"))) for each in pair]
    first_of_three = [replace(each, looks=Looks((), (16, 64, 256))) for each in pair]
    plain, paid, planned = (
        summarise(outcomes, {}, beyond=False)["benchmarks"]["countdown"]["models"][1]["tests"][0]
        for outcomes in (pair, looked, first_of_three)
    )
    assert planned == paid
    compared = compare({"r": looked})["benchmarks"]["countdown"]["rows"][1]["tests"][0]
    assert plain["p_value"] == paid["p_value"]
    assert plain["p_adjusted"] < 0.1
    assert paid["p_adjusted"] == pytest.approx(3 * plain["p_adjusted"])
    assert compared["p_adjusted"] == paid["p_adjusted"]


def test_going_back_to_fewer_draws_is_a_further_look(tmp_path: Path) -> None:
    outcomes = Ledger(carried_out(tmp_path, {16: (), 4: ()})).outcomes()
    assert [each.looks for each in outcomes] == [Looks(("fixed:16",))] * 2
    (warning, _) = summarise(outcomes, {}, beyond=False)["warnings"]
    assert warning.startswith(
        "simulated, base: reported under fixed:4 after fixed:16 had been reported"
    )


def test_nothing_is_claimed_of_a_checkpoint_at_another_look_than_its_base() -> None:
    plan = Looks((), (16, 64))
    base = replace(fixed(64, [0] * 40), looks=plan)
    early, late = (fixed(n, [n] * 40, 50) for n in (16, 64))
    ahead = [base, replace(early, looks=plan)]
    assert not claims_in(summary := summarise(ahead, {}, beyond=False))
    assert any("Nothing is claimed of it" in each for each in summary["warnings"])
    compared = compare({"r": ahead})
    assert [row["finding"]["claims"] for row in compared["benchmarks"]["countdown"]["rows"]] == [
        [],
        [],
    ]
    assert claims_in(summarise([base, replace(late, looks=plan)], {}, beyond=False))


def test_two_plans_pay_for_every_state_that_they_can_be_compared_in() -> None:
    base = replace(fixed(16, [3] * 40), looks=Looks((), (16, 64)))
    model = replace(fixed(16, [5] * 40, 50), looks=Looks((), (16, 32, 64)))
    summary = summarise([base, model], {}, beyond=False)
    assert {test["looks"] for test in summary["benchmarks"]["countdown"]["models"][1]["tests"]} == {
        4
    }
