"""How long things may stay: dated duties to dispose of one copy. Knows ids and dates, nothing else."""
