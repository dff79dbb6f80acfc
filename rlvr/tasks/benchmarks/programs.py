"""Rows of the programming sets -> Problems; the gold is one of the shapes that `code` runs.

See `rlvr.verifiers.code.verifier`: `function` (tests in Python), `stdio` (inputs and outputs of a
program) or `call` (arguments and expected values).
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

from rlvr.core.errors import UserError
from rlvr.core.records import Problem
from rlvr.tasks.benchmarks.record import LeftOut, Row

# Limits of one run of a program, as each benchmark's own evaluation sets them; which run, by shape
# of gold, is said in `rlvr.verifiers.code.verifier`. EvalPlus and Code-R1 cap the address space at
# 4 GiB; LiveCodeBench names the same figure, and HumanEval, which has no cap, gets it too.
_MEMORY_MB = 4096
# openai/human-eval, evaluate_functional_correctness: timeout=3.0 for all tests of a problem
_HUMAN_EVAL_LIMITS = {"timeout_s": 3.0, "memory_mb": _MEMORY_MB}
# evalplus/evalplus, untrusted_check: EVALPLUS_TIMEOUT_PER_TASK, 60 s for all inputs of a problem
# (its limits of single inputs hang on its own solution's speed, which the data set does not have)
_EVALPLUS_LIMITS = {"timeout_s": 60.0, "memory_mb": _MEMORY_MB}
# LiveCodeBench, lcb_runner/evaluation/testing_util.py, run_test: timeout=6 for each input or call
_LIVECODEBENCH_LIMITS = {"timeout_s": 6.0, "memory_mb": _MEMORY_MB}
# ganler/code-r1, coder1/firejail_exec.py: 30 s for each input, or for all tests of a function
_CODE_R1_LIMITS = {"timeout_s": 30.0, "memory_mb": _MEMORY_MB}

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
    """Read HumanEval with the time limit for its few tests."""
    return _human_eval(name, row, _HUMAN_EVAL_LIMITS)


def human_eval_plus(name: str, row: Row, index: int) -> Problem:
    """Read HumanEval+, which differs from HumanEval in its tests and their limit only."""
    return _human_eval(name, row, _EVALPLUS_LIMITS)


def _human_eval(name: str, row: Row, limits: Mapping[str, float]) -> Problem:
    gold = {
        "kind": "function",
        "entry_point": row["entry_point"],
        "prompt": row["prompt"],
        "test": row["test"],
        **limits,
    }
    return Problem(f"{name}/{row['task_id'].rpartition('/')[2]}", row["prompt"], gold)


def mbpp_plus(name: str, row: Row, index: int) -> Problem:
    """Show the task as EvalPlus does: a docstring with an assertion that names the function."""
    example = row["test_list"][0]
    # the reference solution may define helpers: the entry point is what the assertion calls
    defined = set(re.findall(r"^def (\w+)", row["code"], re.MULTILINE))
    called = [word for word in re.findall(r"\w+", example) if word in defined]
    if not called:
        raise ValueError(f"its first assertion calls none of {sorted(defined)}")
    gold = {"kind": "function", "entry_point": called[0], "test": row["test"], **_EVALPLUS_LIMITS}
    question = f'"""\n{row["prompt"].strip()}\n{example}\n"""\n'
    return Problem(f"{name}/{row['task_id']}", question, gold)


def livecodebench(name: str, row: Row, index: int) -> Problem | None:
    """Read the study's LiveCodeBench problems, from contests of 2024-08 to 2025-01."""
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
    gold |= _LIVECODEBENCH_LIMITS
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
    """Read test cases published as JSON or as compressed, pickled JSON."""
    if packed.lstrip().startswith("["):
        return list(json.loads(packed))
    unpacked = _TextOnly(io.BytesIO(zlib.decompress(base64.b64decode(packed)))).load()
    return list(json.loads(unpacked))


def _lcb_call(test: Mapping[str, str]) -> dict[str, Any]:
    """Split a test's input into one JSON value a line per argument; the output is the result."""
    arguments = [json.loads(line) for line in test["input"].splitlines() if line.strip()]
    return {"args": arguments, "expected": json.loads(test["output"])}


# what Code-R1 lets the tests of LeetCode problems use and defines outside them
_NODES = re.compile(r"\b(?:ListNode|TreeNode|list_node|tree_node|is_same_list|is_same_tree)\b")
_INFINITY = "inf = float('inf')\n"
# the last line of a LeetCode problem's tests: check(Solution().twoSum)
_CHECKED = re.compile(r"\ncheck\((?P<called>\S+)\)\s*$")
# and of a TACO problem's, in a loop over its cases: assert _deep_eq(two_sum(*i), o[0])
_COMPARED = re.compile(r"\bassert _deep_eq\((?P<called>\S+?)\(\*i\), o")


def code_r1(name: str, row: Row, index: int) -> Problem:
    """Read Code-R1's 12k: LeetCode problems with assertions, TACO problems with inputs and outputs.

    Raises:
        LeftOut: for tests whose arguments are linked lists or trees. Only data passes between the
            sandbox of the tests and that of the program, so nothing could be correct.
    """
    question = next(turn["content"] for turn in row["prompt"] if turn["role"] == "user")
    truth = json.loads(row["reward_model"]["ground_truth"])
    gold: dict[str, Any]
    if "functional" in truth:
        gold = _code_r1_function(truth["functional"])
    else:
        pairs = zip(truth["inputs"], truth["outputs"], strict=True)
        gold = {"kind": "stdio", "tests": [{"input": i, "output": o} for i, o in pairs]}
    return Problem(f"{name}/{index}", question, gold | _CODE_R1_LIMITS)


def _code_r1_function(source: str) -> dict[str, Any]:
    if _NODES.search(source):
        raise LeftOut("their tests pass linked lists or trees, which cannot enter the sandbox")
    if checked := _CHECKED.search(source):
        called, test = checked["called"], source[: checked.start()]
    elif compared := _COMPARED.search(source):
        called, test = compared["called"], source
    else:
        raise LeftOut("their tests do not say which function they test")
    if re.search(r"\binf\b", test):
        test = _INFINITY + test
    return {"kind": "function", "entry_point": called, "test": test}
