"""Models of pass@k beyond n_max against completions that a language model really drew.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.extrapolation_recorded FOLDER [problems draws]
    OMP_NUM_THREADS=1 python -m tests.benchmarks.extrapolation_recorded RUN

Of a folder with a model: draws `draws` (10,000) completions of each of `problems` (64) countdown
test problems, cuts them into blocks of n, predicts pass@k at 16 n from every block alone, and
compares with the unbiased estimate from all draws. Of a run that was evaluated: does so with the
draws stored of each of its models on all problems, from n = 16 on.

Prints rows of docs/extrapolation.md: mean error in points and, in brackets, how often (per cent)
the interval held that estimate; of the range, its mean width in points and how often it did. Takes
some minutes of one core for a model like the embedded base.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rlvr.answers.prompts import render
from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.runs.run_directory import Run
from rlvr.samplers.base import SampleRequest, SamplingParams, draw_seed
from rlvr.samplers.hf import HFSampler
from rlvr.tasks.problems import load
from rlvr.verifiers.countdown import CountdownVerifier
from rlvr_eval.estimators import Counts, FixedDesign, pass_at_k_curve
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.summary.fixed_problem_set import describe_beyond
from tests.benchmarks.extrapolation import DRAWS, FURTHER, cells_of

_FEW, _BLOCKS = 16, 20


def main() -> None:
    """Draw, and print the rows."""
    folder = Path(sys.argv[1])
    if (folder / "evaluations").is_dir():
        of_models = stored(Run(folder))
    else:
        problems, draws = map(int, sys.argv[2:] or (64, 10_000))
        chosen = load("countdown-test")[:: 400 // problems][:problems]
        of_models = iter([(folder.name, recorded(folder, chosen, draws))])
    for name, correct in of_models:
        for n in (_FEW, *DRAWS):
            if FURTHER * n <= correct.shape[1]:
                cells = _cells(correct, n)
                print(f"| {name} | {len(correct)} | {n} | {FURTHER * n} | {cells} |", flush=True)


def stored(run: Run) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Of every model of a run, which of its stored completions are correct, (problems, draws)."""
    ledger = Ledger(run)
    for entry in ledger.entries():
        rows = ledger.draws(entry).verdicts(entry["verifier"]).by_problem()
        draws = min(row.size for row in rows.values())
        yield entry["model"], np.stack([row[:draws] == Outcome.CORRECT for row in rows.values()])


def recorded(folder: Path, problems: list[Problem], draws: int) -> NDArray[np.bool_]:
    """Draw completions and return which are correct, shape (problems, draws)."""
    sampler, verifier = HFSampler(), CountdownVerifier()
    sampler.load(folder)
    params = SamplingParams(temperature=1.0, top_p=1.0, max_completion_tokens=24)
    rows = {problem.id: at for at, problem in enumerate(problems)}
    correct = np.zeros((len(problems), draws), dtype=bool)
    requests = [
        SampleRequest(p.id, render("plain", p), draw_seed(0, str(folder), p.id), 0, draws)
        for p in problems
    ]
    for drawn in sampler.sample(requests, params):
        row = rows[drawn.problem_id]
        (verdict,) = verifier.verify([Attempt(problems[row], drawn.text)])
        correct[row, drawn.sample_index] = verdict.outcome is Outcome.CORRECT
    return correct


def _cells(correct: NDArray[np.bool_], n: int) -> str:
    k = FURTHER * n
    true = float(pass_at_k_curve(correct.shape[1], correct.sum(1))[:, k - 1].mean())
    found = [
        next(each for each in describe_beyond(counts) if each["k"] == k)
        for counts in _blocks(correct, n)
    ]
    return cells_of(found, true)


def _blocks(correct: NDArray[np.bool_], n: int) -> Iterator[Counts]:
    """Counts of consecutive draws of every problem, block by block."""
    design = FixedDesign(n)
    for begin in range(0, min(correct.shape[1] - n + 1, _BLOCKS * n), n):
        c = correct[:, begin : begin + n].sum(1)
        yield Counts(design, np.full(len(c), n), c)


if __name__ == "__main__":
    main()
