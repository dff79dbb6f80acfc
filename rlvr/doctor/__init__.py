"""Reports what this installation can do, and tries it."""
