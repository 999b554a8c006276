"""Job: destroy the keys of ended verifications."""

from verifier.wiring import Workshop


def shred(workshop: Workshop) -> int:
    """How many keys were taken up."""
    return workshop.shredder.shred_due()
