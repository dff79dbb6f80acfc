"""Find what a library will refuse of what TRL hands on to it unread, before a model is loaded.

An optimizer, a schedule, gradient checkpointing and a loader take texts and mappings that no config
class looks into: a misspelt key ends in a traceback when training starts, or is never read. Each of
these is made here once, at toy size, and asked for what it will be asked for in training.
"""

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from difflib import get_close_matches
from typing import Any

from rlvr.core import disk
from rlvr.core.errors import UserError
from rlvr.training.checks import sampling_options

_PROBED_STEPS = 200
_UNKNOWN_STEPS = 1000
# what a schedule is given by the trainer, and no mapping may give it again
_OF_THE_TRAINER = ("optimizer", "num_warmup_steps", "num_training_steps", "last_epoch")
_LOW_RANK = ("galore", "apollo")
_CHECKPOINTING = {
    "use_reentrant": (True, False),
    "preserve_rng_state": (True, False),
    "determinism_check": ("default", "none"),
    "debug": (True, False),
    "early_stop": (True, False),
}
_LOADING = (
    "attn_implementation",
    "dtype",
    "experts_implementation",
    "quantization_config",
    "torch_dtype",
    "use_cache",
    "use_kernels",
)
_PRECISIONS = ("auto", "float32", "bfloat16", "float16", "float64")
_LIBRARIES = ("accelerate", "peft", "transformers", "trl")


def faults(args: Any, given: Mapping[str, Any]) -> list[str]:
    """List what the libraries behind TRL would refuse.

    Args:
        args: the config object.
        given: the recipe's `trainer:`.
    """
    checks: tuple[Callable[[Any, Mapping[str, Any]], Iterator[str]], ...] = (
        _optimizer,
        _schedule,
        _checkpointing,
        _kernels,
        _loading,
        sampling_options.faults,
    )
    return [f"trainer.{fault}" for check in checks for fault in check(args, given)]


@contextmanager
def refusals_told() -> Iterator[None]:
    """Raise a UserError for what a library refuses while it builds a trainer from its options.

    What our own code raises is a bug of ours and keeps its traceback.
    """
    try:
        yield
    except (ImportError, TypeError, ValueError) as error:
        library = _raised_in(error)
        if library is None or disk.is_shortage(error):
            raise
        raise UserError(f"trainer: {library} refuses these options: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Tell an error of a library in one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def unknown(name: str, known: tuple[str, ...]) -> str:
    """Say that there is no such key, and which there are."""
    near = get_close_matches(name, known, n=1)
    instead = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known) or 'none'}"
    return f"there is no '{name}'; {instead}"


def _optimizer(args: Any, given: Mapping[str, Any]) -> Iterator[str]:
    name = str(getattr(args.optim, "value", args.optim))
    if args.optim_target_modules is not None and not name.startswith(_LOW_RANK):
        yield f"optim_target_modules is read by optim: galore_.. and apollo_.. alone, not by {name}"
        return
    pairs = [pair.partition("=") for pair in (args.optim_args or "").replace(" ", "").split(",")]
    if args.optim_args and not all(key and equals and value for key, equals, value in pairs):
        yield f"optim_args: write key=value pairs, as in a=1,b=2, found {args.optim_args!r:.100}"
        return
    try:
        made, options = _optimizer_of(args)
        if isinstance(made, type) and not name.startswith(_LOW_RANK):
            made(_toy().parameters(), **options)
    except ImportError as error:
        yield f"optim: {name} is not installed here ({reason(error)})"
    except Exception as error:  # an optimizer may raise anything at a stranger's options
        if not name.startswith(_LOW_RANK):  # which look for the names of the real model's modules
            blamed = (
                f"optim_args: {args.optim_args!r:.100}" if args.optim_args else f"optim: {name}"
            )
            yield f"{blamed}: {reason(error)}"
    else:
        for key, _, _ in pairs if args.optim_args else ():
            if not _is_read(args, key, options):
                yield f"optim_args: {key} is never read by optim: {name}; remove it"


def _optimizer_of(args: Any) -> tuple[Any, dict[str, Any]]:
    from transformers import Trainer

    return Trainer.get_optimizer_cls_and_kwargs(args, _toy())


def _is_read(args: Any, key: str, options: Mapping[str, Any]) -> bool:
    """Whether another value of an optimizer's argument would make another optimizer."""
    changed = copy(args)
    others = [p for p in args.optim_args.replace(" ", "").split(",") if not p.startswith(f"{key}=")]
    for value in ("0.123456", None):
        changed.optim_args = ",".join([*others, *([f"{key}={value}"] if value else [])]) or None
        try:
            if _optimizer_of(changed)[1] != options:
                return True
        except Exception:  # it was read, and found wanting
            return True
    return False


def _toy() -> Any:
    import torch

    return torch.nn.Linear(4, 4)


def _schedule(args: Any, given: Mapping[str, Any]) -> Iterator[str]:
    import torch
    from transformers.optimization import TYPE_TO_SCHEDULER_FUNCTION, get_scheduler

    name = str(getattr(args.lr_scheduler_type, "value", args.lr_scheduler_type))
    options = args.lr_scheduler_kwargs or {}
    function = TYPE_TO_SCHEDULER_FUNCTION[args.lr_scheduler_type]
    known = tuple(k for k in inspect.signature(function).parameters if k not in _OF_THE_TRAINER)
    wrong = [
        f"{key}: {unknown(key, known)}"
        if key not in known
        else f"{key}: write a finite number from 0, found {value}"
        for key, value in options.items()
        if key not in known or not _is_amount(value)
    ]
    if wrong:
        yield from (f"lr_scheduler_kwargs.{fault}" for fault in wrong)
        return
    steps = args.max_steps if args.max_steps > 0 else _UNKNOWN_STEPS
    told = (
        f"lr_scheduler_kwargs: {dict(options)!r:.100}" if options else f"lr_scheduler_type: {name}"
    )
    try:
        schedule = get_scheduler(
            args.lr_scheduler_type,
            optimizer=torch.optim.SGD(_toy().parameters(), lr=args.learning_rate),
            num_warmup_steps=args.get_warmup_steps(steps),
            num_training_steps=steps,
            scheduler_specific_kwargs=dict(options) or None,
        )
        factors = [
            each(step)
            for each in getattr(schedule, "lr_lambdas", ())
            for step in range(0, steps, max(1, steps // _PROBED_STEPS))
        ]
    except Exception as error:  # a schedule may raise anything at a stranger's options
        yield f"{told}: {reason(error)}"
        return
    if not all(isinstance(f, int | float) and f >= 0 and math.isfinite(f) for f in factors):
        yield f"{told}: the learning rate would be negative or no number at some step"


def _is_amount(value: Any) -> bool:
    """Whether a value is no number at all, or one that a schedule can reckon with."""
    return not isinstance(value, int | float) or (value >= 0 and math.isfinite(value))


def _checkpointing(args: Any, given: Mapping[str, Any]) -> Iterator[str]:
    import torch
    from torch.utils.checkpoint import checkpoint

    options = given.get("gradient_checkpointing_kwargs")
    if not isinstance(options, Mapping) or not options:
        return
    key = "gradient_checkpointing_kwargs"
    if not args.gradient_checkpointing:
        yield f"{key} is read only with gradient_checkpointing: true; set that or remove it"
        return
    wrong = False
    for name, value in options.items():
        allowed = _CHECKPOINTING.get(name)
        if allowed is None:
            wrong = True
            yield f"{key}.{name}: {unknown(name, tuple(_CHECKPOINTING))}"
        elif not any(value is one or (isinstance(one, str) and value == one) for one in allowed):
            wrong = True
            choices = " or ".join(str(one).lower() for one in allowed)
            yield f"{key}.{name}: write {choices}, found {value!r:.60}"
    if not wrong:
        try:
            checkpoint(torch.sin, torch.ones(1, requires_grad=True), **options)
        except Exception as error:
            yield f"{key}: {dict(options)!r:.100}: {reason(error)}"


def _kernels(args: Any, given: Mapping[str, Any]) -> Iterator[str]:
    from transformers.utils import is_liger_kernel_available

    if args.use_liger_kernel and not is_liger_kernel_available():
        yield "use_liger_kernel: liger-kernel is not installed here; pip install liger-kernel"
    if given.get("liger_kernel_config") and not args.use_liger_kernel:
        yield "liger_kernel_config is read only with use_liger_kernel: true; set that or remove it"


def _loading(args: Any, given: Mapping[str, Any]) -> Iterator[str]:
    for key in ("model_init_kwargs", "teacher_model_init_kwargs"):
        for name, value in (getattr(args, key, None) or {}).items():
            if name not in _LOADING:
                yield (
                    f"{key}.{name}: {unknown(name, _LOADING)}; the rest is said by the model's own "
                    "config.json"
                )
            elif name in ("dtype", "torch_dtype") and value not in _PRECISIONS:
                yield f"{key}.{name}: write {' or '.join(_PRECISIONS)}, found {value!r:.60}"


def _raised_in(error: Exception) -> str | None:
    """Return the library whose code raised an error; None if it is not one behind TRL."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = str(trace.tb_frame.f_globals.get("__name__", "")) if trace else ""
    return module.partition(".")[0] if module.partition(".")[0] in _LIBRARIES else None
