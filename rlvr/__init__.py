"""Training by reinforcement learning with verifiable rewards or by distillation.

The import package `rlvr` trains, samples and verifies; `rlvr_eval` measures what was trained.
"""


def __getattr__(name: str) -> str:
    """Look up `__version__` in the installed package, whose version pyproject.toml gives."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # imported late: it takes as long as the rest of `rlvr --help`
    from importlib.metadata import version

    return version("rlvr")
