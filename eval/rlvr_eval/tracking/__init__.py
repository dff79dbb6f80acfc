"""Shows evaluations in Weights & Biases."""
