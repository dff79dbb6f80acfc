"""What can be read of a recipe that has faults, so that the rest of it can be checked all the same.

The parts that do not fit the schema are named and left out, and what is left is a recipe with
defaults in their place. It serves to find further faults and is never trained.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from rlvr.core.errors import Faults
from rlvr.recipes import recipe as recipes
from rlvr.recipes.recipe import Recipe

# in place of what every recipe must have; none of them is a fault
_STAND_INS: Mapping[str, Any] = {
    "name": "unnamed",
    "model": "embedded:countdown-base",
    "method": "sft",
    "data": {},
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A recipe as far as it can be read.

    Attributes:
        recipe: without its faulty parts.
        faults: of those parts.
        incomplete: top-level keys that lost a part, or may be what an unknown key was meant for:
            nothing can be said of what they lack.
    """

    recipe: Recipe
    faults: tuple[str, ...] = ()
    incomplete: frozenset[str] = frozenset()


def read(raw: Mapping[str, Any]) -> Draft:
    """Read a recipe, whole or in part, together with every fault against its schema."""
    try:
        return Draft(recipes.parse(raw, source="recipe"))
    except Faults as error:
        faults = error.faults
    left, incomplete = deepcopy(dict(raw)), set[str]()
    while True:
        try:
            return Draft(Recipe.model_validate(left), faults, frozenset(incomplete))
        except ValidationError as error:
            for entry in error.errors():
                top = str(entry["loc"][0])
                incomplete |= {top, *get_close_matches(top, list(Recipe.model_fields), n=1)}
                _leave_out(left, entry["loc"], is_missing=entry["type"] == "missing")


def _leave_out(left: dict[str, Any], location: Sequence[int | str], *, is_missing: bool) -> None:
    """Remove the smallest section that holds the fault; without what it lacks, all of it."""
    section, key, found = left, str(location[0]), left.get(str(location[0]))
    for part in location[1:-1] if is_missing else location[1:]:
        if isinstance(part, int) and isinstance(found, dict):
            continue  # one source is short for a list of one
        if not isinstance(found, dict) or part not in found:
            break
        section, key, found = found, str(part), found[part]
    section.pop(key, None)
    if section is left and key in _STAND_INS:
        left[key] = deepcopy(_STAND_INS[key])
