"""The section `evaluation:` of a recipe: what every checkpoint is measured on, and how."""

import re
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from rlvr.answers.prompt_key import Prompt
from rlvr.core.section import Name, Section
from rlvr.recipes.keep_text import KEEP_TEXT
from rlvr.recipes.sampler_name import SamplerName
from rlvr.samplers.base import SEED_BITS_PER_PROBLEM, SamplingParams
from rlvr.samplers.engine_options import EngineOptions
from rlvr.tasks.problem_section import Sources

Seconds = Annotated[float, Field(ge=0.01, le=3600, allow_inf_nan=False)]
# as many draws of a problem have seeds of their own
_MOST_DRAWS = 1 << SEED_BITS_PER_PROBLEM
_ONE_DRAW = re.compile(r"\s*fixed:\s*0*1\s*")


class Evaluation(Section):
    """Say what every checkpoint is measured on, and with how many completions.

    Attributes:
        benchmarks: benchmarks or sets of your own, one or a list.
        design: completions per problem: fixed:N or sequential (see Sampling designs); unset,
            fixed:N with each benchmark's own N, 1024 for competitions, otherwise 128 or 256.
        looks: numbers of draws after which results are looked at, fixed before the first draw;
            `design` is fixed:N for one of them. What a report claims then holds its level over all
            looks together.
        sampling: how completions are drawn.
        prompt: template for all benchmarks: a name, a file, or text with {question}; unset, each
            benchmark's own.
        run_seed: seed of the draws; another one gives an independent sample.
        sampler: `hf` is transformers; `auto` takes vLLM where it is installed and fits; or one that
            an installed package registers.
        engine: options of the vLLM engine; the transformers sampler has none of them.
        keep_text: whose text is stored: `all`, `correct`, or `sample:N`, the first N draws of each
            problem. The others are counted all the same.
        verify_timeout_s: time limit of the verifier for one completion; unset, the recipe's.
        beside: models to show beside the run's own: names of other runs in the same folder, of
            which the last checkpoint is taken, Hub ids, or folders with a "/" in them.
        keep_merged: keep the copies that checkpoints in parts (verl, DCP, DeepSpeed) are merged
            into; otherwise each is removed when it is evaluated.
    """

    benchmarks: Annotated[Sources, Field(min_length=1)]
    design: str | None = None
    looks: tuple[int, ...] = ()
    sampling: SamplingParams = SamplingParams()
    prompt: Prompt | None = None
    run_seed: int = Field(default=0, ge=0)
    sampler: SamplerName = "auto"
    engine: EngineOptions = EngineOptions()
    keep_text: str = Field(default="all", pattern=KEEP_TEXT)
    verify_timeout_s: Seconds | None = None
    beside: tuple[Name, ...] = ()
    keep_merged: bool = False

    @field_validator("looks", mode="before")
    @classmethod
    def _several_that_increase(cls, looks: Any) -> tuple[int, ...]:
        """Raise one fault, where pydantic would report one for each number."""
        are_numbers = isinstance(looks, list | tuple) and all(type(look) is int for look in looks)
        if (
            not are_numbers
            or len(looks) == 1
            or list(looks) != sorted({look for look in looks if 1 <= look <= _MOST_DRAWS})
        ):
            raise PydanticCustomError(
                "looks",
                "write at least two numbers of draws that increase, such as [64, 256], of at most "
                f"{_MOST_DRAWS}",
            )
        return tuple(looks)

    def contradictions(self) -> list[str]:
        """Say, each with its key, what cannot be measured together.

        No part of reading the section: what was measured under such a one can still be reported.
        """
        found = []
        design = self.design or "each benchmark's own number of draws"
        if self.sampling.temperature == 0 and _ONE_DRAW.fullmatch(design) is None:
            found.append(
                f"sampling.temperature: 0 draws one and the same completion again and again, which "
                f"{design} would count as many; write design: fixed:1, or another temperature"
            )
        if self.looks and self.design not in {f"fixed:{look}" for look in self.looks}:
            planned = ", ".join(f"fixed:{look}" for look in self.looks)
            found.append(
                f"looks: the design is {design}, which is none of the looks planned; write "
                f"design: {planned}, one after another"
            )
        names = [source.name for source in self.benchmarks]
        repeated = dict.fromkeys(name for name in names if names.count(name) > 1)
        found += [f"benchmarks: {name} is listed twice; name it once" for name in repeated]
        if self.sampler == "hf" and self.engine != EngineOptions():
            given = ", ".join(self.engine.model_dump(exclude_defaults=True))
            found.append(f"engine: {given} of vLLM, which sampler: hf does not use; remove it")
        return found
