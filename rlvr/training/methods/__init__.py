"""Holds the training methods, one small module each."""
