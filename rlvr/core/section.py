"""What every part of a recipe is: a frozen pydantic model that takes nothing it does not know."""

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from rlvr.core.errors import holds_login

_LARGEST = 2**32 - 1


def _one_line(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise PydanticCustomError("line", "write a name in one line of visible characters")
    if holds_login(value):
        raise PydanticCustomError(
            "login",
            "the address holds a user name or password, which would be written to the run "
            "directory; leave it out",
        )
    return value


# a model, a revision, a column: what stands in messages and paths
Name = Annotated[str, Field(max_length=400), AfterValidator(_one_line)]


class Section(BaseModel):
    """A part of a recipe: frozen, closed to keys it does not know, and strict about numbers.

    `yes` is no 1, and no number may be infinite, NaN, or too large to be meant. A text is not empty
    and no book.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        str_min_length=1,
        str_max_length=200_000,
    )

    @model_validator(mode="before")
    @classmethod
    def _no_bool_for_a_number(cls, raw: Any) -> Any:
        """Write a bool in a number's place as text, which is refused where its field stands."""
        if not isinstance(raw, Mapping):
            return raw
        hints = {name: field.annotation for name, field in cls.model_fields.items()}
        return {
            key: str(value).lower() if type(value) is bool and _is_number(hints.get(key)) else value
            for key, value in raw.items()
        }

    @field_validator("*")
    @classmethod
    def _within_reach(cls, value: Any) -> Any:
        if isinstance(value, int | float) and abs(value) > _LARGEST:
            raise PydanticCustomError("large", f"write a number up to {_LARGEST}")
        return value


def _is_number(hint: Any) -> bool:
    return not takes_bool(hint) and (hint in (int, float) or any(map(_is_number, get_args(hint))))


def takes_bool(hint: Any) -> bool:
    """Return whether a type, or a member of a union, is bool or takes any value."""
    return hint in (bool, Any) or any(map(takes_bool, get_args(hint)))
