"""Training without padding: a trainer's forward passes compute (nearly) only real tokens.

TRL pads a whole rollout to its longest completion and computes every pass on all of it: old
log-probs, reference, loss, backward, and PPO's values. At the lengths of reasoning, where a few
completions reach the budget, most of that is padding. All these passes call the model in one place.
Here that call goes to each of a few pieces of the batch (`pieces.py`), and what the model returns
is put back into the batch's own layout. No loss is touched, and TRL still decides which completions
share a micro-batch, so losses and gradients are TRL's up to rounding.

A batch is computed with its padding where rows depend on each other or come with more than tokens:
the balancing loss of a mixture of experts, and images. `real_token_share` in the metrics is what
share of the computed tokens was no padding.
"""

import logging
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

import torch
from accelerate.utils import DistributedType
from torch import Tensor

from rlvr.training.trainers.pieces import Plan, Spans, by_length, cut, split_into

logger = logging.getLogger(__name__)

SHARE = "real_token_share"
# what a further forward costs, in tokens: its kernels are launched, and filled by fewer tokens
FORWARD_COST = 128
_PER_TOKEN = ("log_probs", "entropy", "log_sum_sq_probs", "mean_logits", "is_top1", "label_mask")


class Forwards(Enum):
    """How many forwards a process may run for one batch."""

    ANY = "any number"
    AS_OTHERS = "as many as the other processes"
    AS_PADDED = "as many as with padding: one where gradients are wanted"


class TokenCount:
    """How many tokens the forwards of this process computed, and how many were no padding."""

    def __init__(self) -> None:
        self._real = self._computed = 0

    def add(self, real: int, computed: int) -> None:
        """Count one pass."""
        self._real, self._computed = self._real + real, self._computed + computed

    def read_share(self, accelerator: Any) -> float | None:
        """Return the share of all processes since the last call; None if nothing was computed.

        Every process must call it.
        """
        if not self._computed:
            return None
        own = torch.tensor([self._real, self._computed], device=accelerator.device)
        real, computed = accelerator.reduce(own, "sum").tolist()
        self._real = self._computed = 0
        return float(real / computed)


# of a padded batch, and why it is not cut, if it is not: how it is cut
PlanOf = Callable[[Tensor, str | None], Plan | None]


class Unpadded:
    """Stands in for a model with TRL's fused head: takes a padded batch, calls the model on pieces.

    Attributes:
        plan: of the last call; None if the batch went through the model as it was.
    """

    def __init__(self, model: Callable[..., Any], plan_of: PlanOf) -> None:
        self._model, self._plan_of = model, plan_of
        self.plan: Plan | None = None

    def __call__(self, **inputs: Any) -> Any:
        """Return the model's output: per-token fields in the layout of the batch, and no loss."""
        mask = inputs.get("attention_mask")
        if mask is None:  # TRL has packed the rows itself
            mask = torch.ones_like(inputs["input_ids"])
        self.plan = self._plan_of(mask, reason_to_pad(inputs))
        return self._in_pieces(self.plan, **inputs) if self.plan else self._model(**inputs)

    def _in_pieces(
        self, plan: Plan, *, input_ids: Tensor, attention_mask: Tensor, labels: Tensor, **given: Any
    ) -> Any:
        outputs = [
            self._model(
                input_ids=piece.take(input_ids),
                attention_mask=None,  # causal attention sees no padding on the right
                labels=piece.take(labels).masked_fill(~piece.is_token.to(labels.device), -100),
                **given,
            )
            for piece in plan.pieces
        ]
        fields = [name for name in _PER_TOKEN if outputs[0].get(name) is not None]
        return type(outputs[0])(
            **{name: plan.whole([output[name] for output in outputs]) for name in fields}
        )


def reason_to_pad(inputs: dict[str, Any]) -> str | None:
    """Say why a batch must go through the model padded, if it must.

    Args:
        inputs: of the model; a loss of whole logits does not ask for the fused head.
    """
    known = {"input_ids", "attention_mask", "labels", "use_cache", "fused_lm_head"}
    if not inputs.get("fused_lm_head"):
        return "the loss needs whole logits"
    if inputs.get("output_router_logits"):
        return "the balancing loss of experts is of the whole batch"
    further = ", ".join(sorted(inputs.keys() - known))
    return f"the model takes more than tokens ({further})" if further else None


class WithoutPadding:
    """To be mixed in before a TRL trainer.

    Attributes:
        forward_cost: what a further forward costs, in tokens.
    """

    forward_cost = FORWARD_COST
    accelerator: Any
    args: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.token_count = TokenCount()
        self.__told: set[str] = set()
        super().__init__(*args, **kwargs)

    def unpadded(self, model: Callable[..., Any], *, rows_at_once: int | None = None) -> Unpadded:
        """Wrap the model for one pass.

        Args:
            rows_at_once: padded rows that there is memory for; all of the batch unless given.
        """
        return Unpadded(model, partial(self.plan_of, rows_at_once=rows_at_once))

    def plan_of(
        self, attention_mask: Tensor, reason: str | None, *, rows_at_once: int | None = None
    ) -> Plan | None:
        """Plan how a padded batch is cut; None if it is not cut, with the reason logged once."""
        spans = Spans.of(attention_mask)
        if spans is None:
            reason = "a row has padding between its tokens"
        if spans is None or reason:
            real = int(attention_mask.sum())
            self.token_count.add(real, attention_mask.numel())
            if real < attention_mask.numel():
                self._tell_padded(str(reason))
            return None
        plan = self._planned(spans, rows_at_once or len(spans.lengths))
        self.token_count.add(spans.tokens, plan.computed)
        return plan

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Log TRL's metrics, and the share of real tokens since the last line."""
        if share := self.token_count.read_share(self.accelerator):
            logs[SHARE] = share
        super().log(logs, *args, **kwargs)  # type: ignore[misc]

    def _planned(self, spans: Spans, rows_at_once: int) -> Plan:
        lengths = [spans.lengths[row] for row in by_length(spans.lengths)]
        forwards = forwards_allowed(self.accelerator, self.args)
        if forwards is Forwards.AS_PADDED:
            starts = range(0, len(lengths), rows_at_once)
            return Plan(spans, [len(lengths[start : start + rows_at_once]) for start in starts])
        sizes = cut(lengths, forward_cost=self.forward_cost, limit=rows_at_once * spans.width)
        if forwards is Forwards.AS_OTHERS:
            sizes = split_into(sizes, self._most_of_any(len(sizes)))
        return Plan(spans, sizes)

    def _most_of_any(self, count: int) -> int:
        """Return the largest number of pieces that any process wants."""
        own = torch.tensor([count], device=self.accelerator.device)
        return int(self.accelerator.gather(own).max())

    def _tell_padded(self, reason: str) -> None:
        if reason not in self.__told and self.accelerator.is_main_process:
            logger.warning("training computes padding too: %s", reason)
        self.__told.add(reason)


def forwards_allowed(accelerator: Any, args: Any) -> Forwards:
    """Return what the other processes allow: some run collectives in every forward or backward."""
    kind = accelerator.distributed_type
    if kind is DistributedType.NO:
        return Forwards.ANY
    checkpointing = args.gradient_checkpointing_kwargs or {}
    hands_over_early = args.gradient_checkpointing and checkpointing.get("use_reentrant")
    if kind is DistributedType.FSDP or hands_over_early:
        return Forwards.AS_PADDED
    if kind is DistributedType.DEEPSPEED:
        stage = accelerator.state.deepspeed_plugin.zero_stage
        return Forwards.AS_OTHERS if stage == 3 else Forwards.ANY
    return Forwards.ANY if args.ddp_broadcast_buffers is False else Forwards.AS_OTHERS


class GRPOWithoutPadding(WithoutPadding):
    """For TRL's GRPO trainer, and for all that score completions by its one method.

    Attributes:
        last_pass: the model of the last pass, which knows how it was cut.
    """

    last_pass: Unpadded

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        **further: Any,
    ) -> Any:
        """Call TRL's method on the whole batch: TRL would cut the rows before they are sorted."""
        self.last_pass = self.unpadded(model, rows_at_once=batch_size)
        return super()._get_per_token_logps_and_entropies(  # type: ignore[misc]
            self.last_pass,
            input_ids,
            attention_mask,
            logits_to_keep,
            batch_size=batch_size if _has_more(further) else None,
            **further,
        )


def _has_more(further: dict[str, Any]) -> bool:
    """Return whether a pass has images or a router's loss, which TRL cuts into batches itself."""
    without = further | {"compute_entropy": None}
    return any(value is not None and value is not False for value in without.values())
