"""The `distill:` section of a recipe: who the teacher is, and which of its traces are trained on.

It belongs to method sft and takes the place of `data.demonstrations`. `data.problems` are what the
teacher is asked, `data.prompt` and `data.verifier` the student's template and the task's verifier.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
)
from pydantic_core import PydanticCustomError

from rlvr.answers.prompt_key import Prompt
from rlvr.core import plugins
from rlvr.core.errors import missing_key
from rlvr.core.secrets import url_fault
from rlvr.core.section import Name, Section
from rlvr.recipes.sampler_name import SamplerName
from rlvr.samplers.base import SEED_BITS_PER_PROBLEM, SamplingParams
from rlvr.samplers.engine_options import EngineOptions
from rlvr.tasks.problem_section import ProblemSource, Sources


class SolverTeacher(Section):
    """Ask an exact solver that comes along; its traces are all distinct, in random order.

    Attributes:
        type: kind of teacher.
        name: name of the solver.
    """

    type: Literal["solver"]
    name: Literal["countdown"]


class ModelTeacher(Section):
    """Sample from a model on this machine.

    Attributes:
        type: kind of teacher.
        model: Hub id or folder of the teacher.
        revision: commit, tag or branch of a model on the Hub.
        prompt: the teacher's template; unset, the student's.
        sampling: how the teacher's completions are drawn.
        sampler: `hf` is transformers; `auto` takes vLLM where it is installed and fits.
        engine: options of the vLLM engine; the transformers sampler has none of them.
    """

    type: Literal["model"]
    model: Name
    revision: Name | None = None
    prompt: Prompt | None = None
    sampling: SamplingParams = SamplingParams()
    sampler: SamplerName = "auto"
    engine: EngineOptions = EngineOptions()


class EndpointTeacher(Section):
    """Ask a model behind an OpenAI-compatible endpoint, such as a vLLM server.

    Attributes:
        type: kind of teacher.
        url: address up to and with the version: http://localhost:8000/v1.
        model: name that the server has for the model.
        prompt: `chat` sends a user message to /chat/completions, where the server applies the
            model's own chat template; any other template is rendered here and sent to /completions.
        system, instruction: with `chat` alone: a system message, and a line after the question.
        sampling: how the teacher's completions are drawn.
        key_variable: environment variable that holds the API key; the key is never written down.
        concurrency: number of requests under way at once.
        requests_per_minute: largest number of requests started per minute; unset, the server
            refuses.
        attempts: attempts per request, the first included, before the run stops.
        backoff_s: wait after the first failure, doubled after each further one, with jitter; a
            server's Retry-After goes before it.
        timeout_s: time limit of one request.
    """

    type: Literal["endpoint"]
    url: str
    model: Name
    prompt: Prompt = "chat"
    system: str | None = None
    instruction: str | None = None
    sampling: SamplingParams = SamplingParams()
    key_variable: Name = "OPENAI_API_KEY"
    concurrency: int = Field(default=32, ge=1, le=4096)
    requests_per_minute: float | None = Field(default=None, ge=0.1)
    attempts: int = Field(default=8, ge=1, le=100)
    backoff_s: float = Field(default=1.0, gt=0, le=3600)
    timeout_s: float = Field(default=1800.0, ge=0.01, le=86_400)

    @field_validator("url")
    @classmethod
    def _is_bare_address(cls, value: str) -> str:
        if fault := url_fault(value):
            raise PydanticCustomError("secret", "the address {fault}", {"fault": fault})
        return value

    @field_validator("key_variable")
    @classmethod
    def _is_variable_name(cls, value: str) -> str:
        if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", value) is None:
            raise PydanticCustomError(
                "secret", "write the name of an environment variable here, never the key itself"
            )
        return value


class RecordedTeacher(Section):
    """Take traces that exist already, from a file or the Hub; they bring their own problems.

    Attributes:
        type: kind of teacher.
        path: file of traces.
        hub_id: data set on the Hub.
        revision: commit, tag or branch of the data set.
        files: patterns of the data set's files.
        question, completion, gold: columns; a completion may be a list of several.
        limit: number of rows to read.
    """

    type: Literal["traces"]
    path: Path | None = None
    hub_id: Name | None = None
    revision: Name | None = None
    files: Annotated[tuple[Name, ...], Field(min_length=1)] = ("*.parquet",)
    question: Name = "problem"
    completion: Name = "generations"
    gold: Name = "answer"
    limit: int | None = Field(default=None, ge=1)


class PackageTeacher(Section):
    """A teacher that another package registers in `rlvr.teachers` under the name `type`.

    All other keys are the teacher's own.
    """

    model_config = ConfigDict(extra="allow")

    type: str

    @property
    def options(self) -> Mapping[str, Any]:
        """Its own keys."""
        return self.model_extra or {}


TEACHER_TYPES = ("solver", "model", "endpoint", "traces")
_SHORT_FOR = {"solver": "name", "model": "model"}


def _typed(value: Any) -> Any:
    """Expand the short forms `solver:countdown` and `model:..` to {type: .., name: ..}."""
    if not isinstance(value, str):
        return value
    kind, _, name = value.partition(":")
    return {"type": kind, _SHORT_FOR[kind]: name} if kind in _SHORT_FOR else {"type": kind}


def _kind(value: Any) -> Any:
    """Return the tag of the section that reads a teacher: its type, or that of another package."""
    kind = value.get("type") if isinstance(value, Mapping) else getattr(value, "type", None)
    is_packages = isinstance(kind, str) and kind in plugins.names("rlvr.teachers")
    return "of another package" if is_packages else kind


Teacher = Annotated[
    Annotated[SolverTeacher, Tag("solver")]
    | Annotated[ModelTeacher, Tag("model")]
    | Annotated[EndpointTeacher, Tag("endpoint")]
    | Annotated[RecordedTeacher, Tag("traces")]
    | Annotated[PackageTeacher, Tag("of another package")],
    Discriminator(_kind),
    BeforeValidator(_typed),
]


class Selection(Section):
    """Say which verified traces are trained on.

    Attributes:
        per_problem: largest number of traces of one problem, the first by sample index.
        min_tokens: least number of tokens of a completion, by the student's tokenizer.
        max_tokens: largest number of tokens of prompt, completion and end marker together; unset,
            `trainer.max_length`, beyond which training would cut the answer off.
        ngram: number of words in a row that a training question may not share with a benchmark's. 8
            is what open-r1 and s1 (arXiv 2501.19393) use.
        decontaminate: benchmarks to keep apart, beside those of `evaluation:`.
    """

    per_problem: int = Field(default=1, ge=1)
    min_tokens: int = Field(default=1, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    ngram: int = Field(default=8, ge=1)
    decontaminate: Sources = ()


class Distill(Section):
    """Name a teacher and say what is taken over from it.

    Attributes:
        teacher: who writes the traces.
        traces_per_problem: number of traces to ask for per problem; may be raised later.
        run_seed: seed of the teacher's draws.
        select: which verified traces are trained on.
    """

    teacher: Teacher
    traces_per_problem: int = Field(default=1, ge=1, le=2**SEED_BITS_PER_PROBLEM)
    run_seed: int = Field(default=0, ge=0)
    select: Selection = Selection()


# the sections by the name, or the teacher's type, that the path of a key ends in
DISTILL_SECTIONS: Mapping[str, type[BaseModel]] = {
    "distill": Distill,
    "select": Selection,
    "decontaminate": ProblemSource,
    "solver": SolverTeacher,
    "model": ModelTeacher,
    "endpoint": EndpointTeacher,
    "traces": RecordedTeacher,
}


def faults(raw: Mapping[str, Any]) -> list[str]:
    """List what in a raw recipe does not go together with its `distill:` section."""
    section, data = raw.get("distill"), raw.get("data")
    if not isinstance(section, Mapping) or not isinstance(data, Mapping):
        return []
    found = []
    if raw.get("method") != "sft":
        found.append(f"distill: belongs to method sft, not {raw.get('method')}; remove it")
    if data.get("demonstrations"):
        found.append("data.demonstrations: distill: makes them; remove one of the two")
    teacher = _typed(section.get("teacher"))
    if isinstance(teacher, Mapping):
        found += _of_traces(teacher, data) if teacher.get("type") == "traces" else _asked(data)
        found += _equal_traces(teacher, section)
    return found


def _equal_traces(teacher: Mapping[str, Any], section: Mapping[str, Any]) -> list[str]:
    sampling, asked_for = teacher.get("sampling"), section.get("traces_per_problem")
    if not isinstance(sampling, Mapping) or not isinstance(asked_for, int) or asked_for < 2:
        return []
    if sampling.get("temperature") != 0:
        return []
    return [
        f"distill.teacher.sampling.temperature: 0 gives one and the same trace {asked_for} times; "
        "write another temperature, or traces_per_problem: 1"
    ]


def _asked(data: Mapping[str, Any]) -> list[str]:
    if data.get("problems"):
        return []
    return [missing_key("data.problems", "name the problems that the teacher is asked")]


def _of_traces(teacher: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    found: list[str] = [
        missing_key(f"data.{key}", "recorded traces belong to no benchmark that would name one")
        for key in ("prompt", "verifier")
        if not data.get(key)
    ]
    if data.get("problems"):
        found.append("data.problems: recorded traces bring their own problems; remove it")
    if teacher.get("path") is not None:
        found += [
            f"distill.teacher.{key}: is read with hub_id alone; remove it"
            for key in ("files", "revision")
            if teacher.get(key) is not None
        ]
    if (teacher.get("path") is None) == (teacher.get("hub_id") is None):
        found.append("distill.teacher: give either path or hub_id, not both and not neither")
    return found
