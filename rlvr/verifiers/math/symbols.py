# ruff: noqa: RUF001, RUF002 -- signs that look alike are what this module tells apart
r"""One spelling for each sign: Unicode and the variants of LaTeX become the LaTeX that is parsed.

∞ -> \infty    x² -> x^{2}    ½ -> \frac{1}{2}    √2 -> \sqrt{2}    − -> -    ∅, \{\} -> \emptyset
0.\overline{3}, 0.(3), 0.333.. -> \frac{1}{3}     12{:}30 -> 12:30
"""

import re
import unicodedata
from fractions import Fraction

_SIGNS = str.maketrans(
    {
        "∞": r"\infty ",
        "−": "-",
        "–": "-",
        "×": r"\times ",
        "·": r"\cdot ",
        "⋅": r"\cdot ",
        "∙": r"\cdot ",
        "÷": "/",
        "⁄": "/",
        "±": r"\pm ",
        "≤": r"\le ",
        "⩽": r"\le ",
        "≥": r"\ge ",
        "⩾": r"\ge ",
        "≠": r"\ne ",
        "≈": r"\approx ",
        "∈": r"\in ",
        "∪": r"\cup ",
        "∩": r"\cap ",
        "∅": r"\emptyset ",
        "∖": r"\setminus ",
        "°": r"^{\circ}",
        "…": r"\ldots ",
        "∶": ":",
        "ϕ": r"\phi ",
        "ℝ": r"\mathbb{R}",
        "ℤ": r"\mathbb{Z}",
        "ℕ": r"\mathbb{N}",
        "ℚ": r"\mathbb{Q}",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
    }
)
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱ"
_LOWERED = "₀₁₂₃₄₅₆₇₈₉₊₋ₙ"
_AS_RAISED = str.maketrans(_RAISED, "0123456789+-ni")
_AS_LOWERED = str.maketrans(_LOWERED, "0123456789+-n")
_RUN_RAISED = re.compile(f"[{_RAISED}]+")
_RUN_LOWERED = re.compile(f"[{_LOWERED}]+")
_ROOT = re.compile(r"(∛|³?√)\s*(?:\(([^()]*)\)|(\d+(?:\.\d+)?|[A-Za-z]))")
_REPEATING = re.compile(
    r"(?<![\d.])(\d*)\.(\d*)"
    r"(?:\\(?:overline|bar|overbar)\s*\{(\d+)\}|\\(?:dot|bar|overline)\s*(?:\{(\d)\}|(\d))|\((\d+)\)"
    r"|(\d+?)\7{2,}(?:\\l?dots|\\cdots|\.\.\.))(?![\d(])"
)
_TWO_DOTS = re.compile(r"\\dot\s*\{?(\d)\}?(\d*)\\dot\s*\{?(\d)\}?")
_EMPTY_SET = re.compile(r"\\varnothing(?![A-Za-z])|\\left\\\{\s*\\right\\\}|\\\{\s*\\\}")
_JOINED = re.compile(
    r"\s*,?\s*(?:\\(?:text|textrm|mbox|mathrm)\s*\{\s*(?:or|and)\s*\}|(?<![A-Za-z\\{])(?:or|and)(?![A-Za-z}])"
    r"|\\(?:lor|land|vee|wedge)(?![A-Za-z]))\s*"
)
_MINUTES_OF_ARC = re.compile(
    r"(\d{1,3})\s*\^\{?\\circ\}?\s*(\d{1,2})\s*'(?!')(?:\s*(\d{1,2})\s*(?:''|\"))?"
)
_INFINITY = re.compile(
    r"\\(?:text|textbf|textrm|mathrm|mbox)\s*\{\s*+(?:(negative|minus)|positive|plus)?\s*+[Ii]nfinity\s*\}"
)
_TURNED = re.compile(r"([\[\]])([^\[\](),]+,[^\[\](),]+)([\[\]])")
_LONGEST_PERIOD = 100


def plain(text: str) -> str:
    """Write each sign in one spelling; ASCII without such variants comes back as it is."""
    if not text.isascii():
        text = _ascii(text)
    if "{:}" in text:
        text = text.replace("{:}", ":")
    if "{.}" in text:
        text = text.replace("{.}", ".")
    if "varnothing" in text or "\\{" in text:
        text = _EMPTY_SET.sub(r"\\emptyset ", text)
    if "." in text and ("\\" in text or "(" in text or "..." in text):
        text = _REPEATING.sub(_as_fraction, _TWO_DOTS.sub(r"\\overline{\1\2\3}", text))
    if "'" in text and "circ" in text:
        text = _MINUTES_OF_ARC.sub(_as_degrees, text)
    if "nfinity" in text:
        text = _INFINITY.sub(lambda word: ("-" if word[1] else "") + r"\infty ", text)
    if "approx" in text:
        text = re.sub(r"^(\s*\$?)\\approx(?![A-Za-z])", r"\1", text)
    if "angle" in text:
        text = re.sub(r"\\langle(?![A-Za-z])", "(", re.sub(r"\\rangle(?![A-Za-z])", ")", text))
    if "]" in text or "[" in text:
        text = _turned_brackets(text)
    return text


def _turned_brackets(text: str) -> str:
    """Write ]1, 3] as (1, 3], where the first bracket closes or the last one opens."""
    brackets = [sign for sign in text if sign in "[]"]
    if len(brackets) % 2 or (brackets[0] == "[" and brackets[-1] == "]"):
        return text
    return _TURNED.sub(lambda ends: ("(["[ends[1] == "["]) + ends[2] + (")]"[ends[3] == "]"]), text)


def _as_degrees(match: re.Match[str]) -> str:
    r"""Write 30^\circ 30' as 30.5 degrees."""
    value = int(match[1]) + Fraction(int(match[2]), 60) + Fraction(int(match[3] or 0), 3600)
    return rf"\frac{{{value.numerator}}}{{{value.denominator}}}^\circ"


def with_commas(text: str) -> str:
    """Write "1 or 2" as "1, 2"; "p=5,q=2 or p=7,q=2" as "p=5,q=2; p=7,q=2"."""
    if not any(word in text for word in ("or", "and", "\\vee", "\\wedge")):
        return text
    parts = _JOINED.split(text)
    if len(parts) < 2 or "" in parts:
        return text
    flat = [re.sub(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}", "", part) for part in parts]
    return ("; " if all("," in part for part in flat) else ", ").join(parts)


def _ascii(text: str) -> str:
    text = _ROOT.sub(_as_root, text).translate(_SIGNS)
    text = _RUN_RAISED.sub(lambda run: f"^{{{run[0].translate(_AS_RAISED)}}}", text)
    text = _RUN_LOWERED.sub(lambda run: f"_{{{run[0].translate(_AS_LOWERED)}}}", text)
    return text if text.isascii() else "".join(map(_one, text))


def _one(character: str) -> str:
    if character.isascii():
        return character
    name = unicodedata.name(character, "")
    if name.startswith("VULGAR FRACTION"):
        value = Fraction(unicodedata.numeric(character)).limit_denominator(100)
        return rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
    if name.startswith("GREEK SMALL LETTER ") and name.count(" ") == 3:
        return rf"\{name.rpartition(' ')[2].lower()} ".replace("lamda", "lambda")
    if name.startswith(("FULLWIDTH", "MATHEMATICAL")):
        return unicodedata.normalize("NFKC", character)
    return character


def _as_root(match: re.Match[str]) -> str:
    degree = "" if match[1] == "√" else "[3]"
    return rf"\sqrt{degree}{{{match[2] if match[2] is not None else match[3]}}}"


def _as_fraction(match: re.Match[str]) -> str:
    r"""Return the exact value of a decimal whose last digits repeat."""
    period = match[3] or match[4] or match[5] or match[6] or match[7]
    if len(match[2]) + len(period) > _LONGEST_PERIOD:
        return match[0]
    scale = 10 ** len(match[2])
    value = Fraction(int((match[1] + match[2]) or 0), scale)
    value += Fraction(int(period), scale * (10 ** len(period) - 1))
    return rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
