"""`verifier demo`: a story for each shipped policy, driven through the public doors by a client and nothing else."""
