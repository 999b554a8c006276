"""One document that is being received: from its announced row to its closed one. Runs in threads."""

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
    verify_takes_documents,
)
from verifier.evidence.errors import FileTooLargeError
from verifier.evidence.fence import Fence
from verifier.evidence.sealed_writer import SealedWriter
from verifier.ids import VerificationId
from verifier.retention.service import Rule
from verifier.vault.objects import ObjectKey
from verifier.vault.service import Vault
from verifier.verifications.moves import lock_verification
from verifier.verifications.sealed_values import get_public_key
from verifier.verifications.tables import VerificationRow


class Sender(Protocol):
    """Who uploads. `lock` checks their right, in the transaction that announces the document."""

    @property
    def actor(self) -> str: ...

    def note_slot(self, slot: str) -> None:
        """Told which slot the form names, before anything is refused for it."""

    def lock(self, session: Session, now: datetime, form_token: str) -> VerificationRow: ...


class Arrival:
    """One document that is being received; its methods run in threads."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        vault: Vault,
        sender: Sender,
        verification: VerificationId,
        begun: Begun,
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self._sender: Final = sender
        self._verification: Final = verification
        self.begun: Final = begun
        self._fence: Final = Fence(self._extend)
        self._writer: SealedWriter | None = None

    def open(self) -> None:
        with self._database.read() as session:
            public_key = get_public_key(session, self._verification)
        key = ObjectKey(self._vault.installation, self._verification, self.begun.id, ORIGINAL)
        self._writer = SealedWriter(self._vault.objects, key, public_key, fence=self._fence)

    def _extend(self) -> None:
        with self._database.write() as session:
            extend_writer(session, self._clock.now(session), self.begun.id)

    @property
    def wants_renewal(self) -> bool:
        return self._fence.is_old

    def renew(self) -> None:
        self._fence.keep_open()

    def write(self, data: bytearray) -> None:
        assert self._writer is not None
        if self._writer.size + len(data) > self.begun.max_bytes:
            raise FileTooLargeError({"megabytes": self.begun.max_bytes // 1_000_000})
        is_first = self._writer.size == 0
        self._writer.write(data)
        if is_first:
            faults.hit("upload.first_bytes")

    def finish(self, rest: bytearray) -> None:
        """Seal the rest, sync, and close the row; when this returns, the document is there."""
        assert self._writer is not None
        self.write(rest)
        ciphertext = self._writer.commit()
        faults.hit("upload.stored")
        with self._database.write() as session:
            now = self._clock.now(session)
            row = lock_verification(session, self._verification)
            verify_takes_documents(row)
            received = Received(size=self._writer.size, ciphertext=ciphertext)
            close_upload(session, now, row, self.begun, received, actor=self._sender.actor)
        faults.hit("upload.closed")

    def end(self) -> None:
        """Leave nothing behind. What fails here is done by disposal: the obligation stands."""
        try:
            if self._writer is not None:
                self._writer.remove()
        finally:
            with self._database.write() as session:
                now = self._clock.now(session)
                end_document(session, now, self._verification, self.begun.id, rule=Rule.UNFINISHED_UPLOAD)
