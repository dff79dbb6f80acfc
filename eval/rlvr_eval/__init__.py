"""Measures how far a model's reasoning reaches: pass@k of every checkpoint, with honest intervals."""
