"""One document that is being received: from its announced row to its closed one. Runs in threads."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy.orm import Session

from verifier import faults
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.evidence.documents import (
    ORIGINAL,
    Begun,
    Received,
    close_upload,
    end_document,
    extend_writer,
)
from verifier.evidence.errors import FileTooLargeError
from verifier.evidence.fence import Fence
from verifier.evidence.sealed_writer import SealedWriter
from verifier.ids import VerificationId
from verifier.retention.service import Rule
from verifier.vault.keys import PublicKey
from verifier.vault.objects import ObjectKey
from verifier.vault.service import Vault
from verifier.verifications.moves import lock_verification
from verifier.verifications.tables import Standing


class Sender(Protocol):
    """Who uploads. They are admitted once, and locked in each transaction that changes something."""

    @property
    def actor(self) -> str: ...

    def note_slot(self, slot: str) -> None:
        """Told which slot the form names, before anything is refused for it."""

    def admit(self, session: Session, form_token: str) -> VerificationId:
        """Check who they are, before anything is locked; what they want to send to."""

    def lock(self, session: Session, now: datetime) -> Standing:
        """Lock what they were admitted to, and check that they may send to it now."""


@dataclass(frozen=True)
class Permit:
    """What the announcement gave: which document may be written, sealed to which key, until its fence is past."""

    verification: VerificationId
    begun: Begun
    public_key: PublicKey
    fence_drawn_at: float


class Arrival:
    """One document that is being received; its methods run in threads."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        vault: Vault,
        sender: Sender,
        permit: Permit,
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self._sender: Final = sender
        self._permit: Final = permit
        self.begun: Final = permit.begun
        self._fence: Final = Fence(self._extend, drawn_at=permit.fence_drawn_at)
        self._is_closed = False
        self._writer: SealedWriter | None = None
        # A reading that was given up may still have a step under way in its thread; the next waits for its end.
        self._step: Final = threading.Lock()

    def open(self) -> None:
        """Announce the object in its store."""
        key = ObjectKey(self._vault.installation, self._permit.verification, self.begun.id, ORIGINAL)
        self._writer = SealedWriter(self._vault.objects, key, self._permit.public_key, fence=self._fence)

    def _extend(self) -> None:
        with self._database.write() as session:
            extend_writer(session, self._clock.now(session), self.begun.id)

    @property
    def wants_renewal(self) -> bool:
        return self._fence.is_old

    def renew(self) -> None:
        """Move the fence ahead while bytes flow, however slowly."""
        with self._step:
            self._fence.keep_open()

    def write(self, pieces: Sequence[memoryview]) -> None:
        """Seal and store the next bytes. Raises: FileTooLargeError, and what `SealedWriter.write` raises"""
        with self._step:
            self._write(pieces)

    def _write(self, pieces: Sequence[memoryview]) -> None:
        assert self._writer is not None
        if self._writer.size + sum(map(len, pieces)) > self.begun.max_bytes:
            raise FileTooLargeError({"megabytes": self.begun.max_bytes // 1_000_000})
        is_first = self._writer.size == 0
        self._writer.write(*pieces)
        if is_first:
            faults.hit("upload.first_bytes")

    def finish(self, rest: Sequence[memoryview]) -> None:
        """Seal the rest, sync, and close the row; when this returns, the document is there."""
        with self._step:
            self._finish(rest)

    def _finish(self, rest: Sequence[memoryview]) -> None:
        assert self._writer is not None
        self._write(rest)
        ciphertext = self._writer.commit()
        faults.hit("upload.stored")
        with self._database.write() as session:
            now = self._clock.now(session)
            # The sender's right is looked at again: a link that was renewed meanwhile has ended this upload too.
            row = self._sender.lock(session, now)
            received = Received(size=self._writer.size, ciphertext=ciphertext)
            close_upload(session, now, row, self.begun, received, actor=self._sender.actor)
        self._is_closed = True
        faults.hit("upload.closed")

    def end(self) -> None:
        """Leave nothing behind. What fails here is done by disposal: the obligation stands."""
        with self._step:
            self._end()

    def _end(self) -> None:
        if self._is_closed:
            return  # given up after it was there: it stays
        try:
            with self._database.write() as session:
                lock_verification(session, self._permit.verification)
                now = self._clock.now(session)
                end_document(session, now, self._permit.verification, self.begun.id, rule=Rule.UNFINISHED_UPLOAD)
        finally:
            if self._writer is not None:
                self._writer.remove()
