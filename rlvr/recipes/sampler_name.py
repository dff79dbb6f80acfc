"""The type of every recipe key that names a sampler: one of ours, or one that a package adds."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from rlvr.core.errors import UserError
from rlvr.samplers import selection


def _known(name: str) -> str:
    try:
        selection.check(name)
    except UserError as error:
        raise PydanticCustomError("sampler", "{fault}", {"fault": str(error)}) from None
    return name


SamplerName = Annotated[str, AfterValidator(_known)]
