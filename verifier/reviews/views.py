"""Views: logged before shown, open only to the holder of the live claim, and watermarked.

Guarantees: the entry of a view is committed before a byte of the page is returned; a page that was opened while the
verification ended is thrown away; the unwrapped key lives for one page.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from verifier import faults
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_first_entry, record, verify_log_keeps_up
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.evidence.errors import UnknownDocumentError
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import CopyRow, DocumentRow
from verifier.ids import DocumentId, VerificationId
from verifier.proofs.details import CAPTION, DETAIL, read_given
from verifier.reviews.claims import verify_claimed
from verifier.reviews.errors import DetailsNotViewedError, NotClaimedError, PageDamagedError, UnknownPageError
from verifier.reviews.tables import PageViewRow
from verifier.sanitise.watermark import watermark
from verifier.vault.errors import (
    BrokenRecordError,
    BrokenSealError,
    KeyMissingError,
    ObjectMissingError,
    WrongCiphertextError,
)
from verifier.vault.objects import ObjectKey
from verifier.vault.sealing import open_object
from verifier.vault.service import Vault
from verifier.verifications.errors import AlreadyDecidedError
from verifier.verifications.key_loss import end_if_lost
from verifier.verifications.life import IN_REVIEW, is_terminal
from verifier.verifications.moves import get_policy, get_verification, lock_verification
from verifier.verifications.sealed_values import open_values, read_newest


@dataclass(frozen=True)
class Viewer:
    """Who looks: the id for the log, the name for the watermark."""

    actor: str
    name: str


@dataclass(frozen=True)
class _Leaf:
    """One stored page, as its row says, and what the watermark says of it."""

    key: ObjectKey
    ciphertext_digest: str
    ciphertext_bytes: int
    mark: str


@dataclass(frozen=True)
class Opened:
    """Details by their field, captions by "document.slot"."""

    details: Mapping[str, str] = field(default_factory=dict, repr=False)
    captions: Mapping[str, str] = field(default_factory=dict, repr=False)


class Views:
    """Shows pages, details, captions and expected values to reviewers."""

    def __init__(self, database: Database, *, clock: Clock, vault: Vault) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault

    def view_page(self, document: DocumentId, page: int, *, viewer: Viewer) -> bytes:
        """One page as a watermarked JPEG.

        Raises:
            UnknownDocumentError, UnknownPageError, PageDamagedError, NotClaimedError, AlreadyDecidedError,
            LogBehindError
            KeyMissingError: the key was destroyed meanwhile, or is lost: then this ends the verification.
            StoreUnavailableError: documents or keys cannot be read now.
        """
        leaf = self._log_view(document, page, viewer=viewer)
        faults.hit("view.logged")
        with self._ending_if_lost(leaf.key.verification):
            page_as_stored = self._open(leaf)
        shown = watermark(page_as_stored, leaf.mark)
        self._note_fetched(leaf, page, actor=viewer.actor)
        return shown

    def _open(self, leaf: _Leaf) -> bytes:
        try:
            jpeg = open_object(
                self._vault.open_keys(leaf.key.verification),
                leaf.key.context(),
                self._vault.objects.read(leaf.key),
                expected_digest=leaf.ciphertext_digest,
                expected_bytes=leaf.ciphertext_bytes,
            )
        except (ObjectMissingError, WrongCiphertextError, BrokenSealError, BrokenRecordError) as error:
            raise PageDamagedError from error
        return bytes(jpeg)

    def _note_fetched(self, leaf: _Leaf, page: int, *, actor: str) -> None:
        """Count the page as fetched, and look once more whether it may still be shown."""
        with self._database.write() as session:
            row = lock_verification(session, leaf.key.verification)
            now = self._clock.now(session)
            if is_terminal(row.state):
                raise AlreadyDecidedError({"state": row.state})
            session.merge(PageViewRow(document_id=leaf.key.document, page=page, actor=actor, viewed_at=now))

    def _log_view(self, document: DocumentId, page: int, *, viewer: Viewer) -> _Leaf:
        with self._database.write() as session:
            now = self._clock.now(session)
            row = session.get(DocumentRow, document)
            if row is None:
                raise UnknownDocumentError
            self._verify_may_view(session, now, row.verification_id, viewer)
            session.refresh(row)  # as it is under the lock
            if row.state is not DocumentState.READY:
                raise UnknownDocumentError
            copy = _get_page(session, row, page)
            verify_log_keeps_up(session, now)
            record(
                session,
                now,
                EntryKind.PAGE_VIEWED,
                {"verification": row.verification_id, "document": row.id, "page": page, "actor": viewer.actor},
            )
            verification = get_verification(session, row.verification_id)
            return _Leaf(
                key=ObjectKey(self._vault.installation, row.verification_id, document, copy.name),
                ciphertext_digest=copy.ciphertext_digest or "",
                ciphertext_bytes=copy.ciphertext_bytes or 0,
                mark=f"{verification.reference} · {viewer.name} · {now:%Y-%m-%d %H:%M} UTC",
            )

    def _verify_may_view(self, session: Session, now: datetime, verification: VerificationId, viewer: Viewer) -> None:
        row = lock_verification(session, verification)  # a claim that is renewed must not be one that was given back
        if is_terminal(row.state):
            raise AlreadyDecidedError({"state": row.state})
        if row.state not in IN_REVIEW:  # it went back to the customer, and the claim has not run out yet
            raise NotClaimedError
        held = verify_claimed(session, now, verification, actor=viewer.actor)
        held.claimed_until = now + get_policy(session, row).review.claim_for

    @contextmanager
    def _ending_if_lost(self, verification: VerificationId) -> Iterator[None]:
        """End the verification where its key is not found, and let the refusal on."""
        try:
            yield
        except KeyMissingError:
            end_if_lost(self._database, self._clock, self._vault, verification)
            raise

    def _verify_still_open(self, verification: VerificationId) -> None:
        with self._database.read() as session:
            row = get_verification(session, verification)
            if is_terminal(row.state):
                raise AlreadyDecidedError({"state": row.state})

    def view_expected(self, verification: VerificationId, *, viewer: Viewer) -> dict[str, str]:
        """What the desk knows, by the policy's field names; logged first.

        Raises:
            UnknownVerificationError, NotClaimedError, AlreadyDecidedError, LogBehindError, KeyMissingError
        """
        with self._database.write() as session:
            now = self._clock.now(session)
            self._verify_may_view(session, now, verification, viewer)
            verify_log_keeps_up(session, now)
            fields = {"verification": verification, "actor": viewer.actor}
            record(session, now, EntryKind.EXPECTED_VIEWED, fields)
        with self._ending_if_lost(verification):
            values = open_values(self._database, self._vault, verification, prefix="expected.")
        self._verify_still_open(verification)
        return values

    def view_details(self, verification: VerificationId, *, viewer: Viewer) -> Opened:
        """What the customer typed; logged first. Where there is nothing, there is no view.

        Raises:
            UnknownVerificationError, NotClaimedError, AlreadyDecidedError, LogBehindError, KeyMissingError
        """
        with self._database.write() as session:
            now = self._clock.now(session)
            self._verify_may_view(session, now, verification, viewer)
            given = read_given(session, verification)
            if not (given.details or given.captions):
                return Opened()
            verify_log_keeps_up(session, now)
            fields = {"verification": verification, "actor": viewer.actor}
            record(session, now, EntryKind.DETAILS_VIEWED, fields)
        with self._ending_if_lost(verification):
            details = open_values(self._database, self._vault, verification, prefix=DETAIL)
            captions = open_values(self._database, self._vault, verification, prefix=CAPTION)
        self._verify_still_open(verification)
        return Opened(details, captions)


def verify_details_viewed(session: Session, verification: VerificationId, *, actor: str) -> None:
    """Raise `DetailsNotViewedError` unless this person was shown the details and captions as they are now."""
    given_at = read_newest(session, verification, prefixes=(DETAIL, CAPTION))
    if given_at is None:
        return
    wanted = EntryFilter(kind=EntryKind.DETAILS_VIEWED, verification=verification, actor=actor, since=given_at)
    if find_first_entry(session, wanted) is None:
        raise DetailsNotViewedError


def _get_page(session: Session, document: DocumentRow, page: int) -> CopyRow:
    if not 1 <= page <= (document.pages or 0):  # asked first: no database takes every number that an address can hold
        raise UnknownPageError
    copy = session.scalars(
        select(CopyRow).where(
            CopyRow.document_id == document.id,
            CopyRow.page == page,
            CopyRow.stored_at.is_not(None),
            CopyRow.seen_absent_at.is_(None),
        )
    ).one_or_none()
    if copy is None:
        raise UnknownPageError
    return copy
