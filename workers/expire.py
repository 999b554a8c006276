"""Job: end verifications that stayed undecided too long."""

from verifier.wiring import Workshop


def expire(workshop: Workshop) -> int:
    """How many were ended."""
    return workshop.expiry.expire_due()
