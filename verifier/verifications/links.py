"""Links and the sessions they open.

A token is base64url(HMAC-SHA-256(link key, "verifier/v1/link/<id>/<generation>")): the same link can be shown again
and nobody stores it; the database holds only SHA-256(token). A session is a random token of its own, also stored as
its digest, and valid for one generation of the link.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.prepared import Question
from verifier.ids import VerificationId
from verifier.verifications.errors import (
    LinkExpiredError,
    LinkFinishedError,
    LinkReplacedError,
    SessionNeededError,
    UnknownLinkError,
)
from verifier.verifications.life import VerificationState, is_terminal
from verifier.verifications.moves import get_policy, get_verification, lock_standing, lock_verification
from verifier.verifications.tables import CustomerSessionRow, LinkRow, Standing, VerificationRow

_TOKEN_LENGTH: Final = 43

S = TypeVar("S", bound=Standing)

_SESSION: Final = Question(
    select(CustomerSessionRow.verification_id, CustomerSessionRow.generation).where(
        CustomerSessionRow.token_digest == bindparam("digest")
    )
)
_LINK: Final = Question(
    select(LinkRow.verification_id, LinkRow.generation).where(LinkRow.token_digest == bindparam("digest"))
)


class LinkKey:
    """The staff tier's key from which link tokens are derived."""

    def __init__(self, key: bytes) -> None:
        self._key: Final = key

    def __repr__(self) -> str:
        return f"<LinkKey of {len(self._key)} bytes>"

    def derive_token(self, verification: VerificationId, generation: int) -> str:
        return self._derive(f"verifier/v1/link/{verification}/{generation}")

    def derive_exit_token(self, verification: VerificationId) -> str:
        """The token of the exit that the other contact point is told: it ends the verification and opens nothing."""
        return self._derive(f"verifier/v1/exit/{verification}")

    def _derive(self, message: str) -> str:
        digest = hmac.digest(self._key, message.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


@dataclass(frozen=True)
class CustomerSession:
    """A freshly opened session; `token` goes into the cookie and is stored nowhere."""

    verification: VerificationId
    token: str


@dataclass(frozen=True)
class Pass:
    """What a browser showed: a session of this generation of the link, or the link itself."""

    verification: VerificationId
    generation: int
    is_session: bool


def digest_token(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def store_link(session: Session, row: VerificationRow, *, token: str) -> None:
    session.add(LinkRow(token_digest=digest_token(token), verification_id=row.id, generation=row.generation))


def get_linked(session: Session, now: datetime, token: str) -> VerificationRow:
    """The verification behind a link that may be used now. Changes nothing.

    Raises:
        UnknownLinkError, LinkReplacedError, LinkExpiredError, LinkFinishedError
    """
    link = _get_link(session, token)
    return _verify_linked(session, now, get_verification(session, link.verification_id), link)


def _get_link(session: Session, token: str) -> LinkRow:
    link = session.get(LinkRow, digest_token(token)) if len(token) == _TOKEN_LENGTH else None
    if link is None:
        raise UnknownLinkError
    return link


def _verify_linked(session: Session, now: datetime, row: VerificationRow, link: LinkRow) -> VerificationRow:
    if link.generation != row.generation:
        raise LinkReplacedError
    verify_open(session, now, row)
    return row


def verify_open(session: Session, now: datetime, row: Standing) -> None:
    """Raise unless the customer may still see this verification."""
    if is_terminal(row.state):
        ended_at = row.ended_at or now
        if row.forgotten_at is not None or now >= ended_at + get_policy(session, row).link.status_for:
            raise LinkFinishedError
        return
    if row.state is VerificationState.REQUESTED and now >= row.link_expires_at:
        raise LinkExpiredError


def open_link(session: Session, now: datetime, token: str) -> CustomerSession:
    """Open a link by a person's act: begins a session on this browser.

    Raises:
        UnknownLinkError, LinkReplacedError, LinkExpiredError, LinkFinishedError
    """
    link = _get_link(session, token)  # it never changes; its verification does, and a renewal may be just before us
    row = _verify_linked(session, now, lock_verification(session, link.verification_id), link)
    opened = CustomerSession(verification=row.id, token=secrets.token_urlsafe(32))
    session.add(
        CustomerSessionRow(
            token_digest=digest_token(opened.token),
            verification_id=row.id,
            generation=row.generation,
            created_at=now,
        )
    )
    if row.opened_at is None:
        row.opened_at = now
    record(session, now, EntryKind.LINK_OPENED, {"verification": row.id, "generation": row.generation})
    return opened


def get_session_verification(
    session: Session, now: datetime, verification: VerificationId, token: str | None
) -> VerificationRow:
    """The verification that a browser may see: by its session, or once it has ended by the link itself.

    An ended verification is read-only, so looking at it through its link needs no session and changes nothing.

    Raises:
        SessionNeededError: no such session, or its link was replaced.
        LinkExpiredError, LinkFinishedError
    """
    return get_passed(session, now, get_pass(session, verification, token))


def get_pass(session: Session, verification: VerificationId, token: str | None) -> Pass:
    """What a browser holds of this verification, by its session or by the link. Raises: SessionNeededError"""
    digest = {"digest": digest_token(token) if token else ""}
    opened = _SESSION.ask(session, digest)
    for passed, generation in opened or _LINK.ask(session, digest):
        if passed == verification:
            return Pass(verification, generation, is_session=bool(opened))
    raise SessionNeededError


def get_passed(session: Session, now: datetime, held: Pass) -> VerificationRow:
    """The verification that a pass still opens. Raises as `get_session_verification` does."""
    return _verify_pass(session, now, get_verification(session, held.verification), held)


def lock_passed(session: Session, now: datetime, held: Pass) -> Standing:
    """Where it stands, locked: the pass may have been read before, since what ends it changes the row."""
    return _verify_pass(session, now, lock_standing(session, held.verification), held)


def _verify_pass(session: Session, now: datetime, row: S, held: Pass) -> S:
    if held.generation != row.generation or not (held.is_session or is_terminal(row.state)):
        raise SessionNeededError
    verify_open(session, now, row)
    return row
