"""Verifies programs by running them against tests."""
