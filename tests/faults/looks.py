"""Looking at everything: what must hold of an installation once it is quiet, as plain functions.

Each takes an open house, whatever its database and stores are, and returns sentences: what is wrong, or nothing. They
trust no row where a store can be asked, and check receipts and log as an outsider would, offline.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.faults.contact_looks import look_at_contacts
from tests.faults.proof_looks import look_at_proofs
from verifier.audit.catalogue import EntryKind
from verifier.audit.export import export_lines
from verifier.audit.offline import verify_export
from verifier.audit.proofs import get_checkpoint
from verifier.audit.publish import FolderPublisher
from verifier.audit.tables import EntryRow, LogHeadRow
from verifier.contacts.tables import ContactSubmissionRow
from verifier.disposal.receipt import get_receipt, verify_receipt
from verifier.errors import VerifierError
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import CopyRow, DocumentRow
from verifier.ids import DocumentId
from verifier.notices.tables import NoticeRow, is_open
from verifier.retention.tables import ObligationRow
from verifier.translog.merkle import compute_root
from verifier.translog.tiles import TILE_WIDTH, Tile, TileHashes
from verifier.vault.objects import StoredObject
from verifier.verifications.life import is_terminal
from verifier.verifications.tables import VerificationKeyRow, VerificationRow
from verifier.wiring import House

GONE_WITHIN: Final = timedelta(seconds=60)
"""P3: what is due is seen absent within 60 s, whatever process dies."""


def find_unrest(house: House) -> list[str]:
    """What is still to be done; nothing, once the installation is quiet."""
    with house.database.read() as session:
        now = house.clock.now(session)
        head = session.get(LogHeadRow, 1)
        waiting = {
            "obligations are due": _count(
                session, ObligationRow.copy_id, ObligationRow.closed_at.is_(None) & (ObligationRow.destroy_by <= now)
            ),
            "keys are due": _count(
                session,
                VerificationKeyRow.verification_id,
                VerificationKeyRow.shred_by.is_not(None) & VerificationKeyRow.unreadable_at.is_(None),
            ),
            "uploads are unfinished": _count(session, DocumentRow.id, DocumentRow.state == DocumentState.RECEIVING),
            "documents are unchecked": _count(session, DocumentRow.id, DocumentRow.state == DocumentState.SEALED),
            "documents are being disposed of": _count(
                session, DocumentRow.id, DocumentRow.state == DocumentState.DISPOSING
            ),
            "submissions are not judged": _count(
                session, ContactSubmissionRow.id, ContactSubmissionRow.judged_at.is_(None)
            ),
            "notices are not sent": _count(session, NoticeRow.id, is_open & (NoticeRow.not_before <= now)),
            "entries wait for their place": _count(session, EntryRow.id, EntryRow.log_index.is_(None)),
            "entries are unpublished": head.size - head.published_size if head is not None else 1,
        }
    return [f"{count} {what}" for what, count in waiting.items() if count]


def _count(session: Session, column: object, condition: object) -> int:
    return session.scalar(select(func.count(column)).where(condition)) or 0  # type: ignore[arg-type]  # any column


def look_at_everything(
    house: House, *, acknowledged: Iterable[str] = (), kept: Iterable[str] = (), starts: Sequence[datetime] = ()
) -> list[str]:
    """All looks.

    `acknowledged` are documents whose upload was answered 2xx, `kept` checkpoints from before, `starts` the moments at
    which a worker that had died was back: a deadline counts from the last of them.
    """
    return [
        *look_at_deadlines(house, starts),
        *look_at_uploads(house, acknowledged),
        *look_at_objects(house),
        *look_at_keys(house),
        *look_at_contacts(house),
        *look_at_proofs(house),
        *look_at_receipts(house),
        *look_at_log(house, kept),
        *look_at_published(house),
    ]


def look_at_deadlines(house: House, starts: Sequence[datetime]) -> Iterator[str]:
    """P3: nothing stays past its deadline, and each was kept when it came."""

    def is_late(due: datetime, done: datetime) -> bool:
        return done - max([due, *(start for start in starts if start <= done)]) > GONE_WITHIN

    with house.database.read() as session:
        now = house.clock.now(session)
        for duty in session.scalars(select(ObligationRow)):
            if is_late(duty.due_since, duty.closed_at or now):
                late = (duty.closed_at or now) - duty.due_since
                yield f"a copy of {duty.document_id} was due for {late} ({duty.rule})"
        for row, key in session.execute(select(VerificationRow, VerificationKeyRow).join(VerificationKeyRow)):
            if (row.ended_at is None) != (key.unreadable_at is None):
                yield f"{row.id} is {row.state}, and its key was destroyed: {key.unreadable_at}"
            elif row.ended_at and key.unreadable_at and is_late(row.ended_at, key.unreadable_at):
                yield f"the key of {row.id} was there for {key.unreadable_at - row.ended_at} after its end"


def look_at_uploads(house: House, acknowledged: Iterable[str]) -> Iterator[str]:
    """P8: an upload that was answered 2xx is there, or has a receipt."""
    stored = {item.key.document for item in list_objects(house)}
    with house.database.read() as session:
        for document in acknowledged:
            row = session.get(DocumentRow, document)
            if row is None:
                yield f"{document} was acknowledged, and nobody knows it"
            elif row.state is DocumentState.DISPOSED:
                if document not in _attested(session):
                    yield f"{document} was acknowledged, is gone, and has no receipt"
            elif document not in stored:
                yield f"{document} was acknowledged, is {row.state}, and its bytes are not there"


def look_at_objects(house: House) -> Iterator[str]:
    """The store holds exactly what rows say it holds, and every byte in it has a dated end."""
    found = {(item.key.document, item.key.copy): item for item in list_objects(house)}
    with house.database.read() as session:
        rows = {(DocumentId(row.document_id), row.name): row for row in session.scalars(select(CopyRow))}
        ends = {row.copy_id: row.closed_at for row in session.scalars(select(ObligationRow))}
    for place, item in found.items():
        row = rows.get(place)
        if row is None:
            yield f"{item.key} lies in the store, and no row knows it"
        elif row.seen_absent_at is not None or ends[row.id] is not None:
            yield f"{item.key} lies in the store after it was seen absent"
    for place, row in rows.items():
        is_there = place in found and found[place].size == row.ciphertext_bytes
        if row.stored_at is not None and row.seen_absent_at is None and not is_there:
            yield f"{place[0]}/{place[1]} should lie in the store, whole"


def look_at_keys(house: House) -> Iterator[str]:
    """A verification that ended has no key; one that lives has one."""
    present = set(house.vault.keys.list())
    with house.database.read() as session:
        states = {row.id: row.state for row in session.scalars(select(VerificationRow))}
    for verification, state in states.items():
        if is_terminal(state) == (verification in present):
            yield f"{verification} is {state}, and its key is {'there' if verification in present else 'lost'}"


def look_at_receipts(house: House) -> Iterator[str]:
    """P4: exactly one for each document that is gone, true, and proved offline; none for any other."""
    stored = {item.key.document for item in list_objects(house)}
    with house.database.read() as session:
        attested = _attested(session)
        documents = list(session.scalars(select(DocumentRow)))
        for document in documents:
            is_gone = document.state is DocumentState.DISPOSED
            if attested[document.id] != int(is_gone):
                yield f"{document.id} is {document.state} and has {attested[document.id]} deletion receipts"
            elif is_gone:
                yield from _check_receipt(house, session, document)
            if attested[document.id] and document.id in stored:
                yield f"{document.id} has a deletion receipt, and its bytes are there"


def _check_receipt(house: House, session: Session, document: DocumentRow) -> Iterator[str]:
    text = get_receipt(session, document.id, log_key=house.log_key).to_bytes()
    try:
        report = verify_receipt(text, log_key=house.log_key)
    except VerifierError as error:
        yield f"the receipt of {document.id} does not verify: {error}"
        return
    is_over = is_terminal(session.get_one(VerificationRow, document.verification_id).state)
    if report.status != ("complete" if is_over else "pending"):
        yield f"the receipt of {document.id} is {report.status}"
    copies = set(session.scalars(select(CopyRow.id).where(CopyRow.document_id == document.id)))
    named = report.disposal.statement.fields["copies"]
    assert isinstance(named, list | tuple)
    if set(named) != copies:
        yield f"the receipt of {document.id} does not name its copies"


def _attested(session: Session) -> Counter[str]:
    kind = EntryRow.kind == EntryKind.DOCUMENT_DISPOSED
    return Counter(each or "" for each in session.scalars(select(EntryRow.document_id).where(kind)))


def look_at_log(house: House, kept: Iterable[str]) -> Iterator[str]:
    """One consistent log, which begins with every checkpoint that anyone kept."""
    lines = list(export_lines(house.database, log_key=house.log_key))
    for since in [None, *kept]:
        try:
            verify_export(lines, log_key=house.log_key, since_checkpoint=since)
        except VerifierError as error:
            yield f"the log does not verify: {error}"


def look_at_published(house: House) -> Iterator[str]:
    """What stands published is what the database says, and its tiles lead to its root."""
    publisher = FolderPublisher(house.settings.published_folder)
    note = publisher.read_checkpoint()
    with house.database.read() as session:
        if note != get_checkpoint(session):
            yield "the published checkpoint is not the last one that the database shows"
    checkpoint = house.signer.verifier.open_checkpoint(note or "")
    if compute_root(TileHashes(_FolderTiles(house, checkpoint.size)), checkpoint.size) != checkpoint.root:
        yield "the published tiles do not lead to the published root"


class _FolderTiles:
    def __init__(self, house: House, size: int) -> None:
        self._folder: Final = house.settings.published_folder
        self._size: Final = size

    def read_tile(self, level: int, index: int) -> bytes:
        width = min(TILE_WIDTH, (self._size >> (8 * level)) - index * TILE_WIDTH)
        return (self._folder / Tile(level, index, width).to_path()).read_bytes()


def list_objects(house: House) -> list[StoredObject]:
    return list(house.vault.objects.list(installation=house.vault.installation))
