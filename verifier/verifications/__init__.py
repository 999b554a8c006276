"""Verifications: their life, their links, and what the desk sealed into them. Knows no documents."""
