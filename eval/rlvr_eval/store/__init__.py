"""Keeps draws and verdicts on disk, append-only."""
