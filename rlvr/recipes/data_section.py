"""The section `data:` of a recipe: what is trained on."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from rlvr.answers.prompt_key import Prompt
from rlvr.core.section import Section
from rlvr.tasks.problem_section import Sources


class Demonstrations(Section):
    """Give (prompt, completion) pairs for supervised training.

    Exactly one of `generator` (with `count`) and `path` is given.

    Attributes:
        generator: writes pairs of the embedded task.
        count: number of pairs that the generator writes.
        path: file of pairs, with columns prompt and completion.
    """

    generator: Literal["countdown-chains"] | None = None
    count: int | None = Field(default=None, ge=1, le=10_000_000)
    path: Path | None = None


class Data(Section):
    """Say what is trained on: `problems` for reinforcement learning, `demonstrations` for SFT.

    Attributes:
        problems: benchmarks or sets of your own, one or a list.
        demonstrations: pairs for SFT, where no `distill:` section makes them.
        prompt: template, file or text with {question}; unset, each problem set's own.
        verifier: verifier of the answers; unset, each problem set's own.
    """

    problems: Sources = ()
    demonstrations: Demonstrations | None = None
    prompt: Prompt | None = None
    verifier: str | None = None
