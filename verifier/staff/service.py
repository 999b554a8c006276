"""People who work here: invited with a one-time address, signed in by it, recognised by a session.

Guarantees: an invite signs in once, within 15 minutes; a session ends after 30 idle minutes, after 12 hours, or when
its person is disabled; only digests of tokens are stored; each invite, sign-in and disabling has its entry in the audit
log, in the same transaction. Leaves to others: cookies and forms (`verifier.web`), API keys (`staff.api_keys`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from policies.access import Role
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.installation import CLOCK_TOLERANCE
from verifier.db.locks import lock_name
from verifier.ids import new_staff_id
from verifier.staff.errors import InvalidStaffError, InviteUsedError, UnknownInviteError
from verifier.staff.principal import Principal
from verifier.staff.tables import InviteRow, SessionRow, StaffRow
from verifier.staff.tokens import new_token, token_digest

INVITE_FOR: Final = timedelta(minutes=15)
IDLE_FOR: Final = timedelta(minutes=30)
SESSION_FOR: Final = timedelta(hours=12)
SEEN_EVERY: Final = timedelta(minutes=1)
_NAME_LENGTH: Final = 60
_INVITES_KEPT_FOR: Final = timedelta(days=1)
_PEOPLE: Final = "people"
"""The name under which people are invited, let in and shut out, one at a time: no sign-in slips past a disabling."""


def join_words(words: Collection[str]) -> str:
    """A set of roles or scopes as it is stored: sorted, one space between."""
    return " ".join(sorted(words))


def invite(session: Session, now: datetime, *, name: str, roles: Collection[Role], actor: str) -> str:
    """Make a one-time sign-in token for the person called `name`, and give them exactly `roles`.

    A name that is known stays the same person: their earlier work counts where four eyes are asked for. Older unused
    invites of theirs end. Raises `InvalidStaffError`.
    """
    if not roles or not name.strip() or len(name) > _NAME_LENGTH or not name.isprintable():
        raise InvalidStaffError
    lock_name(session, _PEOPLE)
    row = session.scalar(select(StaffRow).where(StaffRow.name == name))
    if row is None:
        row = StaffRow(id=new_staff_id(), name=name, created_at=now)
        session.add(row)
    row.roles, row.disabled_at = join_words(roles), None
    session.flush()
    session.execute(delete(InviteRow).where(InviteRow.staff_id == row.id, InviteRow.used_at.is_(None)))
    token = new_token()
    session.add(InviteRow(token_digest=token_digest(token), staff_id=row.id, expires_at=now + INVITE_FOR))
    record(session, now, EntryKind.STAFF_INVITED, {"staff": row.id, "roles": sorted(roles), "actor": actor})
    return token


def disable(session: Session, now: datetime, *, name: str, actor: str) -> bool:
    """Shut out the person called `name`: their sessions and open invites end at once. Whether there is such a person.

    The row stays, so that the log can be read and four eyes are told apart; a new invite lets them in again.
    """
    lock_name(session, _PEOPLE)
    row = session.scalar(select(StaffRow).where(StaffRow.name == name))
    if row is None:
        return False
    session.execute(delete(SessionRow).where(SessionRow.staff_id == row.id))
    session.execute(delete(InviteRow).where(InviteRow.staff_id == row.id, InviteRow.used_at.is_(None)))
    if row.disabled_at is None:
        row.disabled_at = now
        record(session, now, EntryKind.STAFF_DISABLED, {"staff": row.id, "actor": actor})
    return True


@dataclass(frozen=True)
class Person:
    """Somebody who works here, as they are listed. The log names them by `id`."""

    id: str
    name: str
    roles: frozenset[Role]
    disabled_at: datetime | None


def list_people(session: Session) -> list[Person]:
    """Everybody who was ever invited, by name."""
    rows = session.scalars(select(StaffRow).order_by(StaffRow.name))
    return [Person(row.id, row.name, frozenset(map(Role, row.roles.split())), row.disabled_at) for row in rows]


def redeem_invite(session: Session, now: datetime, token: str) -> str:
    """Sign in: exchange a one-time token for a session token.

    Of two that redeem the same token at once exactly one wins: the update takes the row only while it is unused.
    Raises `InviteUsedError`, `UnknownInviteError`.
    """
    lock_name(session, _PEOPLE)
    digest = token_digest(token)
    is_open = (InviteRow.used_at.is_(None), InviteRow.expires_at > now, InviteRow.expires_at <= now + INVITE_FOR)
    winning = update(InviteRow).where(InviteRow.token_digest == digest, *is_open).values(used_at=now)
    staff = session.scalar(winning.returning(InviteRow.staff_id).execution_options(synchronize_session=False))
    if staff is None:
        used = session.scalar(select(InviteRow.used_at).where(InviteRow.token_digest == digest))
        raise UnknownInviteError if used is None else InviteUsedError
    session_token = new_token()
    ends = {"idle_ends_at": now + IDLE_FOR, "ends_at": now + SESSION_FOR}
    session.add(
        SessionRow(token_digest=token_digest(session_token), staff_id=staff, created_at=now, seen_at=now, **ends)
    )
    record(session, now, EntryKind.STAFF_SIGNED_IN, {"staff": staff})
    return session_token


def _find_live(session: Session, now: datetime, token: str) -> SessionRow | None:
    row = session.get(SessionRow, token_digest(token))
    if row is None or now >= min(row.idle_ends_at, row.ends_at):
        return None
    # An end further ahead than any session's is a clock that went back: it must not make sessions longer.
    return row if row.idle_ends_at - now <= IDLE_FOR + CLOCK_TOLERANCE else None


def find_session(session: Session, now: datetime, token: str) -> Principal | None:
    """Who is signed in with `token`, with the roles that they have now. Writes nothing."""
    row = _find_live(session, now, token)
    person = session.get(StaffRow, row.staff_id) if row else None
    if person is None or person.disabled_at is not None:
        return None
    return Principal(person.id, frozenset(map(Role, person.roles.split())), None, person.name)


def is_session_seen_lately(session: Session, now: datetime, token: str) -> bool:
    """Whether `mark_session_seen` would change nothing that matters; then no write is needed for this request."""
    row = _find_live(session, now, token)
    return row is None or timedelta(0) <= now - row.seen_at < SEEN_EVERY


def mark_session_seen(session: Session, now: datetime, token: str) -> None:
    """Push the idle end of a live session 30 minutes ahead, never past its absolute end."""
    row = _find_live(session, now, token)
    if row is not None:
        seen = {"seen_at": now, "idle_ends_at": min(now + IDLE_FOR, row.ends_at)}
        # Not through the row: who signs out meanwhile takes it away.
        session.execute(update(SessionRow).where(SessionRow.token_digest == row.token_digest).values(seen))


def sign_out(session: Session, now: datetime, token: str) -> None:  # noqa: ARG001 -- every use case is handed the time
    """End the session of `token`, if there is one."""
    session.execute(delete(SessionRow).where(SessionRow.token_digest == token_digest(token)))


def forget_ended(session: Session, now: datetime) -> None:
    """Delete sessions that ended, and invites a day after their end; called by the sweep."""
    session.execute(delete(SessionRow).where((SessionRow.ends_at <= now) | (SessionRow.idle_ends_at <= now)))
    session.execute(delete(InviteRow).where(InviteRow.expires_at <= now - _INVITES_KEPT_FOR))
