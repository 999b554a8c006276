"""`verifier demo`: a story for each shipped policy, driven through the public doors by a client that knows nothing else."""
