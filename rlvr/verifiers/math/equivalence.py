r"""Whether two mathematical answers are equal, by math-verify. Runs in the pool's workers only.

math-verify may take minutes over a few characters ("10^{10^{10}}"), and its own time limits use an
alarm signal that works on the main thread alone and reports a timeout as "wrong". So they are
switched off here, and the pool kills a worker that is late.

Its comparison is used as it is, its reading of answers is not, for it makes different answers the
same: any number of a text that it cannot read (1 - 1/e and 1 + 1/e are both 1), letters of units
struck off an expression (6m is 6), upper case read as lower (N - n is 0). Here the whole answer is
parsed or nothing, case counts, and units are struck off only where the gold is a number.
Expressions that differ in value are told apart before math-verify is asked, since it rounds to six
decimals (1e-8 and 2e-10 are both 0).
"""

import cmath
import logging
import re
import sys
from collections import Counter
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath
from latex2sympy2_extended.latex2sympy2 import (
    ConversionConfig,
    NormalizationConfig,
    latex2sympy,
    normalize_latex,
)
from math_verify import verify
from math_verify.grader import should_treat_as_complex
from sympy import (
    Basic,
    Expr,
    FiniteSet,
    Float,
    I,
    Integer,
    Integral,
    Interval,
    Symbol,
    Tuple,
    Union,
)

from rlvr.verifiers.math import quantities, wordings
from rlvr.verifiers.math.forms import in_one_form
from rlvr.verifiers.math.magnitude import MAX_DIGITS, is_too_large
from rlvr.verifiers.math.notation import NUMERIC_TOLERANCE
from rlvr.verifiers.math.parseable import rewrite
from rlvr.verifiers.math.symbols import plain

logging.getLogger("math_verify").setLevel(logging.ERROR)

_DIGITS = 30
_ORDERED = (Tuple, Interval)
_UNITS_KEPT = NormalizationConfig(
    basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none"
)
_UNITS_STRUCK = NormalizationConfig(
    basic_latex=True, units=True, malformed_operators=True, nits=True, boxed="none"
)


# the parser computes these while it reads, whatever the size of their arguments
_COMPUTED_BY_THE_PARSER = re.compile(
    r"(?:gcd|lcm)\}?\s*(?:\\left)?\([^)]*\d\}*\s*[\^!]|binom\s*\{\s*\d{5}|\d{5}\s*\\choose"
    r"|operatorname\{(?:eye|zeros|ones|diag|[hv]stack|orth\w*|rref|nullspace|rank|eig\w*|svd|SVD)\}"
)
_ARITHMETIC = re.compile(r"(?:[\d\s+\-/^(){}.]|\\(?:cdot|times|left|right|[dt]?frac|sqrt))+")
_MAY_GROW = re.compile(r"[\^!]|binom|choose|exp|Gamma|sum|prod|operatorname|sinh|cosh")


def equal(pair: list[str]) -> bool:
    """Return whether [gold, answer] are equal, in the gold's sense of it."""
    if (sides := wordings.sides(plain(pair[1]))) and "approx" not in pair[0]:
        return _approximately(pair[0], *sides)
    texts = in_one_form(*pair)
    gold_text, answer_text = map(rewrite, quantities.in_one_unit(*texts) or texts)
    gold, answer = parse(gold_text), parse(answer_text)
    if _names(gold) | _names(answer) == {"i"} or "\\sqrt{-" in gold_text + answer_text:
        gold, answer = _with_imaginary_unit(gold), _with_imaginary_unit(answer)
    if gold is None:
        return False
    if _needs_larger_numbers(answer_text, answer, gold):
        return False
    if "\\int" in answer_text and _is_function_for_number(gold, answer):
        return False
    if "=" in answer_text and _starts_otherwise(gold, answer_text):
        return False
    if answer is not None and _equal(gold, answer):
        return True
    if getattr(gold, "free_symbols", True):
        return False
    bare = parse(answer_text, strike_units=True)
    # the same object where there were no units to strike
    return bare is not None and bare is not answer and _equal(gold, bare)


def _approximately(gold: str, exact: str, rounded: str) -> bool:
    """Return whether one side is the gold and the two are as near as stated."""
    near = wordings.agree(exact, rounded, _real_value)
    return bool(near) and any(equal([gold, side]) for side in (exact, rounded))


def _real_value(text: str) -> Fraction | None:
    parsed = parse(rewrite(text))
    value = None if is_too_large(parsed) else _value(parsed)
    if value is None or value.imag or getattr(parsed, "free_symbols", True):
        return None
    return Fraction(float(value.real)) if mpmath.isfinite(value.real) else None


def _starts_otherwise(gold: Any, answer: str) -> bool:
    """Return True for "2 + 2 = 3": an equation from another number to the gold."""
    if not isinstance(gold, Expr) or gold.free_symbols or "," in answer:
        return False
    calculations = [side for side in answer.split("=")[:-1] if _ARITHMETIC.fullmatch(side)]
    starts = [parse(side) for side in calculations]
    return any(not is_too_large(start) and _differ_in_value(gold, start) for start in starts)


def _with_imaginary_unit(expression: Any) -> Any:
    """Read i beside the root of a negative number as the unit, not as a variable."""
    symbols: set[Symbol] = getattr(expression, "free_symbols", set())
    return expression.subs({symbol: I for symbol in symbols if symbol.name == "i"})


def _names(expression: Any) -> set[str]:
    return {symbol.name for symbol in getattr(expression, "free_symbols", set())}


def _needs_larger_numbers(text: str, answer: Any, gold: Any) -> bool:
    """Return True for an answer whose evaluation would not end, though the gold's does."""
    return _MAY_GROW.search(text) is not None and is_too_large(answer) and not is_too_large(gold)


def parse(text: str, *, strike_units: bool = False) -> Any:
    """Parse the whole text with sympy; the last part of a chain a = b = c; None if unreadable."""
    try:
        latex = normalize_latex(text, config=_UNITS_STRUCK if strike_units else _UNITS_KEPT)
    except Exception:  # as in `_read`
        return None
    return _read(latex)


@lru_cache(maxsize=4096)  # a gold comes with hundreds of answers
def _read(latex: str) -> Any:
    if _COMPUTED_BY_THE_PARSER.search(latex):
        return None
    parts = re.split(r"(?<![\\<>!])=", latex)
    is_chain = len(parts) > 2 and not re.search("[,;]", latex)
    for candidate in (latex, parts[-1]) if is_chain else (latex,):
        try:
            return latex2sympy(
                candidate,
                is_real=not should_treat_as_complex(candidate),
                normalization_config=None,
                conversion_config=ConversionConfig(lowercase_symbols=False),
            )
        except Exception:  # whatever a parser of hostile text raises means: not readable
            continue
    return None


def _equal(gold: Any, answer: Any) -> bool:
    if not _same_kinds(gold, answer):
        return False
    # numbers first: proving that two expressions differ is what takes math-verify long
    if _differ_in_value(gold, answer):
        return False
    if _is_integer(gold) and _is_integer(answer):
        return int(gold) == int(answer)
    if not _is_number(answer) and _is_exact_constant(gold) and _is_exact_constant(answer):
        agree = _agree_in_all_digits(gold, answer)
        if agree is not None:
            return agree
    is_set = _is_set_of_reals(gold)
    return bool(verify(gold, answer, allow_set_relation_comp=is_set, timeout_seconds=None))


def _is_set_of_reals(gold: Any) -> bool:
    """Return True for [0, 1), (0, oo) or a union; (0, 1) may also be a point."""
    if isinstance(gold, Interval):
        is_bounded = gold.start.is_finite and gold.end.is_finite
        return not (gold.left_open and gold.right_open and is_bounded)
    return isinstance(gold, Union)


def _same_kinds(gold: Any, answer: Any) -> bool:
    """Return False where one has a set in the place of the other's point or interval."""
    kinds = _kind(gold), _kind(answer)
    if sorted(filter(None, kinds)) == ["ordered", "set"]:
        return False
    if kinds == ("set", "set"):
        return Counter(map(_kind, gold.args)) == Counter(map(_kind, answer.args)) or (
            len(gold.args) != len(answer.args)
        )
    return True


def _kind(expression: Any) -> str:
    if isinstance(expression, FiniteSet):
        return "set" if len(expression.args) > 1 else ""
    return "ordered" if isinstance(expression, _ORDERED) else ""


def _differ_in_value(gold: Any, answer: Any) -> bool:
    """Return True if both are expressions whose values are known and lie apart."""
    if _is_percentage(gold) != _is_percentage(answer):
        return False
    left, right = _value(gold), _value(answer)
    if left is None or right is None:
        return False
    if not (mpmath.isfinite(left) and mpmath.isfinite(right)):
        return bool(left != right)
    return abs(left - right) > float(NUMERIC_TOLERANCE) * max(abs(left), abs(right))


def _is_function_for_number(gold: Any, answer: Any) -> bool:
    """Return True for an integral without limits where the gold is one number."""
    if not isinstance(gold, Expr) or gold.free_symbols or not isinstance(answer, Expr):
        return False
    return any(len(limits) == 1 for part in answer.atoms(Integral) for limits in part.limits)


def _is_integer(expression: Any) -> bool:
    """Return True for 5 and 2^{100}, which floats do not tell from 2^{100} + 1."""
    return _is_exact_constant(expression) and bool(expression.is_integer)


def _is_number(expression: Any) -> bool:
    return getattr(expression, "is_Number", False)


def _is_exact_constant(expression: Any) -> bool:
    return (
        isinstance(expression, Expr)
        and not expression.free_symbols
        and not expression.has(Float)
        and not _is_percentage(expression)
    )


def _agree_in_all_digits(gold: Expr, answer: Expr) -> bool | None:
    """Return whether two numbers agree in _DIGITS digits; None if that is out of reach.

    It takes milliseconds where a proof may take for ever.
    """
    try:
        left, right = (part.evalf(_DIGITS + 10, strict=True) for part in (gold, answer))
        if not (left.is_finite and right.is_finite):
            return None
        distance, size = abs(left - right), max(abs(left), abs(right), 1)
        return bool(distance <= size * Float(10) ** -_DIGITS)
    except Exception:  # whatever sympy raises means: not known
        return None


def _value(expression: Any) -> complex | mpmath.mpc | None:
    """Evaluate with a fixed number for each variable, the same on both sides."""
    if not isinstance(expression, Expr):
        return None
    numbers = {symbol: _number_for(symbol) for symbol in expression.free_symbols}
    try:
        value = expression.subs(numbers).evalf(20)
        number = complex(value)
        if cmath.isfinite(number):
            return number
        return mpmath.mpc(*map(mpmath.mpmathify, value.as_real_imag()))
    except Exception:  # whatever sympy raises means: not known
        return None


def _number_for(symbol: Basic) -> Float:
    name = symbol.name if isinstance(symbol, Symbol) else str(symbol)
    return Float("1.37") + Float("0.11") * Integer(sum(map(ord, name)) % 19)


def _is_percentage(expression: Any) -> bool:
    return "(1/100)" in str(expression)


def warm_up() -> None:
    """Load what the first comparison loads, so that forked workers have it already."""
    sys.set_int_max_str_digits(10 * MAX_DIGITS)
    equal([r"\frac{x}{2} + \sqrt{3}", r"0.5x + \sqrt{3} - \frac{1}{e}"])
