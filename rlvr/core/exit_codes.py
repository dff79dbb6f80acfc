"""The exit codes of the `rlvr` command, beside 0 for done and those of its errors."""

EXIT_REQUEUE = 75
EXIT_PAUSED = 76
EXIT_BROKEN_PIPE = 141
