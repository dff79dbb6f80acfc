"""What files may leave open and a user can say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rlvr.verifiers import TIMEOUT_S


@dataclass(frozen=True)
class Options:
    """Applies to every row that does not say otherwise itself.

    Attributes:
        model, step, benchmark, design: of rows that do not say.
        benchmark_file: the benchmark's problems, instead of the Hub's.
        task: verifier that gives the verdicts, even where rows have some; None takes the rows'.
        prompt: template that the completions answered; its end markers end them.
        verify_timeout_s: time limit of that verifier for one completion.
        metric, filter_name: of lm-evaluation-harness, where there are several.
        format: of the files, one of `rlvr_eval.imports.formats.registry`; None tells by the rows.
        correct_above: the score above which a completion is correct; None takes 0 and 1 alone.
        columns: our name -> column of the files that holds it; `a.b` is key b within column a.
    """

    model: str | None = None
    step: int | None = None
    benchmark: str | None = None
    benchmark_file: Path | None = None
    design: str | None = None
    task: str | None = None
    prompt: str = "plain"
    verify_timeout_s: float = TIMEOUT_S
    metric: str | None = None
    filter_name: str | None = None
    format: str | None = None
    correct_above: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
