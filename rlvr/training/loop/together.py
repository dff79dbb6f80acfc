"""Decisions that one process takes for all that train together, on however many machines."""

from collections.abc import Callable
from typing import TypeVar, cast

from rlvr.core.errors import UserError

Decision = TypeVar("Decision")


def decided_by_one(decide: Callable[[], Decision]) -> Decision:
    """Let the first process decide, and hand every process what it decided.

    To be called by every process, once they are connected.

    Raises:
        UserError: on every process, if `decide` raises it on the first.
    """
    from accelerate import PartialState
    from accelerate.utils import broadcast_object_list

    state = PartialState()
    if state.num_processes == 1:
        return decide()
    told: list[object] = [None, None]
    if state.is_main_process:
        try:
            told[0] = decide()
        except UserError as error:
            told[1] = error
    broadcast_object_list(told, from_process=0)
    if isinstance(told[1], UserError):
        raise told[1]
    return cast(Decision, told[0])


def true_of_any(flag: bool) -> bool:
    """Return whether the flag is set on any process; every process gets the same answer."""
    from accelerate import PartialState
    from accelerate.utils import gather

    state = PartialState()
    if state.num_processes == 1:
        return flag
    import torch

    return bool(gather(torch.tensor([flag], device=state.device)).any())
