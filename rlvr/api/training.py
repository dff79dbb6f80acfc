"""From a recipe to a trained run: what `rlvr train`, `rlvr distill` and `rlvr.train` all call."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rlvr.api.faults import raises_user_errors
from rlvr.api.results import Run
from rlvr.api.settings import overrides_of
from rlvr.core.errors import UserError
from rlvr.core.exit_codes import EXIT_PAUSED, EXIT_REQUEUE
from rlvr.runs import run_directory

if TYPE_CHECKING:
    from rlvr.recipes.recipe import Recipe

Until = Literal["save", "end"]


@dataclass(frozen=True, slots=True)
class Order:
    """A checked recipe, what it was read from, and the directory that it is trained in."""

    path: Path
    overrides: tuple[str, ...]
    recipe: "Recipe"
    run: run_directory.Run


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended.

    Attributes:
        code: exit code of the command.
        ending: in words; None where child processes trained and said it themselves.
    """

    code: int
    ending: str | None


def order(path: Path, overrides: Sequence[str], runs: Path) -> Order:
    """Read a recipe that can be trained on this machine.

    Raises:
        Faults: naming everything that can be known to be wrong before anything is loaded.
    """
    from rlvr.recipes import recipe as recipes
    from rlvr.training.checks import faults
    from rlvr_eval.estimators import parse_design

    raw = recipes.read(path, overrides)
    recipe = faults.check(raw, source=str(path), parse_design=parse_design)
    faults.check_engine(recipe, source=str(path))
    return Order(path, tuple(overrides), recipe, run_directory.Run(runs / recipe.name))


def carry_out(order: Order, until: Until | None = None) -> Outcome:
    """Train, and evaluate where the recipe asks for it.

    Args:
        until: train without evaluating, to the next checkpoint or to the end.
    """
    if until is None and order.recipe.evaluate in ("after", "between"):
        from rlvr.turns.alternate_train_eval import take_turns

        return Outcome(take_turns(order.path, order.overrides, order.recipe, order.run), None)
    from rlvr.training.loop.train import Ending
    from rlvr.training.loop.train import train as train_run

    source = str(order.path)
    ending = train_run(order.recipe, order.run, source=source, until_save=until == "save")
    codes = {Ending.INTERRUPTED: EXIT_REQUEUE, Ending.PAUSED: EXIT_PAUSED}
    return Outcome(codes.get(ending, 0), ending.value)


@raises_user_errors("train")
def train(
    recipe: str | PathLike[str],
    *,
    runs: str | PathLike[str] = "runs",
    until: Until | None = None,
    **overrides: Any,
) -> Run:
    """Train a recipe; called again, resume it. The function behind `rlvr train`.

    Args:
        recipe: recipe file (YAML).
        runs: folder of run directories; the run's own is named after the recipe.
        until: train without evaluating, to the next checkpoint ("save") or to the end ("end");
            None evaluates too where the recipe's key `evaluate` says so.
        overrides: values of the recipe to replace: `seed=2`, `trainer={"max_steps": 100}` or
            `**{"trainer.max_steps": 100}`. A dict changes only the keys of its section that it has.

    Returns:
        The run. `is_finished` is False where a signal or `until="save"` stopped it before its end.

    Raises:
        UserError: if the recipe is wrong, with every fault named, or the training fails for a
            reason that its message names.
    """
    from rlvr.recipes import recipe as recipes

    path = Path(fspath(recipe))
    written = overrides_of(overrides, recipes.read(path))
    ordered = order(path, written, Path(fspath(runs)))
    outcome = carry_out(ordered, until)
    if outcome.code not in (0, EXIT_REQUEUE, EXIT_PAUSED):
        raise UserError(
            f"{ordered.run.path}: training or evaluating failed with exit code {outcome.code}; its "
            "message is above"
        )
    return Run(ordered.run.path)
