"""Runs checks that may never end in processes that can be killed."""
