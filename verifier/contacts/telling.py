"""Telling the other registered contact point that a verification was opened, with the exit *I did not ask for this*.

Whoever took over one contact point must not take over an account unseen. Told are all registered addresses, but for
those that the proof which is offered first asks for anyway: they get a code. Guarantees: once a verification, within
the limits of sending; what cannot be sent there keeps nobody from going on.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.model import Policy
from policies.parts import ContactKind, ContactRequirement
from verifier import faults
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.contacts.codes import CHANNEL_OF
from verifier.contacts.exits import open_exit
from verifier.contacts.letters import Letters
from verifier.contacts.life import Result
from verifier.contacts.tables import ExitRow
from verifier.contacts.task import Task
from verifier.notices.errors import SendLimitReachedError
from verifier.notices.kinds import NoticeKind
from verifier.notices.limits import SendLimits, Subject
from verifier.notices.outbox import queue_notice
from verifier.vault.service import Vault
from verifier.verifications.sealed_values import get_public_key
from verifier.verifications.tables import VerificationRow

FindFirstLine = Callable[[Session, VerificationRow], int | None]
"""Which line of the ladder is offered first in this verification."""


class Telling:
    """Queues the notices to the other contact points."""

    def __init__(self, vault: Vault, *, limits: SendLimits, letters: Letters, first_line: FindFirstLine) -> None:
        self._vault: Final = vault
        self._limits: Final = limits
        self._letters: Final = letters
        self._first_line: Final = first_line

    def tell_others(self, session: Session, now: datetime, row: VerificationRow, task: Task) -> Result:
        """Queue one notice for each of them."""
        exit_row = session.scalars(select(ExitRow).where(ExitRow.verification_id == row.id)).one_or_none()
        token = None if exit_row is None else open_exit(task.private_key, self._vault, exit_row)
        if exit_row is None or token is None or exit_row.told_at is not None:
            return Result.NOTED
        exit_row.told_at = now
        line = self._first_line(session, row)
        others = find_others(task.policy, task.addresses, line=line)
        told = [
            CHANNEL_OF[contact]
            for contact, address in others.items()
            if self._tell(session, now, task, contact, address=address, token=token)
        ]
        if told:
            record(session, now, EntryKind.OTHER_TOLD, {"verification": row.id, "channels": sorted(told)})
            faults.hit("other.told")
        return Result.NOTED

    def _tell(
        self, session: Session, now: datetime, task: Task, contact: ContactKind, *, address: str, token: str
    ) -> bool:
        channel = CHANNEL_OF[contact]
        # Counted apart from the codes: a warning must not make the code wait.
        subjects = {
            Subject.VERIFICATION: f"{task.verification}/opened",
            Subject.CONTACT: f"{contact}/{address}/opened",
        }
        try:
            with session.begin_nested():
                goes_at = self._limits.plan_sending(session, now, subjects=subjects)
        except SendLimitReachedError:
            return False
        words = self._letters.write_opened(task, channel, exit_token=token)
        queue_notice(
            session,
            now,
            self._vault,
            task.verification,
            public_key=get_public_key(session, task.verification),
            channel=channel,
            kind=NoticeKind.OPENED_ELSEWHERE,
            to=address,
            subject=words.subject,
            body=words.body,
            not_before=goes_at,
        )
        return True


def find_others(policy: Policy, addresses: Mapping[ContactKind, str], *, line: int | None) -> Mapping[ContactKind, str]:
    """The registered addresses that the line does not ask for."""
    asked = (
        frozenset()
        if line is None
        else frozenset(item.contact for item in policy.ladder[line] if isinstance(item, ContactRequirement))
    )
    return {
        contact: address for contact, address in addresses.items() if contact in CHANNEL_OF and contact not in asked
    }
