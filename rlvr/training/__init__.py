"""Training: a recipe in, a run directory with checkpoints out. One small module per method."""
