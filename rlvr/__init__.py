"""Training by reinforcement learning with verifiable rewards or by distillation.

The import package `rlvr` trains, samples and verifies; `rlvr_eval` measures what was trained.
"""

__version__ = "0.1.0"
