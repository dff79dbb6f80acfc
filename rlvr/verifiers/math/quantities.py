r"""Answers that are more than a number: with a unit, a sum of money, a time, a date, in a base.

Two of them with different units are different, or equal after conversion: 5 cm is not 5 km, and 5 m
is 500 cm. Where one of them leaves its unit out, the numbers decide, as the published golds expect
(15 for 15\text{ cm}^2). A unit is one that stands in \text{..} or has two letters at least: 6m is
an expression in m.
"""

import re
from dataclasses import dataclass
from math import gcd

from rlvr.verifiers.math.symbols import plain

# dimension -> {names: size in the dimension's own unit, as LaTeX}
_UNITS: dict[str, dict[str, str]] = {
    "length": {
        "mm millimeter millimetre": r"\frac{1}{1000}",
        "cm centimeter centimetre": r"\frac{1}{100}",
        "dm decimeter decimetre": r"\frac{1}{10}",
        "m meter metre": "1",
        "km kilometer kilometre": "1000",
        "in inch inches": r"\frac{254}{10000}",
        "ft foot feet": r"\frac{3048}{10000}",
        "yd yard": r"\frac{9144}{10000}",
        "mi mile": r"\frac{1609344}{1000}",
    },
    "mass": {
        "mg milligram": r"\frac{1}{1000}",
        "g gram": "1",
        "kg kilogram": "1000",
        "tonne Mg": "1000000",
        "lb lbs pound": r"\frac{45359237}{100000}",
        "oz ounce": r"\frac{45359237}{1600000}",
    },
    "time": {
        "ms millisecond": r"\frac{1}{1000}",
        "s sec second": "1",
        "min minute": "60",
        "h hr hour": "3600",
        "d day": "86400",
        "week": "604800",
    },
    "years": {"month": r"\frac{1}{12}", "yr year": "1", "decade": "10"},
    "volume": {
        "ml mL milliliter millilitre": r"\frac{1}{1000000}",
        "l L liter litre": r"\frac{1}{1000}",
    },
    "money": {"cent cents": r"\frac{1}{100}", "dollar": "1"},
    "euro": {"euro": "1"},
    "sterling": {"sterling": "1"},
    "angle": {"degree deg": "1", "rad radian": r"\frac{180}{\pi}"},
    "voltage": {"mV millivolt": r"\frac{1}{1000}", "V volt": "1", "kV kilovolt": "1000"},
    "current": {"mA milliampere milliamp": r"\frac{1}{1000}", "A ampere amp": "1"},
    "power": {
        "mW milliwatt": r"\frac{1}{1000}",
        "W watt": "1",
        "kW kilowatt": "1000",
        "MW megawatt": "1000000",
    },
    "energy": {"J joule": "1", "kJ kilojoule": "1000", "MJ megajoule": "1000000"},
    "force": {"mN": r"\frac{1}{1000}", "N newton": "1", "kN kilonewton": "1000"},
    "pressure": {"Pa pascal": "1", "kPa kilopascal": "1000", "MPa megapascal": "1000000"},
    "frequency": {
        "mHz millihertz": r"\frac{1}{1000}",
        "Hz hertz": "1",
        "kHz kilohertz": "1000",
        "MHz megahertz": "1000000",
        "GHz gigahertz": "1000000000",
    },
    "amount": {"mmol millimole": r"\frac{1}{1000}", "mol mole": "1"},
    # a megabyte has 1,000 or 1,024 kilobytes: nothing is converted
    **{
        name: {f"{name} {sign}": "1"}
        for name, sign in {
            "bit": "b",
            "kilobit": "kb Kb",
            "megabit": "Mb",
            "gigabit": "Gb",
            "byte": "B",
            "kilobyte": "kB KB",
            "megabyte": "MB",
            "gigabyte": "GB",
            "terabyte": "TB",
        }.items()
    },
    "celsius": {"celsius": "1"},
    "fahrenheit": {"fahrenheit": "1"},
    "kelvin": {"kelvin": "1"},
}
_KNOWN = {
    name: (dimension, size)
    for dimension, units in _UNITS.items()
    for names, size in units.items()
    for name in names.split()
}
_SPOKEN = {
    "mph": "mi/h",
    "kmh": "km/h",
    "kph": "km/h",
    "kmph": "km/h",
    "sqft": "ft^2",
    "cc": "cm^3",
}
_MAY_BE_ONE = re.compile(r"[A-Za-z^$€£°¢]")
_FRACTION_OF_UNITS = re.compile(r"\\[dt]?frac\s*\{([A-Za-z\s]+)\}\s*\{([A-Za-z\s^\d]+)\}$")
_SPACING = re.compile(r"\\[,;:! ]|\\q?quad(?![A-Za-z])|~")
_WRAPPED = re.compile(r"\\(?:text|mbox|textrm|textbf|mathrm|operatorname)\s*\{([^{}]*)\}")
_TEMPERATURE = re.compile(r"\^\{?\\circ\}?\s*([CF])\b")
_DEGREE = re.compile(r"\^\{?\\circ\}?|\\degrees?\b")
_MONEY = re.compile(r"^(\\\$|€|£)\s*([\d.,]+)$")
_CURRENCY = {"\\$": "dollar", "€": "euro", "£": "sterling"}
_QUANTITY = re.compile(
    r"(?P<value>.*?(?:[\d})]|\\pi))\s*(?P<unit>(?:(?:per|square|sq|cubic|cu)\.?\s+)*[A-Za-z]"
    r"[A-Za-z\s./^{}\d-]*)"
)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")
_COMPOUND = re.compile(rf"{_PART.pattern}(?:\s*,?\s*(?:and\s)?\s*{_PART.pattern})+")
_FACTOR = re.compile(r"(?P<name>[A-Za-z]+)(?:\^?\{?(?P<power>-?\d)\}?)?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit.

    Attributes:
        value: LaTeX of the number before the unit.
        dimensions: powers of what is measured, such as (("length", 1), ("time", -1)).
        size: LaTeX of the unit in terms of its dimensions' own units.
        certain: False where the unit may be variables.
    """

    value: str
    dimensions: tuple[tuple[str, int], ...]
    size: str
    certain: bool


def in_one_unit(gold: str, answer: str) -> tuple[str, str] | None:
    """Convert both values to one unit, or to the only unit given; None where neither has one.

    Raises:
        DifferentKinds: if their units measure different things.
    """
    left, right = read(gold), read(answer)
    if left is None or right is None:
        return _without_unit(gold, left, answer, right)
    if not (left.certain or right.certain):
        return None
    if left.dimensions != right.dimensions:
        raise DifferentKindsError
    if left.size == right.size:
        return left.value, right.value
    return rf"({left.value}) \cdot {left.size}", rf"({right.value}) \cdot {right.size}"


def _without_unit(
    gold: str, left: Quantity | None, answer: str, right: Quantity | None
) -> tuple[str, str] | None:
    if left is not None and left.certain:
        return left.value, answer
    if right is not None and right.certain:
        return gold, right.value
    return None


class DifferentKindsError(Exception):
    """Two quantities cannot be compared."""


def read(text: str) -> Quantity | None:
    """Return the value and its unit; None where there is no unit that we know."""
    if not _MAY_BE_ONE.search(text) or len(text) > 200:
        return None
    text = plain(text).strip().rstrip(".")
    if money := _MONEY.match(text.strip()):
        text = f"{money[2]} \\text{{{_CURRENCY[money[1]]}}}"
    text = text.replace("\\$", "").replace("$", "").replace("¢", " cents")
    text = _SPACING.sub(" ", text)
    marked = _WRAPPED.search(text) is not None
    text = _TEMPERATURE.sub(lambda t: {"C": " celsius", "F": " fahrenheit"}[t[1]], _unwrapped(text))
    text = re.sub(r"degree\s+degrees?$", "degree", _DEGREE.sub(" degree ", text).strip())
    text = _FRACTION_OF_UNITS.sub(r" \1/\2", text)
    if _COMPOUND.fullmatch(text):
        return _sum(text, marked)
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    unit = _unit(match["unit"])
    if unit is None:
        return None
    words = re.findall("[A-Za-z]+", match["unit"])
    certain = marked or all(len(word) > 1 for word in words)
    return Quantity(match["value"].strip(), *unit, certain)


def _sum(text: str, marked: bool) -> Quantity | None:
    """Add up 1 hour 30 minutes, 5 ft 6 in: one quantity, in its dimension's own unit."""
    parts = [(value, name, _unit(name)) for value, name in _PART.findall(text)]
    units = [unit for _, _, unit in parts if unit is not None]
    dimensions = {unit[0] for unit in units}
    if len(units) < len(parts) or len(dimensions) > 1 or len({unit[1] for unit in units}) == 1:
        return None
    terms = [rf"{value} \cdot {unit[1]}" for value, _, unit in parts if unit is not None]
    certain = marked or all(len(name) > 1 for _, name, _ in parts)
    return Quantity(" + ".join(terms), dimensions.pop(), "1", certain)


def _unwrapped(text: str) -> str:
    return _WRAPPED.sub(lambda match: f" {match[1]} ", text)


def _unit(text: str) -> tuple[tuple[tuple[str, int], ...], str] | None:
    """Return dimensions and size of "km/h", "square inches", "m s^{-1}"."""
    for spoken, written in _SPOKEN.items():
        text = re.sub(rf"\b{spoken}\b", written, text)
    text = re.sub(r"\bper\b", "/", re.sub(r"\b(?:cdot)\b", " ", text)).replace(".", " ")
    text = re.sub(r"\b(?:square|sq)\s+([A-Za-z]+)", r"\1^2", text)
    text = re.sub(r"\b(?:cubic|cu)\s+([A-Za-z]+)", r"\1^3", text)
    powers: dict[str, int] = {}
    size = []
    for place, group in enumerate(text.split("/")):
        for factor in re.sub(r"\s+\^", "^", group).split():
            match = _FACTOR.fullmatch(factor)
            known = match and (_KNOWN.get(match["name"]) or _KNOWN.get(match["name"].rstrip("s")))
            if not match or not known:
                return None
            power = int(match["power"] or 1) * (-1 if place else 1)
            powers[known[0]] = powers.get(known[0], 0) + power
            size.append(known[1] if power == 1 else f"({known[1]})^{{{power}}}")
    if "volume" in powers:  # in cubic metres
        powers["length"] = powers.get("length", 0) + 3 * powers.pop("volume")
    dimensions = tuple(sorted((name, power) for name, power in powers.items() if power))
    return (dimensions, r" \cdot ".join(size)) if size else None


_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp]\.?\s*[Mm]\.?)?")
_HOUR = re.compile(r"(\d{1,2})\s*([AaPp])\.?\s*[Mm]\.?")
_DATE = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})|(\d{1,2})/(\d{1,2})/(\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(\d{4}))?"
_MONTH_FIRST = re.compile(rf"(?i){_MONTH}\s+{_DAY}{_YEAR}")
_DAY_FIRST = re.compile(rf"(?i){_DAY}\s+(?:of\s+)?{_MONTH}{_YEAR}")
_BASE = re.compile(r"(\d[\dA-Fa-f]*|[\dA-Fa-f]{2,}(?=_(?:16|\{16\})$))_(?:\{\(?(\w+)\)?\}|(\d+))")
_IN_WORDS = {"two": "2", "three": "3", "eight": "8", "ten": "10", "twelve": "12", "sixteen": "16"}
_DIGITS = re.compile(r"\d+")


def compare_marks(gold: str, answer: str) -> bool | None:
    """Compare two times, dates or numbers in a base; None where the gold is none of these."""
    left, right = (
        _unwrapped(plain(text)).replace("$", "").replace(" _", "_").strip()
        for text in (gold, answer)
    )
    for compare in (_compare_times, _compare_dates, _compare_bases):
        verdict = compare(left, right)
        if verdict is not None:
            return verdict
    return None


def _compare_times(gold: str, answer: str) -> bool | None:
    left, right = _time(gold), _time(answer)
    if left is None:
        return None
    is_ratio = left[3] is None and ":00" not in gold and gcd(left[0], left[1]) == 1
    if right is None:
        return None if is_ratio else False
    if left[:3] == right[:3]:
        return None in (left[3], right[3]) or left[3] == right[3]
    if None in (left[3], right[3]) and _hour_of_day(left) == _hour_of_day(right):
        return left[1:3] == right[1:3]
    return None if is_ratio else False


def _hour_of_day(time: tuple[int, int, int, str | None]) -> int:
    return time[0] if time[3] is None else time[0] % 12 + (12 if time[3] == "p" else 0)


def _time(text: str) -> tuple[int, int, int, str | None] | None:
    hour = _HOUR.fullmatch(text)
    if hour is not None:
        return int(hour[1]), 0, 0, hour[2].lower()
    match = _TIME.fullmatch(text)
    if match is None or int(match[1]) > 24 or int(match[2]) > 59:
        return None
    half = match[4][0].lower() if match[4] else None
    return int(match[1]), int(match[2]), int(match[3] or 0), half


def _compare_dates(gold: str, answer: str) -> bool | None:
    left, right = _worded_date(gold), _worded_date(answer)
    if left is not None and right is not None:
        # a year that the gold leaves out may be given
        return left[1:] == right[1:] and left[0] in (None, right[0])
    left, right = left or _date(gold), right or _date(answer)
    if left is None and (right is None or "-0" not in answer):
        return None
    return left == right


def _worded_date(text: str) -> tuple[int | None, int, int] | None:
    """Return year, month and day of "January 5, 2020", "5 January" or "Jan. 5th"."""
    text = " ".join(text.replace("\\", " ").split()).rstrip(".")
    match = _MONTH_FIRST.fullmatch(text)
    month, day = (1, 2) if match else (2, 1)
    match = match or _DAY_FIRST.fullmatch(text)
    if match is None:
        return None
    year = int(match[3]) if match[3] else None
    return year, _MONTHS.index(match[month][:3].lower()) + 1, int(match[day])


def _date(text: str) -> tuple[int, int, int] | None:
    """Return year, month and day; 12/31/2025 is read with the month first where it can be."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    if match[1] is not None:
        return int(match[1]), int(match[3]), int(match[4])
    first, second, year = int(match[5]), int(match[6]), int(match[7])
    return (year, second, first) if first > 12 else (year, first, second)


def _compare_bases(gold: str, answer: str) -> bool | None:
    left, right = _BASE.fullmatch(gold), _BASE.fullmatch(answer)
    if left and right:
        return _in_base(left) == _in_base(right)
    for based, other in ((left, answer), (right, gold)):
        if based and _DIGITS.fullmatch(other):
            digits, base = _in_base(based)
            return base == "10" and digits == other
    return None


def _in_base(match: re.Match[str]) -> tuple[str, str]:
    """Return digits and base of 52_8 or 52_{8}."""
    base = match[2] or match[3]
    return match[1].upper(), _IN_WORDS.get(base, base)
