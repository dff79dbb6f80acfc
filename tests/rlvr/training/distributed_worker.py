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
from tests.rlvr.training.known_batch import known_trainer, mostly_uniform

ADVANTAGES = "advantages.json"
PARAMETERS = "parameters.pt"


def run_job(job: dict[str, Any]) -> None:
    folder = Path(job["folder"])
    if job["kind"] == "train":
        train(recipes.parse(job["recipe"], source="test"), Run(folder), source="test")
        return
    trainer = known_trainer(job["recipe"], folder, say=mostly_uniform if job["refills"] else None)
    note_update(trainer, folder)


def note_update(trainer: Any, folder: Path) -> None:
    """Train one step; leave the advantages by prompt and completion, and all parameters."""
    trainer.train()
    batch = trainer._buffered_inputs[0]
    decode = trainer.processing_class.batch_decode
    prompts = decode(batch["prompt_ids"], skip_special_tokens=True)
    texts = decode(batch["completion_ids"], skip_special_tokens=True)
    rows = zip(prompts, texts, batch["advantages"].tolist(), strict=True)
    gathered = gather_object([[f"{prompt}{text}", advantage] for prompt, text, advantage in rows])
    parameters = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    if trainer.accelerator.is_main_process:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ADVANTAGES).write_text(json.dumps(gathered))
        torch.save(
            {name: tensor.clone() for name, tensor in parameters.items()}, folder / PARAMETERS
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    for each in json.loads(Path(sys.argv[1]).read_text()):
        run_job(each)
