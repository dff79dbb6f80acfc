"""The type of every recipe key that names a prompt: read once, kept as one string."""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from rlvr.answers import prompts
from rlvr.core.errors import UserError


def _canonical(value: Any) -> Any:
    try:
        return prompts.canonical(value)
    except UserError as error:
        raise PydanticCustomError("prompt", "{fault}", {"fault": str(error)}) from None


Prompt = Annotated[str, BeforeValidator(_canonical)]
