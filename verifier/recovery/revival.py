"""What a database must go through that came back from a backup, in one transaction, before it opens for anybody.

Guarantees: until it has committed, the database belongs to no installation and no process opens it. Then no link and no
session of before opens anything; and what had ended since the backup was made (verifications, documents, API keys,
people, by the list outside, `verifier.audit.ended`) ends again: documents without a second deletion receipt.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.ended import digest_ended
from verifier.audit.service import record
from verifier.db.tables import InstallationRow
from verifier.evidence.life import BEFORE, DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.ids import DocumentId
from verifier.recovery.manifest import Manifest
from verifier.retention.service import make_restored_due
from verifier.staff.tables import ApiKeyRow, InviteRow, SessionRow, StaffRow
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import move
from verifier.verifications.tables import IS_LIVE, CustomerSessionRow, VerificationRow

_GENERATIONS: Final = 1_000
"""How far generations are raised: no link that was made after the backup is ever made again."""


@dataclass(frozen=True)
class Revived:
    """How much of what came back had ended before."""

    verifications: int
    documents: int
    api_keys: int
    people: int


def revive(session: Session, now: datetime, manifest: Manifest, *, ended: frozenset[str]) -> Revived:
    """Make the restored rows this installation's again. `ended`: the digests of what has ended for good."""
    _revoke_links(session, now)
    for rows in (CustomerSessionRow, SessionRow, InviteRow):
        session.execute(delete(rows))
    documents = _end_documents(session, now, ended)  # first: they go without a law, and without a second receipt
    revived = Revived(
        verifications=_end_verifications(session, now, ended),
        documents=documents,
        api_keys=_revoke_keys(session, now, ended),
        people=_disable_people(session, now, ended),
    )
    session.add(
        InstallationRow(
            id=manifest.installation,
            created_at=datetime.fromisoformat(manifest.created_at),
            clock_high_at=datetime.fromisoformat(manifest.clock_high_at),
            stores_marked_at=now,
        )
    )
    record(session, now, EntryKind.INSTALLATION_RESTORED, {"backup_made_at": manifest.made})
    return revived


def _revoke_links(session: Session, now: datetime) -> None:
    """Every link of before is a replaced one; of what is live, agents see that it ran out, and make the next."""
    # One by one would be many: no use case runs beside this.
    session.execute(update(VerificationRow).values(generation=VerificationRow.generation + _GENERATIONS))
    is_open = IS_LIVE & (VerificationRow.link_expires_at > now)
    session.execute(update(VerificationRow).where(is_open).values(link_expires_at=now))


def _end_documents(session: Session, now: datetime, ended: frozenset[str]) -> int:
    rows = session.scalars(select(DocumentRow.id).where(DocumentRow.state != DocumentState.DISPOSED))
    found = [document for document in rows if digest_ended(document) in ended]
    for document in found:
        _end_document(session, now, document)
    return len(found)


def _end_verifications(session: Session, now: datetime, ended: frozenset[str]) -> int:
    """How each of them had ended, the list does not say: here it is called off, and a law keeps what it kept."""
    rows = session.scalars(select(VerificationRow).where(IS_LIVE))
    found = [row for row in rows if digest_ended(row.id) in ended]
    for row in found:
        move(session, now, row, to=VerificationState.CANCELLED, actor="operator")
    return len(found)


def _end_document(session: Session, now: datetime, document: DocumentId) -> None:
    session.execute(
        update(DocumentRow)
        .where(DocumentRow.id == document, DocumentRow.state.in_(BEFORE[DocumentState.DISPOSING]))
        .values(state=DocumentState.DISPOSING)
    )
    make_restored_due(session, now, document)


def _revoke_keys(session: Session, now: datetime, ended: frozenset[str]) -> int:
    rows = session.scalars(select(ApiKeyRow).where(ApiKeyRow.revoked_at.is_(None)))
    found = [row for row in rows if digest_ended(row.id) in ended]
    for row in found:
        row.revoked_at = now
    return len(found)


def _disable_people(session: Session, now: datetime, ended: frozenset[str]) -> int:
    rows = session.scalars(select(StaffRow).where(StaffRow.disabled_at.is_(None)))
    found = [row for row in rows if digest_ended(row.id) in ended]
    for row in found:
        row.disabled_at = now
    return len(found)
