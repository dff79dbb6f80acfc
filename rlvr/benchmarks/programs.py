"""Rows of the programming sets -> Problems; the gold is one of the shapes that `code` runs.

See `rlvr.verifiers.code`: `function` (tests in Python), `stdio` (inputs and outputs of a program)
or `call` (arguments and expected values).
"""

import base64
import io
import json
import pickle
import re
import zlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from rlvr.benchmarks.record import Row
from rlvr.errors import UserError
from rlvr.records import Problem

LIVECODEBENCH_FIRST, LIVECODEBENCH_LAST = date(2024, 8, 1), date(2025, 1, 31)

# LiveCodeBench's own user message (lcb_runner, generic style)
_LCB_STARTER = (
    "You will use the following starter code to write the solution to the problem and enclose "
    "your code within delimiters."
)
_LCB_STDIN = (
    "Read the inputs from stdin solve the problem and write the answer to stdout (do not directly "
    "test on the sample inputs). Enclose your code within delimiters as follows. Ensure that when "
    "the python program runs, it reads the inputs, runs the algorithm and writes output to STDOUT."
)


def human_eval(name: str, row: Row, index: int) -> Problem:
    """HumanEval and HumanEval+, which differ in their tests alone."""
    gold = {
        "kind": "function",
        "entry_point": row["entry_point"],
        "prompt": row["prompt"],
        "test": row["test"],
    }
    return Problem(f"{name}/{row['task_id'].rpartition('/')[2]}", row["prompt"], gold)


def mbpp_plus(name: str, row: Row, index: int) -> Problem:
    """EvalPlus shows the task as a docstring with its first assertion, which names the function."""
    example = row["test_list"][0]
    # the reference solution may define helpers: the entry point is what the assertion calls
    defined = set(re.findall(r"^def (\w+)", row["code"], re.MULTILINE))
    called = [word for word in re.findall(r"\w+", example) if word in defined]
    if not called:
        raise ValueError(f"its first assertion calls none of {sorted(defined)}")
    gold = {"kind": "function", "entry_point": called[0], "test": row["test"]}
    question = f'"""\n{row["prompt"].strip()}\n{example}\n"""\n'
    return Problem(f"{name}/{row['task_id']}", question, gold)


def livecodebench(name: str, row: Row, index: int) -> Problem | None:
    """Problems of contests from 2024-08 to 2025-01: those of the study."""
    held = date.fromisoformat(str(row["contest_date"])[:10])
    if not LIVECODEBENCH_FIRST <= held <= LIVECODEBENCH_LAST:
        return None
    tests = _lcb_tests(row["public_test_cases"]) + _lcb_tests(row["private_test_cases"])
    starter = row.get("starter_code") or ""
    gold: dict[str, Any]
    if starter:
        function = json.loads(row["metadata"])["func_name"]
        calls = [_lcb_call(test) for test in tests]
        gold = {"kind": "call", "entry_point": f"Solution().{function}", "tests": calls}
    else:
        pairs = [{"input": test["input"], "output": test["output"]} for test in tests]
        gold = {"kind": "stdio", "tests": pairs}
    question = _lcb_question(row["question_content"], starter)
    return Problem(f"{name}/{row['question_id']}", question, gold, row.get("difficulty") or "")


def _lcb_question(question: str, starter: str) -> str:
    form = f"{_LCB_STARTER}\n```python\n{starter}\n```" if starter else ""
    form = form or f"{_LCB_STDIN}\n```python\n# YOUR CODE HERE\n```"
    return (
        f"### Question:\n{question}\n\n### Format: {form}\n\n"
        "### Answer: (use the provided format with backticks)\n\n"
    )


class _TextOnly(pickle.Unpickler):
    """Unpickles text; a pickle that names any class or function could run code, and is refused."""

    def find_class(self, module: str, name: str) -> Any:
        raise UserError(f"a LiveCodeBench test names {module}.{name}; expected nothing but text")


def _lcb_tests(packed: str) -> list[dict[str, str]]:
    """Test cases, which are published as JSON or as compressed, pickled JSON."""
    if packed.lstrip().startswith("["):
        return list(json.loads(packed))
    unpacked = _TextOnly(io.BytesIO(zlib.decompress(base64.b64decode(packed)))).load()
    return list(json.loads(unpacked))


def _lcb_call(test: Mapping[str, str]) -> dict[str, Any]:
    """One JSON value a line for each argument, one for the result."""
    arguments = [json.loads(line) for line in test["input"].splitlines() if line.strip()]
    return {"args": arguments, "expected": json.loads(test["output"])}


def code_r1(name: str, row: Row, index: int) -> Problem:
    """Code-R1's 12k: LeetCode problems with assertions, TACO problems with inputs and outputs."""
    question = next(turn["content"] for turn in row["prompt"] if turn["role"] == "user")
    truth = json.loads(row["reward_model"]["ground_truth"])
    gold: dict[str, Any]
    if "functional" in truth:
        # the tests end in the call that names the solution: check(Solution().twoSum)
        test, _, called = truth["functional"].rstrip().rpartition("\ncheck(")
        gold = {"kind": "function", "entry_point": called.removesuffix(")"), "test": test}
    else:
        pairs = zip(truth["inputs"], truth["outputs"], strict=True)
        gold = {"kind": "stdio", "tests": [{"input": i, "output": o} for i, o in pairs]}
    return Problem(f"{name}/{index}", question, gold)
