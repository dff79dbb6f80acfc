r"""Gold and answer in one wording, where one says in words or by habit what the other writes.

    gold 12        answer twelve, 1 dozen      is the number (7 dozen is 7 as well, like 7 cm)
    gold x^2 + C   answer x^2 + c              names the constant of integration otherwise
    gold no solution     answer \emptyset      says the same
    gold \mathbb{R}      answer all real numbers
    gold 3:2             answer 3 to 2
    gold 3 \pmod 7       answer x \equiv 10 (mod 7)   is the same class
    gold B         answer B. 5                 is an option with its text
    gold 5 apples  answer 5                    leaves the unit out

`agree` judges an answer such as \pi \approx 3.14: one of its sides has to be the gold, and the two
have to be near each other, so that 3 \approx 5 is no way to give two answers.
"""

import re
from collections.abc import Callable
from fractions import Fraction

_WRAPPED = re.compile(r"\\(?:text|textbf|textrm|mbox|mathrm)\s*\{([^{}]*)\}")
_WORDS = re.compile(r"[A-Za-z][A-Za-z\s-]*\.?")
_SMALL = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4,
          "fourth": 4, "fourths": 4, "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6,
          "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10}  # fmt: skip
_RATIO_IN_WORDS = re.compile(r"(\d+)\s+to\s+(\d+)")
_RESIDUE = re.compile(
    r"(?:[A-Za-z]\s*\\equiv\s*)?(-?\d{1,18})\s*\(?\s*\\?[pb]?mod\s*(?:\{\s*(\d{1,18})\s*\}|(\d{1,18}))\s*\)?"
)
_DOZEN = re.compile(r"(?i)(a|\d+(?:\.\d+)?)\s*dozens?(\s+[A-Za-z ]+)?")
_NOUN = re.compile(r"([+-]?\d[\d.,]*)\s+([A-Za-z]{3,}(?:\s+[A-Za-z]{3,})*)")
_NOT_NOUNS = {*_LARGE, *_PARTS, "hundred", "dozen", "dozens", "percent", "times", "squared",
              "cubed", "factorial", "pairs", "mod", "plus", "minus", "over", "base"}  # fmt: skip
_CONSTANT = re.compile(r"(?<![A-Za-z\\])[Cc](?![A-Za-z_^])")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_LAST_CONSTANT = re.compile(r".*[A-BD-Zabd-z\d)}]\s*\+\s*[Cc]\s*|\s*[Cc]\s*\+.*")
_OPTION = re.compile(r"\(?([A-J])[).:](?!.*(?:\b[A-J]\b|\bor\b|\bnot\b))\s*\S.*", re.DOTALL)
_NOTHING = {"\\emptyset", "no solution", "no solutions", "there is no solution", "empty set",
            "there are no solutions", "the empty set"}  # fmt: skip
_REALS = {"\\mathbb{r}", "\\mathbb r", "(-\\infty,\\infty)", "(-\\infty, \\infty)",
          "all real numbers", "all reals", "the reals", "real numbers", "the real numbers",
          "all real x", "the set of all real numbers", "the set of real numbers"}  # fmt: skip
_UNDEFINED = {"dne", "does not exist", "the limit does not exist", "limit does not exist"}
_APPROXIMATE = re.compile(r"\\(?:approx(?:eq)?|simeq)(?![A-Za-z])")
_LONGEST = 500
_DIGITS = re.compile(r"[+-]?(\d*)(?:\.(\d+))?")


def in_one_wording(gold: str, answer: str) -> tuple[str, str]:
    """Rewrite both texts where one is worded in another way than the other."""
    if len(gold) + len(answer) > _LONGEST:
        return gold, answer
    said_gold, said = _said(gold), _said(answer)
    if (ratio := _RATIO_IN_WORDS.fullmatch(said)) and ":" in gold:
        return gold, f"{ratio[1]}:{ratio[2]}"
    if (classes := _residue_class(said_gold)) and classes == _residue_class(said):
        return gold, gold
    for group in (_NOTHING, _UNDEFINED, _REALS):
        if said_gold.casefold() in group and said.casefold() in group:
            return gold, gold
    if re.fullmatch(r"\(?[A-J]\)?", said_gold) and (option := _OPTION.fullmatch(said)):
        return gold, option[1]
    numbers = _number_in_words(said_gold), _number_in_words(said)
    gold, answer = numbers[0] or gold, numbers[1] or answer
    gold, answer = _dozens(gold, answer), _dozens(answer, gold)
    if (noun := _NOUN.fullmatch(_said(gold))) and re.fullmatch(r"[+-]?\d[\d.,]*", said):
        gold = gold if _NOT_NOUNS & set(noun[2].lower().split()) else noun[1]
    return gold, _same_constant(gold, answer)


def _said(text: str) -> str:
    text = _WRAPPED.sub(r" \1 ", text).replace("$", " ").strip().removesuffix(".")
    return " ".join(text.split())


def _number_in_words(said: str) -> str | None:
    """Return the digits for "twenty-one" or "two thirds"; None for any other text."""
    if not _WORDS.fullmatch(said):
        return None
    words = [word for word in re.split(r"[\s-]+", said.lower()) if word != "and"]
    part = _PARTS.get(words[-1]) if len(words) > 1 else None
    value = _whole(words[:-1] if part else words)
    if value is None:
        return None
    return str(value) if part is None else rf"\frac{{{value}}}{{{part}}}"


def _whole(words: list[str]) -> int | None:
    """Return the number that all the words say; None for words in no order of a number."""
    total, group, least = 0, 0, 10**15
    room = 1000
    for word in words:
        if word in _SMALL and room > _SMALL[word] and (word != "zero" or len(words) == 1):
            group, room = group + _SMALL[word], 0
        elif word in _TENS and room >= 100:
            group, room = group + _TENS[word], 10
        elif word == "hundred" and 0 < group < 10:
            group, room = 100 * group, 100
        elif word in _LARGE and group > 0 and _LARGE[word] < least:
            least = _LARGE[word]
            total, group, room = total + group * least, 0, 1000
        else:
            return None
    return total + group if words else None


def _dozens(text: str, other: str) -> str:
    """Convert dozens to single things if the other number is of those, else to dozens."""
    match = _DOZEN.fullmatch(_said(text))
    if match is None:
        return text
    count = Fraction(1 if match[1].lower() == "a" else match[1])
    plain = re.fullmatch(r"\d[\d,]*(?:\.\d+)?", _said(other))
    is_twelvefold = plain is not None and Fraction(plain[0].replace(",", "")) == 12 * count
    value = 12 * count if is_twelvefold else count
    return str(value.numerator) if value.denominator == 1 else str(float(value))


def _residue_class(said: str) -> tuple[int, int] | None:
    r"""Return remainder and modulus of "x \equiv 10 \pmod{7}" or "3 (mod 7)"."""
    match = _RESIDUE.fullmatch(said)
    modulus = int(match[2] or match[3]) if match else 0
    return (int(match[1]) % modulus, modulus) if match and modulus else None


def _same_constant(gold: str, answer: str) -> str:
    """Rename the answer's constant at one end to the gold's letter."""
    if not (_LAST_CONSTANT.fullmatch(gold) and _LAST_CONSTANT.fullmatch(answer)):
        return answer
    left, right = (re.findall("[Cc]", _COMMAND.sub("", text)) for text in (gold, answer))
    has_variable = re.search("[abd-z]", _COMMAND.sub("", gold)) is not None
    if len(left) != 1 or len(right) != 1 or "C" not in (left[0], right[0]) or not has_variable:
        return answer
    return _CONSTANT.sub(left[0], answer)


def sides(answer: str) -> tuple[str, str] | None:
    r"""Return both sides of an answer such as \pi \approx 3.14, None for any other."""
    if "\\approx" not in answer and "\\simeq" not in answer:
        return None
    parts = [part.strip() for part in _APPROXIMATE.split(answer)]
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else None


def agree(exact: str, rounded: str, value: Callable[[str], Fraction | None]) -> bool | None:
    """Return whether a rounded number is near the exact one, by as many digits as it has.

    None where the value of one of the two is not known.
    """
    left, right = value(exact), value(rounded)
    digits = _DIGITS.fullmatch(rounded.strip("$ "))
    if left is None or right is None:
        return None
    if digits is None:
        return abs(left - right) <= abs(left) / 20
    zeros = len(digits[1]) - len(digits[1].rstrip("0"))
    # one that is cut off instead of rounded is off by up to one in its last place
    unit = Fraction(1, 10 ** len(digits[2])) if digits[2] else Fraction(10**zeros, 2)
    return abs(left - right) <= unit
