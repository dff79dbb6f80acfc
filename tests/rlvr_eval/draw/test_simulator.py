"""The whole way from sampler to summary with known truth: unbiased, covering, silent in A/A."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rlvr.runs.run_directory import Run
from rlvr_eval.draw.simulator import uniform
from rlvr_eval.estimators.design import Design
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.estimators.random_continuation import ContinuationDesign
from rlvr_eval.estimators.sequential import SequentialDesign
from rlvr_eval.plan.evaluation import Evaluation
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.report.rebuild import report
from rlvr_eval.summary.format import RunSummary
from rlvr_eval.summary.run_summary import summarise
from tests.rlvr_eval.simulated import evaluate, evaluation, model

N_MAX = 32
SEQUENTIAL = SequentialDesign((8, 16, N_MAX), (4, 2))
DESIGNS = (FixedDesign(N_MAX), SEQUENTIAL, ContinuationDesign(SEQUENTIAL, 8, 0.5))
PROBLEMS = 1500
REPEATS = 40


def difficulties(count: int, seed: int) -> NDArray[np.float64]:
    """As benchmarks have them: some never solved, some always, most in between."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.4, 0.6, count)
    return np.where(rng.random(count) < 0.15, 0.0, p)


def true_pass(p: NDArray[np.float64], k: int) -> float:
    return float(np.mean(1 - (1 - p) ** k))


def test_the_simulators_numbers_are_uniform_and_belong_to_their_seed() -> None:
    seeds = np.arange(100_000, dtype=np.uint64) + np.uint64(5 << 20)
    numbers = uniform(seeds)
    counts = np.histogram(numbers, 20, (0, 1))[0]
    chi2 = ((counts - 5000) ** 2 / 5000).sum()
    assert chi2 < 43.8  # the 99.9 % point of chi-squared with 19 degrees of freedom
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 4 / np.sqrt(1e5)
    assert uniform(seeds[7:8])[0] == numbers[7]


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_every_design_is_unbiased_from_sampler_to_summary(design: Design, tmp_path: Path) -> None:
    p = difficulties(PROBLEMS, seed=1)
    run = Run(tmp_path / "run")
    evaluate(run, evaluation(tmp_path, p.tolist(), design=design))
    (outcomes,) = Ledger(run).outcomes()
    curves = outcomes.counts.curves()
    for k in (1, 2, 8, 16, N_MAX):
        truth = 1 - (1 - p) ** k
        error = curves[:, k - 1] - truth
        # what these problems' own sampling leaves, not how problems differ
        deviation = error.std(ddof=1) / np.sqrt(error.size)
        assert abs(error.mean()) < 3.5 * deviation, k
    point = summarise([outcomes], {})["benchmarks"]["simulated"]["models"][0]["curve"][-1]
    assert point["k"] == N_MAX
    assert point["value"] == pytest.approx(curves[:, -1].mean())


def test_a_sequential_design_draws_less_for_the_same_truth(tmp_path: Path) -> None:
    p = difficulties(PROBLEMS, seed=2)
    run = Run(tmp_path / "run")
    evaluate(run, evaluation(tmp_path, p.tolist(), design=SEQUENTIAL))
    (outcomes,) = Ledger(run).outcomes()
    assert outcomes.completions < 0.7 * N_MAX * PROBLEMS


def models_of_summaries(tmp_path: Path, planned: Evaluation) -> Iterator[list[dict[str, Any]]]:
    """The same model sampled twice, as base and as checkpoint, again and again."""
    for repeat in range(REPEATS):
        run = Run(tmp_path / f"run-{repeat}")
        again = replace(planned.model, name="again", step=1)
        evaluate(
            run,
            replace(planned, run_seed=2 * repeat),
            replace(planned, model=again, run_seed=2 * repeat + 1),
        )
        summary = summarise(Ledger(run).outcomes(), {})
        yield summary["benchmarks"]["simulated"]["models"]


@pytest.mark.parametrize("design", DESIGNS[:2], ids=str)
def test_sampling_one_model_twice_shows_a_difference_as_rarely_as_it_should(
    design: Design, tmp_path: Path
) -> None:
    """Of 40 intervals of 95 % for a difference of 0, more than 6 miss it once in 295 times."""
    planned = evaluation(tmp_path, difficulties(100, seed=3).tolist(), design=design)
    missed = dict.fromkeys((0, N_MAX - 1), 0)
    for _, again in models_of_summaries(tmp_path, planned):
        for at in missed:
            point = again["difference"][at]
            missed[at] += not point["low"] <= 0 <= point["high"]
    assert max(missed.values()) <= 6


def test_intervals_cover_the_truth_of_the_population(tmp_path: Path) -> None:
    """Each time other problems; of 40 intervals of 95 %, 33 or fewer cover once in 295 times."""
    population = difficulties(200_000, seed=4)
    covered = dict.fromkeys((1, 8, N_MAX), 0)
    for repeat in range(REPEATS):
        p = np.random.default_rng([5, repeat]).choice(population, 100)
        run = Run(tmp_path / str(repeat) / "run")
        evaluate(run, evaluation(tmp_path / str(repeat), p.tolist(), design=SEQUENTIAL))
        summary = summarise(Ledger(run).outcomes(), {})
        curve = summary["benchmarks"]["simulated"]["models"][0]["curve"]
        for k in covered:
            point = curve[k - 1]
            covered[k] += point["low"] <= true_pass(population, k) <= point["high"]
    assert min(covered.values()) > 33


def test_a_true_difference_is_found_and_reported(tmp_path: Path) -> None:
    """A checkpoint that is better at k = 1 and worse at k_max, as the study describes."""
    p = difficulties(400, seed=6)
    better = np.where(p > 0.2, np.minimum(1.0, 1.5 * p), 0.0)
    base = evaluation(tmp_path, p.tolist(), design=SEQUENTIAL)
    checkpoint = model(tmp_path / "rl", better.tolist(), name="checkpoint-100", step=100)
    run = Run(tmp_path / "run")
    evaluate(run, base, replace(base, model=checkpoint))
    summary = report(run)
    RunSummary.model_validate_json((run.path / "summary.json").read_text())
    trained = summary["benchmarks"]["simulated"]["models"][1]
    first, last = trained["difference"][0], trained["difference"][-1]
    assert 0 < first["low"] <= true_pass(better, 1) - true_pass(p, 1) <= first["high"]
    assert last["low"] <= true_pass(better, N_MAX) - true_pass(p, N_MAX) <= last["high"] < 0
    assert (run.path / "report.html").stat().st_size > 0
