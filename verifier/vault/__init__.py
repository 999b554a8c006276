"""Seal and open; key store, root keys, object stores. Knows bytes and keys, not customers."""
