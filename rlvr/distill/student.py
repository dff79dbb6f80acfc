"""What the student will see of a trace: its own prompt, the completion, the end marker."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rlvr.answers import attempts, prompts
from rlvr.answers.prompt_tokens import prompt_ids
from rlvr.core.records import Problem
from rlvr.distill.teachers.protocol import student_prompt, teacher_prompt
from rlvr.recipes.recipe import Recipe
from rlvr.weights import models
from rlvr.weights.adapters import full_weights

# of TRL's SFTConfig; importing it takes seconds
DEFAULT_MAX_LENGTH = 1024


@dataclass(frozen=True)
class Student:
    """The recipe's model as far as text goes: template and tokenizer."""

    recipe: Recipe

    @cached_property
    def tokenizer(self) -> Any:
        """As training loads it."""
        from transformers import AutoTokenizer

        folder = models.resolve(self.recipe.model, self.recipe.revision)
        return AutoTokenizer.from_pretrained(full_weights(folder))

    @cached_property
    def max_tokens(self) -> int | None:
        """Tokens of prompt and completion beyond which training would cut the answer off."""
        given = self.recipe.trainer.get("max_length", DEFAULT_MAX_LENGTH)
        return None if given is None else int(given)

    def prompt(self, problem: Problem) -> str:
        """Render the prompt under which the student is trained."""
        return prompts.render(student_prompt(self.recipe), problem, self.tokenizer)

    def completion(self, trace: str) -> str:
        """Close the trace, up to its verified end, with the student's own end marker."""
        return attempts.cut(trace, teacher_prompt(self.recipe)) + str(self.tokenizer.eos_token)

    def prompt_lengths(self, prompts: list[str]) -> list[int]:
        """Count the tokens of each prompt."""
        return [len(ids) for ids in prompt_ids(self.tokenizer, prompts)]

    def lengths(self, completions: list[str]) -> list[int]:
        """Count the tokens of each completion."""
        return [len(ids) for ids in self.tokenizer(completions, add_special_tokens=False).input_ids]
