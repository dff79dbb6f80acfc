"""Measures how far reasoning reaches: pass@k of every checkpoint, with honest intervals.

    rlvr_eval.pass_at_k(n=1024, c=3, k=256)

Nothing is imported before it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlvr_eval.estimators import (
        Counts,
        FixedDesign,
        SequentialDesign,
        parse_design,
        pass_at_k,
        pass_at_k_curve,
    )

__all__ = [
    "Counts",
    "FixedDesign",
    "SequentialDesign",
    "parse_design",
    "pass_at_k",
    "pass_at_k_curve",
]


if not TYPE_CHECKING:  # so that a type checker knows the names above and no others

    def __getattr__(name: str) -> Any:
        """Import what is asked for."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module("rlvr_eval.estimators"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
