"""Training and evaluation on the same devices, in turns."""
