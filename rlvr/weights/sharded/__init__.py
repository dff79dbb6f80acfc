"""Checkpoints that other trainers leave in parts, read as one model by public formats alone.

    verl          model_world_size_W_rank_R.pt, FSDP shards, beside huggingface/
    DCP           .metadata and *.distcp of torch.distributed.checkpoint: prime-rl, NeMo-RL, FSDP2
    DeepSpeed     *_model_states.pt and *_optim_states.pt of ZeRO 1 to 3: OpenRLHF and others

A layout maps names to functions that each give one whole tensor, so that a model larger than memory
is read tensor by tensor. `safe_files` opens every file; nothing in one of them is ever run.
`cache` keeps the merged copy that samplers load.
"""
