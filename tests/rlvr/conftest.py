"""Fixtures for what reads checkpoints, and for what runs programs in a sandbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rlvr.core.errors import UserError
from rlvr.tiny.model import BASE
from rlvr.verifiers.code.verifier import CodeVerifier
from rlvr.verifiers.sandbox import Isolation, isolate
from tests.needs import skip_or_fail
from tests.rlvr.refusing import Command


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder of the test session's own, for this process and those it starts."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RLVR_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def lora_checkpoint(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A LoRA adapter of the embedded model that changes what it says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = tmp_path_factory.mktemp("lora")
    config = LoraConfig(
        r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"], task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(BASE), config)
    generator = torch.Generator().manual_seed(3)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            parameter.data = 0.05 * torch.randn(parameter.shape, generator=generator)
    adapted.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def isolation() -> Isolation:
    """The real sandbox. Without it the test is skipped, and under CI it fails."""
    try:
        isolation = isolate()
    except UserError as error:
        skip_or_fail(str(error))
    assert isolation.is_safe, "these tests must not run with RLVR_UNSAFE_CODE=1"
    return isolation


@pytest.fixture(scope="session")
def code_verifier(isolation: Isolation) -> CodeVerifier:
    return CodeVerifier(isolation)


@pytest.fixture
def command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """`rlvr` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path, capsys)
