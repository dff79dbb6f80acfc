"""Reads model folders: their tensors, adapters, names, and whether they are whole."""
