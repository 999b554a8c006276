"""Job: make the oldest sealed document ready, or refuse it."""

from verifier.wiring import Workshop


def check(workshop: Workshop) -> int:
    """How many documents were taken up."""
    return int(workshop.checker.check_next())
