"""Samplers behind one protocol: transformers' generate (`hf`) and, where installed, `vllm`."""
