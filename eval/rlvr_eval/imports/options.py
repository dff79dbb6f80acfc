"""What files may leave open and a user can say."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Applies to every row that does not say otherwise itself.

    Attributes:
        model, step, benchmark, design: of rows that do not say.
        benchmark_file: the benchmark's problems, instead of the Hub's.
        task: verifier that gives the verdicts, even where rows have some; None takes the rows'.
        prompt: template that the completions answered; its end markers end them.
        metric, filter_name: of lm-evaluation-harness, where there are several.
    """

    model: str | None = None
    step: int | None = None
    benchmark: str | None = None
    benchmark_file: Path | None = None
    design: str | None = None
    task: str | None = None
    prompt: str = "plain"
    metric: str | None = None
    filter_name: str | None = None
