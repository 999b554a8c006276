"""Merkle tree, tiles, checkpoints and proofs (RFC 6962, C2SP). Knows leaves and roots, not customers; no database."""
