"""Closes a way to pass tests with nothing: numpy calls an empty list close to every number.

Tests of numbers, EvalPlus's among them, compare `np.testing.assert_allclose(answer, expected)`.
numpy stretches the two to one shape first, so that `[]` is close to 0.5, having no element that is
not. Here they must have the same shape to begin with.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def require_equal_shapes() -> None:
    """Replace numpy's two comparisons with tolerance in this process.

    Raises:
        ImportError: if there is no numpy.
    """
    import numpy as np

    def strict(compare: Callable[..., Any]) -> Callable[..., Any]:
        def compare_equal_shapes(actual: Any, desired: Any, *options: Any, **named: Any) -> Any:
            if np.shape(actual) == np.shape(desired):
                return compare(actual, desired, *options, **named)
            if compare is allclose:
                return False
            raise AssertionError(f"shapes {np.shape(actual)} and {np.shape(desired)}")

        return compare_equal_shapes

    allclose = np.allclose
    np.allclose = strict(allclose)
    np.testing.assert_allclose = strict(np.testing.assert_allclose)
