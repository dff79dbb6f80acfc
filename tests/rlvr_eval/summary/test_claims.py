"""What a report claims is true of models whose true probabilities are known.

The whole simulation, with its figures, is tests/benchmarks/null_reports.py.
"""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.special import comb
from scipy.stats import binom

from rlvr_eval.estimators import FixedDesign, SequentialDesign
from rlvr_eval.estimators.design import Design
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.certify import FALSE_DISCOVERY_RATE, certify
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.summary.claims import LEVEL, change_at, claims_in, state_findings
from rlvr_eval.summary.comparison import compare
from rlvr_eval.summary.model_summary import Json, at_k
from rlvr_eval.summary.run_summary import summarise
from tests.simulated import against_itself, fixed, from_counts, run

FALSE_ALARM = 1e-3


@pytest.mark.parametrize(
    ("checkpoints", "designs", "benchmarks", "kinds", "reports"),
    [
        (4, [FixedDesign(32)], 1, ("",), 60),
        (10, [FixedDesign(32)], 1, ("a", "b"), 15),
        (50, [FixedDesign(16)], 1, ("",), 6),
        (4, [SequentialDesign((8, 16, 32), (4, 2))], 2, ("a", "b"), 12),
        (1, [FixedDesign(64), FixedDesign(8)], 1, ("",), 80),
    ],
)
def test_at_most_one_report_in_twenty_claims_anything_of_a_model_that_equals_its_base(
    checkpoints: int,
    designs: Sequence[Design],
    benchmarks: int,
    kinds: Sequence[str],
    reports: int,
) -> None:
    """Each case fails by chance in fewer than 1 of 1,000 runs of other seeds if 5 % hold."""
    rng = np.random.default_rng(checkpoints)
    found = 0
    for _ in range(reports):
        outcomes = against_itself(
            rng,
            checkpoints=checkpoints,
            problems=40,
            designs=designs,
            benchmarks=benchmarks,
            kinds=kinds,
        )
        found += bool(claims_in(summary_of(outcomes)))
    assert found <= binom.ppf(1 - FALSE_ALARM, reports, 0.05)


def test_an_effect_of_the_size_that_training_has_is_claimed_beside_many_others() -> None:
    """D(1) about +5 and D(256) about -10 points on 400 problems, among ten null checkpoints."""
    rng = np.random.default_rng(0)
    p = 10.0 ** rng.uniform(-3.5, 0.0, size=400)
    odds = p / (1 - p) * (25 * p) ** 0.45
    chances = [p] * 11 + [odds / (1 + odds)]
    counts = [simulate_counts(FixedDesign(256), chance, rng) for chance in chances]
    summary = summary_of([from_counts(each, step) for step, each in enumerate(counts)])
    *_, model = models_of(summary)
    assert (change_at(model, 1), change_at(model, 256)) == ("rises", "falls")
    text = model["finding"]["text"]
    assert text.startswith("On 400 problems of countdown, checkpoint-11 against the base: pass@1 ")
    assert "pass@256 falls from" in text
    assert f"The base overtakes it at k = {model['crossover']['k']:.3g} [" in text
    assert [claim for claim in claims_in(summary) if "problem" not in claim] == (
        model["finding"]["claims"]
    )


def test_what_is_not_shown_is_told_with_its_interval() -> None:
    """One lucky problem: D turns its sign, and no test bears that out."""
    base, checkpoint = fixed(16, [2, 2, 1, 1, 2, 8, 9]), fixed(16, [3, 3, 2, 1, 0, 8, 9], 50)
    summary = summary_of([base, checkpoint])
    _, model = models_of(summary)
    finding, found = model["finding"], model["crossover"]
    assert finding["claims"] == claims_in(summary) == []
    one = at_k(model["difference"], 1)
    assert one is not None
    low, high = (f"{100 * one[end]:+.1f}" for end in ("low", "high"))
    assert (
        f"no change of pass@1 is shown (+0.9 [{low}, {high}] points; adjusted p = "
        in (finding["text"])
    )
    assert finding["crossing"] == (
        f"A crossover is not shown (estimate: k = {found['k']:.3g} [1, beyond 16])."
    )
    assert found["is_shown"] is False


def test_a_crossover_needs_a_gain_before_it_and_a_loss_behind_it() -> None:
    """Certain to lose at k = 16 and ahead by a hair at k = 1: no crossover is stated."""
    base = fixed(16, [4] * 40)
    behind = fixed(16, [16] * 10 + [1] * 4 + [0] * 26, 50)
    summary = summary_of([base, behind])
    _, model = models_of(summary)
    assert change_at(model, 16) == "falls"
    assert change_at(model, 1) == ""
    assert model["crossover"]["k"] is not None
    assert model["crossover"]["is_shown"] is False
    assert "overtakes" not in model["finding"]["text"]


def test_a_model_that_is_behind_everywhere_is_said_to_have_no_crossover() -> None:
    summary = summary_of([fixed(16, [8, 6] * 30), fixed(16, [1, 0] * 30, 50)])
    _, model = models_of(summary)
    assert model["crossover"]["censored"] == "none"
    assert model["crossover"]["is_shown"] is True
    assert model["finding"]["crossing"] == ""


def test_undecided_verdicts_that_could_undo_a_change_keep_it_from_being_claimed() -> None:
    """9 undecided of 9,000: if right, the base would solve at k = 300 what it seems to miss."""
    missed = [0] * 9 + [30] * 21
    base = {
        open_ends: fixed(
            300,
            missed,
            undecided=[1] * 9 + [0] * 21 if open_ends else None,
            upper=fixed(300, [1] * 9 + [30] * 21).counts if open_ends else None,
        )
        for open_ends in (False, True)
    }
    better = fixed(300, [1] * 9 + [30] * 21, 50)
    _, certain = models_of(summary_of([base[False], better]))
    unsure_base, unsure = models_of(summary_of([base[True], better]))
    assert change_at(certain, 300) == "rises"
    assert change_at(unsure, 300) == ""
    assert unsure["difference_range"][-1] == {
        "k": 300,
        "least": 0.0,
        "greatest": pytest.approx(0.3),
    }
    assert "; 0.0 to +30.0, depending on undecided verdicts" in unsure["finding"]["text"]
    # 0.1 % of the verdicts, and they move pass@300 from 0.7 to 1
    assert unsure_base["undecided_rate"] == pytest.approx(0.001)
    assert unsure_base["curve_upper"][-1]["value"] == pytest.approx(1.0)


@pytest.mark.parametrize(("n", "other"), [(1024, 256), (64, 8)])
def test_unequal_numbers_of_draws_are_compared_at_the_smaller_and_claim_nothing(
    n: int, other: int
) -> None:
    """Counted as they are, the same model loses problems where it draws less."""
    rng = np.random.default_rng(n)
    p = 10.0 ** rng.uniform(-4, -1, size=300)
    base, same = (simulate_counts(FixedDesign(draws), p, rng) for draws in (n, other))
    naive = int(((base.c > 0) & (same.c == 0)).sum()), int(((base.c == 0) & (same.c > 0)).sum())
    assert naive[0] > 3 * naive[1], "the trap is there"
    _, model = models_of(summary_of([from_counts(base), from_counts(same, 50)]))
    sets = model["coverage"]
    assert sets["p_value"] is None
    assert f"fixed:{n}" in sets["reason"]
    assert sets["k"] == other
    moved = sets["base_only"] + sets["checkpoint_only"]
    # expectations for as many draws of both: their difference is -D(k), within its interval
    point = at_k(model["difference"], other)
    assert point is not None
    assert sets["checkpoint_only"] - sets["base_only"] == pytest.approx(300 * point["value"])
    assert abs(sets["checkpoint_only"] - sets["base_only"]) < 4 * np.sqrt(moved)


def test_designs_that_both_tell_what_n_max_draws_solve_are_counted() -> None:
    design = SequentialDesign((8, 16), (2,))
    base, model = run(steps=(0,), design=design), run(steps=(50,), design=FixedDesign(16))
    sets = models_of(summary_of([*base, *model]))[1]["coverage"]
    assert sets["reason"] is None
    assert sets["base_only"] == ((base[0].counts.c > 0) & (model[0].counts.c == 0)).sum()


def test_certificates_of_many_models_are_one_family() -> None:
    """Six successes against none of 64 stand alone, and not as the best of fifty models."""
    base, model = fixed(64, [0] * 4), fixed(64, [8, 0, 0, 0], 50)
    assert certify([(base, model)])[0]["gained"] == ["countdown/0"]
    others = [(base, fixed(64, [0] * 4, step)) for step in range(51, 100)]
    assert certify([(base, model), *others])[0]["gained"] == []


def test_a_problem_whose_undecided_verdicts_may_be_right_is_not_certified_as_lost() -> None:
    base, model = fixed(64, [40, 40]), fixed(64, [0, 0], 50, undecided=[1, 0])
    assert certify([(base, model)])[0]["lost"] == ["countdown/1"]


@pytest.mark.parametrize("n", [16, 64])
@pytest.mark.parametrize("threshold", [6, 7, 10, 14])
def test_a_certificate_of_a_model_against_itself_has_less_than_a_third_of_its_nominal_chance(
    threshold: int,
    n: int,
) -> None:
    """The bound that keeps sentences and certificates together at 5 %.

    In a report, 5 % over at least two tests is 2.5 %, which takes six successes at least.
    """
    p = np.linspace(0.01, 0.99, 500)
    fishers = comb(n, threshold) / comb(2 * n, threshold)
    chance = (binom.sf(threshold - 1, n, p) * (1 - p) ** n).max()
    assert chance <= 0.3 * fishers
    assert LEVEL + 0.3 * FALSE_DISCOVERY_RATE <= 0.05


def test_probes_enter_the_same_family() -> None:
    summary, probed = (summary_of(run(steps=(0, 50))) for _ in range(2))
    before = json.loads(json.dumps(summary))
    found = {"temperature": 0.6, "models": probed["benchmarks"]["countdown"]["models"]}
    summary["benchmarks"]["countdown"]["temperature"] = [found]
    state_findings(summary)
    assert summary["tests"]["number"] == 2 * before["tests"]["number"]
    for now, then in zip(
        models_of(summary)[1]["tests"], models_of(before)[1]["tests"], strict=True
    ):
        assert now["p_value"] == then["p_value"]
        assert now["p_adjusted"] >= then["p_adjusted"]


def test_compare_states_what_holds_beside_everything_it_compares() -> None:
    found = compare({"grpo": run(), "same": [run()[0], *run(steps=(0, 1), seed=0)[1:]]})
    rows = found["benchmarks"]["countdown"]["rows"]
    assert found["tests"]["number"] == 2 * 3
    assert rows[1]["finding"]["text"].startswith("On 60 problems of countdown, grpo against the")
    assert [claim["change"] for claim in rows[1]["finding"]["claims"]][-1] == "crosses"


def summary_of(outcomes: Sequence[Outcomes]) -> Json:
    return summarise(outcomes, {}, beyond=False)


def models_of(summary: Json) -> list[Json]:
    found: list[Json] = summary["benchmarks"]["countdown"]["models"]
    return found


def test_the_crossover_reaches_as_far_as_undecided_verdicts_can_move_it() -> None:
    """30 problems solved more often, 30 whose only hope are undecided verdicts."""
    base = fixed(64, [16] * 30 + [8] * 30)
    unclear = {"undecided": [0] * 30 + [6] * 30}
    lower = fixed(64, [60] * 30 + [0] * 30, 50)
    open_ended = fixed(64, [60] * 30 + [0] * 30, 50, **unclear)
    upper = fixed(64, [60] * 30 + [6] * 30, 50)
    crossovers = [
        models_of(summary_of([base, model]))[1]["crossover"] for model in (lower, open_ended, upper)
    ]
    at_least, told, at_most = crossovers
    assert told["k"] == at_least["k"] < at_most["k"]
    assert told["low"] <= at_least["low"]
    assert told["is_open"] or told["high"] >= at_most["k"]
