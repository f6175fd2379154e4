"""The web service: loads the checkpoint from ``weights/`` and names digits over HTTP."""
