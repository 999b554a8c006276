"""Telling the other registered contact points that a verification was opened, with the exit *I did not ask for this*.

Whoever took over one contact point must not take over an account unseen. Which one is the other is known twice: when
the link is opened, by the line that the customer is on, whose contact points get a code anyway; and when something is
handed in for one of them, by that one, for a customer may take another line than the first. Guarantees: each is told
once of each link, within the limits of sending; while somebody is still to be told, nothing is approved or handed in
by contact checks alone (`is_telling`), nor approved by a person (`verify_told`), because the end of a verification
drops what waits; what cannot be sent there keeps nobody from going on for ever.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.parts import ContactKind, ContactRequirement
from verifier import faults
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.contacts.codes import CHANNEL_OF
from verifier.contacts.errors import OtherNotToldError
from verifier.contacts.exits import open_exit
from verifier.contacts.letters import Letters
from verifier.contacts.reading import read_confirmed
from verifier.contacts.submissions import find_asked_to_tell
from verifier.contacts.tables import ExitRow
from verifier.contacts.task import Task
from verifier.ids import NoticeId, VerificationId
from verifier.notices.errors import SendLimitReachedError
from verifier.notices.kinds import NoticeKind
from verifier.notices.limits import SendLimits, Subject
from verifier.notices.outbox import SEND_WITHIN, queue_notice
from verifier.notices.standing import find_last_try, is_waiting
from verifier.telemetry import get_log
from verifier.vault.service import Vault
from verifier.verifications.life import VerificationState
from verifier.verifications.sealed_values import get_public_key
from verifier.verifications.tables import VerificationRow

FindLine = Callable[[Session, VerificationRow], int | None]
"""Which line of the ladder the customer is on."""


class Telling:
    """Queues the notices to the other contact points."""

    def __init__(self, vault: Vault, *, limits: SendLimits, letters: Letters, find_line: FindLine) -> None:
        self._vault: Final = vault
        self._limits: Final = limits
        self._letters: Final = letters
        self._find_line: Final = find_line

    def tell_others(self, session: Session, now: datetime, row: VerificationRow, task: Task) -> None:
        """Queue one notice for each of them that was not told yet."""
        exit_row = session.scalars(select(ExitRow).where(ExitRow.verification_id == row.id)).one_or_none()
        token = None if exit_row is None else open_exit(task.private_key, self._vault, exit_row)
        if exit_row is None or token is None:
            return
        exit_row.told_at = exit_row.told_at or now
        told: dict[str, NoticeId] = {}
        for contact, address in find_others(task.addresses, used=self._find_used(session, row, task)).items():
            if CHANNEL_OF[contact] not in exit_row.told:
                notice = self._tell(session, now, task, contact, address=address, token=token)
                told |= {} if notice is None else {CHANNEL_OF[contact].value: notice}
        if told:
            exit_row.told = exit_row.told | told
            record(session, now, EntryKind.OTHER_TOLD, {"verification": row.id, "channels": sorted(told)})
            faults.hit("other.told")

    def _find_used(self, session: Session, row: VerificationRow, task: Task) -> frozenset[ContactKind]:
        """The contact points of which whoever asks shows that they control them, or is about to."""
        if task.contact is not None:
            return frozenset({task.contact})
        confirmed = frozenset(contact for contact, _ in read_confirmed(session, row.id))
        if row.state is not VerificationState.REQUESTED:
            return confirmed  # handed in: what was not shown by then will not be
        line = self._find_line(session, row)
        items = () if line is None else task.policy.ladder[line]
        return confirmed | {item.contact for item in items if isinstance(item, ContactRequirement)}

    def _tell(
        self, session: Session, now: datetime, task: Task, contact: ContactKind, *, address: str, token: str
    ) -> NoticeId | None:
        channel = CHANNEL_OF[contact]
        # Counted apart from the codes: a warning must not make the code wait.
        subjects = {
            Subject.VERIFICATION: f"{task.verification}/{contact}/opened",
            Subject.CONTACT: f"{contact}/{address}/opened",
        }
        try:
            with session.begin_nested():
                goes_at = self._limits.plan_sending(session, now, subjects=subjects)
        except SendLimitReachedError:
            # They were told of ten others within a day. Counts that cannot be read raise instead: then the submission
            # is judged anew later, and whoever asks waits for it.
            get_log().warning("other.limit_reached", verification=task.verification)
            return None
        words = self._letters.write_opened(task, channel, exit_token=token)
        return queue_notice(
            session,
            now,
            self._vault,
            task.verification,
            public_key=get_public_key(session, task.verification),
            channel=channel,
            kind=NoticeKind.OPENED_ELSEWHERE,
            to=address,
            text=words,
            not_before=goes_at,
        )


def find_others(addresses: Mapping[ContactKind, str], *, used: AbstractSet[ContactKind]) -> Mapping[ContactKind, str]:
    """The registered addresses that something can be sent to, and that are not used."""
    return {contact: address for contact, address in addresses.items() if contact in CHANNEL_OF and contact not in used}


def is_telling(session: Session, verification: VerificationId) -> bool:
    """Whether somebody is still to be told: the worker has not looked yet, or the notice has no end."""
    asked_at = find_asked_to_tell(session, verification)
    return asked_at is not None or is_waiting(session, verification, NoticeKind.OPENED_ELSEWHERE)


def verify_told(session: Session, now: datetime, verification: VerificationId) -> None:
    """Raise `OtherNotToldError` while somebody is still to be told.

    A person does not wait longer than the notice would be tried: a worker that is away, or one that cannot send, must
    not keep them from deciding.
    """
    asked_at = find_asked_to_tell(session, verification)
    last_try = find_last_try(session, verification, NoticeKind.OPENED_ELSEWHERE)
    if (asked_at is not None and now < asked_at + SEND_WITHIN) or (last_try is not None and now < last_try):
        raise OtherNotToldError
