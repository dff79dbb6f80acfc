"""Draws, verifies and stores what evaluations still need."""
