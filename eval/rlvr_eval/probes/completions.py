"""Completions as a model is asked about them: prompts and tokens, of stored draws or of a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlvr.answers import prompts
from rlvr.core import reading
from rlvr.core.errors import UserError
from rlvr.core.hashing import hex_digest
from rlvr.core.records import Problem
from rlvr.runs.run_directory import Run
from rlvr.tasks import datafiles
from rlvr.weights.adapters import small_files
from rlvr_eval.plan.chat import load_tokenizer, tokenizer_for
from rlvr_eval.plan.ledger import Entry, Ledger
from rlvr_eval.store.problem_snapshot import recall

Tokens = tuple[int, ...]


def stored_tokens(run: Run, entry: Entry, per_problem: int) -> dict[str, list[Tokens]]:
    """Return tokens of the first so many draws of every problem of a finished evaluation.

    By sample index, so that which completions are taken does not hang on how they turned out.

    Raises:
        UserError: if the tokens of some of them were not kept.
    """
    first = Ledger(run).draws(entry).tokens(per_problem)
    lacking = sum(tokens is None for tokens in first.values())
    if lacking:
        raise UserError(
            f"{entry['model']} on {entry['benchmark']}: {lacking} of the first {per_problem} "
            "completions of each problem were stored without their tokens (keep_text); evaluate "
            "with keep_text=all under another run_seed, or ask for fewer with --completions"
        )
    found: dict[str, list[Tokens]] = {id: [] for id in entry["problem_ids"]}
    for (problem, _), tokens in sorted(first.items()):
        if problem in found and tokens:
            found[problem].append(tokens)
    return {problem: draws for problem, draws in found.items() if draws}


def read_traces(path: Path, problem_ids: Sequence[str], tokenizer: Any) -> dict[str, list[Tokens]]:
    """Read reference or teacher completions of these problems, as a model would write them.

    Args:
        path: .jsonl, .json, .parquet or .csv with columns `problem_id` (or `id`) and `completion`
            (or `text`, as in the traces.jsonl of `rlvr distill`).

    Raises:
        UserError: if the file does not have them, or has none of these problems.
    """
    found: dict[str, list[Tokens]] = {}
    known = set(problem_ids)
    for at, row in enumerate(datafiles.rows(path)):
        problem = row.get("problem_id", row.get("id"))
        text = row.get("completion", row.get("text"))
        if not isinstance(problem, str | int) or not isinstance(text, str):
            raise UserError(
                f"{path}, row {at + 1}: expected problem_id and completion as text, found "
                f"{', '.join(row)}"
            )
        if str(problem) in known:
            ids = tokenizer(text, add_special_tokens=False).input_ids
            found.setdefault(str(problem), []).append((*ids, tokenizer.eos_token_id))
    if not found:
        raise UserError(
            f"{path}: none of its problem ids is one of these benchmarks'; they look like "
            f"{next(iter(problem_ids))}"
        )
    return found


def trace_name(path: Path) -> str:
    """Name the traces: by their teacher, where `rlvr distill` wrote the file; else by the file."""
    told = path.parent / "teacher.json"
    if not told.is_file():
        return path.name
    return f"traces of {reading.json_object_file(told).get('teacher', path.name)}"


def trace_identity(path: Path) -> str:
    """Identify a file of traces by its bytes."""
    return hex_digest(path.read_bytes(), 8)


def prompts_of(run: Run, entry: Entry, folders: Sequence[Path]) -> dict[str, str]:
    """Return the prompt of every problem of an evaluation, by problem id.

    Args:
        folders: of the models whose chat template the prompt may be, the entry's own first.

    Raises:
        UserError: if the prompt is a chat template that none of them has.
    """
    key = entry["draw_key"]
    problems: Mapping[str, Problem] = recall(run, entry["benchmark"], key["revision"])
    tokenizer = tokenizer_for(key["prompt"], folders)
    return {
        id: prompts.render(key["prompt"], problems[id], tokenizer) for id in entry["problem_ids"]
    }


def check_same_tokens(scorer: Path, writer: Path) -> None:
    """Refuse to score one model's tokens with another that reads them as something else.

    Raises:
        UserError: if the two folders' tokenizers have different vocabularies.
    """
    files = [small_files(folder) / "tokenizer.json" for folder in (scorer, writer)]
    if all(file.is_file() for file in files) and files[0].read_bytes() == files[1].read_bytes():
        return
    if load_tokenizer(scorer).get_vocab() != load_tokenizer(writer).get_vocab():
        raise UserError(
            f"{scorer} and {writer} have different vocabularies, so one cannot score the tokens "
            "of the other; give its completions as text instead: --traces FILE"
        )
