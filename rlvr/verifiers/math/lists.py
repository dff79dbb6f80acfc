r"""Lists, sets and points as text: (2,4) and [2,4) have an order, 2,4 and \{2,4\} have none."""

import re

_SIZE = re.compile(r"\\(?:left|right)(?![A-Za-z])")
_PLUS_MINUS = re.compile(r"([({,=]\s*|^\s*)?\\pm(?![A-Za-z])")


def is_tuple(text: str) -> bool:
    """Return True for (2,4) or [2,4): a point or an interval, whose order counts."""
    enclosed = text[:1] in ("(", "[") and text[-1:] in (")", "]")
    return enclosed and len(elements(text)) == 1 and len(elements(text[1:-1])) > 1


def is_bare_list(text: str) -> bool:
    """Return True for 2,4: several answers, in any order."""
    return not text.startswith("\\{") and len(elements(text)) > 1


def is_set(text: str) -> bool:
    r"""Return True for \{2,4\}: elements without order."""
    return text.startswith("\\{") and text.endswith("\\}") and len(elements(text)) > 1


def same_elements(gold: str, answer: str) -> bool:
    """Return whether two sets, or two bare lists, hold the same texts in any order."""
    left, right = elements(gold), elements(answer)
    return len(left) > 1 and sorted(left) == sorted(right)


def elements(text: str) -> list[str]:
    """Split at commas, or at semicolons if there are any, outside all brackets."""
    if text.startswith("\\{") and text.endswith("\\}"):
        text = text[2:-2]
    separator = ";" if ";" in text else ","
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == separator and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def both_signs(text: str) -> str:
    r"""Write 1 \pm \sqrt{2}, 5 as 1 + \sqrt{2}, 1 - \sqrt{2}, 5; two signs in one element stay."""
    text = _SIZE.sub("", text).strip()
    enclosed = text.startswith("\\{") and text.endswith("\\}")
    parts = []
    for part in elements(text):
        if len(_PLUS_MINUS.findall(part)) == 1:
            parts += [_with_sign(part, "+", "-"), _with_sign(part, "-", "+")]
        else:
            parts.append(part)
    joined = (";" if ";" in text else ",").join(parts)
    return f"\\{{{joined}\\}}" if enclosed else joined


def _with_sign(text: str, sign: str, other: str) -> str:
    def written(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1] + sign.strip("+")
        return f"{sign} "

    return _PLUS_MINUS.sub(written, text).replace("\\mp", other)
