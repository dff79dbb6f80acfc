"""The verbs of the `rlvr` command, one module each.

A verb's module says HELP and EXAMPLE, adds its arguments to a parser, and runs. It imports what it
needs when it runs, so that `rlvr --help` is quick. This package stands on top of the house: it is
the only one in `rlvr` that names `rlvr_eval`.
"""

NAMES = (
    "quickstart",
    "plan",
    "train",
    "distill",
    "eval",
    "report",
    "compare",
    "show",
    "marks",
    "import",
    "grade",
    "doctor",
)
