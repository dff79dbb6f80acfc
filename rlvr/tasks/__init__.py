"""Finds problems by name or file, and grades completions of them."""
