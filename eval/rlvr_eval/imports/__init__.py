"""Outcomes from elsewhere: counts and samples of other tools, as a run directory of ours.

    counts        .csv, .jsonl, .parquet with problem, n, c and optionally
                  model, step, benchmark, design, undecided, kind, family
    samples       .jsonl with problem and completion or verdict, one sample a line or lists of them;
                  lm-evaluation-harness (--log_samples); human-eval and EvalPlus
    formats       what verl, OpenRLHF, verifiers and prime-rl, TRL, lighteval, inspect, EvalPlus,
                  LiveCodeBench and published sets of generations write

`import_files` reads everything before it writes anything; every fault is named with file and line,
and then nothing is imported. Rows are read with their line numbers (`rows`), recognised as what
they are (`counts`, `samples`, `formats`), put together by model and benchmark (`groups`), verified
and stored (`stored`).
"""

from rlvr_eval.imports.importing import Imported, import_files
from rlvr_eval.imports.options import Options

__all__ = ["Imported", "Options", "import_files"]
