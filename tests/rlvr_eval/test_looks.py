"""Draws that were reported before they were extended are told, and pay for the looks."""

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr.runs import Run
from rlvr_eval.comparison import compare
from rlvr_eval.fixed import FixedDesign
from rlvr_eval.ledger import Ledger
from rlvr_eval.pipeline import carry_out
from rlvr_eval.simulator import Simulator
from rlvr_eval.summary import summarise
from rlvr_eval.workers import Crew
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
    assert [each.looked_at for each in outcomes] == [("fixed:4", "fixed:8")] * 2
    summary = summarise(outcomes, {}, beyond=False)
    said = "simulated, checkpoint-1: extended to fixed:16 after fixed:4, fixed:8 had been reported"
    (warning,) = [each for each in summary["warnings"] if each.startswith(said)]
    assert "draw it under another evaluation.run_seed" in warning
    again = [replace(each, run_seed=1, design=FixedDesign(16)) for each in (base, later)]
    carry_out(run, again, crew)
    fresh = Ledger(run).outcomes()
    assert [each.looked_at for each in fresh] == [(), ()]
    assert not any("extended" in each for each in summarise(fresh, {}, beyond=False)["warnings"])


def test_every_look_shares_the_chance_of_a_false_claim() -> None:
    pair = [fixed(16, [3, 4] * 20), fixed(16, [5, 8] * 20, 50)]
    looked = [replace(each, looked_at=("fixed:4", "fixed:8")) for each in pair]
    plain, paid = (
        summarise(outcomes, {}, beyond=False)["benchmarks"]["countdown"]["models"][1]["tests"][0]
        for outcomes in (pair, looked)
    )
    compared = compare({"r": looked})["benchmarks"]["countdown"]["rows"][1]["tests"][0]
    assert plain["p_value"] == paid["p_value"]
    assert plain["p_adjusted"] < 0.1
    assert paid["p_adjusted"] == pytest.approx(3 * plain["p_adjusted"])
    assert compared["p_adjusted"] == paid["p_adjusted"]
