"""Decides what an evaluation asks for, and records what is done."""
