"""Where a training starts is one decision, also on several machines."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rlvr.core.errors import UserError
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Checkpoint, Run
from rlvr.tiny import RECIPES
from rlvr.training.loop.start import Start, check_base, find_start
from rlvr.weights.checkpoint import mark_complete
from rlvr.weights.models import EMBEDDED

RECIPE = recipes.load(RECIPES / "grpo.yaml")
RESTARTS = 25
# both are the first process of their machine, so each would look for itself
NODE = """
import json, sys
from pathlib import Path
from accelerate import PartialState
from rlvr.recipes import recipe as recipes
from rlvr.core.errors import UserError
from rlvr.runs.run_directory import Run
from rlvr.tiny import RECIPES
from rlvr.training.loop.start import find_start
from rlvr.training.loop.together import decided_by_one, true_of_any

state, recipe, found = PartialState(cpu=True), recipes.load(RECIPES / "grpo.yaml"), []
run = Run(Path(sys.argv[1]))
for restart in range(int(sys.argv[2])):
    if state.is_main_process:
        (run.path / "checkpoint-4").mkdir(parents=True)
        (run.path / "checkpoint-4" / "model.safetensors").touch()
    state.wait_for_everyone()
    found.append(decided_by_one(lambda: find_start(run, recipe)).resumed.step)

def refuse():
    raise UserError("not this one")

try:
    decided_by_one(refuse)
except UserError as error:
    found.append(str(error))
found.append([true_of_any(state.process_index == 1), true_of_any(False)])
print(json.dumps(found))
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    started = Run(tmp_path / "run")
    started.start(RECIPE)
    whole = started.path / "checkpoint-2"
    whole.mkdir()
    (whole / "optimizer.pt").write_bytes(b"x")
    mark_complete(whole)
    return started


def test_two_machines_resume_from_one_checkpoint_at_every_restart(run: Run) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launched = {"WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1"}
    nodes = [
        subprocess.Popen(
            [sys.executable, "-c", NODE, str(run.path), str(RESTARTS)],
            env={**os.environ, **launched, "MASTER_PORT": str(port), "RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    found = [json.loads(node.communicate()[0].splitlines()[-1]) for node in nodes]
    assert found == [[*[2] * RESTARTS, "not this one", [True, False]]] * 2
    assert len(list((run.path / "set-aside").iterdir())) == RESTARTS


def test_checkpoint_that_another_machine_does_not_see_is_named(run: Run, tmp_path: Path) -> None:
    assert find_start(run, RECIPE).seen_here() == run.checkpoints()[-1]
    with pytest.raises(UserError, match="put the runs folder on a file system that all machines"):
        Start(resumed=Checkpoint(4, tmp_path / "elsewhere" / "checkpoint-4")).seen_here()


def test_base_whose_weights_changed_since_the_run_began_is_refused(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "base"
    shutil.copytree(EMBEDDED["countdown-base"], folder)
    run.record(**check_base(run, RECIPE, folder))
    assert check_base(run, RECIPE, folder) == {"base_weights": run.manifest()["base_weights"]}
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-4] ^= 1
    weights.write_bytes(content)
    with pytest.raises(UserError, match=r"base: the weights are not those that"):
        check_base(run, RECIPE, folder)


def test_finished_run_without_its_metrics_is_told(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    run.record(finished=True, steps=3)
    assert find_start(run, RECIPE).is_finished
    assert "lacks steps 1-3" in caplog.text
