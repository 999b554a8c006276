"""The doors for people and programs: one router per audience, and the plumbing that they share."""
