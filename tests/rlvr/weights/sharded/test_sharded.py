"""Checkpoints in parts, by the savers of torch and DeepSpeed: merged bit for bit, or named."""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rlvr.__main__ import main
from rlvr.core.errors import UserError
from rlvr.core.files import write_json
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr.samplers.hf import HFSampler
from rlvr.tiny.model import BASE
from rlvr.weights.adapters import full_weights
from rlvr.weights.model_hash import weights_hash
from rlvr.weights.sharded.cache import discard, stand_in
from rlvr.weights.tensors import tensors_hash
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.watch import Until, watch
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.model_names import given_models
from rlvr_eval.plan.named_models_folder import Given, read_given, write_given

LAYOUTS = {
    "verl": ("verl", "fsdp.truth.pt"),
    "hsdp": ("hsdp", "fsdp.truth.pt"),
    "dcp": ("dcp", "fsdp.truth.pt"),
    "zero2": ("zero2/_actor/global_step1", "zero2.truth.pt"),
    "zero3": ("zero3/_actor/global_step1", "zero3.truth.pt"),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every layout of one model, by two processes."""
    out = tmp_path_factory.mktemp("parts")
    script = Path(__file__).with_name("write_parts.py")
    launch = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--standalone",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [*launch, str(script), str(out), str(BASE)]
    made = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[-2000:]
    return out


@pytest.fixture
def parts(written: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A layout's folder, to be spoilt."""

    def copied(layout: str) -> Path:
        return Path(shutil.copytree(written / LAYOUTS[layout][0], tmp_path / "parts" / layout))

    return copied


@pytest.fixture
def verl(written: Path, tmp_path: Path) -> Path:
    """A training of verl with a critic: global_step_10/{actor,critic}, each with huggingface/."""
    folder = tmp_path / "exp"
    for role in ("actor", "critic"):
        place = folder / "global_step_10" / role
        shutil.copytree(written / "verl", place)
        description = shutil.ignore_patterns("*.safetensors")
        shutil.copytree(BASE, place / "huggingface", ignore=description)
    (folder / "latest_checkpointed_iteration.txt").write_text("10")
    return folder


def of(parts: Path, tmp_path: Path, base: Path = BASE) -> Path:
    return stand_in(parts, base, tmp_path / "merged")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_merged_weights_are_those_of_the_model_bit_for_bit(
    layout: str, written: Path, tmp_path: Path
) -> None:
    place, truth = LAYOUTS[layout]
    folder = of(written / place, tmp_path)
    assert not (folder / "merged").exists()  # the hash is known before anything is merged
    merged = load_file(full_weights(folder) / "model.safetensors")
    original = torch.load(written / truth, weights_only=True)
    del original["lm_head.weight"]  # tied, and left out as save_pretrained does
    assert merged.keys() == original.keys()
    for name, tensor in merged.items():
        assert tensor.dtype == original[name].dtype
        assert torch.equal(tensor.view(torch.int16), original[name].view(torch.int16)), name
    assert weights_hash(folder) == tensors_hash(full_weights(folder))


def test_layouts_of_one_model_have_one_hash(written: Path, tmp_path: Path) -> None:
    folders = [of(written / LAYOUTS[layout][0], tmp_path) for layout in ("verl", "dcp")]
    assert weights_hash(folders[0]) == weights_hash(folders[1])


def test_a_merge_that_was_killed_is_done_again_and_a_copy_is_made_once(
    written: Path, tmp_path: Path
) -> None:
    folder = of(written / "verl", tmp_path)
    (folder / ".merging-killed").mkdir()
    merged = full_weights(folder)
    assert not list(folder.glob(".merging-*"))
    before = (merged / "model.safetensors").stat().st_mtime_ns
    assert full_weights(of(written / "verl", tmp_path)) == merged
    assert (merged / "model.safetensors").stat().st_mtime_ns == before
    discard(folder)
    assert not merged.exists()
    assert weights_hash(folder)


def unlink(name: str) -> Callable[[Path], None]:
    return lambda folder: next(folder.glob(name)).unlink()


def halve(name: str) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        file = next(folder.glob(name))
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return cut


def hostile(name: str) -> Callable[[Path], None]:
    class Command:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, ("exit 1",)

    def spoil(folder: Path) -> None:
        file = next(folder.glob(name))
        if file.suffix == ".pt":
            torch.save({"module": Command()}, file)
        else:
            file.write_bytes(pickle.dumps(Command()))

    return spoil


def dotted(folder: Path) -> None:
    """A pickle that reaches through a class that is known: pathlib's write_text."""
    reach = b"\x80\x04\x8c\x07pathlib\x8c\x0fPath.write_text\x93."
    (folder / ".metadata").write_bytes(reach)


def another_world(folder: Path) -> None:
    shutil.copy(folder / "model_world_size_2_rank_0.pt", folder / "model_world_size_1_rank_0.pt")


def changed(
    name: str, change: Callable[[dict[str, torch.Tensor]], object]
) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        file = next(folder.glob(name))
        state = torch.load(file, weights_only=False)
        change(state.get("module", state))
        torch.save(state, file)

    return spoil


ZERO2 = "mp_rank_00_model_states.pt"
LAST = "model.norm.weight"
FAULTS = [
    ("verl", unlink("*rank_1.pt"), "model_world_size_2_rank_1.pt missing of 2 shards"),
    ("verl", halve("*rank_1.pt"), "no whole file of torch.save"),
    ("verl", hostile("*rank_0.pt"), "would run posix.system"),
    ("verl", another_world, "shards of 1 and 2 processes"),
    ("verl", changed("*rank_1.pt", lambda s: s.pop(LAST)), "has other tensors than"),
    (
        "verl",
        changed("*rank_1.pt", lambda s: s.update({LAST: s[LAST].float()})),
        f"'{LAST}' has another dtype in some shards",
    ),
    ("dcp", unlink(".metadata"), "no .metadata beside its *.distcp"),
    ("dcp", unlink("__1_0.distcp"), "__1_0.distcp is missing"),
    ("dcp", halve("__1_0.distcp"), "cut off at"),
    ("dcp", halve(".metadata"), "damaged or cut off"),
    ("dcp", hostile(".metadata"), "would run posix.system"),
    ("dcp", dotted, "would run pathlib.Path.write_text"),
    ("zero3", unlink("*rank_1*optim*"), "no optim_states.pt of process 1 of 2"),
    ("zero3", unlink("zero_pp_rank_1*model*"), "no model_states.pt of process 1 of 2"),
    ("zero3", halve("*rank_1*optim*"), "no whole file of torch.save"),
    ("zero2", unlink(ZERO2), "no *_model_states.pt"),
    ("zero2", hostile(ZERO2), "would run posix.system"),
    ("zero2", changed(ZERO2, lambda s: s.pop(LAST)), f"lacks '{LAST}'"),
    ("zero2", changed(ZERO2, lambda s: s[LAST].fill_(float("nan"))), "the weights are not finite"),
    (
        "zero2",
        changed(ZERO2, lambda s: s.update({LAST: s[LAST].to(torch.int8)})),
        "is torch.int8; weights must be numbers",
    ),
    (
        "zero2",
        changed(ZERO2, lambda s: s.update({"lm_head.weight": s["lm_head.weight"] + 1})),
        "though its config ties them",
    ),
    (
        "zero2",
        changed(ZERO2, lambda s: s.update({"ema.model.embed_tokens.weight": s[LAST]})),
        "holds several models, under '', 'ema.'",
    ),
    (
        "zero2",
        changed(ZERO2, lambda s: s.update({"tok.weight": s.pop("model.embed_tokens.weight")})),
        "no tensor is called 'model.embed_tokens.weight'",
    ),
]


@pytest.mark.parametrize(("layout", "spoil", "told"), FAULTS)
def test_parts_that_make_no_model_are_named_in_one_line(
    layout: str,
    spoil: Callable[[Path], None],
    told: str,
    parts: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    folder = parts(layout)
    spoil(folder)
    with pytest.raises(UserError) as refusal:
        of(folder, tmp_path)
    assert told in str(refusal.value)
    assert str(folder) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_another_models_configuration_is_named(written: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(BASE, tmp_path / "other"))
    config = (other / "config.json").read_text()
    (other / "config.json").write_text(config.replace('"vocab_size": 110', '"vocab_size": 220'))
    with pytest.raises(UserError, match=r"has 110 tokens, and its config 220 \(vocab_size\)"):
        of(written / "verl", tmp_path, base=other)


def test_without_a_configuration_the_base_is_asked_for(written: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name the model that was trained with --base"):
        stand_in(written / "dcp", None, tmp_path / "merged")


def test_a_checkpoint_of_megatron_is_named_with_the_command_that_converts_it(
    tmp_path: Path,
) -> None:
    for place in ("verl/global_step_5/actor/dist_ckpt", "slime/iter_0000005"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "common.pt").write_bytes(b"")
        (tmp_path / place / ".metadata").write_bytes(b"")
    told: dict[str, str] = {}
    given_models(str(BASE), [str(tmp_path / name) for name in ("verl", "slime")], told)
    assert "verl.model_merger merge --backend megatron --local_dir" in told["global_step_5"]
    assert "convert_torch_dist_to_hf.py --input-dir" in told["iter_0000005"]


def test_the_actor_is_evaluated_and_its_merged_copy_removed(
    verl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    run = tmp_path / "runs" / "r"
    where = ["--base", str(BASE), "--model", str(verl), "--out", str(run), "--processes", "1"]
    asked = ["--benchmark", "countdown-dev,limit=1", "design=fixed:1", "sampler=hf"]
    asked.append("sampling.max_completion_tokens=2")
    assert main(["eval", *where, *asked]) == 0
    entries = Ledger(Run(run)).entries()
    assert [entry["model"] for entry in entries] == ["base", "global_step_10"]
    assert not list((tmp_path / "runs" / "merged").glob("*/merged"))
    assert main(["eval", *where, *asked, "run_seed=1", "keep_merged=true"]) == 0
    (kept,) = (tmp_path / "runs" / "merged").glob("*/merged/model.safetensors")
    assert kept.is_file()


def test_a_shard_that_is_still_to_come_is_waited_for(
    verl: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    late = verl / "global_step_10" / "actor" / "model_world_size_2_rank_1.pt"
    late.rename(tmp_path / "late.pt")
    settings = {"benchmarks": {"name": "countdown-dev", "limit": 1}, "design": "fixed:1"}
    sampling = {"temperature": 1.0, "max_completion_tokens": 2}
    run = Run(tmp_path / "runs" / "w")
    given = Settings.model_validate({**settings, "sampler": "hf", "sampling": sampling})
    write_given(run, Given(str(BASE), (str(verl),), given))

    def evaluated(_: Run) -> None:
        if not late.is_file():
            (tmp_path / "late.pt").rename(late)

    crew = Crew(HFSampler(), HFSampler, processes=1)
    left = watch(
        run, read_given(run).settings, crew, evaluated=evaluated, until=Until(step=10), poll_s=0.01
    )
    assert left == {}
    assert "rank_1.pt missing of 2 shards" in caplog.text
    assert {entry["step"] for entry in Ledger(run).entries()} == {0, 10}


def test_deepspeeds_folder_within_a_checkpoint_of_trl_is_read(
    written: Path, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "out" / "checkpoint-10"
    shutil.copytree(BASE, checkpoint, ignore=shutil.ignore_patterns("*.safetensors"))
    shutil.copytree(written / LAYOUTS["zero3"][0], checkpoint / "global_step10")
    for name in (tmp_path / "out", checkpoint):
        (model,) = given_models(None, [str(name)], merged=tmp_path / "m")
        assert (model.name, model.step) == ("checkpoint-10", 10)
        assert model.parts == checkpoint / "global_step10"


def test_a_model_larger_than_one_file_is_written_as_shards_with_their_index(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlvr.weights.sharded.cache._SHARD_BYTES", 1 << 20)
    folder = of(written / "verl", tmp_path)
    merged = full_weights(folder)
    assert (merged / "model-00002-of-00002.safetensors").is_file()
    assert tensors_hash(merged) == weights_hash(folder)
    HFSampler().load(folder)


def test_openrlhf_is_read_from_its_folder_of_actor_and_critic(
    written: Path, tmp_path: Path
) -> None:
    shutil.copytree(written / "zero2", tmp_path / "ckpt")
    write_json(tmp_path / "ckpt" / "note.json", {})
    (model,) = given_models(str(BASE), [str(tmp_path / "ckpt")], merged=tmp_path / "m")[1:]
    assert (model.name, model.step) == ("global_step1", 1)
