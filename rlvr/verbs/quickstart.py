"""`rlvr quickstart`: the whole loop on the embedded model."""

import argparse

from rlvr.verbs.shared import add_training_arguments, track, train_recipe, write_report

HELP = "Run the whole loop on the embedded model: train, evaluate every checkpoint, report."
EXAMPLE = "rlvr quickstart seed=2 name=quickstart-2"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """As for training: any value of the recipe may be replaced."""
    add_training_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Train, evaluate and report; run again, it continues or only reports."""
    from rlvr import tiny
    from rlvr_eval.given import settings_of
    from rlvr_eval.pipeline import evaluate

    trained, code = train_recipe(tiny.RECIPES / "grpo.yaml", options)
    if code == 0:
        evaluate(trained, settings_of(trained))
        write_report(trained, as_json=False)
        track(trained)
    return code
