"""What is kept of checkpoints: state of the last ones, weights of all, nothing that is awaited."""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rlvr.core.errors import Faults
from rlvr.recipes import recipe as recipes
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run
from rlvr.runs.watchers import EVALUATED, Watcher
from rlvr.training.loop.retention import retain
from rlvr.weights.checkpoint import damage, is_resumable, mark_complete
from rlvr.weights.model_hash import weights_hash
from tests.processes import start_training
from tests.rlvr.training.known_batch import raw_recipe

STEPS = 8
TRAINER = {"max_steps": STEPS, "save_strategy": "steps", "save_steps": 2}
OF_TRAINING = {"optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"}
OF_WEIGHTS = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}


def train(run: Run, raw: Any) -> str:
    """Train in a process of its own; returns what it said."""
    log = run.path.parent / "log"
    process = start_training(raw, run.path, log)
    process.join()
    assert process.exitcode == 0, log.read_text()
    return log.read_text()


def steps(run: Run) -> list[int]:
    return [checkpoint.step for checkpoint in run.checkpoints()]


def with_state(run: Run) -> list[int]:
    return [found.step for found in run.checkpoints() if is_resumable(found.path)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """PPO, whose critic is trainer state too, under the defaults."""
    run = Run(tmp_path_factory.mktemp("trained") / "known")
    train(run, raw_recipe("ppo", TRAINER))
    return run


@pytest.fixture
def copied(trained: Run, tmp_path: Path) -> Run:
    """Half of that run: checkpoints 2, 4 and 6, of which 2 is thin."""
    shutil.copytree(trained.path, tmp_path / "known")
    run = Run(tmp_path / "known")
    shutil.rmtree(run.path / "checkpoint-8")
    (run.path / "manifest.json").unlink()
    return run


def test_by_default_the_last_two_keep_their_state_and_all_keep_their_weights(trained: Run) -> None:
    assert steps(trained) == [2, 4, 6, 8]
    assert with_state(trained) == [6, 8]
    assert len({weights_hash(found.path) for found in trained.checkpoints()}) == 4


def test_every_checkpoint_and_the_run_have_our_card(trained: Run) -> None:
    for folder, step in ((trained.path, 8), (trained.path / "checkpoint-2", 2)):
        card = (folder / "README.md").read_text()
        assert card.startswith("---\n")
        assert f"step {step}" in card
        assert "by PPO with rlvr" in card
        assert "license: apache-2.0" in card  # the embedded base's
        assert "fine-tuned version of" not in card


def test_thinned_checkpoint_is_what_evaluation_reads_and_nothing_else(trained: Run) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    thin, full = (
        {path.name for path in (trained.path / f"checkpoint-{step}").iterdir()} for step in (2, 8)
    )
    assert OF_TRAINING | {"critic"} <= full
    assert thin == full - OF_TRAINING - {"critic", "training_args.bin"}
    assert thin >= OF_WEIGHTS
    _, info = AutoModelForCausalLM.from_pretrained(
        trained.path / "checkpoint-2", output_loading_info=True
    )
    assert not info["missing_keys"]
    assert AutoTokenizer.from_pretrained(trained.path / "checkpoint-2").eos_token


def test_damaged_last_checkpoint_leaves_one_with_state_to_resume_from(
    copied: Run, trained: Run
) -> None:
    os.truncate(copied.path / "checkpoint-6" / "optimizer.pt", 10)
    log = train(copied, raw_recipe("ppo", TRAINER))
    assert "checkpoint-6 is not whole" in log
    assert steps(copied) == [2, 4, 6, 8]
    last = "checkpoint-8"
    assert weights_hash(copied.path / last) == weights_hash(trained.path / last)


def recipe(**sections: Any) -> Recipe:
    evaluation = {"benchmarks": "countdown-test"}
    return recipes.parse(
        raw_recipe("grpo", TRAINER, evaluation=evaluation, **sections), source="test"
    )


def test_number_of_checkpoints_is_limited_only_where_the_recipe_says_so(copied: Run) -> None:
    retain(copied, recipe())
    assert steps(copied) == [2, 4, 6]
    retain(copied, recipe(checkpoints={"keep": 2}))
    assert steps(copied) == [4, 6]
    assert not list(copied.path.glob(".*"))


def test_awaited_checkpoint_is_deleted_only_at_a_save_after_its_evaluation(tmp_path: Path) -> None:
    """Real training beside a real registration, which has evaluated the first checkpoint only."""
    run = Run(tmp_path / "known")
    raw = raw_recipe("grpo", TRAINER, checkpoints={"keep": 1, "full_states": 1})
    with Watcher(run) as watcher:
        watcher.evaluated("checkpoint-2")
        train(run, raw)
        assert steps(run) == [4, 6, 8]
        assert with_state(run) == [8]
        watcher.evaluated("checkpoint-4")
        retain(run, recipes.parse(raw, source="test"))
        assert steps(run) == [6, 8]
    retain(run, recipes.parse(raw, source="test"))
    assert steps(run) == [8]


@pytest.mark.parametrize("evaluate", ["watch", "after", "between"])
def test_evaluation_that_the_recipe_asks_for_is_awaited_before_anyone_has_come(
    copied: Run, evaluate: str
) -> None:
    limited = recipe(checkpoints={"keep": 1}, evaluate=evaluate)
    retain(copied, limited)
    assert steps(copied) == [2, 4, 6]
    with Watcher(copied) as watcher:
        watcher.evaluated("checkpoint-2")
        watcher.evaluated("checkpoint-6")
    retain(copied, limited)
    assert steps(copied) == [4, 6]
    assert (copied.path / "checkpoint-6" / EVALUATED).is_file()


def test_killed_while_thinning_a_checkpoint_stays_whole_and_is_never_resumed_without_state(
    copied: Run,
) -> None:
    """A process that dies at every single change that thinning makes to the disk."""
    shutil.copytree(copied.path / "checkpoint-6", copied.path.parent / "full")
    states = set()
    for change in range(100):
        pristine(copied)
        if not killed_at(change, lambda: retain(copied, recipe(checkpoints={"full_states": 1}))):
            break
        folder = copied.path / "checkpoint-4"
        assert damage(folder) == []
        state = {path.name for path in folder.iterdir()} >= OF_TRAINING
        assert state or not is_resumable(folder)
        states.add((state, is_resumable(folder)))
        retain(copied, recipe(checkpoints={"full_states": 1}))
        assert names(folder) == names(copied.path / "checkpoint-2")
    assert change > 5
    assert states == {(True, True), (True, False), (False, False)}


def test_killed_while_deleting_no_half_of_a_checkpoint_is_left_under_its_name(copied: Run) -> None:
    shutil.copytree(copied.path / "checkpoint-6", copied.path.parent / "full")
    limited = recipe(checkpoints={"keep": 1})
    for change in range(100):
        pristine(copied)
        if not killed_at(change, lambda: retain(copied, limited)):
            break
        assert 6 in steps(copied)
        for folder in copied.path.glob("checkpoint-*"):
            assert damage(folder) == []
        retain(copied, limited)
        assert [path.name for path in copied.path.glob("*checkpoint-*")] == ["checkpoint-6"]
    assert change > 10


def pristine(run: Run) -> None:
    """Checkpoint 4 with its state, as it was before anything was thinned."""
    folder = run.path / "checkpoint-4"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(run.path.parent / "full", folder)


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def killed_at(change: int, action: Callable[[], None]) -> bool:
    """Run in a process that kills itself before its next change to the disk; False if it ended."""
    child = os.fork()
    if child == 0:
        seen = 0

        def kill(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal seen
            if event in _CHANGES or (event == "open" and "w" in str(arguments[1])):
                if seen == change:
                    os.kill(os.getpid(), signal.SIGKILL)
                seen += 1

        sys.addaudithook(kill)
        action()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


_CHANGES = ("os.remove", "os.rename", "os.rmdir", "shutil.rmtree")


def test_checkpoint_that_is_thinned_while_someone_looks_is_not_damaged(copied: Run) -> None:
    folder = copied.path / "checkpoint-6"
    child = os.fork()
    if child == 0:
        for _ in range(30):
            for name in OF_TRAINING:
                (folder / name).touch()
            mark_complete(folder)
            retain_as_old(folder)
        os._exit(0)
    looks = 0
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        assert damage(folder) == []
        looks += 1
    assert looks > 0


def retain_as_old(folder: Path) -> None:
    from rlvr.training.loop.retention import _thin

    _thin(folder)


@pytest.mark.parametrize(
    ("sections", "fault"),
    [
        ({"checkpoints": {"keep": 0}}, "checkpoints.keep: write all, or how many of the last ones"),
        ({"checkpoints": {"keep": "some"}}, "checkpoints.keep: write all, or how many"),
        ({"checkpoints": {"full_states": 0}}, "checkpoints.full_states: Input should be greater"),
        ({"checkpoints": {"full_state": 1}}, "unknown key 'checkpoints.full_state'; did you mean"),
        ({"evaluate": "sometimes"}, "evaluate: Input should be 'by_hand', 'after', 'between' or"),
        ({"evaluate": "between"}, "evaluate: between needs to know what to measure; add an eval"),
    ],
)
def test_fault_in_what_is_kept_or_when_it_is_measured_is_named(
    sections: Mapping[str, Any], fault: str
) -> None:
    with pytest.raises(Faults) as caught:
        recipes.parse(raw_recipe("grpo", **sections), source="test")
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].startswith(fault)


@pytest.mark.parametrize(
    ("key", "instead"),
    [("save_total_limit", "checkpoints.keep"), ("save_only_model", "checkpoints.full_states")],
)
def test_the_trainers_own_ways_are_refused_with_ours(key: str, instead: str) -> None:
    from rlvr.training.checks.settings import training_arguments
    from rlvr.training.methods import registry

    parsed = recipes.parse(raw_recipe("grpo", {key: 1}), source="test")
    with pytest.raises(Faults, match=rf"trainer.{key} cannot be set: .*{instead}"):
        training_arguments(parsed, registry.get("grpo"), Run(Path("unused")), source="test")
