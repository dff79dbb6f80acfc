"""Writes the reference of recipe keys from the classes that check recipes."""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from rlvr.recipes import distill_section, hardware_section, recipe, rl_section
from rlvr.samplers.base import SamplingParams
from rlvr.tasks import problem_section

# the path of each section's keys, and the class that holds them
SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("", recipe.Recipe),
    ("data", recipe.Data),
    ("data.demonstrations", recipe.Demonstrations),
    ("problems (in data, evaluation.benchmarks, ..)", problem_section.ProblemSource),
    ("columns (of problems)", problem_section.Columns),
    ("evaluation", recipe.Evaluation),
    ("sampling (in evaluation and distill.teacher)", SamplingParams),
    ("checkpoints", recipe.Checkpoints),
    ("hardware", hardware_section.Hardware),
    ("rewards", rl_section.Rewards),
    ("rewards.format", rl_section.FormatReward),
    ("rewards.overlong", rl_section.OverlongPenalty),
    ("rewards.own", rl_section.OwnReward),
    *((name, section) for name, section in rl_section.METHOD_SECTIONS.items()),
    ("distill", distill_section.Distill),
    ("distill.teacher, type solver", distill_section.SolverTeacher),
    ("distill.teacher, type model", distill_section.ModelTeacher),
    ("distill.teacher, type endpoint", distill_section.EndpointTeacher),
    ("distill.teacher, type traces", distill_section.RecordedTeacher),
    ("distill.select", distill_section.Selection),
)


def reference() -> str:
    """Return a Markdown section with a table of keys for every section of a recipe."""
    return "\n".join(line for path, section in SECTIONS for line in _section(path, section))


def _section(path: str, section: type[BaseModel]) -> Iterator[str]:
    yield f"\n## {path or 'Top level'}\n"
    yield _summary(section) + "\n"
    yield "| key | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    meanings = _meanings(section)
    for name, field in section.model_fields.items():
        cells = (f"`{name}`", _values(field), _default(field), meanings.get(name, ""))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _summary(section: type[BaseModel]) -> str:
    """Return the docstring up to its list of attributes."""
    return inspect.cleandoc(section.__doc__ or "").split("Attributes:")[0].strip()


def _meanings(section: type[BaseModel]) -> dict[str, str]:
    """Return what the docstring says of each attribute; one entry may name several."""
    _, _, listed = inspect.cleandoc(section.__doc__ or "").partition("Attributes:\n")
    entries = re.findall(r"^    (\w[\w, ]*): (.*(?:\n {8}.*)*)", listed, re.MULTILINE)
    return {
        name.strip(): " ".join(meaning.split())
        for names, meaning in entries
        for name in names.split(",")
    }


def _values(field: FieldInfo) -> str:
    """Return the type in words, with the limits of a number."""
    limits = [
        f"{sign} {_number(getattr(limit, name))}"
        for limit in field.metadata
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
        if hasattr(limit, name)
    ]
    return ", ".join([_type(field.annotation), *limits])


def _number(limit: float) -> str:
    return "2³²" if limit == 2**32 else f"{limit:g}"


def _type(hint: Any) -> str:
    """Return a type as a person would say it."""
    origin, members = get_origin(hint), get_args(hint)
    if hint is type(None):
        return "null"
    if origin is Literal:
        return ", ".join(f"`{member}`" for member in members)
    if hasattr(hint, "__metadata__"):
        return _type(members[0])
    if origin is tuple:
        return f"list of {_type(members[0])}"
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return "section"
    if origin is not None and isinstance(origin, type) and issubclass(origin, dict | Mapping):
        return "mapping"
    if members:
        return " or ".join(dict.fromkeys(_type(member) for member in members))
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return names.get(hint, "path" if getattr(hint, "__name__", "") == "Path" else str(hint))


def _default(field: FieldInfo) -> str:
    if field is recipe.Recipe.model_fields["name"]:
        return "the file's name"
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None or value == () or value == {}:
        return ""
    return "" if isinstance(value, BaseModel) else f"`{value}`"
