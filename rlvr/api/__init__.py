"""What `import rlvr` offers: train, evaluate, report, compare and import, with typed results.

The verbs of the `rlvr` command call the same functions and print what they return.
"""
