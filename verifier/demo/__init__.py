"""`verifier demo`: one whole verification, driven through the public doors by a client that knows nothing else."""
