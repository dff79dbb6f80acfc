"""A Weights & Biases that cannot be imported counts as one that is not there.

TRL imports wandb wherever it finds wandb's files, so a broken installation (half removed, or beside
a protobuf that does not fit) would end every training with an ImportError. Asked before TRL is
imported, this hides such an installation from TRL, from transformers and from ourselves.
"""

import logging
import os
import sys

from rlvr.core.launched import rank

logger = logging.getLogger(__name__)


def hide_if_broken() -> None:
    """Import wandb, as TRL is about to; where that fails, say so once and go on without it."""
    if "wandb" in sys.modules:
        return
    try:
        import wandb  # noqa: F401
    except Exception as error:  # an installation can be broken in any way
        # what import and find_spec both take for a module that does not exist
        sys.modules["wandb"] = None  # type: ignore[assignment]
        if os.environ.get("WANDB_MODE") != "disabled" and rank() == 0:
            logger.warning("W&B cannot be imported (%s); training goes on without it", error)
