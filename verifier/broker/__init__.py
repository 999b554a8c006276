"""The broker: carries wake-ups and nothing else. Knows queues and names of jobs, no rows, no stores, no keys."""
