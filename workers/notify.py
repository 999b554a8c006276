"""Job: send the oldest notice that is due."""

from verifier.wiring import Workshop


def notify(workshop: Workshop) -> int:
    """How many notices were taken up."""
    return int(workshop.notifier.notify_next())
