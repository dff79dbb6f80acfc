"""Trial runs for `rlvr doctor --run`: short trainings and evaluations with random weights.

Each part starts the command that a user would start, in a process of its own, and reads what it
measured from the files that the command wrote. Nothing is downloaded.
"""
