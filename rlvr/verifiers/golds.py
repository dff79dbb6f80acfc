"""What a gold of each verifier looks like, asked before anything is graded against it.

A verifier that meets a gold of another shape can only give up, or call every answer wrong. So
whoever reads golds from a file (problem sets, `rlvr grade`, imports) asks `fault` first.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any


def fault(verifier: str, gold: Any) -> str | None:
    """Say why a gold is none of a verifier's; None if it is one, or the verifier is not ours."""
    check = _CHECKS.get(verifier)
    expected = check(gold) if check else None
    if expected is None:
        return None
    return f"its gold is not valid for task {verifier}: expected {expected}, found {gold!r:.60}"


def _math(gold: Any) -> str | None:
    if _is_text(gold) or _is_number(gold):
        return None
    return "an answer as text, or a finite number"


def _choice(gold: Any) -> str | None:
    letter: Any = gold
    choices: Any = []
    if isinstance(gold, Mapping):
        letter, choices = gold.get("letter"), gold.get("choices")
    if not (isinstance(letter, str) and len(letter) == 1 and letter.isalpha()):
        return "one letter, alone or under 'letter'"
    if not (isinstance(choices, list) and all(isinstance(choice, str) for choice in choices)):
        return "a list of texts under 'choices'"
    return None


def _countdown(gold: Any) -> str | None:
    if not isinstance(gold, Mapping):
        return "{'numbers': [..], 'target': ..}"
    numbers = gold.get("numbers")
    if not (isinstance(numbers, list) and numbers and all(map(_is_whole, numbers))):
        return "a list of whole numbers under 'numbers'"
    return None if _is_whole(gold.get("target")) else "a whole number under 'target'"


def _reasoning_gym(gold: Any) -> str | None:
    if not isinstance(gold, Mapping) or not _is_text(gold.get("task")):
        return "the name of a task under 'task'"
    unknown = [name for name in ("seed", "size", "index") if not _is_whole(gold.get(name))]
    if unknown:
        return f"a whole number under '{unknown[0]}'"
    return None if 0 <= gold["index"] < gold["size"] else "an index below the size"


def _code(gold: Any) -> str | None:
    if not isinstance(gold, Mapping):
        return "{'kind': 'function', 'call' or 'stdio', ..}"
    check = _KINDS_OF_CODE.get(str(gold.get("kind")))
    if check is None:
        return f"the kind {', '.join(_KINDS_OF_CODE)}"
    for limit in ("timeout_s", "memory_mb"):
        if limit in gold and not (_is_number(gold[limit]) and gold[limit] > 0):
            return f"a positive number under '{limit}'"
    return check(gold)


def _function(gold: Mapping[str, Any]) -> str | None:
    if not isinstance(gold.get("prompt", ""), str):
        return "source under 'prompt'"
    missing = [name for name in ("entry_point", "test") if not _is_text(gold.get(name))]
    return f"text under '{missing[0]}'" if missing else None


def _call(gold: Mapping[str, Any]) -> str | None:
    if not _is_text(gold.get("entry_point")):
        return "text under 'entry_point'"
    return _tests(gold, lambda test: isinstance(test.get("args"), list) and "expected" in test)


def _stdio(gold: Mapping[str, Any]) -> str | None:
    return _tests(
        gold, lambda test: all(isinstance(test.get(name), str) for name in ("input", "output"))
    )


def _tests(gold: Mapping[str, Any], is_test: Callable[[Mapping[str, Any]], bool]) -> str | None:
    tests = gold.get("tests")
    if not isinstance(tests, list) or not tests:
        return "a list of at least one test under 'tests'"
    good = all(isinstance(test, Mapping) and is_test(test) for test in tests)
    return None if good else "'input' and 'output', or 'args' and 'expected', in every test"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


_KINDS_OF_CODE = {"function": _function, "call": _call, "stdio": _stdio}
_CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    "choice": _choice,
    "code": _code,
    "countdown": _countdown,
    "math": _math,
    "reasoning_gym": _reasoning_gym,
}
