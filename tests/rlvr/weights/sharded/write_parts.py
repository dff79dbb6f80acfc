"""Write one model in parts by the savers that trainers call: two processes, under torchrun.

torchrun --nproc-per-node 2 write_parts.py OUT BASE

OUT/verl        a state dict of DTensors by torch.save, as verl's FSDP checkpoint manager does
OUT/dcp         torch.distributed.checkpoint.save, below the key and beside the state of prime-rl
OUT/zeroN       DeepSpeed's save_checkpoint after one step, N = 2 and 3
OUT/*.truth.pt  the tensors as the model had them
"""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed import checkpoint
from torch.distributed.checkpoint.state_dict import get_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from transformers import AutoModelForCausalLM

ZERO = {
    "train_micro_batch_size_per_gpu": 1,
    "bf16": {"enabled": True},
    "optimizer": {"type": "AdamW", "params": {"lr": 1e-3, "torch_adam": True}},
}


def keep(model: torch.nn.Module, file: Path) -> None:
    torch.save({name: each.detach().clone() for name, each in model.state_dict().items()}, file)


def model_of(base: str) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)


def sharded(model: torch.nn.Module, shape: tuple[int, ...]) -> torch.nn.Module:
    """Shard as verl does: over all processes, or within groups that each have a whole copy."""
    mesh = init_device_mesh("cpu", shape, mesh_dim_names=("ddp", "fsdp")[-len(shape) :])
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model


def write_fsdp(out: Path, base: str) -> None:
    rank, world = dist.get_rank(), dist.get_world_size()
    model = model_of(base)
    if rank == 0:
        keep(model, out / "fsdp.truth.pt")
    for folder, shape in (("hsdp", (1, world)), ("verl", (world,))):
        model = sharded(model_of(base), shape)
        (out / folder).mkdir(exist_ok=True)
        torch.save(model.state_dict(), out / folder / f"model_world_size_{world}_rank_{rank}.pt")
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.0, weight_decay=0.0)
    model(input_ids=torch.arange(4)[None]).logits.sum().backward()
    optimizer.step()
    weights, state = get_state_dict(model, [optimizer])
    app = {"model": weights, "optimizers": state, "progress": {"step": 3}}
    checkpoint.save({"app": app}, checkpoint_id=out / "dcp")


def write_zero(out: Path, base: str, stage: int) -> None:
    import deepspeed

    model = model_of(base)
    engine, *_ = deepspeed.initialize(
        model=model,
        model_parameters=model.parameters(),
        config={**ZERO, "zero_optimization": {"stage": stage}},
    )
    ids = torch.arange(8)[None] + dist.get_rank()
    engine.backward(engine(input_ids=ids, labels=ids).loss)
    engine.step()
    engine.save_checkpoint(str(out / f"zero{stage}" / "_actor"), client_state={"consumed": 4})
    with deepspeed.zero.GatheredParameters(list(model.parameters())):
        if dist.get_rank() == 0:
            keep(model, out / f"zero{stage}.truth.pt")


if __name__ == "__main__":
    dist.init_process_group("gloo")
    write_fsdp(Path(sys.argv[1]), sys.argv[2])
    for number in (2, 3):
        write_zero(Path(sys.argv[1]), sys.argv[2], number)
    dist.barrier()
    dist.destroy_process_group()
