"""What every process of a distributed test runs: the jobs of a file, one after the other.

    accelerate launch --config_file .. tests/rlvr/training/distributed_worker.py JOBS

A job trains a recipe by `rlvr train`'s own function, or makes one update on the known batch and
notes its advantages and the parameters after it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object

from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.training.loop.train import train
from rlvr.training.trainers.unpadded import WithoutPadding
from tests.rlvr.training.known_batch import known_trainer, mostly_uniform, ragged

ADVANTAGES = "advantages.json"
PARAMETERS = "parameters.pt"
FORWARDS = "forwards.json"


def run_job(job: dict[str, Any]) -> None:
    folder = Path(job["folder"])
    if job["kind"] == "train":
        train(recipes.parse(job["recipe"], source="test"), Run(folder), source="test")
        return
    trainer = known_trainer(job["recipe"], folder, say=mostly_uniform if job["refills"] else ragged)
    note_update(trainer, folder)


def note_update(trainer: Any, folder: Path) -> None:
    """Train one step; leave the advantages by prompt and completion, and all parameters.

    Also how many forwards each process ran in its last pass.
    """
    trainer.train()
    batch = trainer._buffered_inputs[0]
    decode = trainer.processing_class.batch_decode
    prompts = decode(batch["prompt_ids"], skip_special_tokens=True)
    texts = decode(batch["completion_ids"], skip_special_tokens=True)
    rows = zip(prompts, texts, batch["advantages"].tolist(), strict=True)
    gathered = gather_object([[f"{prompt}{text}", advantage] for prompt, text, advantage in rows])
    forwards = gather_object([len(trainer.last_pass.plan.pieces)])
    parameters = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    if trainer.accelerator.is_main_process:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ADVANTAGES).write_text(json.dumps(gathered))
        (folder / FORWARDS).write_text(json.dumps(forwards))
        torch.save(
            {name: tensor.clone() for name, tensor in parameters.items()}, folder / PARAMETERS
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    # the known batch is small: cut it wherever lengths differ
    WithoutPadding.forward_cost = 1
    for each in json.loads(Path(sys.argv[1]).read_text()):
        run_job(each)
