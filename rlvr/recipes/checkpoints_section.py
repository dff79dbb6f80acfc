"""The section `checkpoints:` of a recipe: what stays of them on disk."""

from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from rlvr.core.section import Section


class Checkpoints(Section):
    """Say which checkpoints stay on disk; the last one always does, whole.

    Attributes:
        full_states: number of last checkpoints that keep optimizer, schedule, random numbers and
            critic, so that training can resume there; older ones keep weights, tokenizer and
            configuration.
        keep: number of last checkpoints that stay, or `all`; older ones are deleted once nobody
            awaits their evaluation any more.
    """

    full_states: int = Field(default=2, ge=1)
    keep: Literal["all"] | int = "all"

    @field_validator("keep", mode="plain")
    @classmethod
    def _all_or_some(cls, value: Any) -> Any:
        """Raise one fault, where pydantic would report one for each member of the union."""
        if value != "all" and (type(value) is not int or value < 1):
            raise PydanticCustomError("keep", "write all, or how many of the last ones to keep")
        return value
