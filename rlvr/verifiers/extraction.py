r"""The answer that a completion marks: the last \boxed{..}, or the last <answer> .. </answer>.

A completion is first cut where its answer ends: at the end-of-turn token, and at an invented next
question if an answer was given before it. Numbers that merely stand last in the text are not
answers: reading them would turn a truncated text into a guess. This module never fails and takes
time linear in the text.
"""


def last_boxed(text: str) -> str | None:
    r"""Content of the last \boxed{..} or \fbox{..} whose braces close, or None."""
    end = len(text)
    while (start := max(text.rfind("\\boxed", 0, end), text.rfind("\\fbox", 0, end))) >= 0:
        content = _braced(text, start)
        if content is not None:
            return content
        end = start
    return None


def _braced(text: str, start: int) -> str | None:
    opening = text.find("{", start)
    if opening < 0 or text[start:opening].strip() not in ("\\boxed", "\\fbox"):
        return None
    depth = 0
    for position in range(opening, len(text)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return text[opening + 1 : position].strip()
    return None
