"""The rows of an upload: announced before the first byte, closed by exactly one update, or ended.

Guarantees: the row, its object key and its share of the quota exist before the first byte; two files cannot take one
slot; a document whose fence has passed cannot be closed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, bindparam, case, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from policies.model import DocumentRules, Policy
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.base import table_of
from verifier.db.locks import lock_name
from verifier.db.prepared import Change, Question
from verifier.db.wakeups import Work, wake
from verifier.evidence.errors import (
    QuotaExceededError,
    SlotTakenError,
    StoreFullError,
    TooManyDocumentsError,
    TooManyUploadsError,
    UnknownDocumentError,
    UnknownSlotError,
    UploadEndedError,
)
from verifier.evidence.fence import FENCE_FOR
from verifier.evidence.life import BEFORE, ENDS_EARLY, OCCUPIES_SLOT, DocumentState
from verifier.evidence.tables import CopyRow, DocumentRow
from verifier.ids import CopyId, DocumentId, VerificationId, new_copy_id, new_document_id
from verifier.retention import service as retention
from verifier.retention.service import Rule
from verifier.sanitise.formats import MediaType
from verifier.verifications.errors import AlreadyDecidedError, WrongStateError
from verifier.verifications.life import VerificationState, is_terminal
from verifier.verifications.moves import verify_in_time
from verifier.verifications.tables import Standing

ORIGINAL: Final = "original"
# Past every fence, and past every attempt that a store may still be working at when its writer gave up.
_LOOK_AGAIN_AFTER: Final = timedelta(minutes=1)
_CUT_UPLOADS: Final = 10

# Each upload pays for these: built once, and past the unit of work (see `table_of`).
_INSERT: Final = Change(insert(table_of(DocumentRow)))
_INSERT_COPY: Final = Change(insert(table_of(CopyRow)))
_HELD: Final = Question(
    select(
        DocumentRow.id,
        DocumentRow.document,
        DocumentRow.slot,
        DocumentRow.state,
        DocumentRow.reserved_bytes,
        DocumentRow.writer_until,
        DocumentRow.sealed_at,
    ).where(DocumentRow.verification_id == bindparam("verification"))
)
_RESERVED_IN_TOTAL: Final = Question(
    select(func.coalesce(func.sum(DocumentRow.reserved_bytes), 0)).where(DocumentRow.state != DocumentState.DISPOSED)
)
_CHANGE: Final = update(table_of(DocumentRow)).where(
    DocumentRow.id == bindparam("of_document"), DocumentRow.writer_until > bindparam("now")
)
_EXTEND: Final = Change(_CHANGE.where(DocumentRow.state == DocumentState.RECEIVING))
_CLOSE: Final = Change(_CHANGE.where(or_(*(DocumentRow.state == state for state in BEFORE[DocumentState.SEALED]))))
_STORE: Final = Change(update(table_of(CopyRow)).where(CopyRow.id == bindparam("of_copy")))


@dataclass(frozen=True)
class Announced:
    """What the sender said of a file before its first byte."""

    document: str
    slot: str
    replaces: DocumentId | None
    media_type: MediaType
    declared_bytes: int | None


class _Held(NamedTuple):
    """A document that the verification has already, as far as the next one asks."""

    id: DocumentId
    document: str
    slot: str
    state: DocumentState
    reserved_bytes: int
    writer_until: datetime
    sealed_at: datetime | None


@dataclass(frozen=True)
class Begun:
    """A document that may be written now."""

    id: DocumentId
    copy: CopyId
    replaces: DocumentId | None
    max_bytes: int


@dataclass(frozen=True)
class Ciphertext:
    """Digest (SHA-256, hex) and length (bytes) of a sealed copy."""

    digest: str
    length: int


@dataclass(frozen=True)
class Received:
    """What arrived: the size of the file in clear, and its ciphertext."""

    size: int
    ciphertext: Ciphertext


def get_rules(policy: Policy, document: str, slot: str) -> DocumentRules:
    """The rules for a slot of the policy. Raises: UnknownSlotError"""
    if not any(place.document == document and place.slot == slot for place in policy.slots()):
        raise UnknownSlotError
    return policy.documents[document]


def verify_takes_documents(row: Standing, now: datetime) -> None:
    """Raise unless the customer is being asked for documents now.

    Raises:
        AlreadyDecidedError, WrongStateError, TooLateError
    """
    if is_terminal(row.state):
        raise AlreadyDecidedError({"state": row.state})
    if row.state is not VerificationState.REQUESTED:
        raise WrongStateError({"state": row.state})
    verify_in_time(row, now)


def begin(
    session: Session,
    now: datetime,
    row: Standing,
    announced: Announced,
    *,
    policy: Policy,
    actor: str,
    bytes_in_total: int,
) -> Begun:
    """Announce a document in a locked verification.

    Raises:
        AlreadyDecidedError, WrongStateError, TooLateError, UnknownSlotError, SlotTakenError, UnknownDocumentError,
        TooManyDocumentsError, TooManyUploadsError, QuotaExceededError, StoreFullError
    """
    verify_takes_documents(row, now)
    rules = get_rules(policy, announced.document, announced.slot)
    reserved = min(rules.max_bytes, announced.declared_bytes or rules.max_bytes)
    held = _find_held(session, row.id)
    _verify_slot_is_free(held, announced)
    _verify_quota(session, now, held, policy=policy, reserved=reserved, bytes_in_total=bytes_in_total)
    document = new_document_id()
    _INSERT.run(
        session,
        {
            "id": document,
            "verification_id": row.id,
            "document": announced.document,
            "slot": announced.slot,
            "state": DocumentState.RECEIVING,
            "actor": actor,
            "media_type": announced.media_type,
            "reserved_bytes": reserved,
            "created_at": now,
            "writer_until": now + FENCE_FOR,
        },
    )
    copy = add_copy(
        session,
        document,
        verification=row.id,
        name=ORIGINAL,
        page=None,
        rule=Rule.UNFINISHED_UPLOAD,
        destroy_by=now + policy.retention.unfinished_upload_for,
    )
    return Begun(id=document, copy=copy, replaces=announced.replaces, max_bytes=rules.max_bytes)


def add_copy(
    session: Session,
    document: DocumentId,
    *,
    verification: VerificationId,
    name: str,
    page: int | None,
    rule: Rule,
    destroy_by: datetime,
) -> CopyId:
    """Announce a copy and the duty to dispose of it."""
    copy = new_copy_id()
    row = {"id": copy, "document_id": document, "verification_id": verification, "name": name, "page": page}
    _INSERT_COPY.run(session, row)
    retention.open_obligation(
        session, copy, document=document, verification=verification, rule=rule, destroy_by=destroy_by
    )
    return copy


def _find_held(session: Session, verification: VerificationId) -> list[_Held]:
    return [_Held(*row) for row in _HELD.ask(session, {"verification": verification})]


def _verify_slot_is_free(held: Sequence[_Held], announced: Announced) -> None:
    here = [
        document
        for document in held
        if (document.document, document.slot) == (announced.document, announced.slot)
        and document.state in OCCUPIES_SLOT
    ]
    replaced = next((document for document in held if document.id == announced.replaces), None)
    is_elsewhere = replaced is not None and (replaced.document, replaced.slot) != (announced.document, announced.slot)
    if is_elsewhere or (announced.replaces is not None and replaced is None):
        raise UnknownDocumentError
    if any(document.id != announced.replaces for document in here):
        raise SlotTakenError


def _verify_quota(
    session: Session,
    now: datetime,
    held: Sequence[_Held],
    *,
    policy: Policy,
    reserved: int,
    bytes_in_total: int,
) -> None:
    # An upload that was cut is not held against the person; but not without end either.
    arrived = [d for d in held if d.sealed_at is not None or d.state is DocumentState.RECEIVING]
    if len(arrived) >= policy.limits.max_documents or len(held) >= _CUT_UPLOADS * policy.limits.max_documents:
        raise TooManyDocumentsError({"most": policy.limits.max_documents})
    arriving = [d for d in held if d.state is DocumentState.RECEIVING and d.writer_until > now]
    if len(arriving) >= policy.limits.uploads_at_once:
        raise TooManyUploadsError({"most": policy.limits.uploads_at_once})
    stays = sum(d.reserved_bytes for d in held if d.state in OCCUPIES_SLOT)
    if stays + reserved > policy.limits.total_bytes:
        raise QuotaExceededError({"megabytes": policy.limits.total_bytes // 1_000_000})
    lock_name(session, "stored-bytes")  # shared by all verifications, so their own locks do not guard it
    ((reserved_in_total,),) = _RESERVED_IN_TOTAL.ask(session, {})
    if reserved_in_total + reserved > bytes_in_total:
        raise StoreFullError


def extend_writer(session: Session, now: datetime, document: DocumentId) -> None:
    """Move the fence of an arriving document ahead. Raises: UploadEndedError when it arrives no more."""
    which = {"of_document": document, "now": now}
    _verify_one(_EXTEND.run(session, {**which, "writer_until": now + FENCE_FOR}))


def close_upload(
    session: Session,
    now: datetime,
    row: Standing,
    begun: Begun,
    received: Received,
    *,
    actor: str,
) -> None:
    """Close a received document in a locked verification. Raises: UploadEndedError"""
    closed = {"state": DocumentState.SEALED, "sealed_at": now, "writer_until": now, "reserved_bytes": received.size}
    _verify_one(_CLOSE.run(session, {"of_document": begun.id, "now": now, **closed}))
    wake(session, Work.CHECK)
    store_copy(session, now, begun.copy, received.ciphertext)
    retention.postpone_document(session, now, begun.id, rule=Rule.UNDECIDED, destroy_by=row.link_expires_at)
    if begun.replaces is not None:
        end_document(session, now, row.id, begun.replaces, rule=Rule.REPLACED)
    record(
        session,
        now,
        EntryKind.DOCUMENT_SEALED,
        {
            "verification": row.id,
            "document": begun.id,
            "copy": begun.copy,
            "actor": actor,
            "ciphertext_digest": received.ciphertext.digest,
            "ciphertext_bytes": received.ciphertext.length,
        },
    )


def store_copy(session: Session, now: datetime, copy: CopyId, ciphertext: Ciphertext) -> None:
    """Keep what the tier that sealed a copy says of its ciphertext: `open` checks it first."""
    stored = {"stored_at": now, "ciphertext_digest": ciphertext.digest, "ciphertext_bytes": ciphertext.length}
    _STORE.run(session, {"of_copy": copy, **stored})


def note_absent(session: Session, copies: Sequence[CopyId], *, seen_absent_at: datetime) -> None:
    """These were seen absent. What an upload may have sent is looked for once more (`verifier.disposal.late`)."""
    again = case((CopyRow.name == ORIGINAL, literal(seen_absent_at + _LOOK_AGAIN_AFTER, CopyRow.look_again_by.type)))
    session.execute(
        update(CopyRow)
        .where(CopyRow.id.in_(copies), CopyRow.seen_absent_at.is_(None))
        .values(seen_absent_at=seen_absent_at, look_again_by=again)
    )


def get_document_of(session: Session, verification: VerificationId, document: DocumentId) -> DocumentRow:
    """A document of this verification. Raises: UnknownDocumentError"""
    row = session.get(DocumentRow, document)
    if row is None or row.verification_id != verification:
        raise UnknownDocumentError
    return row


def end_document(
    session: Session, now: datetime, verification: VerificationId, document: DocumentId, *, rule: Rule
) -> None:
    """Give a document of a locked verification up; its bytes go at once. Repeating it changes nothing.

    Raises:
        UnknownDocumentError: it does not belong to this verification.
    """
    row = get_document_of(session, verification, document)
    if row.state in ENDS_EARLY:
        row.state = DocumentState.DISPOSING
    retention.make_document_due(session, now, document, rule=rule)
    wake(session, Work.DISPOSE)


def find_unfinished_uploads(session: Session, now: datetime) -> Sequence[tuple[DocumentId, VerificationId]]:
    """Uploads whose writer died: the fence is past and nobody closed them. At most 100 at once."""
    found = session.execute(select(DocumentRow.id, DocumentRow.verification_id).where(*_is_unfinished(now)).limit(100))
    return [(document, verification) for document, verification in found]


def end_unfinished_upload(session: Session, now: datetime, verification: VerificationId, document: DocumentId) -> bool:
    """Give one up in a locked verification, unless it was closed meanwhile; whether it was given up."""
    if session.scalar(select(DocumentRow.id).where(DocumentRow.id == document, *_is_unfinished(now))) is None:
        return False
    end_document(session, now, verification, document, rule=Rule.UNFINISHED_UPLOAD)
    return True


def _is_unfinished(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return DocumentRow.state == DocumentState.RECEIVING, DocumentRow.writer_until < now - timedelta(seconds=1)


def _verify_one(rows: int) -> None:
    if rows != 1:
        raise UploadEndedError
