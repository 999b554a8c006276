"""Verifier: ask for the least proof, store it sealed, destroy it when decided, and prove it."""
