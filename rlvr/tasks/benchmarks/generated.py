"""Sets that are made instead of downloaded: the embedded countdown, and any reasoning-gym task.

A reasoning-gym gold holds what the task's own `score_answer` needs to make the entry again: the
task, the seed, the size and the index. Its entries carry Python objects that JSON cannot.
"""

from typing import Any

from rlvr.core.records import Problem
from rlvr.verifiers.reasoning_gym_tasks import reasoning_gym_entries

REASONING_GYM_PROBLEMS = 500
REASONING_GYM_SEED = 42


def countdown(split: Any) -> list[Problem]:
    """Load the embedded countdown problems of one split: train, dev or test."""
    from rlvr.tiny.countdown import problems

    return problems(split)


def reasoning_gym(task: str, limit: int | None = None) -> list[Problem]:
    """Generate the first entries of a task under its default settings (default limit: 500).

    Raises:
        UserError: if the package is not installed or has no such task.
    """
    size = REASONING_GYM_PROBLEMS
    entries = reasoning_gym_entries(task, REASONING_GYM_SEED, size)
    problems = []
    for index in range(min(limit or size, size)):
        entry = entries[index]
        gold = {"task": task, "seed": REASONING_GYM_SEED, "size": size, "index": index}
        if entry["answer"] is not None:  # some tasks have many right answers and store none
            gold["answer"] = str(entry["answer"])
        problems.append(Problem(f"reasoning_gym:{task}/{index}", entry["question"], gold))
    return problems
