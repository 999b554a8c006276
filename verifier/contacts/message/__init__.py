"""The message itself as evidence: whether the registered e-mail address wrote it, and how surely that is known.

Pure but for the look-ups of its resolver: no database, no clock of its own, nothing kept.
"""
