"""Where the completions of a finished evaluation end.

Draws that are made today stop where their answers end. Those of before may go on behind an end
marker of their template, which their text does not show, as it was decoded without special tokens;
their tokens do. Read up to there, such a draw has the verdict of one that stopped.
"""

from pathlib import Path

from rlvr.answers.attempts import Ends
from rlvr.core.errors import UserError
from rlvr.runs.run_directory import Run
from rlvr_eval.plan.chat import ends_of
from rlvr_eval.plan.ledger import STOPPED_AT_ENDS, Entry
from rlvr_eval.plan.named_models_folder import is_given
from rlvr_eval.plan.planning import base_among, models_of


def stored_ends(run: Run, entry: Entry) -> Ends:
    """Collect what ends the stored completions of an entry.

    Raises:
        UserError: if that takes the tokenizer of a model that is not there any more.
    """
    key = entry["draw_key"]
    # what was imported came as text; what stopped at its end needs no second look
    if "sampler" not in key or entry.get(STOPPED_AT_ENDS):
        return Ends(key["prompt"], of_template=frozenset(key.get("end_ids", ())))
    return ends_of(key["prompt"], _folder(run, entry))


def _folder(run: Run, entry: Entry) -> Path:
    """Return the folder of an entry's model; for a deleted checkpoint, its base's."""
    try:
        found = models_of(run)
    except UserError as fault:
        raise _unknown(entry, str(fault)) from None
    by_weights = {model.weights: model.folder for model in found}
    if entry["weights"] in by_weights:
        return by_weights[entry["weights"]]
    base = base_among(found)
    # checkpoints of a training run have their base's tokenizer, other models one of their own
    if base is None or is_given(run) or entry.get("beside"):
        raise _unknown(entry, "the model is not there any more")
    return base.folder


def _unknown(entry: Entry, reason: str) -> UserError:
    return UserError(
        f"{entry['model']} on {entry['benchmark']}: its draws may go on behind an end marker, and "
        f"only its tokenizer can show where: {reason}. Put the model back, or evaluate it again"
    )
