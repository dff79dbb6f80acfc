"""Training by reinforcement learning with verifiable rewards or by distillation.

The import package `rlvr` trains, samples and verifies; `rlvr_eval` measures what was trained.

    run = rlvr.train("recipes/quickstart/grpo.yaml", trainer={"max_steps": 100})
    rlvr.evaluate(run, design="fixed:64").table()

Nothing is imported before it is used: `import rlvr` takes no time and needs no torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlvr.api.evaluating import evaluate
    from rlvr.api.measuring import compare, import_outcomes, report
    from rlvr.api.results import Comparison, Evaluation, Report, Run
    from rlvr.api.training import train
    from rlvr.core.errors import UserError

    __version__: str

__all__ = [
    "Comparison",
    "Evaluation",
    "Report",
    "Run",
    "UserError",
    "__version__",
    "compare",
    "evaluate",
    "import_outcomes",
    "report",
    "train",
]

_HOMES = {
    "Comparison": "rlvr.api.results",
    "Evaluation": "rlvr.api.results",
    "Report": "rlvr.api.results",
    "Run": "rlvr.api.results",
    "UserError": "rlvr.core.errors",
    "compare": "rlvr.api.measuring",
    "evaluate": "rlvr.api.evaluating",
    "import_outcomes": "rlvr.api.measuring",
    "report": "rlvr.api.measuring",
    "train": "rlvr.api.training",
}


if not TYPE_CHECKING:  # so that a type checker knows the names above and no others

    def __getattr__(name: str) -> Any:
        """Import what is asked for; `__version__` is that of the installed package."""
        if name == "__version__":
            # imported late: it takes as long as the rest of `rlvr --help`
            from importlib.metadata import version

            return version("rlvr")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
