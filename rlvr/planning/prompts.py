"""How many problems there are and how long their prompts are, where that is known on this machine.

Nothing is downloaded: sets on the Hub are taken by the number of problems that they publish.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rlvr.answers import prompts
from rlvr.answers.prompt_tokens import prompt_ids
from rlvr.core.errors import UserError
from rlvr.core.records import Problem
from rlvr.tasks import problem_sources
from rlvr.tasks.problem_section import ProblemSource
from rlvr.weights import models

# what is planned for where the prompts cannot be read; SimpleRL-Zoo, Code-R1 and DAPO train with
# prompts of at most 1,024 to 2,048 tokens
ASSUMED_TOKENS = 1024


def count(source: ProblemSource, verifier: str | None = None) -> int | None:
    """Count the problems of a source; None if counting would need a download."""
    if (found := _here(source, verifier)) is not None:
        return len(found)
    published = problem_sources.benchmark_of(source, verifier=verifier).rows
    if published is None or source.limit is None:
        return published
    return min(published, source.limit)


def longest_prompt(
    sources: Sequence[ProblemSource],
    model: str,
    prompt: str | None,
    *,
    verifier: str | None = None,
) -> int | None:
    """Count the tokens of the longest prompt; None if problems or tokenizer are not at hand.

    Args:
        prompt: template for all sources; None takes each one's own.
    """
    if not sources or not _is_folder(model):
        return None
    from transformers import AutoTokenizer

    tokenizer, longest = AutoTokenizer.from_pretrained(models.resolve(model)), 0
    for source in sources:
        found = _here(source, verifier)
        if found is None:
            return None
        template = prompt or problem_sources.benchmark_of(source, verifier=verifier).prompt
        asked = [prompts.render(template, problem, tokenizer) for problem in found]
        longest = max(longest, *map(len, prompt_ids(tokenizer, asked)), 0)
    return longest


def unreadable(sources: Sequence[ProblemSource], verifier: str | None) -> Iterator[str]:
    """Yield one fault for each source on this machine that cannot be read."""
    for source in sources:
        try:
            if source.path is not None:
                problem_sources.load(source, verifier=verifier)
        except UserError as fault:
            yield str(fault)


def _here(source: ProblemSource, verifier: str | None) -> list[Problem] | None:
    """Load the problems of a source on this machine; None for remote and for faulty sources.

    `unreadable` tells what is wrong with a faulty one.
    """
    try:
        benchmark = problem_sources.benchmark_of(source, verifier=verifier)
        if source.path is None and benchmark.generate is None:
            return None
        return problem_sources.load(source, verifier=verifier)
    except UserError:
        return None


def _is_folder(model: str) -> bool:
    is_here = model.startswith("embedded:") or Path(model).is_dir()
    return is_here and models.local_fault(model) is None
