"""Which part of a completion is the program."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.verifiers.code.program_extraction import extract

BODY = "    total = 0\n    for n in xs:\n        total += n\n    return total\n"
FULL = f"def add(xs):\n{BODY}"


@pytest.mark.parametrize(
    ("completion", "source"),
    [
        ("```python\nx = 1\n```", "x = 1"),
        ("Sure!\n\n```python\nx = 1\ny = 2\n```\nDone.", "x = 1\ny = 2"),
        ("```Python3 \nx = 1\n```", "x = 1"),
        ("```\nx = 1\n```", "x = 1"),
        ("  ```py\nx = 1\n  ```", "x = 1"),
        ("1. Loop:\n   ```python\n   for n in xs:\n     f(n)\n   ```", "for n in xs:\n  f(n)"),
        ("<answer>\n```python\nx = 1\n```</answer>", "x = 1"),
        # the last one counts, whatever was tried before
        ("```python\nx = 1\n```\nNo, wait:\n```python\nx = 2\n```", "x = 2"),
        ("```python\nx = 1\n```\nIt prints\n```\n1\n```", "x = 1"),
        ("```\nx = 1\n```\nthen\n```\nx = 2\n```", "x = 2"),
        ("```cpp\nint x;\n```\n```python\nx = 1\n```", "x = 1"),
        # not closed, but not cut off either: the sampler stopped at the fence
        ("Sure!\n```python\nx = 1", "x = 1"),
        # what follows an end marker is an invented turn
        ("```python\nx = 1\n```<|im_end|>\n```python\nx = 2\n```", "x = 1"),
        ("```python\nx = 1\n<|endoftext|>Question: what?", "x = 1\n"),
        # Python takes a byte order mark at the start of a file alone
        ("```python\n\ufeffx = 1\n```", "x = 1"),
        ("\ufeff```python\nx = 1\n```", "x = 1"),
        ("\ufeffx = 1\nprint(x)", "x = 1\nprint(x)"),
        ("```python\nx = '\ufeff'\n```", "x = '\ufeff'"),
        # the prompt has opened the fence
        ("x = 1\nprint(x)\n```\nThis prints 1.", "x = 1\nprint(x)"),
        ("import sys\n\nprint(1)\n```\nFor example\n```\n1\n```", "import sys\n\nprint(1)"),
        ("# add\ndef add(xs):\n    return sum(xs)\n```", "# add\ndef add(xs):\n    return sum(xs)"),
        ("x = 1\nprint(x)", "x = 1\nprint(x)"),
        ("\n\nn = int(input())\n", "\n\nn = int(input())\n"),
        ("for n in range(3):\n    print(n)", "for n in range(3):\n    print(n)"),
    ],
)
def test_program_is_found(completion: str, source: str) -> None:
    code = extract(completion)
    assert code is not None
    assert (code.source, code.continues, code.unfinished) == (source, False, False)


@pytest.mark.parametrize(
    "completion",
    [
        "",
        "\n\n",
        "I do not know.",
        "For example, this: no.",
        "```cpp\nint x;\n```",
        "# Solution\nNo.",
    ],
)
def test_prose_is_no_program(completion: str) -> None:
    assert extract(completion) is None


@pytest.mark.parametrize(
    ("completion", "source"),
    [
        (BODY, BODY),
        ("\n" + BODY, "\n" + BODY),
        (BODY + "\n\nprint(add([1]))\n", BODY + "\n"),
        (BODY + "\nif __name__ == '__main__':\n    add([])", BODY),
        (BODY + "\nThe function adds the numbers.", BODY),
        (BODY + "\nassert add([1]) == 1", BODY),
        (BODY + "\ndef helper():\n    return 1\n", BODY + "\ndef helper():\n    return 1\n"),
        (BODY + "\nLIMIT = 10\nadd([])", BODY + "\nLIMIT = 10"),
        (BODY + "```\nText.", BODY.removesuffix("\n")),
        (f"```python\n{BODY}```", BODY.removesuffix("\n")),
    ],
)
def test_completion_that_starts_inside_a_function_ends_where_it_runs_on(
    completion: str, source: str
) -> None:
    code = extract(completion)
    assert code is not None
    assert code.continues
    assert code.source == source


@pytest.mark.parametrize(
    ("completion", "unfinished"),
    [
        ("```python\nx = 1\n```", False),
        ("```python\nx = 1\n```\nThis is because", False),
        ("```python\nx = 1\n```\nBetter:\n```python\nx =", True),
        ("```python\nx = ", True),
        ("x = 1\nprint(", True),
        ("x = 1\n```\nThis", False),
        (BODY, True),
        (BODY + "\nprint(add(", False),
        (BODY + "\ndef helper():\n    ret", False),
        ("```python\nx = 1<|im_end|>\nQuestion", False),
    ],
)
def test_program_that_the_budget_cut_off_is_unfinished(completion: str, unfinished: bool) -> None:
    code = extract(completion, truncated=True)
    assert code is not None
    assert code.unfinished is unfinished


def test_definition_that_the_budget_cut_off_after_the_function_is_dropped() -> None:
    code = extract(BODY + "\n@cache\ndef helper():\n    ret", truncated=True)
    assert code is not None
    assert code.source == BODY + "\n@cache"


@pytest.mark.parametrize(
    "odd", [" ", "`", "```", "x", "x=", "if:", "if :#", "\t", "def", "[", "\n"]
)
@pytest.mark.parametrize("before", ["", "```", "```python\n", "if ", "x", "    x\n"])
def test_long_repetitions_take_no_longer_than_other_texts(odd: str, before: str) -> None:
    # quadratic time would be hours
    for after in ("", "`", "x", "\nx"):
        extract(before + odd * 200_000 + after)


@settings(deadline=None)
@given(st.text("`python\n x=1(){}'\"#<|>", max_size=200), st.booleans())
def test_every_text_is_read_without_an_exception(completion: str, truncated: bool) -> None:
    code = extract(completion, truncated=truncated)
    assert code is None or "```" not in [line.strip() for line in code.source.split("\n")]
