"""On-policy distillation (Agarwal et al. 2024, arXiv:2306.13649), by TRL's DistillationTrainer.

The student completes the training problems itself, and every token of its completion is pulled
towards the teacher's distribution there by a generalized Jensen-Shannon divergence: `trainer.beta`
0 is forward KL, 1 (TRL's default) reverse KL. There are no traces to collect, verify or select, so
of the stages of `rlvr distill` only training is left; checkpoints and evaluation are the same.

The teacher is `trainer.teacher_model_name_or_path`: a Hub id, a folder, or `embedded:<name>`, with
the student's vocabulary. Its weights are loaded beside the student's, in every process.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor
from trl import DistillationConfig

from rlvr.core.errors import UserError, missing_key
from rlvr.recipes.recipe import Recipe
from rlvr.training.methods import options, rl
from rlvr.training.methods.method import Method, by_rules
from rlvr.training.trainers.epochs import EpochOrder
from rlvr.training.trainers.job import Job
from rlvr.training.trainers.own_sampling import SamplesAsTold
from rlvr.training.trainers.rollout_engine import make_room, stop_at
from rlvr.training.trainers.task import Task
from rlvr.training.trainers.trl_trainers import DistillationTrainer, import_vllm
from rlvr.training.trainers.unpadded import WithoutPadding, reason_to_pad
from rlvr.weights import models
from rlvr.weights.adapters import full_weights
from rlvr.weights.model_folder import loading

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def _no_teacher(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    if values.get("teacher_model_name_or_path"):
        return []
    return [missing_key("trainer.teacher_model_name_or_path", "name the teacher")]


def _no_verifier(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    if recipe.data.verifier is None:
        return []
    return [
        "data.verifier is never read by method on_policy_distillation, which verifies nothing; "
        "remove it"
    ]


class OnPolicyTrainer(SamplesAsTold, WithoutPadding, DistillationTrainer):
    """TRL's trainer, resumed exactly in any epoch; student and teacher compute no padding."""

    def _get_train_sampler(self, dataset: Any = None) -> EpochOrder:
        return EpochOrder(super()._get_train_sampler(dataset), lambda: self.state.epoch)

    def _get_last_hidden_state(
        self,
        model: Any,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_to_keep: int,
        **images: Any,
    ) -> Tensor:
        """Return completions' hidden states, shape (rows, logits_to_keep, hidden size)."""
        states_of = super()._get_last_hidden_state
        plan = self.plan_of(attention_mask, reason_to_pad({"fused_lm_head": True, **images}))
        if plan is None:
            whole: Tensor = states_of(model, input_ids, attention_mask, logits_to_keep, **images)
            return whole
        states = [
            states_of(model, piece.take(input_ids), None, piece.width - 1) for piece in plan.pieces
        ]
        return plan.whole(states)[:, -logits_to_keep:]


def _build(job: Job) -> OnPolicyTrainer:
    job.tokenizer.padding_side = "left"
    task = Task(job)
    stop_at(job.args, task.ends.ids)
    make_room(job.args, task.longest_prompt, task.context)
    if job.args.use_vllm:
        import_vllm()
    trainer = OnPolicyTrainer(
        model=job.model,
        teacher_model=_teacher(job),
        args=job.args,
        train_dataset=task.dataset(),
        processing_class=job.tokenizer,
        peft_config=job.peft_config,
    )
    trainer.task = task
    trainer.eos_token_ids = sorted(task.ends.ids)
    return trainer


def _teacher(job: Job) -> "PreTrainedModel":
    """Load the teacher's weights, in the student's precision unless the recipe says otherwise.

    Raises:
        UserError: if it cannot be had, or has another vocabulary than the student.
    """
    from transformers import AutoModelForCausalLM

    name, args = job.args.teacher_model_name_or_path, job.args
    options = {"dtype": job.model.dtype, **(args.teacher_model_init_kwargs or {})}
    args.teacher_model_init_kwargs = None
    folder = full_weights(models.resolve(name, args.teacher_model_revision))
    with loading(folder):
        teacher = AutoModelForCausalLM.from_pretrained(folder, **options)
    sizes = [model.config.get_text_config().vocab_size for model in (teacher, job.model)]
    if sizes[0] != sizes[1]:
        raise UserError(
            f"trainer.teacher_model_name_or_path: {name} has {sizes[0]} tokens and the student "
            f"{sizes[1]}, so their distributions cannot be compared; take a teacher of the same "
            "family, or method sft with distill: and this teacher's traces"
        )
    return teacher


METHOD = Method(
    config_class=DistillationConfig,
    build=_build,
    defaults={
        "gradient_checkpointing": False,
        "ddp_broadcast_buffers": False,
        "save_strategy": "steps",
        "shuffle_dataset": True,
    },
    faults=by_rules(
        rl.no_problems, _no_teacher, options.no_rewards, options.no_demonstrations, _no_verifier
    ),
)
