"""Job: end verifications that stayed undecided too long, and finish ends that were left half done."""

from verifier.wiring import Workshop


def expire(workshop: Workshop) -> int:
    """How many were ended, or finished."""
    return workshop.expiry.expire_due() + workshop.expiry.finish_ends()
