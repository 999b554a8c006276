"""Job: where a hold keeps a key, forget what it does not keep."""

from verifier.wiring import Workshop


def forget_unheld(workshop: Workshop) -> int:
    """Of how many verifications something was forgotten."""
    return workshop.shredder.forget_unheld()
