"""The model card: a README.md in the run directory and in each of its checkpoints.

It says what the model was made from and how, what was measured of it, and how it is loaded. It is
written from the files of the run (recipe, manifest, summary.json) at every save and after every
evaluation, atomically, so that a crash leaves the card before or the card after. Its header is the
one that the Hugging Face Hub reads.

COMPLETE does not list the cards, because an evaluation changes them. Cards that it lists, as
checkpoints of earlier versions have them, are left alone.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from rlvr.core.damage import Damaged, read_json
from rlvr.core.errors import path_fault
from rlvr.core.files import write_atomically
from rlvr.core.per_cent import per_cent
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Checkpoint, Run
from rlvr.weights.checkpoint import CARD, vouches_for

logger = logging.getLogger(__name__)

Json = dict[str, Any]

_METHODS = {  # where the name in recipes is not the one in papers
    "grpo": "GRPO",
    "ppo": "PPO",
    "rloo": "RLOO",
    "reinforce_pp": "Reinforce++",
    "remax": "ReMax",
    "dapo": "DAPO",
    "sft": "supervised fine-tuning",
    "on_policy_distillation": "on-policy distillation",
}
_PACKAGES = ("rlvr", "trl", "transformers", "torch")


def write_cards(run: Run, *, only: Checkpoint | None = None) -> None:
    """Write the card of a training run, and of its checkpoints or one of them."""
    if not (run.path / "recipe.yaml").is_file():
        return  # made by another trainer
    saved = run.checkpoints()
    last = only or (saved[-1] if saved else None)
    if last is None:
        return
    facts = _Facts(run)
    _write(run.path, facts.card(last, f"runs/{run.name}/{last.path.name}"))
    for checkpoint in [only] if only else saved:
        if not vouches_for(checkpoint.path, CARD):
            with suppress(FileNotFoundError):  # training has just deleted it
                _write(checkpoint.path, facts.card(checkpoint, checkpoint.path.name))


def _write(folder: Path, card: str) -> None:
    """Write a card; what stands in its way is named, and no reason to stop a training."""
    try:
        write_atomically(folder / CARD, card)
    except OSError as error:
        if (fault := path_fault(error)) is None:
            raise
        logger.warning("the model card is not written: %s", fault)


def licence_of(folder: Path) -> str | None:
    """Return the licence that the card in a model's folder names."""
    try:
        _, header, _ = (folder / CARD).read_text(encoding="utf-8").split("---\n", 2)
        licence = yaml.safe_load(header).get("license")
    except (OSError, ValueError, AttributeError, yaml.YAMLError):
        return None
    return licence if isinstance(licence, str) else None


class _Facts:
    """What the files of a run say, read once for all its cards."""

    def __init__(self, run: Run) -> None:
        self.run, self.recipe, self.manifest = run, run.recipe(), run.manifest()
        try:
            self.summary: Json = read_json(run.path / "summary.json", dict)
        except (FileNotFoundError, Damaged):
            self.summary = {}

    def card(self, checkpoint: Checkpoint, folder: str) -> str:
        """Return the card of one checkpoint, which is loaded from `folder`."""
        parts = (
            f"---\n{yaml.safe_dump(self._header(), sort_keys=False)}---",
            f"# {self.run.name}, step {checkpoint.step}",
            self._summary(checkpoint),
            "## Measured",
            *(_measured(self.summary, checkpoint.path.name)),
            "## How to load it",
            f"```python\n{_loading(self.recipe, folder)}\n```",
            "## How it was trained",
            self._origin(),
            f"```yaml\n{self._recipe()}\n```",
        )
        return "\n\n".join(parts) + "\n"

    def _header(self) -> Json:
        """Return the metadata that the Hub reads; it cannot link a local folder."""
        recipe = self.recipe
        header: Json = {"library_name": "peft" if recipe.peft else "transformers"}
        if licence := self.manifest.get("base_licence"):
            header["license"] = licence
        if _is_on_hub(recipe) and recipe.initialize == "pretrained":
            header["base_model"] = recipe.model
            header["base_model_relation"] = "adapter" if recipe.peft else "finetune"
        return header | {"pipeline_tag": "text-generation", "tags": ["rlvr", recipe.method]}

    def _summary(self, checkpoint: Checkpoint) -> str:
        recipe = self.recipe
        base = f"`{_name_of(recipe)}`"
        start = (
            base if recipe.initialize == "pretrained" else f"random weights in the shape of {base}"
        )
        adapter = " It is a LoRA adapter of the base model." if recipe.peft else ""
        method = _METHODS.get(recipe.method, f"the method `{recipe.method}`")
        return (
            f"Trained from {start} by {method} with rlvr, seed {recipe.seed}; "
            f"this is step {checkpoint.step}.{adapter}\n\n"
            f"- Trained on: {_data(recipe)}.\n"
            f"- Licence of the base model: {self.manifest.get('base_licence') or 'not known here'}."
        )

    def _recipe(self) -> str:
        """Return the recipe, without the way to a local base on somebody's disk."""
        told = self.recipe.model_dump(mode="json", exclude_none=True)
        if not self.recipe.revision:
            told["model"] = _name_of(self.recipe)
        return yaml.safe_dump(told, sort_keys=False, allow_unicode=True).rstrip()

    def _origin(self) -> str:
        versions = self.manifest.get("versions", {})
        told = ", ".join(f"{name} {versions[name]}" for name in _PACKAGES if name in versions)
        return f"With {told or 'unknown versions'}, from this recipe:"


def _name_of(recipe: Recipe) -> str:
    """Return the base by its name, without the folders of somebody's disk."""
    if _is_on_hub(recipe) or recipe.model.startswith("embedded:"):
        return recipe.model + (f"@{recipe.revision}" if recipe.revision else "")
    path = Path(recipe.model)
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def _is_on_hub(recipe: Recipe) -> bool:
    is_local = recipe.model.startswith(("embedded:", ".", "/", "~")) or Path(recipe.model).is_dir()
    return not is_local


def _data(recipe: Recipe) -> str:
    """Return what was trained on, in words."""
    shown = recipe.data.demonstrations
    if recipe.distill is not None:
        teacher = recipe.distill.teacher
        source = f"verified completions of a teacher ({teacher.type})"
    elif shown is not None:
        source = f"demonstrations ({shown.generator or (shown.path and shown.path.name)})"
    else:
        source = ""
    problems = ", ".join(f"`{each.name}`" for each in recipe.data.problems)
    return ", ".join(part for part in (source, problems) if part) or "nothing named"


def _measured(summary: Mapping[str, Any], name: str) -> list[str]:
    """Return a table for each benchmark: the base and this checkpoint."""
    told = []
    for benchmark, described in summary.get("benchmarks", {}).items():
        models = described["models"]
        own = [each for each in models if not each["beside"]]
        base = [each for each in own if each["step"] == 0]
        if ours := [each for each in own if each["name"] == name]:
            told.append(_table(benchmark, described, base + ours))
    return told or ["Not evaluated yet."]


def _table(benchmark: str, described: Json, models: list[Json]) -> str:
    own = {model["curve"][-1]["k"] for model in models}
    ks = sorted({*described["headline_ks"], *own})
    heading = ["model", *(f"pass@{k}" for k in ks), *(f"D({k})" for k in ks), "problems"]
    rows = [heading, ["---"] * len(heading)]
    for model in models:
        cells = [*(_curve(model, k) for k in ks), *(_difference(model, k) for k in ks)]
        rows.append([model["name"], *cells, str(model["problems"])])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    finding = models[-1].get("finding", {}).get("text", "")
    return (
        f"{benchmark}, per cent with 95 % intervals; D is the "
        f"paired difference to the base in points:\n\n{table}\n\n"
        f"{finding}\n\nConditions: {described['drawn_under']}."
    )


def _difference(model: Json, k: int) -> str:
    """Return D(k), and what undecided verdicts leave possible."""
    told = _at(model.get("difference", []), k, sign=True)
    open_ends = next((each for each in model.get("difference_range", []) if each["k"] == k), None)
    if open_ends is None:
        return told
    least, greatest = (per_cent(open_ends[end], sign=True) for end in ("least", "greatest"))
    return f"{told} ({least} to {greatest})"


def _curve(model: Json, k: int) -> str:
    """Return pass@k; both extremes where undecided verdicts leave it open."""
    upper = _at(model.get("curve_upper", []), k)
    return _at(model["curve"], k) + (f" to {upper}" if upper else "")


def _at(points: list[Json], k: int, *, sign: bool = False) -> str:
    """Return "31.4 [28.0, 34.8]", or nothing where there is no such point."""
    point = next((each for each in points if each["k"] == k), None)
    if point is None:
        return ""
    value, low, high = (per_cent(point[end], sign=sign) for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _loading(recipe: Recipe, folder: str) -> str:
    model = "AutoPeftModelForCausalLM" if recipe.peft else "AutoModelForCausalLM"
    imports = (
        f"from peft import {model}\nfrom transformers import AutoTokenizer"
        if recipe.peft
        else f"from transformers import {model}, AutoTokenizer"
    )
    return (
        f"{imports}\n\n"
        f'model = {model}.from_pretrained("{folder}")\n'
        f'tokenizer = AutoTokenizer.from_pretrained("{folder}")'
    )
