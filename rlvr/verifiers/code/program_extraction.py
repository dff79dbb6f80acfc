"""The program in a completion: from a code block, or from code that the prompt already began.

Three shapes occur. A chat answer holds fenced blocks, of which the last Python one counts. Under a
prompt that ends with an opened fence (EvalPlus, LiveCodeBench) the program starts at once and ends
at the first closing fence, or where the sampler stopped. Under a bare HumanEval prompt the
completion goes on inside the function, and base models then run on with calls, tests and prose.

Everything here is decided line by line, in time proportional to the text. The text is hostile, and
Python's own parser can be made to crash the process that it runs in; so nothing is parsed outside
the sandbox.
"""

import re
from dataclasses import dataclass

from rlvr.answers.attempts import cut

# some models copy it from files; Python takes it at the start of a file, and nowhere else
_BYTE_ORDER_MARK = "\ufeff"
_PYTHON_TAGS = {"", "python", "python3", "py", "py3"}
_TAG = re.compile(r"[\w+-]*")
_CODE_LINE = re.compile(
    r"""(?:[ ]{2,}|\t)\s*\S                                  # inside a function
    | (?:def|class|async[ ]def)\s+\w+ | @\w | import\s+\w | from\s+[\w.]+\s+import\b
    | (?:if|for|while|try|with)\b.*:\s*(?:\#.*)?$ | (?:print|exit|main|solve)\( | return\b
    | [A-Za-z_][\w.,\ \[\]]*(?:[-+*/%&|^]|//|\*\*|<<|>>)?=[^=] | \"\"\" | '''
    """,
    re.VERBOSE,
)
# what may stand unindented in a continuation: definitions and what belongs to them
_TOP_LEVEL = re.compile(
    r"(?:def|class|async def)\s+\w+|import\s+\w|from\s+[\w.]+\s+import\b|[@#)\]}]|\"\"\"|'''"
    r"|[A-Za-z_]\w*\s*(?::[^=]+)?=[^=]"
)
_DEFINITION = re.compile(r"(?:def|class|async def)\s+\w+|@")


@dataclass(frozen=True, slots=True)
class Code:
    """What was found.

    Attributes:
        source: Python text.
        continues: True where it goes on inside the function that the prompt began.
        unfinished: True where the token budget cut it off.
    """

    source: str
    continues: bool = False
    unfinished: bool = False


@dataclass(slots=True)
class _Block:
    tag: str
    indentation: int
    lines: list[str]
    is_closed: bool = False

    def add(self, line: str) -> None:
        """Add a line, without the indentation that it shares with the fence (CommonMark)."""
        line = line if self.lines else line.removeprefix(_BYTE_ORDER_MARK)
        self.lines.append(line[min(self.indentation, _indentation(line)) :])


def extract(completion: str, *, truncated: bool = False) -> Code | None:
    """Extract the program from a completion, None where there is none.

    Args:
        truncated: True where the token budget cut the completion off.
    """
    text = cut(completion)
    truncated = truncated and text == completion
    before, blocks = _blocks(text.removeprefix(_BYTE_ORDER_MARK).split("\n"))
    if _is_code(before) and (not blocks or not blocks[0].tag):
        # the prompt has opened the fence, or there is none
        return _bare("\n".join(before), truncated and not blocks, is_fenced=bool(blocks))
    found = [block for block in blocks if block.tag in _PYTHON_TAGS]
    found = [block for block in found if block.tag] or found
    if not found:
        return None
    source = "\n".join(found[-1].lines)
    return Code(source, _is_indented(found[-1].lines), truncated and not found[-1].is_closed)


def _blocks(lines: list[str]) -> tuple[list[str], list[_Block]]:
    """Return the lines before the first fence, and the fenced blocks."""
    before: list[str] = []
    blocks: list[_Block] = []
    for line in lines:
        tag = _fence(line)
        is_open = bool(blocks) and not blocks[-1].is_closed
        if tag == "" and is_open:
            blocks[-1].is_closed = True
        elif tag is not None:
            blocks.append(_Block(tag, _indentation(line), []))
        elif is_open:
            blocks[-1].add(line)
        elif not blocks:
            before.append(line)
    return before, blocks


def _fence(line: str) -> str | None:
    """Return the tag of a line that opens or closes a block, None for any other line."""
    text = line.strip()
    tag = text.lstrip("`")
    if len(text) - len(tag) < 3 or "`" in tag:
        return None
    found = _TAG.match(tag.lstrip())
    return found[0].lower() if found else ""


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _first_code(lines: list[str]) -> str:
    """Return the first line that is neither empty nor a comment, as headings look like comments."""
    return next((line for line in lines if line.strip() and not line.startswith("#")), "")


def _is_code(lines: list[str]) -> bool:
    return bool(_CODE_LINE.match(_first_code(lines)))


def _is_indented(lines: list[str]) -> bool:
    return _first_code(lines)[:1] in (" ", "\t")


def _bare(source: str, truncated: bool, *, is_fenced: bool) -> Code:
    """Return code from the start of the completion, cut where text runs on without a fence."""
    lines = source.split("\n")
    if not _is_indented(lines) or is_fenced:
        return Code(source, _is_indented(lines), truncated)
    kept = _without_run_on(lines)
    if not truncated or len(kept) < len(lines):
        return Code("\n".join(kept), continues=True)
    # cut off within a later definition: the function itself is finished
    starts = [at for at, line in enumerate(kept) if _DEFINITION.match(line)]
    if not starts:
        return Code(source, continues=True, unfinished=True)
    return Code("\n".join(kept[: starts[-1]]), continues=True)


def _without_run_on(lines: list[str]) -> list[str]:
    """Return the lines before the first unindented one that defines nothing."""
    for at, line in enumerate(lines):
        if line[:1].strip() and not _TOP_LEVEL.match(line):
            return lines[:at]
    return lines
