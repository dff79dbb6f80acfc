"""Holds what the methods' trainers are made of."""
