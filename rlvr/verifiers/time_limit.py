"""The default time limit of a verifier for one completion."""

TIMEOUT_S = 2.0
