"""How far an evaluation has come is told against the whole of it, known before its first draw."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr.core.progress import Stage
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import on_bar
from rlvr_eval.draw.progress_listener import OnBar
from rlvr_eval.draw.simulator import Simulator
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.estimators.sequential import SequentialDesign
from rlvr_eval.plan.evaluation import Evaluation, Extent, extent
from tests.rlvr_eval.simulated import evaluation, model

P = (0.0, 0.1, 0.5, 1.0)


class Told(Stage):
    """A stage that keeps what it says, whenever something happens."""

    def __init__(self) -> None:
        self.said: list[tuple[int, int]] = []
        super().__init__("evaluate", 0)

    def show(self, note: str = "") -> None:
        self.said.append((self.done, self.total))
        super().show(note)

    def advance(self, units: int = 1, note: str = "") -> None:
        super().advance(units, note)
        self.said.append((self.done, self.total))


def of_two_models(folder: Path, design: FixedDesign | SequentialDesign) -> list[Evaluation]:
    other = model(folder / "other", P[::-1], name="checkpoint-1", step=1)
    base = evaluation(folder, P, design=design)
    return [base, replace(base, model=other)]


def carried_out(planned: list[Evaluation], processes: int = 1) -> Told:
    bar, crew = Told(), Crew(Simulator(), Simulator, processes)
    crew.work(planned, on_bar(bar, planned, crew))
    return bar


@pytest.mark.parametrize("processes", [1, 2])
def test_the_total_of_all_models_is_known_before_the_first_draw(
    tmp_path: Path, processes: int
) -> None:
    bar = carried_out(of_two_models(tmp_path, FixedDesign(16)), processes)
    assert bar.said[0] == (0, 128)
    assert {total for _, total in bar.said} == {128}
    assert bar.said[-1] == (128, 128)


def test_problems_that_end_early_shorten_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = of_two_models(tmp_path, SequentialDesign((8, 16, 32), (4, 2)))
    bar = carried_out(planned)
    totals = [total for _, total in bar.said]
    assert totals[0] == 2 * 4 * 32
    assert totals == sorted(totals, reverse=True)
    assert bar.done == bar.total == sum(extent(each, Simulator()).drawn for each in planned)
    assert bar.total < totals[0]
    first = capsys.readouterr().err.splitlines()[0]
    assert first == "evaluate: 0/256 (at most: problems may end early)"


def test_what_was_drawn_before_counts_and_says_nothing_of_the_pace(tmp_path: Path) -> None:
    planned = of_two_models(tmp_path, FixedDesign(16))
    carried_out(planned[:1])
    bar = carried_out(planned)
    assert bar.said[0] == (64, 128)
    assert bar.said[-1] == (128, 128)


def test_a_process_of_a_launcher_shows_its_share(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Stage("evaluate", 0)
    OnBar(bar, [Extent(0, 614_400, False)], world=4)
    assert re.fullmatch(r"evaluate: 0/153600\n", capsys.readouterr().err)
