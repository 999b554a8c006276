"""Disposal: shred, delete, look, tombstone, receipt; and the sweep that compares rows with stores."""
