"""Closes a way to pass tests with nothing: numpy finds an empty array equal to every number.

Tests of numbers, EvalPlus's among them, compare `np.testing.assert_allclose(answer, expected)`.
numpy stretches the two to one shape first, so that `[]` is close to 0.5, having no element that is
not. Here, functions that compare as a whole want the same shape to begin with; those that go
element by element, and are used with a number for all elements, do not stretch what is empty.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def refuse_stretching() -> None:
    """Replace numpy's comparisons in this process.

    Raises:
        ImportError: if there is no numpy.
    """
    import operator

    import numpy as np
    from numpy.testing._private import utils

    # what assert_allclose, assert_array_equal, assert_almost_equal and their like end in
    compare_arrays = utils.assert_array_compare

    def assert_array_compare(comparison: Any, x: Any, y: Any, *options: Any, **named: Any) -> None:
        if not (_stretches_nothing if comparison is operator.__lt__ else _same_shape)(x, y):
            raise AssertionError(f"shapes {np.asarray(x).shape} and {np.asarray(y).shape}")
        compare_arrays(comparison, x, y, *options, **named)

    utils.assert_array_compare = assert_array_compare
    np.testing.assert_array_compare = assert_array_compare
    # the one that compares by itself
    compare_spacing = np.testing.assert_array_almost_equal_nulp

    def assert_array_almost_equal_nulp(x: Any, y: Any, *options: Any, **named: Any) -> None:
        assert_array_compare(operator.__eq__, np.shape(x), np.shape(y))
        compare_spacing(x, y, *options, **named)

    np.testing.assert_array_almost_equal_nulp = assert_array_almost_equal_nulp
    np.allclose = _wanting(_same_shape, np.allclose)
    np.array_equiv = _wanting(_stretches_nothing, np.array_equiv)
    np.isclose = _wanting(_stretches_nothing, np.isclose)


def _wanting(fit: Callable[[Any, Any], bool], compare: Callable[..., Any]) -> Callable[..., Any]:
    def compare_what_fits(a: Any, b: Any, *options: Any, **named: Any) -> Any:
        return compare(a, b, *options, **named) if fit(a, b) else False

    return compare_what_fits


def _same_shape(one: Any, other: Any) -> bool:
    import numpy as np

    return bool(np.asarray(one).shape == np.asarray(other).shape)


def _stretches_nothing(one: Any, other: Any) -> bool:
    """Return True unless one of the two is empty and the other is not."""
    import numpy as np

    return (np.asarray(one).size == 0) == (np.asarray(other).size == 0)
