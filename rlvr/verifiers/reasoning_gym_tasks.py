"""The tasks of the reasoning-gym package, as its verifier and its problem sets know them."""

from typing import Any

from rlvr.core.errors import UserError
from rlvr.core.extras import install_command


def reasoning_gym_entries(task: str, seed: int, size: int) -> Any:
    """Return the package's own data set: a sequence of entries with `score_answer`.

    Raises:
        UserError: as `check_reasoning_gym_task`.
    """
    check_reasoning_gym_task(task)
    import reasoning_gym as package

    return package.create_dataset(task, seed=seed, size=size)


def check_reasoning_gym_task(task: str) -> None:
    """Refuse a task that cannot be made.

    Raises:
        UserError: if the package is not installed or has no such task.
    """
    try:
        from reasoning_gym.factory import DATASETS
    except ImportError as error:
        raise UserError(
            "reasoning_gym:<task> needs the package reasoning-gym; "
            f"install it with: {install_command('reasoning-gym')}"
        ) from error
    if task not in DATASETS:
        raise UserError(
            f"reasoning-gym has no task '{task}'; write one of: {', '.join(sorted(DATASETS))}"
        )


def reasoning_gym_version() -> str:
    """Return the package's version, which fixes the entries of a seed, as revision."""
    from importlib.metadata import version

    return f"reasoning-gym/{version('reasoning-gym')}"
