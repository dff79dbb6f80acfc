"""A vLLM engine inside this process: started, driven step by step, given other weights, stopped.

It deals in token ids and vLLM's own parameters; prompts, seeds per draw and completions are
`rlvr.samplers.vllm.sampler`'s business. What stands in `_ENVIRONMENT` and `_cpu_options` was found
by trial with vLLM 0.32 on CPU; every line says what goes wrong without it.
"""

import os
import sys
from collections.abc import Generator, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rlvr.core.launched import cores

if TYPE_CHECKING:
    from vllm import RequestOutput, SamplingParams

Key = TypeVar("Key")

# read when vLLM, torch and OpenMP are first imported; what the user has set stays
_ENVIRONMENT = {
    # the engine in this process, not in one of its own: it starts in half the time, and
    # completions need not cross from one process to another
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
}
_ENVIRONMENT_ON_CPU = {
    # one thread: sums come in one order, so draws are the same on any number of cores, and small
    # models are not slowed by threads that spin while they wait for one another
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}

_SEQUENCES_ON_CPU = 256
_BLOCK_SIZE_ON_CPU = 32
_SHARE_OF_FREE_MEMORY = 0.5  # by the engines of all cores together


class Engine:
    """A running engine. Starting one takes 8 s and more.

    vLLM seeds this process's random generators when it starts and draws from torch's at every step,
    so nothing that must be reproduced may draw from them here: evaluate outside of training.

    Args:
        folder: configuration and weights, in safetensors files.
        dtype: of the weights as computed with, whatever they are stored in.
        options: arguments of `vllm.LLM` that take precedence over those chosen here.
    """

    def __init__(self, folder: Path, dtype: str, options: Mapping[str, Any]) -> None:
        _prepare_environment()
        from torch import distributed
        from vllm.platforms import current_platform

        if on_cpu():
            # else the first log-probabilities wait 5 s and more for a C++ compiler
            current_platform.simple_compile_backend = "eager"
        from vllm import LLM

        self._group_was_there = distributed.is_available() and distributed.is_initialized()
        self._llm = LLM(
            **{
                "model": str(folder),
                "dtype": dtype,
                "worker_extension_cls": "rlvr.samplers.vllm.weight_swap.WeightSwap",
                # under the distribution sampled from: tempered and truncated
                "logprobs_mode": "processed_logprobs",
                # parameters that a model's own file asks for are not taken; its end markers come
                # with every request
                "generation_config": "vllm",
                "disable_log_stats": True,
                "use_tqdm_on_load": False,
                **(_cpu_options(folder, options) if on_cpu() else {}),
                **options,
            }
        )
        self._request_ids = count()
        self._is_running = False

    @property
    def context_length(self) -> int:
        """Tokens of prompt and completion together, at most."""
        return int(self._llm.llm_engine.model_config.max_model_len)

    def run(
        self, work: "Iterator[tuple[Key, list[int], SamplingParams]]"
    ) -> "Generator[tuple[Key, RequestOutput]]":
        """Run (key, prompt ids, parameters); yield each key with its output as it finishes.

        The queue is kept just long enough that a finished request is replaced at once, so a million
        draws need no more memory than a thousand. Closing the iterator drops what still runs.
        """
        self.refuse_while_running()
        engine = self._llm.llm_engine
        queue_length = 2 * engine.vllm_config.scheduler_config.max_num_seqs
        keys: dict[str, Key] = {}
        sequences = 0
        self._is_running = True
        try:
            while True:
                while sequences < queue_length and (entering := next(work, None)) is not None:
                    key, prompt_ids, params = entering
                    request_id = str(next(self._request_ids))
                    engine.add_request(request_id, {"prompt_token_ids": prompt_ids}, params)
                    keys[request_id] = key
                    sequences += params.n
                if not keys:
                    return
                for output in engine.step():
                    sequences -= len(output.outputs)
                    yield keys.pop(output.request_id), output
        finally:
            engine.abort_request(list(keys))
            self._is_running = False

    def refuse_while_running(self) -> None:
        """Refuse a second iterator: it would get the first one's outputs.

        Raises:
            RuntimeError: if one is neither finished nor closed.
        """
        if self._is_running:
            raise RuntimeError("the engine is still sampling: finish or close that iterator first")

    def swap(self, folder: Path) -> None:
        """Exchange the weights. The engine must not be used after this has failed."""
        self._llm.collective_rpc("swap_weights", args=(str(folder),))
        # cached blocks hold keys and values computed with the old weights
        if not self._llm.reset_prefix_cache():
            raise RuntimeError("vLLM kept its prefix cache, which holds the old weights' values")

    def close(self) -> None:
        """Stop the engine and free its memory; torch.distributed stays if it was there before."""
        from vllm.distributed import parallel_state

        self._llm.llm_engine.engine_core.shutdown()
        del self._llm
        if self._group_was_there:
            parallel_state.destroy_model_parallel()
        else:
            parallel_state.cleanup_dist_env_and_memory()


def on_cpu() -> bool:
    """Return True where vLLM runs on the CPU."""
    import torch

    return not torch.cuda.is_available()


def _prepare_environment() -> None:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if not on_cpu():
        return
    threads_are_ours = "OMP_NUM_THREADS" not in os.environ
    for name, value in _ENVIRONMENT_ON_CPU.items():
        os.environ.setdefault(name, value)
    if threads_are_ours:
        # too late for the variable alone: torch is imported and has read it
        sys.modules["torch"].set_num_threads(int(_ENVIRONMENT_ON_CPU["OMP_NUM_THREADS"]))


def _cpu_options(folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options for a fast start and bounded memory on a CPU."""
    sequences = options.get("max_num_seqs", _SEQUENCES_ON_CPU)
    chosen = {
        "enforce_eager": True,  # compiling takes longer than most evaluations of a small model
        "max_num_seqs": sequences,
        "block_size": _BLOCK_SIZE_ON_CPU,
        # a prompt split over two steps has its seeded generator rewound, which on CPU ends the
        # engine ("CPU Generator does not use offset")
        "enable_chunked_prefill": False,
    }
    if "VLLM_CPU_KVCACHE_SPACE" not in os.environ:
        # by default vLLM claims nearly all memory, and refuses to start where others use some
        chosen["kv_cache_memory_bytes"] = _kv_cache_bytes(
            folder, sequences, options.get("max_model_len")
        )
    return chosen


def _kv_cache_bytes(folder: Path, sequences: int, tokens: int | None) -> int:
    """Return room for `sequences` of so many tokens, at most a share of the free memory.

    The share leaves room for an engine on every core, which may all be starting at once.

    Args:
        tokens: None takes the model's whole context.
    """
    import psutil
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder).get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    share = _SHARE_OF_FREE_MEMORY / max(cores(), 2)
    # keys and values, at most 4 bytes each
    per_token = 2 * 4 * config.num_hidden_layers * heads * size
    # vLLM keeps one block for itself
    length = tokens or config.max_position_embeddings
    blocks = -(-length // _BLOCK_SIZE_ON_CPU) * sequences + 1
    wanted = blocks * _BLOCK_SIZE_ON_CPU * per_token
    return int(min(wanted, psutil.virtual_memory().available * share))
