r"""The answer that a completion marks: in <answer> .. </answer>, otherwise in the last \boxed{..}.

A base model boxes its answer and then runs on, inventing further questions until the budget ends.
So a completion is first cut where its answer ends: at an end-of-turn token, and at an invented next
question that follows a marked answer. Numbers that merely stand last in the text are not answers:
reading them would turn a truncated text into a guess.

Nothing here fails, and everything takes time linear in the text.
"""

import re
from collections.abc import Iterator

from rlvr.answers.templates import END_OF_TURN

_END_OF_TURN = re.compile("|".join(map(re.escape, END_OF_TURN)))
_INVENTED_TURN = re.compile(r"(?:^|\n|</answer>)[ \t#*]*(?:User|Human|Question|Problem|Q)[ \t*]*:")
_MARKED = re.compile(r"\\boxed|\\fbox|</answer>")
_BOX = re.compile(r"\\(?:boxed|fbox)[ \t]*(?:\{|([^\s{}$\\,.;]+))")
_WITHOUT_BRACES = re.compile(r"([^{}\\]*+)\}")
_ANSWER_LINE = re.compile(r"^[ \t#>*_]*answer[ \t*_]*:([^\n]*)$", re.IGNORECASE | re.MULTILINE)
_ANSWER_TAG = "<answer>"
_WRAPPINGS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("**", "**"))


def cut(completion: str) -> str:
    """Cut off what the model invented after its answer."""
    end = _END_OF_TURN.search(completion)
    text = completion[: end.start()] if end else completion
    marked = _MARKED.search(text)
    invented = _INVENTED_TURN.search(text, marked.start()) if marked else None
    if invented is None:
        return text
    tag = "</answer>"
    return text[: invented.start() + (len(tag) if invented[0].startswith(tag) else 0)]


def marked_answer(text: str) -> str | None:
    """Return the answer that a text marks, without dollar signs around it; None if there is none.

    Inside answer tags, a box narrows the answer further.
    """
    tagged = last_tagged(text)
    answer = last_boxed(text if tagged is None else tagged)
    if answer is None:
        answer = tagged if tagged is not None else last_boxed(text)
    if answer is None:
        return None
    return unwrap(answer) or None


def line_answer(text: str) -> str | None:
    r"""Return x of the last line "Answer: x", without dollar signs, bold marks or a box around it.

    That is how DAPO's prompt asks for it (arXiv 2503.14476). None if there is no such line.
    """
    lines = list(_ANSWER_LINE.finditer(text))
    if not lines:
        return None
    said = lines[-1][1].strip().strip("*").strip()
    boxed = last_boxed(said)
    return unwrap(said if boxed is None else boxed).removesuffix(".").strip() or None


# start, end and content of a box whose braces close; a tuple, as each completion makes one
Box = tuple[int, int, str]


def last_boxed(text: str) -> str | None:
    r"""Return the content of the last closed \boxed{..} or \fbox{..}; "\boxed 5" counts too."""
    last = next(boxes_from_last(text), None)
    return last[2] if last else None


def boxes_from_last(text: str) -> Iterator[Box]:
    """Yield the boxes of a text, the last one first."""
    closing = None
    for match in reversed(list(_BOX.finditer(text))):
        if match[1] is not None:
            yield match.start(), match.end(), match[1]
            continue
        content = _WITHOUT_BRACES.match(text, match.end())
        if content is not None:
            yield match.start(), content.end(), content[1].strip()
            continue
        if closing is None:
            closing = _closing_braces(text)
        end = closing.get(match.end() - 1)
        if end is not None:
            yield match.start(), end + 1, text[match.end() : end].strip()


def _closing_braces(text: str) -> dict[int, int]:
    """Map the position of each opening brace to the position of its closing brace."""
    closing, opened = {}, []
    for match in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        if match[0] == "{":
            opened.append(match.start())
        elif match[0] == "}" and opened:
            closing[opened.pop()] = match.start()
    return closing


def last_tagged(text: str) -> str | None:
    """Return the content of the last answer tag; ignore a tag that never closes."""
    end = text.rfind("</answer>")
    start = text.rfind(_ANSWER_TAG, 0, end) if end >= 0 else -1
    return text[start + len(_ANSWER_TAG) : end].strip() if start >= 0 else None


def unwrap(answer: str) -> str:
    """Strip math delimiters and bold marks that enclose the whole answer."""
    answer = answer.strip()
    if not answer.startswith(("$", "\\", "*")):
        return answer
    while (inner := _unwrapped_once(answer)) is not None:
        answer = inner
    return answer


def _unwrapped_once(answer: str) -> str | None:
    for opening, closing in _WRAPPINGS:
        wrapped = answer.startswith(opening) and answer.endswith(closing)
        if wrapped and len(answer) > len(opening) + len(closing):
            inner = answer[len(opening) : len(answer) - len(closing)]
            if opening not in inner:
                return inner.strip()
    return None
