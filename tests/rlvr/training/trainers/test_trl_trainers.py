"""Training starts without importing vLLM, and imports it where a recipe samples with it."""

import subprocess
import sys

from rlvr.samplers import selection
from tests.needs import skip_or_fail

SCRIPT = """
import sys
from rlvr.training.trainers import trl_trainers, verified_grpo
from trl.generation import vllm_client, vllm_generation
from trl.trainer import grpo_trainer
assert "vllm" not in sys.modules
engine = grpo_trainer.VLLMGeneration
trl_trainers.import_vllm()
import vllm
assert vllm_generation.VLLMGeneration is grpo_trainer.VLLMGeneration is engine
for name in ("LLM", "SamplingParams", "is_vllm_available"):
    assert name in engine.generate.__globals__
assert engine.generate.__globals__["LLM"] is vllm.LLM
assert engine.__init__.__globals__["is_vllm_available"]()
assert engine.__init__.__globals__["VLLMClient"] is vllm_client.VLLMClient
assert callable(vllm_client.get_ip)
"""


def test_vllm_is_imported_only_for_a_recipe_that_samples_with_it() -> None:
    if fault := selection.vllm_fault():
        skip_or_fail(fault)
    done = subprocess.run([sys.executable, "-c", SCRIPT], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
