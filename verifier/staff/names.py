"""Who is meant by the ids in the log: names of people and labels of keys, for pages that other staff read."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from verifier.staff.errors import InviteUsedError, UnknownInviteError
from verifier.staff.service import INVITE_FOR
from verifier.staff.tables import ApiKeyRow, InviteRow, StaffRow
from verifier.staff.tokens import token_digest


def name_actors(session: Session, actors: Collection[str]) -> Mapping[str, str]:
    """The names behind actors, by actor; one that nobody is known by is missing."""
    people = session.execute(select(StaffRow.id, StaffRow.name).where(StaffRow.id.in_(sorted(actors))))
    programs = session.execute(select(ApiKeyRow.id, ApiKeyRow.label).where(ApiKeyRow.id.in_(sorted(actors))))
    return dict([*people, *programs])


def get_invite_end(session: Session, now: datetime, token: str) -> datetime:
    """Until when an invite signs in. Changes nothing. Raises `InviteUsedError`, `UnknownInviteError`."""
    row = session.get(InviteRow, token_digest(token))
    if row is None or not now < row.expires_at <= now + INVITE_FOR:
        raise UnknownInviteError
    if row.used_at is not None:
        raise InviteUsedError
    return row.expires_at
