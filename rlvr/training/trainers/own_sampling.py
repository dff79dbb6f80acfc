"""What every trainer that samples its own completions reads and obeys: the recipe, nothing else.

TRL tokenizes a prompt of text with the special tokens that its tokenizer adds, a second time where
a chat template wrote them; and `generate` completes TRL's arguments from the model's own
generation_config.json. Here prompts become tokens as they do for evaluation, and of that file only
the end markers count.
"""

from contextlib import nullcontext
from typing import Any

from rlvr.samplers import generation_file
from rlvr.training.trainers.task import Task


class SamplesAsTold:
    """To be mixed in before a TRL trainer that samples.

    Attributes:
        task: the problems whose prompts are completed.
    """

    task: Task
    use_vllm: bool
    accelerator: Any
    model: Any

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        """Return tokens; no images, and nothing further for the model's forward pass."""
        return self.task.prompt_ids(prompts), None, {}

    def _generate_single_turn(self, *args: Any, **kwargs: Any) -> Any:
        model = self.accelerator.unwrap_model(self.model)
        model = model.get_base_model() if hasattr(model, "get_base_model") else model
        with nullcontext() if self.use_vllm else generation_file.set_aside(model):
            return super()._generate_single_turn(*args, **kwargs)  # type: ignore[misc]
