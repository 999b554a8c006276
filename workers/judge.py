"""Job: judge the oldest submission to a contact check."""

from verifier.wiring import Workshop


def judge(workshop: Workshop) -> int:
    """How many submissions were taken up."""
    return int(workshop.judge.judge_next())
