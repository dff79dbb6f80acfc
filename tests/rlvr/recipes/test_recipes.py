"""Every recipe fits the config classes it is written for, and opens with how to run it."""

import re
from pathlib import Path

import pytest

from rlvr.core.errors import Faults
from rlvr.recipes import recipe as recipes
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run
from rlvr.training.checks import faults
from rlvr.training.checks.settings import training_arguments
from rlvr.training.methods import registry, rl
from rlvr_eval.estimators import parse_design

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "recipes"
# rglob does not follow the link to the recipes that the package carries
QUICKSTART = sorted((FOLDER / "quickstart").glob("*.yaml"))
# nothing is trained by those in evaluations/
ALL = [p for p in sorted(FOLDER.rglob("*.yaml")) if p.parent.name != "evaluations"] + QUICKSTART
STUDY = FOLDER / "qwen2.5-7b"
SIX = ("grpo", "ppo", "rloo", "reinforce_pp", "remax", "dapo")

every_recipe = pytest.mark.parametrize(
    "path", ALL, ids=[str(path.relative_to(FOLDER)) for path in ALL]
)


def gpus(path: Path) -> int:
    """What the recipe's head says it was written for; 1 process on CPU."""
    found = re.search(r"# Hardware: (\d+) GPU", path.read_text())
    return int(found[1]) if found else 1


def check(path: Path) -> Recipe:
    """What `rlvr train` does first, for the hardware that the recipe names."""
    raw = recipes.read(path)
    return faults.check(raw, source=path.name, parse_design=parse_design, processes=gpus(path))


@every_recipe
def test_recipe_has_no_fault_on_the_hardware_it_names(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for checkpoint in re.findall(r"^[^#]*: (runs/\S+)", path.read_text(), re.MULTILINE):
        Path(checkpoint).mkdir(parents=True)  # of another recipe's run
    recipe = check(path)
    method = registry.get(recipe.method)
    training_arguments(recipe, method, Run(Path("unused")), source=str(path), processes=gpus(path))


@every_recipe
def test_recipe_opens_with_its_hardware_and_the_command_that_runs_it(path: Path) -> None:
    head = path.read_text().split("\nname:")[0].split("\nmodel:")[0]
    assert re.search(r"^# Hardware: \d+ (CPU cores|GPUs?)", head, re.MULTILINE)
    assert re.search(r"^#   .*\b(train|distill|sbatch)\b", head, re.MULTILINE)
    assert str(path.relative_to(ROOT)) in head


# fitted to the hardware, or said in one comment above the batch's arithmetic
_PLACEMENT = re.compile(
    r"gradient_checkpointing|use_vllm|vllm_\w+|num_generations|per_device_train_batch_size|"
    r"gradient_accumulation_steps|generation_batch_size|model_init_kwargs|packing|max_steps|save_steps"
)
BORROWED = [path for path in ALL if re.search(r"# (Settings|Sources): (?!ours)", path.read_text())]


@pytest.mark.parametrize("path", BORROWED, ids=[str(p.relative_to(FOLDER)) for p in BORROWED])
def test_every_borrowed_value_cites_its_source(path: Path) -> None:
    trainer = path.read_text().partition("\ntrainer:\n")[2]
    for line in trainer.splitlines():
        key, _, value = line.strip().partition(":")
        if not key.startswith("#") and not _PLACEMENT.fullmatch(key):
            assert "#" in value, f"{path.name}: {line}"


def test_every_set_up_of_table_1_that_trains_on_words_is_a_recipe() -> None:
    """arXiv:2504.13837, table 1. DeepCoder's and EasyR1's own training is not among them."""
    expected = {
        "qwen2.5-7b/grpo-simplerl": "Qwen/Qwen2.5-7B",
        "qwen2.5-14b/grpo-simplerl": "Qwen/Qwen2.5-14B",
        "qwen2.5-32b/grpo-simplerl": "Qwen/Qwen2.5-32B",
        "llama-3.1-8b/grpo-simplerl": "meta-llama/Llama-3.1-8B",
        "qwen2.5-math-7b/dr-grpo-oat-zero": "Qwen/Qwen2.5-Math-7B",
        "qwen2.5-32b/dapo-17k": "Qwen/Qwen2.5-32B",
        "qwen2.5-7b-instruct-1m/grpo-code-r1": "Qwen/Qwen2.5-7B-Instruct-1M",
        "qwen2.5-math-7b/distill-openr1": "open-r1/Qwen2.5-Math-7B-RoPE-300k",
    }
    found = {name: recipes.load(FOLDER / f"{name}.yaml") for name in expected}
    assert {name: recipe.model for name, recipe in found.items()} == expected
    for name, recipe in found.items():
        if name.endswith("simplerl"):
            assert [s.name for s in recipe.data.problems] == ["gsm8k-train", "math-train"]


@pytest.mark.parametrize("folder", [FOLDER / "quickstart", STUDY])
def test_six_methods_share_batch_budget_rate_and_loss(folder: Path) -> None:
    """Or a comparison of them would be one of something else."""
    suffix = "-omni-math" if folder == STUDY else ""
    six = [recipes.load(folder / f"{method}{suffix}.yaml") for method in SIX]
    assert [recipe.method for recipe in six] == list(SIX)
    own = {"epsilon", "epsilon_high"}
    shared = [{k: v for k, v in recipe.trainer.items() if k not in own} for recipe in six]
    assert all(options == shared[0] for options in shared)
    assert shared[0]["loss_type"] == "dapo"
    rest = [(recipe.model, recipe.seed, recipe.data, recipe.evaluation) for recipe in six]
    assert all(settings == rest[0] for settings in rest)


@pytest.mark.parametrize("folder", [FOLDER / "quickstart", STUDY])
def test_one_rollout_serves_several_updates_so_that_clipping_acts(folder: Path) -> None:
    for path in folder.glob("*.yaml"):
        recipe = recipes.load(path)
        if recipe.method in SIX:
            assert rl.interval_of(recipe.trainer, gpus(path)) > 1, path


@pytest.mark.parametrize(
    "path", [path for path in FOLDER.rglob("*.yaml") if "VeRL" in path.read_text()]
)
def test_recipes_from_verl_have_its_dual_clip(path: Path) -> None:
    """clip_ratio_c: 3.0 in its ppo_trainer.yaml; DAPO's script sets 10."""
    expected = 10.0 if path.stem == "dapo-17k" else 3.0
    assert recipes.load(path).trainer["delta"] == expected


def test_code_r1_is_rewarded_for_its_form_as_upstream() -> None:
    (path,) = FOLDER.rglob("grpo-code-r1.yaml")
    given = recipes.load(path).rewards.format
    assert given is not None
    assert (given.style, given.weight) == ("tags", 0.1)


def test_study_saves_at_its_steps_150_300_450() -> None:
    recipe = recipes.load(STUDY / "grpo-omni-math.yaml")
    per_rollout = rl.interval_of(recipe.trainer, 8)
    steps = range(0, recipe.trainer["max_steps"] + 1, recipe.trainer["save_steps"])
    assert [step // per_rollout for step in steps] == [0, 150, 300, 450]


def test_ablations_change_one_thing_each() -> None:
    base = recipes.load(STUDY / "grpo-omni-math.yaml")
    kl = recipes.load(STUDY / "grpo-omni-math-kl.yaml")
    assert kl.trainer == {**base.trainer, "beta": 0.001}
    wide = recipes.load(STUDY / "grpo-omni-math-n32.yaml")
    assert (base.trainer["num_generations"], wide.trainer["num_generations"]) == (8, 32)
    for options in (base.trainer, wide.trainer):
        assert options["generation_batch_size"] == 128 * options["num_generations"]
        assert rl.interval_of(options, 8) == 4
    assert wide.trainer["max_steps"] / 4 == 220
    for ablation in (kl, wide):
        assert ablation.data == base.data
        assert ablation.evaluation == base.evaluation


def test_slip_in_a_recipe_would_be_found(tmp_path: Path) -> None:
    text = (STUDY / "grpo-omni-math.yaml").read_text()
    path = tmp_path / "slip.yaml"
    path.write_text(text.replace("learning_rate", "lerning_rate"))
    with pytest.raises(Faults, match=r"slip.yaml: unknown key 'trainer.lerning_rate'; did you"):
        check(path)
