"""Which of a checkpoint's tensors are the model's, under the names that transformers gives them.

Trainers put a model below a key of theirs (`app.model.`, `model.`) and beside an optimizer, and
wrappers add to the names within. What the model is called inside is known from its configuration.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.core.errors import UserError
from rlvr.weights.model_folder import loading

if TYPE_CHECKING:
    import torch

Tensors = dict[str, Callable[[], "torch.Tensor"]]

_WRAPPERS = ("_fsdp_wrapped_module.", "_orig_mod.", "_checkpoint_wrapped_module.")


@dataclass(frozen=True)
class Expected:
    """What a configuration says of a model's tensors.

    Attributes:
        shapes: by name, of all of them.
        embedding: name of the input embedding.
        tied: name of the output embedding, where it is the input embedding once more.
    """

    shapes: Mapping[str, tuple[int, ...]]
    embedding: str
    tied: str | None


def expected(config_folder: Path) -> Expected:
    """Build the model that a configuration describes, without memory, and list its tensors.

    Raises:
        UserError: if transformers knows no such model.
    """
    import torch
    import transformers

    with loading(config_folder):
        config = transformers.AutoConfig.from_pretrained(config_folder)
        kind = getattr(transformers, (getattr(config, "architectures", None) or [""])[0], None)
        with torch.device("meta"):
            if kind is not None and hasattr(kind, "_from_config"):
                model = kind._from_config(config)
            else:
                model = transformers.AutoModelForCausalLM.from_config(config)
    return _of_model(model, config)


def of_model(found: Tensors, wanted: Expected, folder: Path) -> Tensors:
    """Return the model's tensors among those found.

    Raises:
        UserError: if it is not there, there twice, or incomplete.
    """
    plain = {_unwrapped(name): read for name, read in found.items()}
    ends = [name for name in plain if f".{name}".endswith(f".{wanted.embedding}")]
    before = sorted({name.removesuffix(wanted.embedding) for name in ends})
    if not before:
        raise UserError(
            f"{folder}: no tensor is called '{wanted.embedding}', as its config has it, but "
            f"'{next(iter(plain), '')}'; convert it with its trainer's own tool (torchtitan: "
            "checkpoint.last_save_in_hf)"
        )
    if len(before) > 1:
        named = ", ".join(f"'{prefix}'" for prefix in before)
        raise UserError(
            f"{folder}: holds several models, under {named}; keep the one that is meant"
        )
    below = {
        n.removeprefix(before[0]): read for n, read in plain.items() if n.startswith(before[0])
    }
    missing = sorted(wanted.shapes.keys() - below.keys() - {wanted.tied})
    if not missing:
        return {name: read for name, read in below.items() if name in wanted.shapes}
    if any(".experts." in name for name in missing):  # saved one by one, held together since
        roots = {name.partition(".")[0] for name in wanted.shapes}
        return {name: read for name, read in below.items() if name.partition(".")[0] in roots}
    adapted = " (it holds LoRA tensors; give the adapter's folder)" * any(
        "lora_" in n for n in below
    )
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    raise UserError(f"{folder}: lacks '{missing[0]}'{more}, which its config asks for{adapted}")


def check(name: str, tensor: "torch.Tensor", wanted: Expected, folder: Path) -> None:
    """Check that a tensor is what the configuration asks for.

    Raises:
        UserError: naming it, if it is of another shape, or quantized.
    """
    if not tensor.dtype.is_floating_point and name.endswith(("weight", "bias")):
        raise UserError(f"{folder}: tensor '{name}' is {tensor.dtype}; weights must be numbers")
    shape = wanted.shapes.get(name)
    if shape is None or shape == tuple(tensor.shape):
        return
    if name in (wanted.embedding, wanted.tied) and shape[1:] == tuple(tensor.shape)[1:]:
        raise UserError(
            f"{folder}: has {tensor.shape[0]} tokens, and its config {shape[0]} (vocab_size): the "
            "config is another model's; put the right config.json beside it, or name its --base"
        )
    raise UserError(f"{folder}: '{name}' has {list(tensor.shape)}, its config asks {list(shape)}")


def without_tied(found: Tensors, wanted: Expected, folder: Path) -> Tensors:
    """Leave out the output embedding where transformers ties it to the input's.

    Raises:
        UserError: if the two differ, so that no model of transformers has both.
    """
    import torch

    if wanted.tied is None or wanted.tied not in found:
        return found
    if not torch.equal(found[wanted.tied](), found[wanted.embedding]()):
        raise UserError(
            f"{folder}: '{wanted.tied}' differs from '{wanted.embedding}', though its config ties "
            "them (tie_word_embeddings); correct the config"
        )
    return {name: read for name, read in found.items() if name != wanted.tied}


def _of_model(model: Any, config: Any) -> Expected:
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    embedded, scored = model.get_input_embeddings(), model.get_output_embeddings()
    by_module = {id(module): f"{name}.weight" for name, module in model.named_modules()}
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    is_tied = getattr(text, "tie_word_embeddings", False) and scored is not None
    return Expected(shapes, by_module[id(embedded)], by_module[id(scored)] if is_tied else None)


def _unwrapped(name: str) -> str:
    for wrapper in _WRAPPERS:
        name = name.replace(wrapper, "")
    return name
