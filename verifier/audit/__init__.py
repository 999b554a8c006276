"""The audit log: a closed catalogue of entries, appended in the caller's transaction; sequenced, proved, exported."""
