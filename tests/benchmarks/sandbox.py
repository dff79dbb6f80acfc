"""Programs verified per second, each in sandboxes of its own.

    OMP_NUM_THREADS=1 python tests/benchmarks/sandbox.py [HUMANEVAL.jsonl]

Prints programs with standard input and output (one sandbox each), functions called by tests (two
sandboxes each) and, given the file of HumanEval, its 164 canonical solutions. The goal is 30 short
programs a second on 2 cores.
"""

import json
import os
import sys
from pathlib import Path
from time import perf_counter

from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.verifiers.code.verifier import CodeVerifier

PROGRAMS = 200
STDIO = {"kind": "stdio", "tests": [{"input": "20 22\n", "output": "42\n"}]}
SUM = "```python\nprint(sum(map(int, input().split())))\n```"
FUNCTION = {"kind": "function", "entry_point": "f", "test": "assert f(20, 22) == 42"}
ADD = "```python\ndef f(a, b):\n    return a + b\n```"


def measure(name: str, verifier: CodeVerifier, attempts: list[Attempt]) -> None:
    """Verify right programs, and print how many of them a second."""
    begin = perf_counter()
    verdicts = verifier.verify(attempts, timeout_s=10.0)
    seconds = perf_counter() - begin
    correct = sum(verdict.outcome == Outcome.CORRECT for verdict in verdicts)
    rate = len(attempts) / seconds
    print(f"{name:40} {rate:6.1f}/s   {correct} of {len(attempts)} correct   {seconds:.1f} s")


def humaneval(path: Path) -> list[Attempt]:
    """The canonical solutions, as completions of their prompts."""
    attempts = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        gold = {"kind": "function"} | {key: row[key] for key in ("prompt", "entry_point", "test")}
        problem = Problem(row["task_id"], row["prompt"], gold)
        attempts.append(Attempt(problem, row["canonical_solution"]))
    return attempts


def main() -> None:
    """Run all measurements."""
    verifier = CodeVerifier()
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} before the start")
    measure("stdin/stdout", verifier, [Attempt(Problem("a", "", STDIO), SUM)] * PROGRAMS)
    measure("function", verifier, [Attempt(Problem("b", "", FUNCTION), ADD)] * PROGRAMS)
    for path in sys.argv[1:]:
        measure("HumanEval, canonical solutions", verifier, humaneval(Path(path)))


if __name__ == "__main__":
    main()
