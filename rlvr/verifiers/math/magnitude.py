r"""How large the numbers are that an expression needs: known before anything is evaluated.

"10^{10^{10}}", "(9^9)!" and "\binom{10^9}{5 \cdot 10^8}" take a computer algebra system minutes or
gigabytes, because it computes every digit. Their logarithms take microseconds. An expression that
on the way to its value needs a number of more than MAX_DIGITS digits, before or behind the decimal
point, is not evaluated: no gold that is not itself as large can be written in such a way.

Values here are floating-point numbers of 20 digits with exponents of any size. They bound the cost
of an expression and never decide whether two are equal.
"""

from collections.abc import Callable
from typing import Any

import mpmath
import sympy
from sympy import Basic

MAX_DIGITS = 10_000
# (1 + 10^{-7})^{10^9} is about e^{100}, and exactly a number of 10^{10} digits
_MAX_POWER = 100_000
_MAX_TERMS = 10_000
_MAX_LOG = MAX_DIGITS * 2.302585092994046

Value = Any  # mpmath's mpf or mpc, or None where it is not known


class _TooLarge(Exception):
    """A part of the expression needs more digits than are allowed."""


def is_too_large(expression: Any) -> bool:
    """Return True if some part of a parsed answer needs more than MAX_DIGITS digits."""
    try:
        with mpmath.workdps(20):
            _value(expression)
    except _TooLarge:
        return True
    except (ArithmeticError, ValueError, TypeError, AttributeError, RecursionError):
        return False  # undefined somewhere: nothing there can be large
    return False


def _value(expression: Any) -> Value:
    """Compute the value, None if it is not known; visit every part of the expression."""
    if isinstance(expression, sympy.MatrixBase):
        for element in expression.flat():
            _value(element)
        return None
    if not isinstance(expression, Basic):
        return None
    if isinstance(expression, sympy.Symbol):
        return mpmath.mpf(2)
    if expression is sympy.I:
        return mpmath.mpc(0, 1)
    if isinstance(expression, sympy.Number | sympy.NumberSymbol):
        return mpmath.mpmathify(expression.evalf(20)) if expression.is_finite else None
    if isinstance(expression, sympy.Sum | sympy.Product):
        _check_terms(expression)
        return None
    values = [_value(argument) for argument in expression.args]
    if not values or None in values:
        return None
    operation = _OPERATIONS.get(expression.func)
    return None if operation is None else _checked(operation(*values))


def _check_terms(series: Any) -> None:
    """Refuse a long sum or product, unless it is a sum that has a closed form.

    A short one is too large where its last term is.
    """
    for variable, *limits in series.limits:
        bounds = [_value(limit) for limit in limits]
        if None in bounds or len(bounds) < 2:
            continue
        if abs(bounds[1] - bounds[0]) <= _MAX_TERMS:
            last = sympy.Float(mpmath.re(bounds[1]), 20)
            term = _value(series.function.xreplace({variable: last}))
            if term is not None:
                _checked(term)
            continue
        if isinstance(series, sympy.Product) or not series.function.is_polynomial(variable):
            raise _TooLarge
    _value(series.function)


def _checked(value: Value) -> Value:
    size = abs(value)
    if mpmath.isfinite(size) and size != 0 and abs(mpmath.log(size)) > _MAX_LOG:
        raise _TooLarge
    return value


def _power(base: Value, exponent: Value) -> Value:
    if base == 0 or abs(base) == 1:
        return mpmath.power(base, 1) if base != 0 else base
    if abs(mpmath.re(exponent * mpmath.log(base))) > _MAX_LOG:
        raise _TooLarge
    if abs(exponent) > _MAX_POWER:
        raise _TooLarge
    return mpmath.power(base, exponent)


def _exponential(exponent: Value) -> Value:
    return _power(mpmath.e, exponent)


def _factorial(argument: Value) -> Value:
    if mpmath.re(argument) > 1 and mpmath.re(mpmath.loggamma(argument + 1)) > _MAX_LOG:
        raise _TooLarge
    return mpmath.factorial(argument)


def _gamma(argument: Value) -> Value:
    return _factorial(argument - 1)


def _binomial(n: Value, k: Value) -> Value:
    if mpmath.im(n) == 0 == mpmath.im(k) and n >= k >= 0:
        parts = [mpmath.loggamma(part + 1) for part in (n, k, n - k)]
        if parts[0] - parts[1] - parts[2] > _MAX_LOG or min(k, n - k) > _MAX_POWER:
            raise _TooLarge
    return mpmath.binomial(n, k)


def _add(*terms: Value) -> Value:
    return mpmath.fsum(terms)


def _multiply(*factors: Value) -> Value:
    return mpmath.fprod(factors)


_OPERATIONS: dict[Any, Callable[..., Value]] = {
    sympy.Add: _add,
    sympy.Mul: _multiply,
    sympy.Pow: _power,
    sympy.exp: _exponential,
    sympy.factorial: _factorial,
    sympy.gamma: _gamma,
    sympy.binomial: _binomial,
    sympy.log: mpmath.log,
    sympy.sin: mpmath.sin,
    sympy.cos: mpmath.cos,
    sympy.tan: mpmath.tan,
    sympy.sinh: mpmath.sinh,
    sympy.cosh: mpmath.cosh,
    sympy.floor: mpmath.floor,
    sympy.ceiling: mpmath.ceil,
    sympy.Abs: abs,
    sympy.UnevaluatedExpr: lambda value: value,
}
