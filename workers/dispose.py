"""Job: delete what is due, look, and attest."""

from verifier.wiring import Workshop


def dispose(workshop: Workshop) -> int:
    """How many documents were taken up."""
    return workshop.disposer.dispose_due()
