"""Computes summary.json, and every sentence that rests on it."""
