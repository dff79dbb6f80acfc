"""The trial parts: which trainings are tried, with which launcher, and where each can run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

SAMPLED_TOKENS = {"tiny": 24, "0.5b": 256, "1.5b": 256, "7b": 256}
COMPLETIONS = {"tiny": 32, "0.5b": 64, "1.5b": 64, "7b": 32}
GROUP = 8
STEPS = 4
CONTEXT_TOKENS = 512
LORA = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear"}


@dataclass(frozen=True, slots=True)
class Machine:
    """The devices that the parts run on.

    Attributes:
        gpus: names of the GPUs; empty on a CPU machine.
        memory_gib: of the smallest GPU, None on a CPU machine.
    """

    gpus: tuple[str, ...]
    memory_gib: float | None

    @property
    def processes(self) -> int:
        """How many training processes the distributed parts start: one per GPU, two on CPU."""
        return len(self.gpus) or 2

    @classmethod
    def here(cls) -> "Machine":
        """Describe this machine."""
        import torch

        count = torch.cuda.device_count()
        if not count:
            return cls((), None)
        memory = min(torch.cuda.get_device_properties(i).total_memory for i in range(count))
        return cls(tuple(map(torch.cuda.get_device_name, range(count))), memory / 2**30)


@dataclass(frozen=True, slots=True)
class TrainingPart:
    """One training to try.

    Attributes:
        changes: recipe keys beside those that every part has.
        zero_stage: of DeepSpeed; None starts one plain process.
        needs: modules that must be installed.
        needs_gpus: how many GPUs it takes at least.
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    zero_stage: int | None = None
    needs: tuple[str, ...] = ()
    needs_gpus: int = 0

    def obstacle(self, machine: Machine) -> str | None:
        """Say why the part cannot run here; None if it can."""
        missing = [name for name in self.needs if find_spec(name) is None]
        if missing:
            return f"{', '.join(missing)} not installed"
        if len(machine.gpus) < self.needs_gpus:
            return f"needs {self.needs_gpus} GPU(s), found {len(machine.gpus)}"
        return None

    def recipe(self, model: str, shape: str, machine: Machine) -> dict[str, Any]:
        """Return the part's recipe for `rlvr train`."""
        trainer: dict[str, Any] = {
            "max_steps": STEPS,
            "save_strategy": "no",
            "learning_rate": 1e-6,
            "use_cpu": not machine.gpus,
            "bf16": bool(machine.gpus),
            "per_device_train_batch_size": COMPLETIONS[shape],
        }
        data: dict[str, Any] = {"problems": "countdown-train"}
        if self.changes.get("method") == "sft":
            data = {"demonstrations": {"generator": "countdown-chains", "count": 4096}}
        else:
            trainer |= {
                "num_generations": GROUP,
                "max_completion_length": SAMPLED_TOKENS[shape],
            }
        changes = dict(self.changes)
        return {
            "name": self.name,
            "model": model,
            "method": "grpo",
            "seed": 1,
            "data": data,
            "trainer": trainer | changes.pop("trainer", {}),
            **changes,
        }


def training_parts() -> Sequence[TrainingPart]:
    """Return every training part, the simplest first."""
    vllm = {"use_vllm": True, "vllm_mode": "colocate", "vllm_gpu_memory_utilization": 0.2}
    flash = {"trainer": {"model_init_kwargs": {"attn_implementation": "flash_attention_2"}}}
    return (
        TrainingPart("sft", {"method": "sft"}),
        TrainingPart("sft-lora", {"method": "sft", "peft": LORA}),
        TrainingPart("grpo"),
        TrainingPart("grpo-lora", {"peft": LORA}),
        TrainingPart("grpo-checkpointing", {"trainer": {"gradient_checkpointing": True}}),
        TrainingPart("grpo-flash-attention", flash, needs=("flash_attn",), needs_gpus=1),
        TrainingPart("ppo", {"method": "ppo"}),
        TrainingPart("grpo-zero2", zero_stage=2, needs=("deepspeed",)),
        TrainingPart("grpo-zero3", zero_stage=3, needs=("deepspeed",)),
        TrainingPart("ppo-zero3", {"method": "ppo"}, zero_stage=3, needs=("deepspeed",)),
        TrainingPart("grpo-vllm", {"trainer": vllm}, needs=("vllm",), needs_gpus=1),
    )
