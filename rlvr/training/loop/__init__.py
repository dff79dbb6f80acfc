"""Runs a training from its start to its end, through every interruption."""
