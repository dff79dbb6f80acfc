"""The benchmarks and training sets by name: those of the study, and any reasoning-gym task.

A pinned revision is one that was looked up; the others say None, and the revision that the Hub
resolves is recorded with the draws. n is the study's (Yue et al. 2025, section 3): 128 completions
per problem, 1024 on AIME24 and AMC23, 256 in the algorithm study; AIME25 is drawn like AIME24.

To add one: a row of `_BENCHMARKS`, and a function row -> Problem if no other reads its columns.
"""

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint

from rlvr.core import plugins
from rlvr.core.errors import UserError
from rlvr.tasks.benchmarks import generated, maths, programs
from rlvr.tasks.benchmarks.record import Benchmark, Row

__all__ = ["NAMES", "Benchmark", "Row", "get", "is_known"]

_GSM8K_REVISION = "740312add88f781978c0658806c59bc2815b9866"
_OMNI_MATH_RULE = "https://raw.githubusercontent.com/KbsdJames/omni-math-rule/"
_OMNI_MATH_REVISION = "4793415ef37d31c9cdb4e5b82dbe172f76f8cf08"
_LIVECODEBENCH_FILES = ("test3.jsonl", "test4.jsonl", "test5.jsonl")  # contests from June 2024 on


def _omni_math(name: str, half: int, rows: int) -> Benchmark:
    return Benchmark(
        name,
        "math",
        "verl-think",
        n=256,
        to_problem=maths.omni_math,
        rows=rows,
        url=f"{_OMNI_MATH_RULE}{_OMNI_MATH_REVISION}/omni_math_rule.jsonl",
        revision=_OMNI_MATH_REVISION,
        sha256="d566d5b5a9865a04b507fdc4c0669cf0ff391748e13f190ecc925e78b584b172",
        select=lambda problems: maths.omni_math_split(problems)[half],
    )


def _countdown(split: str, rows: int) -> Benchmark:
    return Benchmark(
        name=f"countdown-{split}",
        verifier="countdown",
        prompt="plain",
        n=256,
        rows=rows,
        generate=lambda limit: generated.countdown(split)[:limit],
    )


_BENCHMARKS = (
    Benchmark(
        "gsm8k",
        "math",
        "qwen-boxed",
        n=128,
        to_problem=maths.gsm8k,
        rows=1319,
        hub_id="openai/gsm8k",
        files=("main/test-*",),
        revision=_GSM8K_REVISION,
    ),
    Benchmark(
        "gsm8k-train",
        "math",
        "qwen-boxed",
        n=128,
        to_problem=maths.gsm8k,
        rows=7473,
        hub_id="openai/gsm8k",
        files=("main/train-*",),
        revision=_GSM8K_REVISION,
    ),
    Benchmark(
        "math500",
        "math",
        "qwen-boxed",
        n=128,
        to_problem=maths.math500,
        rows=500,
        hub_id="HuggingFaceH4/MATH-500",
        files=("test.jsonl",),
        revision="6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
    ),
    Benchmark(
        "math-train",
        "math",
        "qwen-boxed",
        n=128,
        to_problem=maths.hendrycks,
        rows=7500,
        hub_id="DigitalLearningGmbH/MATH-lighteval",
        files=("data/train-*",),
        revision="0530c78699ea5e8eb5530600900e1f328b48acad",
    ),
    Benchmark(
        "minerva",
        "math",
        "qwen-boxed",
        n=128,
        to_problem=maths.minerva,
        rows=272,
        hub_id="math-ai/minervamath",
        files=("*test*",),
        revision="ee46ddc498933b1977577953250ca5c66be64f96",
    ),
    # SimpleRL's copy holds the 675 problems that are published; Hothan/OlympiadBench holds 674
    Benchmark(
        "olympiadbench",
        "math",
        "qwen-boxed",
        n=128,
        to_problem=maths.olympiad_bench,
        rows=675,
        hub_id="zwhe99/simplerl-OlympiadBench",
        files=("*test*",),
    ),
    Benchmark(
        "aime24",
        "math",
        "qwen-boxed",
        n=1024,
        to_problem=maths.competition,
        rows=30,
        hub_id="HuggingFaceH4/aime_2024",
        files=("data/train-*",),
        revision="2fe88a2f1091d5048c0f36abc874fb997b3dd99a",
    ),
    Benchmark(
        "aime25",
        "math",
        "qwen-boxed",
        n=1024,
        to_problem=maths.competition,
        rows=30,
        hub_id="math-ai/aime25",
        files=("test.jsonl",),
        revision="563bb8404243c5f09de6ec262f2db674fe5bce9b",
    ),
    Benchmark(
        "amc23",
        "math",
        "qwen-boxed",
        n=1024,
        to_problem=maths.competition,
        rows=40,
        hub_id="math-ai/amc23",
        files=("test-*",),
        revision="80815d37005feb82cd7f8fbc6901d5d3eff43057",
    ),
    _omni_math("omni-math-train", 0, 2000),
    _omni_math("omni-math-test", 1, 821),
    # BytedTsinghua-SIA's own release repeats each problem about a hundred times; this one does not
    Benchmark(
        "dapo-17k",
        "math",
        "qwen-boxed",
        n=128,
        to_problem=maths.dapo,
        rows=17398,
        hub_id="open-r1/DAPO-Math-17k-Processed",
        files=("all/train-*",),
    ),
    Benchmark(
        "humaneval",
        "code",
        "evalplus",
        n=128,
        to_problem=programs.human_eval,
        rows=164,
        hub_id="openai/openai_humaneval",
        files=("openai_humaneval/test-*",),
        revision="7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544",
    ),
    Benchmark(
        "humaneval+",
        "code",
        "evalplus",
        n=128,
        to_problem=programs.human_eval_plus,
        rows=164,
        hub_id="evalplus/humanevalplus",
        files=("data/test-*",),
        revision="d32357cf319e50e9c8d8dab5ea876c72b0fd321b",
    ),
    Benchmark(
        "mbpp+",
        "code",
        "evalplus",
        n=128,
        to_problem=programs.mbpp_plus,
        rows=378,
        hub_id="evalplus/mbppplus",
        files=("data/test-*",),
        revision="b2d74c91837c3f2a20c1299ae98133cbe7cfa077",
    ),
    Benchmark(
        "livecodebench",
        "code",
        "livecodebench",
        n=128,
        to_problem=programs.livecodebench,
        rows=279,
        hub_id="livecodebench/code_generation_lite",
        files=_LIVECODEBENCH_FILES,
        revision="0fe84c3912ea0c4d4a78037083943e8f0c4dd505",
    ),
    Benchmark(
        "leetcode+taco",
        "code",
        "code-r1",
        n=128,
        to_problem=programs.code_r1,
        hub_id="ganler/code-r1-12k",
        files=("data/train-*",),
    ),
    _countdown("train", 6400),
    _countdown("dev", 300),
    _countdown("test", 400),
)
_BY_NAME: Mapping[str, Benchmark] = {benchmark.name: benchmark for benchmark in _BENCHMARKS}

NAMES = tuple(_BY_NAME)


def get(name: str) -> Benchmark:
    """Return the benchmark called `name`, or the reasoning-gym task `reasoning_gym:<task>`.

    Raises:
        UserError: if there is none; the message lists those there are.
    """
    if name.startswith("reasoning_gym:"):
        return _reasoning_gym(name)
    if (point := plugins.find("rlvr.benchmarks", name, NAMES)) is not None:
        return _of_package(point)
    if name not in _BY_NAME:
        listed = ", ".join((*NAMES, *plugins.names("rlvr.benchmarks")))
        raise UserError(f"unknown benchmark '{name}'; write one of: {listed}, reasoning_gym:<task>")
    return _BY_NAME[name]


def is_known(name: str) -> bool:
    """Return whether `get` has a benchmark of that name, without making it."""
    packages = plugins.names("rlvr.benchmarks")
    return name in _BY_NAME or name.startswith("reasoning_gym:") or name in packages


def _of_package(point: EntryPoint) -> Benchmark:
    """Make a benchmark of what a package registers: a Benchmark, or a function that makes one."""
    found = plugins.load(point)
    try:
        made = found if isinstance(found, Benchmark) else found()
    except Exception as error:
        raise plugins.broken(point, f"{type(error).__name__}: {error}") from error
    if not isinstance(made, Benchmark) or made.name != point.name:
        raise plugins.broken(point, f"it is not a Benchmark called {point.name}")
    if made.generate is not None and made.revision is None:
        return replace(made, revision=plugins.version_of(point))
    return made


def _reasoning_gym(name: str) -> Benchmark:
    task = name.removeprefix("reasoning_gym:")

    return Benchmark(
        name,
        "reasoning_gym",
        "verl-think",
        n=128,
        generate=lambda limit: generated.reasoning_gym(task, limit),
    )
