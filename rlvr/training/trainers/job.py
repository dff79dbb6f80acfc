"""What a method's trainer is built from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Job:
    """Everything a method needs to build its trainer.

    Attributes:
        args: an instance of the method's config class.
        peft_config: PEFT's LoraConfig, or None to train all weights.
        section: the recipe's section of the method, as `Method.section` reads it.
    """

    recipe: Recipe
    run: Run
    args: Any
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    peft_config: Any = None
    section: Any = None
