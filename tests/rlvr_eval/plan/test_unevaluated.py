"""A report says which checkpoints it lacks."""

from pathlib import Path

from rlvr.runs.run_directory import Run
from rlvr.weights.checkpoint import mark_complete
from rlvr_eval.plan.unevaluated import unevaluated


def saved(run: Run, step: int) -> Path:
    folder = run.path / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    mark_complete(folder)
    return folder


def test_checkpoints_without_evaluation_are_named_with_the_reason(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    for step in (10, 20, 30, 100):
        saved(run, step)
    (run.path / "checkpoint-40").mkdir()  # still being written
    (run.path / "checkpoint-20" / "model.safetensors").write_bytes(b"weighty")

    run.sound_checkpoints()  # as an evaluation does

    lost, waiting = unevaluated(run, ["base", "checkpoint-10", "checkpoint-100"])
    aside = run.path / "set-aside" / "checkpoint-20"
    assert (
        lost == f"checkpoint-20 is not in this report: it is damaged, and was set aside as {aside}"
    )
    assert waiting.startswith("checkpoint-30 is not evaluated; rlvr eval ")


def test_nothing_is_said_of_a_step_that_was_trained_or_evaluated_again(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    run.set_aside(saved(run, 10), "damaged")
    saved(run, 10)
    run.set_aside(saved(run, 20), "damaged")
    assert unevaluated(run, ["checkpoint-10", "checkpoint-20"]) == []


def test_folder_of_checkpoints_that_was_named_is_looked_through(tmp_path: Path) -> None:
    run, others = Run(tmp_path / "run"), tmp_path / "others"
    for name in ("global_step_5", "global_step_10", "logs"):
        (others / name).mkdir(parents=True)
    run.path.mkdir()
    (run.path / "evaluation.yaml").write_text(
        f"base: null\nmodels: ['{others}']\nevaluation: {{benchmarks: countdown-dev}}\n"
    )
    (told,) = unevaluated(run, ["global_step_5"])
    assert told.startswith("global_step_10 is not evaluated")
