"""Throughput of the mathematics verifier on real completions.

    OMP_NUM_THREADS=1 python tests/benchmarks/verifiers.py [math_cot_100.jsonl]

Prints three figures, each over the 800 completions of the file (100 problems, 8 completions each):

a  answers a second on one core, where the same answers come again and again, as in large-n
   sampling: the second and later passes over the file. Goal: 8,000. In processor time of this
   process, which a busy machine does not blur.
b  full completions a second on all cores, none seen before: one pass with nothing remembered.
   Goal on 2 cores: 350. In wall-clock time, since the workers share the load.
c  the same with every answer parsed, i.e. without the comparison of texts and numbers. No goal; it
   is what math-verify alone would do in the pool.
"""

import json
import os
import sys
import time
from pathlib import Path

from rlvr.answers.marked_answer import cut, marked_answer
from rlvr.core.records import Attempt, Problem
from rlvr.verifiers.math.verifier import MathVerifier
from rlvr.verifiers.workers import pool

DEFAULT = Path(__file__).resolve().parents[3] / "shared/data/generations/math_cot_100.jsonl"
PASSES = 20


def completions(file: Path) -> list[Attempt]:
    """One attempt for every completion of the file."""
    return [
        Attempt(Problem(f"math_cot/{row['idx']}", row["question"], row["gt"]), completion)
        for row in map(json.loads, file.read_text().splitlines())
        for completion in row["code"]
    ]


def main() -> None:
    """Measure and print."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    attempts = completions(file)
    verifier = MathVerifier()
    verifier.warm_up()
    cores = len(os.sched_getaffinity(0))

    began = time.perf_counter()
    verifier.verify(attempts)
    new_s = time.perf_counter() - began

    boxed = [
        Attempt(attempt.problem, f"\\boxed{{{marked_answer(cut(attempt.completion))}}}")
        for attempt in attempts
    ]
    began = time.process_time()
    for _ in range(PASSES):
        verifier.verify(boxed)
    repeated_s = time.process_time() - began

    pairs = [
        [attempt.problem.gold, marked_answer(cut(attempt.completion)) or ""] for attempt in attempts
    ]
    began = time.perf_counter()
    pool.shared("rlvr.verifiers.math.equivalence:equal").run(pairs, timeout_s=10)
    parsed_s = time.perf_counter() - began

    print(f"a  repeated answers  {PASSES * len(attempts) / repeated_s:>9,.0f} /s on one core")
    print(f"b  new completions   {len(attempts) / new_s:>9,.0f} /s on {cores} cores")
    print(f"c  parsed answers    {len(attempts) / parsed_s:>9,.0f} /s on {cores} cores")


if __name__ == "__main__":
    main()
