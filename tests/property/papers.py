"""A page as its owner sends it, through the real upload, without a door in between."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from tests.journey import make_jpeg
from verifier.contacts.submissions import CUSTOMER
from verifier.evidence.documents import verify_takes_documents
from verifier.evidence.upload import Body
from verifier.ids import VerificationId
from verifier.verifications.moves import lock_verification
from verifier.verifications.tables import VerificationRow

_JPEG: Final = make_jpeg(width=24, height=18)


class Sender:
    """Who may send: the one whom the door let in."""

    actor = CUSTOMER

    def __init__(self, verification: VerificationId) -> None:
        self._verification: Final = verification

    def note_slot(self, slot: str) -> None:
        """No page to mark."""

    def admit(self, session: Session, form_token: str) -> VerificationId:
        return self._verification

    def lock(self, session: Session, now: datetime) -> VerificationRow:
        row = lock_verification(session, self._verification)
        verify_takes_documents(row, now)
        return row


def photo_for(place: tuple[str, str]) -> Body:
    """A form with a photo for a slot of a document."""

    async def whole() -> AsyncIterator[bytes]:
        yield head_of(place) + _JPEG + b"\r\n--b--\r\n"

    return Body(whole(), boundary=b"b", declared_bytes=None)


def head_of(place: tuple[str, str]) -> bytes:
    """What of a form comes before its file's first byte."""
    slot = ".".join(place).encode()
    head = b'--b\r\nContent-Disposition: form-data; name="slot"\r\n\r\n' + slot + b"\r\n"
    return head + b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
