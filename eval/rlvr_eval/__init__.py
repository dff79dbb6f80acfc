"""Measures how far reasoning reaches: pass@k of every checkpoint, with honest intervals."""
