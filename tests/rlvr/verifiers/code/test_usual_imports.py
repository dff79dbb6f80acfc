"""The imports that a program is given."""

import pytest

from rlvr.verifiers.code.usual_imports import common_imports


@pytest.mark.parametrize(
    ("source", "name", "value"),
    [
        ("xs: List[int] = []", "List", "typing.List"),
        ("Counter('aab')", "Counter", "<class 'collections.Counter'>"),
        ("heappush(xs, 1)", "heappush", "<built-in function heappush>"),
        ("math.gcd(4, 6)", "math", "<module 'math'"),
        ("datetime.datetime.now()", "datetime", "<module 'datetime'"),
        ("inf", "inf", "inf"),
    ],
)
def test_names_that_a_program_mentions_are_imported(source: str, name: str, value: str) -> None:
    scope: dict[str, object] = {}
    exec(common_imports(source), scope)
    assert str(scope[name]).startswith(value)


def test_names_that_a_program_does_not_mention_are_not_imported() -> None:
    assert "typing" not in common_imports("print(pow(2, 3))")
    # Python's own open and pow stay what they are
    assert "from" not in common_imports("open, pow, sum, list")
