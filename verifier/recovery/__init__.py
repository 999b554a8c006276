"""Backups, and what has to be done before a database that came back from one may serve anybody again."""
