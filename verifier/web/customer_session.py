"""Whose session a customer's request carries, and the verification that it opens: to look at, or locked for change.

Guarantees: every request is counted once, before anything is answered from what it opens; what is refused while a
change is made is refused in the customer's language; every form carries its session's token.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

from fastapi import Form, Request
from sqlalchemy.orm import Session

from verifier.ids import VerificationId
from verifier.verifications import links
from verifier.verifications.moves import lock_verification
from verifier.verifications.tables import VerificationRow
from verifier.web.csrf import form_token, verify_form_token, verify_same_site
from verifier.web.customer_views import CustomerReading
from verifier.web.rooms import Rooms
from verifier.web.speaking import speak

FORM_KEY: Final = b"verifier/v1/customer"
"""Customers' form tokens are derived from their secret session token alone: this tier has no keys."""

FormToken = Annotated[str, Form(max_length=200)]


def cookie_name(verification: str, *, rooms: Rooms) -> str:
    return f"{'__Host' if rooms.is_https else 'dev'}-v-{verification}"


def session_token(request: Request, verification: str, *, rooms: Rooms) -> str:
    return request.cookies.get(cookie_name(verification, rooms=rooms), "")


def token_for_forms(secret: str) -> str:
    return form_token(FORM_KEY, session=secret)


def verify_form(request: Request, verification: str, given: str, *, rooms: Rooms) -> str:
    """The session's token, once the form is known to be its own. Raises: InvalidFormTokenError"""
    verify_same_site(request, method=request.method, public_url=rooms.public_url)
    token = session_token(request, verification, rooms=rooms)
    verify_form_token(given, key=FORM_KEY, session=token)
    return token


def read_customer(
    request: Request, session: Session, now: datetime, row: VerificationRow, *, rooms: Rooms
) -> CustomerReading:
    return CustomerReading(session, now, row, desk=rooms.desk_name, locale=speak(request, hint=row.locale))


@dataclass(frozen=True)
class Visit:
    """One transaction of a customer who may see this verification."""

    request: Request
    rooms: Rooms
    session: Session
    now: datetime
    row: VerificationRow
    form_token: str = field(repr=False)

    def read(self) -> CustomerReading:
        """The verification as its customer sees it, in their language."""
        return read_customer(self.request, self.session, self.now, self.row, rooms=self.rooms)


@contextmanager
def look_again(request: Request, verification: str, *, rooms: Rooms) -> Iterator[Visit]:
    """Look at the verification of a request that was counted already. Raises as `get_session_verification` does."""
    token = session_token(request, verification, rooms=rooms)
    with rooms.database.read() as session:
        now = rooms.clock.now(session)
        row = links.get_session_verification(session, now, VerificationId(verification), token)
        yield Visit(request, rooms, session, now, row, token_for_forms(token))


@contextmanager
def look(request: Request, verification: str, *, rooms: Rooms) -> Iterator[Visit]:
    """Look at the verification, and count the request. Raises also: TooManyRequestsError"""
    with look_again(request, verification, rooms=rooms) as visit:
        rooms.throttle.count_link(visit.row.id)
        yield visit


@contextmanager
def change(request: Request, verification: str, *, token: str, rooms: Rooms) -> Iterator[Visit]:
    """The same, locked for change, once `verify_form` gave the session's token."""
    with rooms.database.write() as session:
        held = links.get_pass(session, VerificationId(verification), token)
        lock_verification(session, held.verification)
        now = rooms.clock.now(session)  # behind the lock: a link can run out while somebody waits there
        row = links.get_passed(session, now, held)
        speak(request, hint=row.locale)
        rooms.throttle.count_link(row.id)
        yield Visit(request, rooms, session, now, row, token_for_forms(token))
