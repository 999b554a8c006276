"""Jobs: judge the oldest submission to a contact check; what waits for servers of others is a job of its own."""

from verifier.contacts.life import QUICK_KINDS, SLOW_KINDS
from verifier.wiring import Workshop


def judge(workshop: Workshop) -> int:
    """How many codes, guesses and addresses were taken up."""
    return int(workshop.judge.judge_next(QUICK_KINDS))


def look_up(workshop: Workshop) -> int:
    """How many messages, attestations and looks at a domain were taken up."""
    return int(workshop.judge.judge_next(SLOW_KINDS))
