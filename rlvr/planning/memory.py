"""Memory of one training process, phase by phase, from the shape of the model.

The bytes follow from how the trainer works, not from a table of experience: AdamW keeps two moments
(8 bytes a parameter in float32); DeepSpeed keeps float32 masters beside the weights and divides
optimizer, gradients and, in stage 3, weights over the processes (Rajbhandari et al.,
arXiv:1910.02054); activations are the tensors that autograd keeps for a block of transformers'
Llama and Qwen2 code, one by one in `_block_bytes`; TRL's output head works in tiles and keeps no
logits, but collects the head's gradient in float32 (`trl.kernels.chunked_logprob`).

docs/planning.md compares it with what real trainings of small models allocated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rlvr.planning.shape import ModelShape

GIB = 2**30
FLOAT32 = 4
# DeepSpeed's defaults (deepspeed/runtime/zero/config.py): elements of the bucket in which gradients
# are reduced, of the parameters that stage 3 has gathered at a time, of those that it gathers
# ahead, and of a step's sub-group
BUCKET = 500_000_000
_PREFETCHED = 50_000_000
_MOST_GATHERED = 1_000_000_000
_SUB_GROUP = 1_000_000_000
# TRL computes this many logits at a time (TOKEN_CHUNK_SIZE, _CHUNKED_LOGPROB_CHUNK_SIZE), and has
# room for all of them whatever the vocabulary
_TILE_TOKENS, _TILE_WORDS = 4096, 32_768
# of such tiles, as large as the vocabulary, that its code for devices without Triton holds
_TILES_ON_CPU = 7


@dataclass(frozen=True, slots=True)
class Part:
    """One use of memory, in bytes."""

    name: str
    size: float


@dataclass(frozen=True, slots=True)
class Phase:
    """What is in memory at one time of a training step."""

    name: str
    parts: tuple[Part, ...]

    @property
    def size(self) -> float:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)


@dataclass(frozen=True, slots=True)
class Network:
    """One model in memory.

    Attributes:
        frozen, trained: numbers of parameters.
        has_language_head: False for a critic, which ends in one number per token.
        is_adapted: True if only LoRA adapters are trained.
    """

    shape: ModelShape
    frozen: int
    trained: int
    has_language_head: bool = True
    is_adapted: bool = False

    @property
    def parameters(self) -> int:
        """Frozen and trained together."""
        return self.frozen + self.trained


@dataclass(frozen=True, slots=True)
class Training:
    """What memory depends on.

    Attributes:
        learners: networks that are trained: the policy, and PPO's critic behind it.
        onlookers: networks that are only asked: reference and teacher.
        zero_stage: of DeepSpeed; 0 without it.
        weight_bytes: of a weight as it lies in memory.
        trained_bytes: of a weight that is trained; None for `weight_bytes`. PEFT keeps adapters in
            float32 whatever their base is in.
        compute_bytes: of a value in matrix products.
        optimizer_bytes: of the optimizer's state, for each byte of a weight it updates.
        rows, tokens: of one forward pass: sequences, and tokens of the longest.
        accumulates: True if several passes make one update.
        is_checkpointed: True if activations are computed a second time in the backward pass.
        sampled_rows: sequences that this process samples at once with transformers; 0 if it
            samples nothing or vLLM does.
        is_on_gpu: False where TRL's kernels run as plain torch code.
        bucket: elements of DeepSpeed's reduction bucket.
    """

    learners: tuple[Network, ...]
    onlookers: tuple[Network, ...] = ()
    processes: int = 1
    zero_stage: int = 0
    weight_bytes: int = FLOAT32
    trained_bytes: int | None = None
    compute_bytes: int = FLOAT32
    optimizer_bytes: float = 2.0
    rows: int = 1
    tokens: int = 1
    accumulates: bool = False
    is_checkpointed: bool = False
    sampled_rows: int = 0
    is_on_gpu: bool = True
    bucket: int = BUCKET

    @property
    def bytes_each(self) -> int:
        """Of a weight that is trained."""
        return self.trained_bytes or self.weight_bytes

    @property
    def shards(self) -> int:
        """Processes that weights are divided over."""
        return self.processes if self.zero_stage == 3 else 1

    @property
    def trained(self) -> int:
        """Parameters that are updated."""
        return sum(network.trained for network in self.learners)


def phases(training: Training) -> list[Phase]:
    """List the phases of a step in which most memory is used."""
    static = [*_weights(training), *_states(training)]
    found = [
        Phase("backward", (*static, *_gradients(training), *_passes(training))),
        Phase("update", (*static, *_gradients(training), *_step(training))),
    ]
    if training.sampled_rows:
        kept = _gradients(training) if training.zero_stage == 3 else []
        found.insert(0, Phase("rollout", (*static, *kept, *_sampling(training))))
    return found


def resting(training: Training) -> list[Part]:
    """List what stays in memory while nothing is computed, as during vLLM's rollouts."""
    kept = _gradients(training) if training.zero_stage == 3 else []
    return [*_weights(training), *_states(training), *kept]


def _weights(training: Training) -> list[Part]:
    names = ("weights", "critic") if len(training.learners) > 1 else ("weights",)
    sized = list(zip(names, training.learners, strict=True))
    sized += [("reference and teacher", network) for network in training.onlookers]
    return [
        Part(
            name,
            (network.frozen * training.weight_bytes + network.trained * training.bytes_each)
            / training.shards,
        )
        for name, network in sized
    ]


def _states(training: Training) -> list[Part]:
    """Count optimizer states, and DeepSpeed's float32 masters."""
    if not training.zero_stage:
        size = training.trained * training.bytes_each * training.optimizer_bytes
        return [Part("optimizer", size)]
    own = training.trained / training.processes
    return [
        Part("optimizer", own * FLOAT32 * training.optimizer_bytes),
        Part("float32 masters", own * FLOAT32),
    ]


def _gradients(training: Training) -> list[Part]:
    whole = training.trained * training.bytes_each
    if not training.zero_stage:
        found = [Part("gradients", whole)]
        if training.processes > 1:  # DDP reduces copies
            found.append(Part("reduction buckets", whole))
        return found
    found = [Part("gradients", whole / training.processes)]
    if training.zero_stage == 3:  # where it is kept; other stages make it in every backward pass
        found.append(Part("reduction bucket", _bucket(training)))
    return found


def _bucket(training: Training) -> int:
    return training.bucket * training.bytes_each


def _step(training: Training) -> list[Part]:
    """Count DeepSpeed's float32 gradients for the optimizer step and its reduction bucket."""
    if not training.zero_stage:
        return []
    own = training.trained / training.processes
    if training.zero_stage == 3:
        own = min(own, _SUB_GROUP)
    reduced = min(training.trained, training.bucket) * training.bytes_each
    found = [Part("gradients in float32", own * FLOAT32), Part("reduced bucket", reduced)]
    if training.zero_stage < 3:
        found.append(Part("reduction bucket", _bucket(training)))
    return found


def _passes(training: Training) -> list[Part]:
    """Count activations and the backward pass's buffers at the moment of their largest sum.

    The critic's forward pass comes last, so its activations are gone when the policy's head begins.
    """
    policy, *others = (_kept(network, training) for network in training.learners)
    working = max(_working(network, training) for network in training.learners)
    if training.zero_stage in (1, 2):  # from the first gradient on, which follows the head's tiles
        working += _bucket(training)
    when_it_begins = (policy + sum(others), working)
    at_the_head = (policy, max(_head(training), working))
    kept, works = max(when_it_begins, at_the_head, key=sum)
    found = [Part("activations", kept), Part("backward pass", works)]
    if training.zero_stage == 3:
        largest = max(network.parameters for network in training.learners)
        gathered = min(largest, _MOST_GATHERED) + min(largest, _PREFETCHED)
        gathered *= training.weight_bytes
        found.append(Part("gathered weights", gathered))
    elif not training.zero_stage and training.compute_bytes < training.weight_bytes:
        # autocast keeps a copy of every matrix until the backward pass has used it
        copies = sum(network.parameters for network in training.learners)
        found.append(Part("weights cast for autocast", copies * training.compute_bytes))
    return found


def _kept(network: Network, training: Training) -> float:
    """Count the bytes of the activations of one pass."""
    positions = training.rows * training.tokens
    of_input = network.shape.hidden * training.weight_bytes
    of_block = of_input if training.is_checkpointed else _block_bytes(network, training)
    return network.shape.layers * of_block * positions


def _working(network: Network, training: Training) -> float:
    """Count the gradients of two of the MLP's values, held by the backward pass of one block.

    With checkpointing also the activations of the block, which it has just computed again.
    """
    gradients = 2 * network.shape.intermediate * training.compute_bytes
    again = _block_bytes(network, training) if training.is_checkpointed else 0.0
    return (gradients + again) * training.rows * training.tokens


def _block_bytes(network: Network, training: Training) -> float:
    """Count what autograd keeps of one block for each token.

    Two RMSNorms: their input in float32, the normalized value, which its weight's gradient needs,
    and the product that enters the linear layers. Attention: queries, keys and values, the latter
    two repeated for every head, and the output. The gated MLP: gate, its activation, up, and their
    product. What lies between the blocks has the weights' precision, which autocast leaves alone.
    """
    shape, compute = network.shape, training.compute_bytes
    normalized = 0 if network.is_adapted else training.weight_bytes
    norms = 2 * shape.hidden * (FLOAT32 + normalized + compute)
    attention = 4 * shape.queries * compute + shape.heads * FLOAT32
    mlp = 4 * shape.intermediate * compute
    return norms + attention + mlp


def _head(training: Training) -> float:
    """Count the backward pass of TRL's output head: gradients in float32, and a tile."""
    policy = training.learners[0]
    positions = training.rows * training.tokens
    tile_rows = min(positions, _TILE_TOKENS)
    tiles = tile_rows * _TILE_WORDS
    if not training.is_on_gpu:
        tiles += _TILES_ON_CPU * tile_rows * min(policy.shape.vocabulary, _TILE_WORDS)
    of_weight = 0 if policy.is_adapted else policy.shape.embedding
    return FLOAT32 * (of_weight + positions * policy.shape.hidden + tiles)


def _sampling(training: Training) -> list[Part]:
    """Count transformers' cache of keys and values, and the logits of one step."""
    policy = training.learners[0]
    cache = policy.shape.kv_bytes(training.weight_bytes) * training.sampled_rows * training.tokens
    logits = 2 * training.sampled_rows * policy.shape.vocabulary * FLOAT32
    found = [Part("KV cache", cache), Part("logits", logits)]
    if training.zero_stage == 3:  # TRL gathers the whole policy to generate
        found.append(Part("gathered weights", policy.parameters * training.weight_bytes))
    return found


def largest(found: Sequence[Phase]) -> Phase:
    """Return the phase that needs most memory."""
    return max(found, key=lambda phase: phase.size)
