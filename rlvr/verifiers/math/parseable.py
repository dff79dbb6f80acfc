r"""Answers made ready for a parser of LaTeX, and those that are too large for one.

Notations that the published golds use and parsers misread are rewritten: "4.5e33" would be 4.5
times Euler's number times 33.
"""

import re

from rlvr.verifiers.math.notation import MAX_LENGTH, canonical, number
from rlvr.verifiers.math.symbols import plain, with_commas

MAX_DEPTH = 15
MAX_DIGIT_RUN = 100
_MEMBER_OF = re.compile(r"^\s*[A-Za-z]\s*\\in\s*(?=(?:\\left\s*)?(?:[(\[]|\\\{|\\mathbb))")
_EQUAL_TO_LETTER = re.compile(r"([^=]+)=\s*([A-Za-z])\s*")
_UNIT_IN_WORDS = re.compile(
    r"(?<=[\d\s}).])\s*\\(?:text|textrm|mbox|mathrm)\s*\{(?:[^{}\d]|(?<=[a-z^])\d)*\}(?:\^\{?\d\}?)?\s*$"
)
_SCIENTIFIC = re.compile(r"(?<![A-Za-z\\\d.])(\d+(?:\.\d*)?|\.\d+)[eE]([+-]?\d+)(?![A-Za-z\d])")


def rewrite(text: str) -> str:
    r"""Rewrite what golds and models write as LaTeX that parses as it was meant.

    4.5e33, np.arcsin(x), 3./2, \exp{x}, a*b; E_{1} (an energy, not Euler's number), x_{\max};
    a unit in \text{..} at the end and a full stop go.
    """
    text = with_commas(plain(text)).strip().removesuffix(".").replace("\\$", "").replace("$", "")
    flipped = _EQUAL_TO_LETTER.fullmatch(text)
    if flipped and number(canonical(flipped[1])) is not None:
        text = f"{flipped[2]} = {flipped[1]}"
    text = _MEMBER_OF.sub("", text)
    text = _UNIT_IN_WORDS.sub("", text) or text
    text = _SCIENTIFIC.sub(r"\1 \\times 10^{\2}", text)
    text = re.sub(r"\bnp\.(\w+)", r"\\\1", text)
    text = re.sub(r"(\d)\.(?!\d)", r"\1", text)
    text = re.sub(r"\\exp\s*\{([^{}]*)\}", r"e^{\1}", text)
    text = re.sub(r"(?<![A-Za-z\\])E_", r"\\Xi_", text)
    text = re.sub(r"\\([dt]?binom)\s*(\d)\s*(\d)", r"\\\1{\2}{\3}", text)
    text = re.sub(r"_\{\\(max|min|odot)\s*\}", r"_{\1}", text)
    return text.replace("*", " \\cdot ")


def too_large(gold: str, answer: str) -> str | None:
    """Say why an answer is not parsed, or return None. The gold's own size is always allowed."""
    if len(answer) > max(MAX_LENGTH, 2 * len(gold)):
        return f"longer than {MAX_LENGTH} characters"
    if _depth(answer) > max(MAX_DEPTH, _depth(gold)):
        return f"brackets nested deeper than {MAX_DEPTH}"
    if _digit_run(answer) > max(MAX_DIGIT_RUN, _digit_run(gold)):
        return f"a number of more than {MAX_DIGIT_RUN} digits"
    return None


def _depth(text: str) -> int:
    r"""Return the deepest nesting; \frac\frac\frac.. nests without a bracket."""
    deepest = depth = 0
    for match in re.finditer(r"[(\[{]|[)\]}]", text):
        depth += 1 if match[0] in "([{" else -1
        deepest = max(deepest, depth)
    chains = re.findall(r"(?:\\[A-Za-z]+\s*)+", text)
    return max(deepest, max((chain.count("\\") for chain in chains), default=0))


def _digit_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"\d+", text)), default=0)
