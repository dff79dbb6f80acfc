"""Describes run directories: what lies in them, and who waits for it."""
