"""What is found out about a submission outside every transaction: a message, a token, a domain, a signature.

Guarantees: whatever a stranger sent ends in a finding, and never in an exception of its own. Leaves to others: what a
finding does to the check (`effects`), and the looking itself, which knows no database.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from verifier.contacts.life import SubmissionKind
from verifier.contacts.task import MootError, Task
from verifier.contacts.tools import Tools
from verifier.contacts.verdict import Verdict


@dataclass(frozen=True)
class Finding:
    """A verdict, where one can be given without the rows; and what must not be accepted a second time."""

    verdict: Verdict | None = None
    grade: str | None = None
    seen_once: str | None = None
    remember_for: timedelta = timedelta(0)


_NOTHING: Final = Finding()


class Findings:
    """Looks at submissions with the tools of this installation."""

    def __init__(self, tools: Tools) -> None:
        self._tools: Final = tools

    def look(self, task: Task, *, now: datetime) -> Finding:
        """Raises: MootError"""
        match task.kind:
            case SubmissionKind.OPENED | SubmissionKind.BEGIN | SubmissionKind.GUESS | SubmissionKind.ADDRESS:
                return _NOTHING
            case (
                SubmissionKind.MESSAGE | SubmissionKind.ATTESTATION | SubmissionKind.LOOK | SubmissionKind.SIGNATURE
            ):
                raise MootError
            case _:
                assert_never(task.kind)
