r"""Answers as text: what can be said of two of them without a computer algebra system.

Most answers are numbers, and most right ones are written as the gold is. `compare` settles those in
microseconds and says None for the rest, which is where math-verify begins. It errs on neither side:
it accepts what is the same text or the same number, and rejects only two plain numbers that differ.
"""

import re
from fractions import Fraction
from functools import lru_cache

from rlvr.verifiers.math import quantities, wordings
from rlvr.verifiers.math.forms import in_one_form
from rlvr.verifiers.math.lists import elements, is_bare_list, is_set, is_tuple, same_elements
from rlvr.verifiers.math.symbols import plain, with_commas
from rlvr.verifiers.math.wordings import in_one_wording

# Relative; between "0.333333 for 1/3", which is accepted, and "0.3333", which is not.
NUMERIC_TOLERANCE = Fraction(2, 100_000)

MAX_LENGTH = 500
_MAX_NUMBER_LENGTH = 4_000  # of plain integers, which need no parser; Python converts up to 4,300
_MAX_EXPONENT = 400

_SPACES = re.compile(r"\\[,;:! ]|\\q?quad|~|\s+")
_WORD_WRAPPER = re.compile(
    r"\\(?:text|textbf|textit|textrm|mbox|mathrm|mathbf|mathit)\s*\{([^{}]*)\}"
)
_WORDS_ONLY = re.compile(
    r"\s*\\(?:text|textbf|textit|textrm|mbox|mathrm)\s*\{[^{}]*[A-Za-z][^{}]*\}\s*"
)
_DEGREES = re.compile(r"\^\{?\\circ\}?|\\degrees?\b|°")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:(?:,|\{,\}|\\,|,\\!)\d{3})+(?:\.\d*)?")
_POWER_OF_TEN = re.compile(r"\\(?:times|cdot)10\^(?:\{([+-]?\d+)\}|(\d))")
_SPACE = r"(?:\\[,;: ]|\\q?quad|~|\s)"
_DIGITS_APART = re.compile(rf"(?<=\d){_SPACE}+(?=\d)")
_SPACED_THOUSANDS = re.compile(rf"(?<![\d.,])\d{{1,3}}(?:{_SPACE}\d{{3}})+(?![\d/])")
_SPACED_LIST = re.compile(rf"\d{{1,3}}(?:,{_SPACE}+\d{{3}})+")
_MARKS = re.compile(r"[A-Za-z$_\u00b0\u20ac\u00a3]|\d[:/-]\d")
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_PLAIN = r"\d+(?:\.\d*)?"
_RATIO = re.compile(
    rf"([+-]?)(?:\\frac\{{([+-]?{_PLAIN})\}}\{{([+-]?{_PLAIN})\}}|({_PLAIN})/({_PLAIN}))"
)
_MIXED = re.compile(r"([+-]?)(\d+)(?:\\frac\{(\d+)\}\{(\d+)\}| (\d+)/(\d+))")
_PRIME = re.compile(r"\d\s*(?:'|\^\{?\\prime)")
_JOINS = re.compile(r"[\s,;]*(?:or|and)[\s,;]*")
_SECOND_THOUGHT = re.compile(
    r"(?i)\b(?:or|not|no|maybe|possibly|perhaps|either|neither|if|unless|but|except|without)\b|\(\s*-?[\d.]+\s*\)"
)


def compare(gold: str, answer: str) -> bool | None:
    """Return True or False where the texts settle it, None where answers must be parsed."""
    canonical_gold, canonical_answer = _form(gold), _form(answer)
    if canonical_gold == canonical_answer:
        return True
    worded = in_one_wording(gold, answer)
    if worded != (gold, answer):
        return compare(*worded)
    if is_words(gold):
        verdict = quantities.compare_marks(gold, answer)
        return _words(gold) == _words(answer) if verdict is None else verdict
    if _hedges(answer, gold):
        return False
    if (sides := wordings.sides(plain(answer))) and "approx" not in gold:
        return _approximately(gold, *sides)
    forms = in_one_form(gold, answer)
    if forms != (gold, answer):
        gold, answer = forms
        canonical_gold, canonical_answer = _form(gold), _form(answer)
    left, right = _percentages(canonical_gold, canonical_answer)
    if left is not None and "=" in answer and _states_another_number(left, answer):
        return False
    if _MARKS.search(gold) or _MARKS.search(answer):
        verdict = _with_marks(gold, answer)
        if verdict is not None:
            return verdict
    if left is not None and right is not None:
        return _same_number(left, right, "," in gold + answer)
    if same_elements(canonical_gold, canonical_answer):
        return True
    if _is_row_of_digits(canonical_gold) or _is_row_of_digits(canonical_answer):
        return False
    if (left is None) != (right is None) and _is_other_list(
        left if right is None else right, canonical_answer if right is None else canonical_gold
    ):
        return False
    if _percent_sign_left_out(canonical_gold, canonical_answer):
        return True
    if is_tuple(canonical_gold) and is_bare_list(canonical_answer):
        return False
    if is_bare_list(canonical_gold) and is_tuple(canonical_answer):
        return False
    if {is_tuple(canonical_gold), is_set(canonical_answer)} == {True} or (
        is_set(canonical_gold) and is_tuple(canonical_answer)
    ):
        return False
    return None


def _approximately(gold: str, exact: str, rounded: str) -> bool | None:
    """Return whether the side that is not the gold is near it; None if parsing must tell."""
    if wordings.agree(exact, rounded, lambda side: number(canonical(side))) is False:
        return False
    found = [compare(gold, side) for side in (exact, rounded)]
    is_known = number(canonical(exact)) is not None and number(canonical(rounded)) is not None
    if is_known and True in found:
        return True
    return False if found == [False, False] else None


def _with_marks(gold: str, answer: str) -> bool | None:
    """Compare by units, times, dates and bases; None where numbers are to be compared."""
    verdict = quantities.compare_marks(gold, answer)
    if verdict is not None:
        return verdict
    try:
        values = quantities.in_one_unit(gold, answer)
    except quantities.DifferentKindsError:
        return False
    if values is None:
        return None
    left, right = (number(canonical(value)) for value in values)
    return left == right if left is not None and right is not None and left == right else None


def _same_number(gold: Fraction, answer: Fraction, has_commas: bool) -> bool | None:
    if gold == answer:
        return True
    # "100,200" may be a list, and a rounded decimal may still stand for a fraction
    close = abs(gold - answer) <= NUMERIC_TOLERANCE * max(abs(gold), abs(answer))
    return None if has_commas or close else False


def canonical(text: str) -> str:
    """Return the same text for answers that differ only in spacing, wrappers or bracket size."""
    return _remembered(text) if len(text) <= MAX_LENGTH else _canonical(text)


def _canonical(text: str) -> str:
    text = plain(text).strip().rstrip(".").strip("$")
    text = re.sub(r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])", "", text)
    text = re.sub(r"\\[dt]frac", r"\\frac", text)
    if "eq" in text:
        text = re.sub(r"\\([lgn])eq(?:slant)?(?![A-Za-z])", r"\\\1e ", text)
    text = _DEGREES.sub("", _WORD_WRAPPER.sub(r"\1", text)).replace("\\$", "").replace("$", "")
    text = _without_spaces(text.strip())
    text = re.sub(r"\\frac(\d)(\d)", r"\\frac{\1}{\2}", text)
    text = re.sub(r"\\frac(\d)\{", r"\\frac{\1}{", text)
    text = re.sub(r"\\frac\{([^{}]*)\}(\d)", r"\\frac{\1}{\2}", text)
    if text.endswith("percent"):
        text = text.removesuffix("percent") + "\\%"
    return text


def _form(text: str) -> str:
    """Return the canonical text with commas for "or" and "and", one element without braces."""
    text = canonical(with_commas(text))
    if not (text.startswith("\\{") and text.endswith("\\}")):
        return text
    inner = text[2:-2]
    is_one = len(elements(text)) == 1 and "\\{" not in inner and "empty" not in inner
    return inner if is_one else text


def _without_spaces(text: str) -> str:
    """Remove spaces, except between digits that do not form thousands: 1 2 is not 12."""
    if _SPACED_LIST.fullmatch(text):
        text = text.replace(",", ";")
    if _DIGITS_APART.search(text):
        text = _SPACED_THOUSANDS.sub(lambda groups: _SPACES.sub("", groups[0]), text)
        text = _DIGITS_APART.sub("\ue000", text)
    return _SPACES.sub("", text.replace("\\!", "")).replace("\ue000", " ")


_remembered = lru_cache(maxsize=65_536)(_canonical)


def number(text: str) -> Fraction | None:
    """Return the exact value of an integer, decimal, fraction or power of ten; else None."""
    if len(text) > _MAX_NUMBER_LENGTH:
        return None
    if _THOUSANDS.fullmatch(text):
        text = re.sub(r"[^\d.+-]", "", text)
    text = _POWER_OF_TEN.sub(lambda power: f"e{power[1] or power[2]}", text)
    if _DECIMAL.fullmatch(text):
        exponent = int(text.lower().partition("e")[2] or 0)
        return Fraction(text) if abs(exponent) <= _MAX_EXPONENT else None
    ratio = _RATIO.fullmatch(text)
    if ratio is None:
        return _mixed_number(text)
    numerator, denominator = Fraction(ratio[2] or ratio[4]), Fraction(ratio[3] or ratio[5])
    if denominator == 0:
        return None
    return (-1 if ratio[1] == "-" else 1) * numerator / denominator


def _mixed_number(text: str) -> Fraction | None:
    r"""Parse 1\frac{1}{2} or 1 1/2."""
    mixed = _MIXED.fullmatch(text)
    if mixed is None or int(mixed[4] or mixed[6]) == 0:
        return None
    part = Fraction(int(mixed[3] or mixed[5]), int(mixed[4] or mixed[6]))
    return (-1 if mixed[1] == "-" else 1) * (int(mixed[2]) + part)


def is_constant(gold: str) -> bool:
    r"""Return True for a number or an expression without variables: 7, \sqrt{51}, 2 + 3i."""
    without_commands = re.sub(r"\\[A-Za-z]+", " ", _WORD_WRAPPER.sub(" ", gold))
    return re.search(r"[A-DF-Za-df-hj-z,;=<>&\[{]", without_commands.replace("{", "")) is None


def is_words(gold: str) -> bool:
    r"""Return True for \text{Evelyn}, \text{(C)} or Evelyn: parsed, its letters would commute."""
    return (
        _WORDS_ONLY.fullmatch(gold) is not None
        or re.fullmatch(r"[A-Za-z]{4,}|[Yy]es|[Nn]o|[Oo]dd", gold) is not None
    )


def _words(text: str) -> str:
    bare = canonical(text).casefold().rstrip(".")
    return bare[1:-1] if re.fullmatch(r"\([a-z]\)", bare) else bare


def _hedges(answer: str, gold: str) -> bool:
    r"""Return True for "3 \text{ (or 5)}" and 3', which a parser takes for 3 with a unit."""
    if "'" in answer or "prime" in answer:
        is_primed = _PRIME.search(plain(answer)) is not None
        if is_primed and "'" not in gold and "prime" not in gold:
            return True
    if "{" not in answer:
        return False
    words = [match[1] for match in _WORD_WRAPPER.finditer(answer)]
    return any(
        _SECOND_THOUGHT.search(text) and not _JOINS.fullmatch(text) and text not in gold
        for text in words
    )


def _percentages(gold: str, answer: str) -> tuple[Fraction | None, Fraction | None]:
    """Return both as numbers, without their percent signs where both have one."""
    if gold.endswith("%") and answer.endswith("%"):
        gold, answer = (text.removesuffix("%").removesuffix("\\") for text in (gold, answer))
    return number(gold), number(answer)


def _states_another_number(gold: Fraction, answer: str) -> bool:
    """Return True for "5 = 3": an equation of the gold with another number."""
    sides = answer.split("=")
    if len(sides) < 2 or "," in answer:
        return False
    values = [number(canonical(side)) for side in sides]
    return any(value is not None and _same_number(gold, value, False) is False for value in values)


def _percent_sign_left_out(gold: str, answer: str) -> bool:
    """Match 12.5 and 12.5%, but below 1 keep the sign: 0.5% is not 0.5."""
    if gold.endswith("%") == answer.endswith("%"):
        return False
    values = [number(text.removesuffix("%").removesuffix("\\")) for text in (gold, answer)]
    return values[0] is not None and values[0] == values[1] and abs(values[0]) >= 1


def _is_row_of_digits(text: str) -> bool:
    """Return True for 1 2: two numbers that no parser may multiply or add."""
    return re.fullmatch(r"[+-]?\d+(?: \d+)+", text) is not None


def _is_other_list(value: Fraction | None, text: str) -> bool:
    """Return True for a list of plain numbers that are not all the compared one."""
    numbers = [number(element) for element in elements(text)]
    return len(numbers) > 1 and None not in numbers and set(numbers) != {value}
