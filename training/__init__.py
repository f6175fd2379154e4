"""Turns MNIST into the checkpoint in ``weights/``; start with ``python -m training``."""
