"""Holds the stages of a distillation, one module each."""
