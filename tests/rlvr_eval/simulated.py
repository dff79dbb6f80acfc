"""Simulated problems, models and evaluations, as the tests of the evaluation engine use them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr.core.records import Problem
from rlvr.runs.run_directory import Run
from rlvr.samplers.base import SamplingParams
from rlvr_eval.draw import simulator
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import carry_out
from rlvr_eval.draw.simulator import Policy, Simulator
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.plan.evaluation import Evaluation, Model
from rlvr_eval.store import shards
from rlvr_eval.store.draw_store import DrawStore

BENCHMARK = "simulated"
CORRECT, WRONG = r"so \boxed{B}", r"so \boxed{A}"


def problems(count: int) -> tuple[Problem, ...]:
    """Multiple choice; the answer is always B."""
    return tuple(Problem(f"{BENCHMARK}/{at}", f"question {at}", "B") for at in range(count))


def model(folder: Path, p: Sequence[float], *, name: str = "base", step: int = 0) -> Model:
    """A model that answers problem i correctly with probability p[i]."""
    policies = {problem.id: Policy(p_i, CORRECT, WRONG) for problem, p_i in _paired(p)}
    return simulator.save(folder, policies, name=name, step=step)


def evaluation(folder: Path, p: Sequence[float], **changes: Any) -> Evaluation:
    """The base model in `folder` on as many problems, its store beside it."""
    as_planned = Evaluation(
        model=model(folder / "base", p),
        benchmark=BENCHMARK,
        revision="1",
        problems=problems(len(p)),
        prompt="plain",
        verifier="choice",
        sampling=SamplingParams(),
        design=FixedDesign(16),
        run_seed=0,
        store=folder / "store",
    )
    return replace(as_planned, **changes)


def draws(evaluation: Evaluation) -> DrawStore:
    """The draws of an evaluation by the simulator."""
    return evaluation.draws(Simulator())


def stored(evaluation: Evaluation) -> list[tuple[str, int, str | None]]:
    """(problem id, sample index, text) of every row on disk, repeats included."""
    columns = ["problem_id", "sample_index", "completion"]
    return [
        (row["problem_id"], row["sample_index"], row["completion"])
        for path in shards.listed(draws(evaluation).folder / "draws")
        for row in shards.read(path).select(columns).to_pylist()
    ]


def outcomes(evaluation: Evaluation) -> dict[str, list[str]]:
    """Verdicts of every problem in sample-index order."""
    rows = draws(evaluation).verdicts("choice@1").by_problem()
    return {problem: row.tolist() for problem, row in rows.items()}


def _paired(p: Sequence[float]) -> list[tuple[Problem, float]]:
    return list(zip(problems(len(p)), p, strict=True))


def evaluate(run: Run, *evaluations: Evaluation) -> int:
    """Carry evaluations out as `rlvr eval` does, in this process."""
    return carry_out(run, evaluations, Crew(Simulator(), Simulator, processes=1))
