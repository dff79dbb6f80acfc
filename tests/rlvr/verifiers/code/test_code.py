"""The code verifier on real problems and on each shape of gold."""

import ast
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.verifiers.code.verifier import CodeVerifier

DOUBLE = {"kind": "stdio", "tests": [{"input": f"{n}\n", "output": f"{2 * n}\n"} for n in (1, 7)]}
FUNCTION = {
    "kind": "function",
    "entry_point": "double",
    "prompt": 'def double(x: int) -> int:\n    """Twice x."""\n',
    "test": "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(0) == 0\n",
}


def _attempt(gold: Any, completion: str, truncated: bool = False) -> Attempt:
    return Attempt(Problem("test/0", "", gold), completion, truncated)


def _block(source: str) -> str:
    return f"Here it is:\n```python\n{source}\n```\nThat is all."


@pytest.fixture(scope="module")
def humaneval(shared_data: Path) -> list[dict[str, str]]:
    lines = (shared_data / "benchmarks" / "humaneval.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 164, "Chen et al. 2021 (arXiv:2107.03374), section 2.2"
    return rows


def _humaneval_attempt(row: dict[str, str], completion: str) -> Attempt:
    gold = {"kind": "function"} | {key: row[key] for key in ("prompt", "entry_point", "test")}
    return Attempt(Problem(row["task_id"], row["prompt"], gold), completion)


def _wrong(
    code_verifier: CodeVerifier, attempts: list[Attempt], timeout_s: float = 10.0
) -> dict[str, str | None]:
    verdicts = code_verifier.verify(attempts, timeout_s=timeout_s)
    found = zip(attempts, verdicts, strict=True)
    return {a.problem.id: v.reason for a, v in found if v.outcome != Outcome.CORRECT}


def test_canonical_solutions_that_continue_the_prompt_are_correct(
    humaneval: list[dict[str, str]], code_verifier: CodeVerifier
) -> None:
    attempts = [_humaneval_attempt(row, row["canonical_solution"]) for row in humaneval]
    assert _wrong(code_verifier, attempts) == {}


def test_canonical_solutions_in_a_chat_answer_are_correct(
    humaneval: list[dict[str, str]], code_verifier: CodeVerifier
) -> None:
    solutions = [row["prompt"] + row["canonical_solution"] for row in humaneval]
    answers = [_block(solution) for solution in solutions]
    attempts = list(map(_humaneval_attempt, humaneval, answers))
    assert _wrong(code_verifier, attempts) == {}


def test_mutated_solutions_get_the_verdict_that_they_get_when_simply_run(
    humaneval: list[dict[str, str]], code_verifier: CodeVerifier
) -> None:
    mutants = [
        _mutant(row["prompt"] + row["canonical_solution"], row["entry_point"]) for row in humaneval
    ]
    attempts = list(map(_humaneval_attempt, humaneval, map(_block, mutants)))
    wrong = _wrong(code_verifier, attempts, timeout_s=1.0)
    assert {row["task_id"] for row in humaneval} - set(wrong) == _passing(humaneval, mutants)
    assert len(wrong) > 100, "most mutations change what a function returns"


_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Mod: ast.Mult, ast.Lt: ast.LtE,
    ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.And: ast.Or, ast.Or: ast.And, ast.In: ast.NotIn,
}  # fmt: skip


class _Mutation(ast.NodeTransformer):
    """Changes the site of the given number, counted in the order of the source."""

    def __init__(self, site: int) -> None:
        self.site, self.sites = site, 0

    def generic_visit(self, node: ast.AST) -> ast.AST:
        changed = _SWAPS[type(node)]() if type(node) in _SWAPS else None
        if isinstance(node, ast.Constant) and type(node.value) is int:
            changed = ast.Constant(node.value + 1)
        self.sites += changed is not None
        if changed is not None and self.sites == self.site:
            return changed
        return super().generic_visit(node)


def _mutant(program: str, name: str) -> str:
    """The program with one operator or number of a function changed, about in the middle."""
    tree = ast.parse(program)
    function = next(node for node in tree.body if getattr(node, "name", "") == name)
    count = _Mutation(site=0)
    count.visit(function)
    _Mutation((count.sites + 1) // 2).visit(function)
    return ast.unparse(ast.fix_missing_locations(tree))


def _passing(rows: list[dict[str, str]], programs: list[str]) -> set[str]:
    """Problems whose program passes when program and tests run in one process, as usual."""
    run_all = """
import json, signal, sys
def late(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, late)
for line in sys.stdin:
    row = json.loads(line)
    signal.alarm(1)
    try:
        exec(row["program"] + row["test"] + "\\ncheck(" + row["entry_point"] + ")", {})
        print(row["task_id"], file=sys.stderr)
    except BaseException:
        pass
    signal.alarm(0)
"""
    lines = [
        json.dumps(row | {"program": f"{row['prompt']}\n    pass\n{program}\n"})
        for row, program in zip(rows, programs, strict=True)
    ]
    command = [sys.executable, "-c", run_all]
    run = subprocess.run(
        command, input="\n".join(lines), capture_output=True, text=True, check=True
    )
    return set(run.stderr.split())


@pytest.mark.parametrize(
    ("gold", "source"),
    [
        (DOUBLE, "print(2 * int(input()))"),
        (DOUBLE, "import sys\nfor line in sys.stdin:\n    print(2.0 * int(line))\nsys.exit(0)"),
        (DOUBLE, "if __name__ == '__main__':\n    print(' ', 2 * int(input()), '\\n\\n')"),
        (FUNCTION, "def double(x):\n    return x + x"),
        (FUNCTION, "def double(x):\n    print('working')\n    return x + x"),
        (FUNCTION | {"test": "assert double(x=[1]) == [1, 1]"}, "def double(x): return x + x"),
        (FUNCTION | {"test": "assert double('a') is not None"}, "import re\ndouble = re.compile"),
        (
            {"kind": "function", "entry_point": "Solution().double", "test": FUNCTION["test"]},
            "class Solution:\n  def double(self, x: Optional[int]) -> List[int]: return 2 * x",
        ),
        (
            {"kind": "function", "entry_point": "Solution().two", "test": "Solution().two(1) == 2"},
            "class Solution:\n    def two(self, x): return 2 * x",
        ),
        (
            {"kind": "call", "entry_point": "f", "tests": [{"args": [[2, 1], 1], "expected": [1]}]},
            "class Solution:\n  def f(self, xs: List[int], k): return heapq.nsmallest(k, xs)",
        ),
        (
            {"kind": "call", "entry_point": "Solution().f", "tests": [{"args": [], "expected": 1}]},
            "def f(): return 1",
        ),
        (
            # heapq has another function of this name, which the prelude imports
            {"kind": "call", "entry_point": "merge", "tests": [{"args": [[2]], "expected": 2}]},
            "class Solution:\n  def merge(self, xs): return max(xs)",
        ),
        (
            {"kind": "call", "entry_point": "f", "tests": [{"args": [], "expected": [1, None]}]},
            "def f(): return 1, None",
        ),
    ],
)
def test_right_program_is_correct(
    gold: dict[str, Any], source: str, code_verifier: CodeVerifier
) -> None:
    verdict = code_verifier.verify([_attempt(gold, _block(source))])[0]
    assert verdict.outcome == Outcome.CORRECT, verdict.reason
    assert verdict.answer == source


@pytest.mark.parametrize(
    ("gold", "completion", "outcome", "reason"),
    [
        (DOUBLE, _block("print(2)"), Outcome.WRONG, "test 2 of 2: another output than expected"),
        (DOUBLE, _block("print(2"), Outcome.WRONG, "SyntaxError"),
        (DOUBLE, _block("1 / 0"), Outcome.WRONG, "ZeroDivisionError: division by zero (line 1)"),
        (DOUBLE, _block(""), Outcome.NO_ANSWER, "no program"),
        (DOUBLE, "The answer is 42.", Outcome.NO_ANSWER, "no program"),
        (FUNCTION, _block("def triple(x): return 3 * x"), Outcome.WRONG, "call 1: AssertionError"),
        (FUNCTION, "    return 3 * x\n", Outcome.WRONG, "call 1: AssertionError (line 2)"),
        (FUNCTION | {"entry_point": "f"}, _block("g = 1"), Outcome.WRONG, "NameError"),
        (FUNCTION | {"test": "1 / 0"}, _block("double = abs"), Outcome.ERROR, "ZeroDivisionError"),
        (FUNCTION | {"test": ""}, _block("double = abs"), Outcome.ERROR, "never call"),
        (
            FUNCTION | {"test": "import threading\ndouble(threading.Lock())"},
            _block("double = abs"),
            Outcome.ERROR,
            "arguments of",
        ),
        (DOUBLE | {"tests": []}, _block("print(2)"), Outcome.ERROR, "there are no tests"),
        ({"kind": "stdio"}, _block("print(2)"), Outcome.ERROR, "gold of test/0: KeyError('tests')"),
        ({"kind": "essay"}, _block("print(2)"), Outcome.ERROR, "gold of test/0: KeyError('essay')"),
        ("4", _block("print(2)"), Outcome.ERROR, "gold of test/0"),
        (FUNCTION | {"test": print}, _block("double = abs"), Outcome.ERROR, "gold of test/0"),
    ],
)
def test_verdict_says_what_is_wrong_and_whose_fault_it_is(
    gold: Any, completion: str, outcome: Outcome, reason: str, code_verifier: CodeVerifier
) -> None:
    verdict = code_verifier.verify([_attempt(gold, completion)])[0]
    assert verdict.outcome == outcome
    assert reason in str(verdict.reason)


@pytest.mark.parametrize("completion", ["```python\nprint(2 * int(inp", "First I think"])
def test_completion_cut_off_before_its_program_is_complete_is_truncated(
    completion: str, code_verifier: CodeVerifier
) -> None:
    verdict = code_verifier.verify([_attempt(DOUBLE, completion, truncated=True)])[0]
    assert verdict.outcome == Outcome.TRUNCATED


def test_reason_cannot_do_things_to_a_terminal(code_verifier: CodeVerifier) -> None:
    source = "raise Exception('\\x1b[2J\\x07\\u202e' + 'x' * 9999)"
    verdict = code_verifier.verify([_attempt(DOUBLE, _block(source))])[0]
    assert verdict.reason is not None
    assert verdict.reason.isprintable()
    assert len(verdict.reason) <= 400


def test_limits_of_the_problem_go_before_the_default(code_verifier: CodeVerifier) -> None:
    slow = _block("import time\ntime.sleep(1)\nprint(2 * int(input()))")
    large = _block("x = bytearray(600 << 20)\nprint(2 * int(input()))")
    attempts = [
        _attempt(DOUBLE, slow),
        _attempt(DOUBLE | {"timeout_s": 30}, slow),
        _attempt(DOUBLE | {"timeout_s": 30}, large),
        _attempt(DOUBLE | {"timeout_s": 30, "memory_mb": 256}, large),
    ]
    verdicts = code_verifier.verify(attempts, timeout_s=0.5)
    outcomes = [verdict.outcome for verdict in verdicts]
    assert outcomes == [Outcome.WRONG, Outcome.CORRECT, Outcome.CORRECT, Outcome.WRONG]


def test_time_limit_of_a_function_is_for_all_calls_and_of_call_for_each(
    code_verifier: CodeVerifier,
) -> None:
    source = _block("import time\ndef double(x):\n    time.sleep(1.4)\n    return 2 * x")
    calls = [{"args": [n], "expected": 2 * n} for n in (0, 1)]
    each = {"kind": "call", "entry_point": "double", "tests": calls}
    attempts = [_attempt(FUNCTION, source), _attempt(each, source)]
    verdicts = code_verifier.verify(attempts, timeout_s=2.5)
    assert [verdict.outcome for verdict in verdicts] == [Outcome.WRONG, Outcome.CORRECT]


def test_verdicts_come_in_order_whatever_each_program_takes(code_verifier: CodeVerifier) -> None:
    waits = (0.6, 0.0, 0.3, 0.1, 0.0, 0.2)
    attempts = [
        _attempt(DOUBLE, _block(f"import time\ntime.sleep({wait})\nraise Exception('ran {at}')"))
        for at, wait in enumerate(waits)
    ]
    verdicts = code_verifier.verify(attempts, timeout_s=30.0)
    assert [f"ran {at}" in str(verdict.reason) for at, verdict in enumerate(verdicts)] == [True] * 6
    assert code_verifier.verify([]) == []


def test_verifier_can_be_called_from_many_threads_at_once(code_verifier: CodeVerifier) -> None:
    right, wrong = _block("print(2 * int(input()))"), _block("print(2)")

    def verify(at: int) -> list[Outcome]:
        attempts = [_attempt(DOUBLE, right if at % 2 else wrong)] * 2
        return [verdict.outcome for verdict in code_verifier.verify(attempts, timeout_s=30.0)]

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(verify, range(6)))
    assert outcomes == [[Outcome.WRONG] * 2, [Outcome.CORRECT] * 2] * 3


def test_verdict_does_not_depend_on_the_order_of_a_set(code_verifier: CodeVerifier) -> None:
    gold = {"kind": "stdio", "tests": [{"input": "", "output": "?"}]}
    source = "raise Exception(' '.join({'ant', 'bee', 'cat', 'dog', 'elk', 'fox', 'gnu'}))"
    verdicts = code_verifier.verify([_attempt(gold, _block(source))] * 6)
    assert len({verdict.reason for verdict in verdicts}) == 1


def test_tests_with_random_inputs_draw_the_same_ones_every_time(
    code_verifier: CodeVerifier,
) -> None:
    test = "import random\ndef check(f):\n    raise Exception(f(random.random()))"
    attempt = _attempt(FUNCTION | {"test": test}, _block("double = str"))
    verdicts = code_verifier.verify([attempt] * 3)
    assert len({verdict.reason for verdict in verdicts}) == 1
    assert "0." in str(verdicts[0].reason)
