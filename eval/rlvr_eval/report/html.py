"""One HTML file that shows a run: figures, tables, problems and their completions, offline.

The file holds everything it needs, opens from disk without a network, and renders the numbers of
the summary; it computes none of its own but sums. Its parts lie in `page/`: page.html, style.css
and the scripts, which `bundle` joins.

Completions are hostile text. They travel as JSON in which no "<" is left, reach the page as text
nodes only, and the page's own policy lets no script run but the one whose hash it names.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from rlvr.core.files import write_atomically
from rlvr_eval.report.bundle import bundle
from rlvr_eval.report.page_data import compact
from rlvr_eval.statistics.lineup import lineup, model_in_summary
from rlvr_eval.summary.model_summary import Json

COMPLETIONS_PER_PROBLEM = 3
CHARACTERS_PER_COMPLETION = 4_000
# with it, fifty checkpoints of five benchmarks stay below 15 MB
EXAMPLE_BYTES = 9_000_000

_PLACEHOLDER = re.compile(r"\{\{([a-z-]+)\}\}")


@dataclass(frozen=True, slots=True)
class Example:
    """One completion to read, with the verdict it got."""

    model: str
    step: int
    sample_index: int
    verdict: str
    completion: str


@dataclass(frozen=True, slots=True)
class ProblemExamples:
    """A problem as people read it, and a few of its completions, the most telling first."""

    question: str
    gold: str
    completions: Sequence[Example]


def write_report(summary: Json, examples: Mapping[str, ProblemExamples], path: Path) -> None:
    """Write the report of a summary, replacing the file at once or not at all.

    Args:
        summary: as `rlvr_eval.summary.run_summary.summarise` returns it, or as read back from
            summary.json.
        examples: completions by problem id. Of each problem the first three are taken, cut to
            4,000 characters; problems that moved come first, and those beyond 9 MB are left to
            `rlvr show`, which the report says.
    """
    write_atomically(path, render(summary, examples))


def render(summary: Json, examples: Mapping[str, ProblemExamples]) -> str:
    """Return the report as the text of one HTML file."""
    page = resources.files("rlvr_eval") / "report" / "page"
    modules = {
        entry.name: entry.read_text("utf-8")
        for entry in page.iterdir()
        if entry.name.endswith(".js")
    }
    script = bundle(modules, "main.js")
    chosen = _within_budget(_most_telling_first(summary, examples))
    data = compact(summary) | {"examples": chosen, "examplesGiven": len(examples)}
    parts = {
        "title": escape(str(summary["run"].get("name", "run"))),
        "script-hash": b64encode(sha256(script.encode()).digest()).decode(),
        "style": (page / "style.css").read_text("utf-8"),
        "data": json_for_html(data),
        "script": script,
    }
    # in one pass, so that no placeholder is looked for in what was put in
    html = (page / "page.html").read_text("utf-8")
    return _PLACEHOLDER.sub(lambda found: parts[found[1]], html)


def json_for_html(value: Any) -> str:
    """Write JSON that cannot end the script element it stands in, nor be misread in it.

    "<" is escaped, so neither "</script" nor "<!--" can occur; so are U+2028 and U+2029, which old
    scripts take for line ends, and lone surrogates, which have no UTF-8.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def _most_telling_first(
    summary: Json, examples: Mapping[str, ProblemExamples]
) -> dict[str, ProblemExamples]:
    """Order problems: certified lost or gained at a checkpoint, solved by one side, the rest."""
    first: dict[str, None] = {}
    for benchmark in summary["benchmarks"].values():
        for model in benchmark["models"]:
            certified = model.get("certified", {"lost": [], "gained": []})
            first |= dict.fromkeys((*certified["lost"], *certified["gained"]))
    for benchmark in summary["benchmarks"].values():
        first |= dict.fromkeys(_moved(benchmark))
    order = [problem for problem in first if problem in examples]
    order += [problem for problem in examples if problem not in first]
    return {problem: examples[problem] for problem in order}


def _moved(benchmark: Json) -> list[str]:
    """List problems that the base and the last checkpoint, or a model beside, do not both solve."""
    shown = lineup(benchmark["models"], model_in_summary)
    counts = zip(*(model["counts"]["c"] for model in shown.headline), strict=True)
    return [
        problem
        for problem, correct in zip(benchmark["problem_ids"], counts, strict=True)
        if len({c > 0 for c in correct if c is not None}) == 2
    ]


def _within_budget(examples: Mapping[str, ProblemExamples]) -> Json:
    """Return as many problems as fit, in order, as the page reads them."""
    chosen: Json = {}
    left = EXAMPLE_BYTES
    for problem, example in examples.items():
        entry = _entry(example)
        left -= len(json_for_html(entry).encode()) + len(problem)
        if left < 0:
            break
        chosen[problem] = entry
    return chosen


def _entry(example: ProblemExamples) -> Json:
    return {
        "question": example.question[:CHARACTERS_PER_COMPLETION],
        "gold": example.gold[:CHARACTERS_PER_COMPLETION],
        "completions": [
            {
                "model": each.model,
                "step": each.step,
                "draw": each.sample_index,
                "verdict": each.verdict,
                "text": each.completion[:CHARACTERS_PER_COMPLETION],
                "left": max(0, len(each.completion) - CHARACTERS_PER_COMPLETION),
            }
            for each in example.completions[:COMPLETIONS_PER_PROBLEM]
        ],
    }
