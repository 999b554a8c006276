"""Checking a document: untrusted original in, fresh sealed page images out, original gone.

Guarantees: the process that holds keys never decodes what an untrusted sender encoded (the keyless child does); the
document is `ready` only after the original was seen absent; every write is fenced by the row it belongs to. Each
step is safe to repeat, whatever died before: page images of a lost lease keep their rows and obligations, and go with
the document.
"""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from verifier import faults
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.leases import Lease, take_leases
from verifier.db.wakeups import Work, wake
from verifier.errors import VerifierError
from verifier.evidence.documents import ORIGINAL, Ciphertext, add_copy, note_absent, store_copy
from verifier.evidence.errors import UploadEndedError
from verifier.evidence.fence import FENCE_FOR, Fence, read_steady_clock
from verifier.evidence.heartbeat import Heartbeat
from verifier.evidence.life import DocumentState
from verifier.evidence.sealed_writer import SealedWriter
from verifier.evidence.tables import CopyRow, DocumentRow
from verifier.ids import CopyId, DocumentId, VerificationId
from verifier.retention import service as retention
from verifier.retention.service import Rule
from verifier.sanitise.decoder import Decoder, Limits, Page
from verifier.sanitise.errors import DecoderUnavailableError, Refusal, RefusedError
from verifier.sanitise.formats import MediaType
from verifier.sanitise.jpeg import encode_jpeg
from verifier.vault.errors import (
    BrokenRecordError,
    BrokenSealError,
    KeyMissingError,
    ObjectMissingError,
    StoreUnavailableError,
    WrongCiphertextError,
)
from verifier.vault.keys import PublicKey
from verifier.vault.objects import ObjectKey
from verifier.vault.sealing import open_object
from verifier.vault.service import Vault
from verifier.verifications.key_loss import end_if_lost
from verifier.verifications.life import is_terminal
from verifier.verifications.moves import get_policy, get_undecided_end, get_verification, lock_verification
from verifier.verifications.sealed_values import get_public_key
from verifier.verifications.tables import VerificationRow

_LEASE_FOR: Final = timedelta(seconds=25)
_TRY_AGAIN_AFTER: Final = timedelta(seconds=5)
_TRIES: Final = 3

DAMAGED: Final = "document_damaged"
"""The refusal of a document whose stored bytes are not those that were sealed."""


@dataclass(frozen=True)
class DecoderLimits:
    """What one document may cost; pages come from its policy."""

    memory_bytes: int
    wall_for: timedelta


@dataclass(frozen=True)
class _Task:
    """All that one checking needs to know, read once."""

    lease: Lease
    verification: VerificationId
    media_type: MediaType
    max_pages: int
    destroy_by: datetime
    original: Ciphertext
    original_copy: CopyId
    public_key: PublicKey
    pages_closed: bool
    decodes: int

    @property
    def document(self) -> DocumentId:
        return DocumentId(self.lease.id)


class Checker:
    """Takes sealed documents and makes them ready, or refuses them."""

    def __init__(
        self, database: Database, *, clock: Clock, vault: Vault, decoder: Decoder, limits: DecoderLimits
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self._decoder: Final = decoder
        self._limits: Final = limits

    def check_next(self) -> bool:
        """Check the oldest sealed document that nobody holds; `False` when there is none."""
        with self._database.write() as session:
            now = self._clock.now(session)
            leases = take_leases(
                session,
                DocumentRow,
                key=DocumentRow.id,
                due=DocumentRow.state == DocumentState.SEALED,
                oldest_by=DocumentRow.sealed_at,
                now=now,
                lease_for=_LEASE_FOR,
                limit=1,
            )
        if not leases:
            return False
        faults.hit("check.leased")
        # Where the document ended meanwhile, what was written has rows, and disposal takes it.
        with contextlib.suppress(UploadEndedError):
            self._check(leases[0])
        return True

    def _check(self, lease: Lease) -> None:
        task = self._read_task(lease)
        if not task.pages_closed:
            try:
                self._make_pages(task)
            except RefusedError as error:
                self._refuse(task, error.reason)
                return
            except KeyMissingError:
                if not end_if_lost(self._database, self._clock, self._vault, task.verification):
                    raise UploadEndedError from None  # its verification has ended, and its key went with it
                return
            except (WrongCiphertextError, BrokenSealError, ObjectMissingError, BrokenRecordError):
                self._refuse(task, DAMAGED)
                return
        self._remove_original(task)

    def _read_task(self, lease: Lease) -> _Task:
        with self._database.read() as session:
            document = session.get_one(DocumentRow, lease.id)
            verification = get_verification(session, document.verification_id)
            _verify_live(verification)
            original = session.scalars(
                select(CopyRow).where(CopyRow.document_id == lease.id, CopyRow.name == ORIGINAL)
            ).one()
            assert original.ciphertext_digest is not None
            assert original.ciphertext_bytes is not None
            return _Task(
                lease=lease,
                verification=document.verification_id,
                media_type=MediaType(document.media_type),
                max_pages=get_policy(session, verification).documents[document.document].max_pages,
                destroy_by=get_undecided_end(session, verification),
                original=Ciphertext(original.ciphertext_digest, original.ciphertext_bytes),
                original_copy=original.id,
                public_key=get_public_key(session, document.verification_id),
                pages_closed=document.pages is not None,
                decodes=document.decodes,
            )

    def _make_pages(self, task: _Task) -> None:
        data = self._open_original(task)
        stored: dict[CopyId, Ciphertext] = {}

        def keep(number: int, page: Page) -> None:
            faults.hit("check.decoded")
            copy, ciphertext = self._store_page(task, number, encode_jpeg(page))
            stored[copy] = ciphertext
            faults.hit("check.page_stored")

        limits = Limits(
            max_pages=task.max_pages,
            memory_bytes=self._limits.memory_bytes,
            wall_seconds=self._limits.wall_for.total_seconds(),
        )
        self._count_decode(task)
        try:
            with Heartbeat(lambda: self._extend(task), every_s=_LEASE_FOR.total_seconds() / 3):
                findings = self._decoder.decode(data, task.media_type, limits, keep)
            self._close_pages(task, stored, findings.kinds)
        except UploadEndedError:
            self._take_back(task, pages=len(stored))
            raise
        except (DecoderUnavailableError, StoreUnavailableError, OSError, SQLAlchemyError):
            self._uncount_decode(task)  # the machine failed, not the document
            raise
        faults.hit("check.pages_closed")

    def _take_back(self, task: _Task, *, pages: int) -> None:
        """Delete what this attempt wrote of a document that has ended: its disposal may be over already."""
        for number in range(1, pages + 1):
            self._vault.delete_copy(self._key(task, _page_name(task, number)))

    def _open_original(self, task: _Task) -> bytearray:
        key = self._key(task, ORIGINAL)
        return open_object(
            self._vault.open_keys(task.verification),
            key.context(),
            self._vault.objects.read(key),
            expected_digest=task.original.digest,
            expected_bytes=task.original.length,
        )

    def _count_decode(self, task: _Task) -> None:
        """Count before decoding: a document that killed its worker too often is the reason for it."""
        if task.decodes >= _TRIES:
            raise RefusedError(Refusal.DECODER_CRASHED)
        with self._database.write() as session:
            self._change(session, task, {"decodes": task.decodes + 1})
            self._renew(session, self._clock.now(session), task)

    def _uncount_decode(self, task: _Task) -> None:
        with self._database.write() as session:
            again_at = self._clock.now(session) + _TRY_AGAIN_AFTER
            self._change(session, task, {"decodes": task.decodes, "leased_until": again_at})

    def _store_page(self, task: _Task, number: int, jpeg: bytes) -> tuple[CopyId, Ciphertext]:
        name = _page_name(task, number)
        drawn_at = read_steady_clock()
        copy = self._announce_page(task, name, number)
        fence = Fence(lambda: self._extend(task), drawn_at=drawn_at)
        writer = SealedWriter(self._vault.objects, self._key(task, name), task.public_key, fence=fence)
        try:
            writer.write(jpeg)
            return copy, writer.commit()
        except VerifierError:
            writer.remove()
            raise

    def _announce_page(self, task: _Task, name: str, number: int) -> CopyId:
        with self._database.write() as session:
            now = self._clock.now(session)
            self._renew(session, now, task)
            return add_copy(
                session,
                task.document,
                verification=task.verification,
                name=name,
                page=number,
                rule=Rule.UNDECIDED,
                destroy_by=task.destroy_by,
            )

    def _extend(self, task: _Task) -> None:
        with self._database.write() as session:
            self._renew(session, self._clock.now(session), task)

    def _renew(self, session: Session, now: datetime, task: _Task) -> None:
        """Draw lease and fence anew. Raises `UploadEndedError` when the document is ours no more."""
        self._change(
            session,
            task,
            {"writer_until": now + FENCE_FOR, "leased_until": now + _LEASE_FOR},
        )

    def _change(self, session: Session, task: _Task, values: dict[str, object]) -> None:
        # Locked, so that an end of the verification comes wholly before or wholly after. A copy announced after it
        # would have an obligation that the end did not bring forward.
        _verify_live(lock_verification(session, task.verification))
        hit = session.execute(
            update(DocumentRow)
            .where(
                DocumentRow.id == task.document,
                DocumentRow.state == DocumentState.SEALED,
                DocumentRow.attempts == task.lease.attempts,
            )
            .values(values)
            .returning(DocumentRow.id)
            .execution_options(synchronize_session=False)
        ).all()
        if len(hit) != 1:
            raise UploadEndedError

    def _close_pages(self, task: _Task, stored: dict[CopyId, Ciphertext], findings: tuple[str, ...]) -> None:
        with self._database.write() as session:
            now = self._clock.now(session)
            # From now on the document weighs what its pages weigh: a small PDF may become large pictures.
            weight = task.original.length + sum(ciphertext.length for ciphertext in stored.values())
            values = {"pages": len(stored), "findings": list(findings), "writer_until": now, "reserved_bytes": weight}
            self._change(session, task, values)
            for copy, ciphertext in stored.items():
                store_copy(session, now, copy, ciphertext)

    def _remove_original(self, task: _Task) -> None:
        self._vault.delete_copy(self._key(task, ORIGINAL))
        faults.hit("check.original_deleted")
        with self._database.write() as session:
            now = self._clock.now(session)
            self._change(session, task, {"state": DocumentState.READY, "ready_at": now, "leased_until": None})
            self._record_ready(session, now, task)
        faults.hit("check.closed")

    def _record_ready(self, session: Session, now: datetime, task: _Task) -> None:
        note_absent(session, [task.original_copy], seen_absent_at=now)
        retention.close_obligations(session, [task.original_copy], seen_absent_at=now)
        retention.note_evidence(session, task.document)
        pages = session.scalars(
            select(CopyRow)
            .where(CopyRow.document_id == task.document, CopyRow.stored_at.is_not(None), CopyRow.page.is_not(None))
            .order_by(CopyRow.page)
        ).all()
        of = {"verification": task.verification, "document": task.document}
        record(session, now, EntryKind.COPY_REMOVED, {**of, "copy": task.original_copy, "seen_absent_at": now})
        record(
            session,
            now,
            EntryKind.DOCUMENT_READY,
            {
                **of,
                "pages": len(pages),
                "copies": [{"copy": page.id, "ciphertext_digest": page.ciphertext_digest or ""} for page in pages],
            },
        )

    def _refuse(self, task: _Task, reason: str) -> None:
        with self._database.write() as session:
            now = self._clock.now(session)
            self._change(session, task, {"state": DocumentState.REFUSED, "refusal": reason, "writer_until": now})
            retention.make_document_due(session, now, task.document, rule=Rule.REFUSED)
            wake(session, Work.DISPOSE)
            record(
                session,
                now,
                EntryKind.DOCUMENT_REFUSED,
                {"verification": task.verification, "document": task.document, "code": reason},
            )
        faults.hit("check.closed")

    def _key(self, task: _Task, name: str) -> ObjectKey:
        return ObjectKey(self._vault.installation, task.verification, task.document, name)


def _page_name(task: _Task, number: int) -> str:
    # Objects are written once, so a second attempt writes under a name of its own.
    attempt = task.lease.attempts
    return f"page-{number}" if attempt == 1 else f"page-{number}-{attempt}"


def _verify_live(verification: VerificationRow) -> None:
    """Raise `UploadEndedError` when the verification has ended: its documents are disposal's, not ours."""
    if is_terminal(verification.state):
        raise UploadEndedError
