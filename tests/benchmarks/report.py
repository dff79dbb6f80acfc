"""Time, memory and size of a large report: 50 checkpoints x 5 benchmarks x 500 problems, n = 1024.

    OMP_NUM_THREADS=1 python tests/benchmarks/report.py

From counts to summary.json and report.html, in seconds of processor time, which a busy machine
does not blur. Counts are simulated; time does not depend on them. The goals are 10 s and 2 GB
together, and an HTML file below 15 MB with three completions of 4,000 characters per problem.

Then the same by the commands, Python's own start included: `rlvr import` of the counts as CSV,
which bring no completions, and `rlvr report`.
"""

import csv
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np

from rlvr_eval.estimators import FixedDesign
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.report.html import Example, ProblemExamples, write_report
from rlvr_eval.statistics.lineup import ModelRef
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.summary.run_summary import summarise

CHECKPOINTS, BENCHMARKS, PROBLEMS, N = 50, 5, 500, 1024
EXAMPLES, CHARACTERS = 3, 4000


def simulated_outcomes(rng: np.random.Generator) -> list[Outcomes]:
    """Base and checkpoints on every benchmark; problems drift towards 0 and 1 over training."""
    return [
        _one(f"benchmark-{b}", p ** (1 + step / CHECKPOINTS), step, rng)
        for b in range(BENCHMARKS)
        for p in [rng.beta(0.2, 0.8, size=PROBLEMS)]
        for step in range(CHECKPOINTS + 1)
    ]


def _one(benchmark: str, p: np.ndarray, step: int, rng: np.random.Generator) -> Outcomes:
    none = np.zeros(PROBLEMS, dtype=np.int64)
    return Outcomes(
        model=ModelRef(f"checkpoint-{10 * step}" if step else "base", 10 * step, f"w{step}"),
        benchmark=benchmark,
        problem_ids=tuple(f"{benchmark}/{i}" for i in range(PROBLEMS)),
        kinds=("",) * PROBLEMS,
        counts=simulate_counts(FixedDesign(N), p, rng),
        undecided=none,
        truncated=none,
        upper=None,
        draw_key={"weights": f"w{step}", "seed": 0, "temperature": 0.6},
    )


def simulated_examples(rng: np.random.Generator) -> dict[str, ProblemExamples]:
    """Completions of random letters, which nothing can compress."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz     \n"))
    return {
        f"benchmark-{b}/{i}": ProblemExamples(
            question="What is asked?",
            gold="42",
            completions=[
                Example("base", 0, j, "wrong", "".join(rng.choice(letters, CHARACTERS)))
                for j in range(EXAMPLES)
            ],
        )
        for b in range(BENCHMARKS)
        for i in range(PROBLEMS)
    }


def main() -> None:
    rng = np.random.default_rng(0)
    outcomes, examples = simulated_outcomes(rng), simulated_examples(rng)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        start = process_time()
        summary = summarise(outcomes, {"name": "synthetic"})
        summarised = process_time()
        text = json.dumps(summary, allow_nan=False)
        written = process_time()
        write_report(summary, examples, report)
        reported = process_time()
        print(f"{CHECKPOINTS} checkpoints x {BENCHMARKS} benchmarks x {PROBLEMS} problems, n = {N}")
        print(f"  summarise      {summarised - start:8.2f} s")
        print(f"  summary.json   {written - summarised:8.2f} s {len(text) / 1e6:8.1f} MB")
        print(
            f"  report.html    {reported - written:8.2f} s {report.stat().st_size / 1e6:8.1f} MB"
            " (goal < 15)"
        )
        print(f"  together       {reported - start:8.2f} s (goal 10)")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"  peak memory    {peak:8.0f} MB (goal 2000)")
        by_command(outcomes, Path(folder))


def by_command(outcomes: list[Outcomes], folder: Path) -> None:
    """Import the counts and report them, each in a process of its own."""
    counts, run = folder / "counts.csv", folder / "run"
    with counts.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("benchmark", "model", "step", "problem", "n", "c"))
        for each in outcomes:
            for problem, correct in zip(each.problem_ids, each.counts.c.tolist(), strict=True):
                who = each.benchmark, each.model.name, each.model.step
                rows.writerow((*who, problem, N, correct))
    for arguments in (["import", str(counts), "--out", str(run)], ["report", str(run)]):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "rlvr", *arguments]
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        peak = after.ru_maxrss / 1024
        print(f"  rlvr {arguments[0]:<10}{took:8.2f} s {peak:8.0f} MB, the most of any until now")
    print(f"  its report.html {(run / 'report.html').stat().st_size / 1e6:17.1f} MB")


if __name__ == "__main__":
    main()
