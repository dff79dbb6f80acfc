"""The stages in order: from a recipe to a run directory with checkpoints."""

from collections.abc import Sequence

from rlvr.core.errors import UserError
from rlvr.core.launched import world_size
from rlvr.distill import STAGES, Stage
from rlvr.distill.folder import Folder
from rlvr.distill.stages.select import choose
from rlvr.distill.stages.teacher import collect
from rlvr.distill.stages.verify import judge
from rlvr.distill.stages.write import render
from rlvr.distill.teachers.protocol import section_of
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run


def prepare(
    recipe: Recipe, run: Run, *, stages: Sequence[Stage] = STAGES, asked_for: bool = False
) -> list[str]:
    """Carry out those of the stages that come before training; a line of what each found.

    Args:
        asked_for: the one stage was named by the user: traces that could not be decided are
            verified once more.

    Raises:
        UserError: if a stage cannot be carried out; what was made until then is kept.
    """
    section_of(recipe)
    _refuse_ranks()
    if (run.path / "recipe.yaml").is_file():
        # training has begun: its recipe stands
        run.start(recipe)
    folder = Folder.of(run)
    found = []
    if "teacher" in stages:
        found.append(f"teacher: {collect(recipe, folder)} traces")
    if "verify" in stages:
        judge(recipe, folder, undecided_too=asked_for)
    if "select" in stages:
        counts = choose(recipe, folder)
        told = ", ".join(f"{number} {reason}" for reason, number in counts.most_common())
        found.append(f"select: {told}")
        run.record(distill=dict(counts))
    if "write" in stages:
        data = render(recipe, run)
        found.append(f"write: {data['rows']} rows, {data['completion_tokens']} completion tokens")
    return found


def _refuse_ranks() -> None:
    if world_size() > 1:
        raise UserError(
            "the stages before training run in one process: run rlvr distill RECIPE --until write "
            "by itself, then accelerate launch .. -m rlvr train RECIPE"
        )
