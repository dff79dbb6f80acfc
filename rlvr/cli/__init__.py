"""The verbs of the `rlvr` command, one module each.

A verb's module says HELP and EXAMPLE, adds its arguments to a parser, and runs. It imports what it
needs when it runs, so that `rlvr --help` is quick. A verb parses arguments and prints; what it does
lies in `rlvr.api`. These two packages stand on top of the house: they alone name `rlvr_eval`.
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
