r"""Gold and answer in one form, where what one of them is tells how the other is to be read.

    gold [1, 3) or x \in (1, 3)         answer 1 \le x < 3      is an interval
    gold (-\infty, 1) \cup (2, \infty)  answer x < 1 or x > 2   is a union of intervals
    gold (1, 2)                         answer x = 1, y = 2     is a point
    gold 1 \pm \sqrt{2}                 answer 1+\sqrt{2}, 1-\sqrt{2} is a list of two
    gold 12                             answer \text{(B) } 12   is an option with its letter

A bare (0, 1) may be a point, which no inequality describes: there the answer stays as it is.
"""

import re

from rlvr.verifiers.math.lists import both_signs
from rlvr.verifiers.math.symbols import with_commas
from rlvr.verifiers.math.wordings import in_one_wording

_RELATION = re.compile(r"(<|>|\\leq?(?:slant)?(?![A-Za-z])|\\geq?(?:slant)?(?![A-Za-z]))")
_OR = re.compile(
    r"\\text\s*\{\s*+,?\s*+or\s*\}|(?<![A-Za-z\\{])or(?![A-Za-z}])|\\(?:lor|vee)(?![A-Za-z])"
)
_AND = re.compile(
    r"\\text\s*\{\s*+,?\s*+and\s*\}|(?<![A-Za-z\\{])and(?![A-Za-z}])|\\(?:land|wedge)(?![A-Za-z])"
)
_BUILDER = re.compile(r"\\\{\s*[A-Za-z]\s*(?:\\in\s*\\mathbb\{?R\}?)?\s*(?:\||:|\\mid)(.*)\\\}")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_INTERVAL = re.compile(
    r"[A-Za-z]\s*\\in\s*(?:\\left\s*)?[(\[]|.*(?:\\cup|\\infty).*|(?:\\left)?\[.*|.*\]", re.DOTALL
)
_NO_LOWER, _NO_UPPER = r"(-\infty", r"\infty)"
_VARIABLE = re.compile("[A-Za-df-z,;=]")
_POINT = re.compile(r"(?:\\left)?\(([^()]*(?:\([^()]*\)[^()]*)*?)(?:\\right)?\)")
_LABELLED = re.compile(r"\s*([A-Za-z](?:_\{?\w\}?)?)\s*=([^=]+)")
_LETTERED = re.compile(
    r"\\(?:text|textbf|textrm|mathrm|mathbf)\s*\{\s*\([A-J]\)\s*\}(?:\\[ ,;:]|\\q?quad|~|\s)*(?=\S)"
)
_LETTER = re.compile(r"\\(?:text|textbf|textrm|mathrm|mathbf)\s*\{\s*\(?[A-J]\)?\s*\}|\(?[A-J]\)?")


def in_one_form(gold: str, answer: str) -> tuple[str, str]:
    """Rewrite both texts where one is given in another form than the other."""
    gold, answer = in_one_wording(gold, answer)
    if "\\" in answer and not _LETTER.fullmatch(gold.strip()):
        answer = _LETTERED.sub("", answer, count=1) if _LETTERED.match(answer) else answer
    if "\\pm" in gold or "\\pm" in answer:
        gold, answer = both_signs(gold), both_signs(answer)
    if _RELATION.search(gold) or _RELATION.search(answer):
        return _as_intervals(gold, answer)
    if "=" in answer and "=" not in gold and _POINT.fullmatch(gold.strip()):
        return gold, _as_point(answer) or answer
    return gold, answer


def _as_intervals(gold: str, answer: str) -> tuple[str, str]:
    left, right = _interval(gold), _interval(answer)
    if left and right:
        same_variable = left[0] == right[0]
        return (left[1], right[1]) if same_variable else (gold, answer)
    if right and _INTERVAL.match(gold.strip()):
        return gold, right[1]
    if left and "=" not in answer and not _RELATION.search(answer):
        return left[1], answer
    return gold, answer


def _interval(text: str) -> tuple[str, str] | None:
    """Return the variable of an inequality, and what it allows, as intervals in LaTeX."""
    builder = _BUILDER.fullmatch(text.strip().strip("$").strip())
    intervals, variables = [], set()
    for part in _OR.split(builder[1] if builder else text):
        found = _one_interval(part)
        if found is None:
            return None
        variables.add(found[0])
        intervals.append(found[1])
    if len(variables) != 1:
        return None
    return variables.pop(), r" \cup ".join(intervals)


def _one_interval(text: str) -> tuple[str, str] | None:
    r"""Return what a < x \le b, x > a, or two of the latter joined by "and", allow."""
    ends: dict[str, str] = {}
    variables = set()
    for part in _AND.split(text):
        read = _ends(part)
        if read is None or read[1].keys() & ends.keys():
            return None
        variables.add(read[0])
        ends |= read[1]
    if len(variables) != 1:
        return None
    return variables.pop(), f"{ends.get('lower', _NO_LOWER)}, {ends.get('upper', _NO_UPPER)}"


def _ends(text: str) -> tuple[str, dict[str, str]] | None:
    r"""Return the variable, and the ends with brackets, of one chain such as a < x \le b."""
    terms = [term.strip(" ,$") for term in _RELATION.split(text)]
    places = [at for at in range(0, len(terms), 2) if re.fullmatch("[A-Za-z]", terms[at])]
    if len(terms) not in (3, 5) or len(places) != 1 or (len(terms) == 5 and places != [2]):
        return None
    ends: dict[str, str] = {}
    for at in range(1, len(terms), 2):
        is_before = at < places[0]
        bound = terms[at - 1] if is_before else terms[at + 1]
        side = "lower" if terms[at].startswith(("<", "\\l")) == is_before else "upper"
        if side in ends or not bound or _VARIABLE.search(_COMMAND.sub("", bound)):
            return None
        is_open = terms[at] in "<>"
        if side == "lower":
            ends[side] = ("(" if is_open else "[") + bound
        else:
            ends[side] = bound + (")" if is_open else "]")
    return terms[places[0]], ends


def _as_point(answer: str) -> str | None:
    """Rewrite "y = 2, x = 1" as "(1, 2)": unknowns in the order of their letters."""
    parts = [_LABELLED.fullmatch(part) for part in re.split("[,;]", with_commas(answer))]
    named = {part[1]: part[2].strip() for part in parts if part}
    if len(parts) < 2 or len(named) < len(parts):
        return None
    return f"({', '.join(named[name] for name in sorted(named))})"
