"""What every part of a recipe is: a frozen pydantic model that takes nothing it does not know."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A part of a recipe: frozen, closed to keys it does not know, and strict about numbers.

    `yes` is no 1, and no number may be infinite or NaN.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

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


def _is_number(hint: Any) -> bool:
    return not takes_bool(hint) and (hint in (int, float) or any(map(_is_number, get_args(hint))))


def takes_bool(hint: Any) -> bool:
    """Return whether a type, or a member of a union, is bool or takes any value."""
    return hint in (bool, Any) or any(map(takes_bool, get_args(hint)))
