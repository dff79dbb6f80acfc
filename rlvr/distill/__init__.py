"""Distillation: a teacher's traces, verified, selected, and written as supervised training data.

    teacher   asks the teacher            problems.jsonl, traces.jsonl
    verify    asks the task's verifier    verdicts.jsonl
    select    says which to keep          selected.jsonl, dropped.jsonl, contaminated.jsonl
    write     renders them                sft.parquet, sft.json
    train     method sft on that file     checkpoints, as of any other run

Each stage is one module, reads only files of the stages before it, and reruns alone. The first two
are slow and append to journals: killed at any moment, they go on where they were. The next two take
seconds and are done anew each time. All of it lies in `distill/` of the run directory, so that
`rlvr eval` and `rlvr report` see a run like any other.
"""

from typing import Literal, get_args

Stage = Literal["teacher", "verify", "select", "write", "train"]

STAGES: tuple[Stage, ...] = get_args(Stage)
