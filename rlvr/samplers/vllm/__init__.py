"""Samples with vLLM, through one engine for all checkpoints of an evaluation."""
