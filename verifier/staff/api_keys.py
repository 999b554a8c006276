"""API keys: the identity of a program, with one role, some scopes of it, and an end.

Guarantees: the secret is shown once and stored as a digest; a key that is expired or revoked recognises nobody; a key
never holds a scope that its role may not have; creation and revocation have their entries in the audit log. Leaves to
others: reading the header (`verifier.web.principals`), the limits per key (`verifier.web.throttle`).
"""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.access import Role, Scope, is_scope_for
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.ids import ApiKeyId
from verifier.staff.errors import InvalidApiKeyError, UnknownApiKeyError
from verifier.staff.principal import Principal
from verifier.staff.service import join_words
from verifier.staff.tables import ApiKeyRow
from verifier.staff.tokens import new_api_key, parse_api_key, token_digest

LONGEST_KEY_FOR: Final = timedelta(days=366)
USED_EVERY: Final = timedelta(minutes=1)
_LABEL_LENGTH: Final = 60


@dataclass(frozen=True)
class ApiKey:
    """A key as it is listed: everything but the secret, which nobody has any more."""

    id: ApiKeyId
    label: str
    role: Role
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None


def create_api_key(
    session: Session,
    now: datetime,
    *,
    label: str,
    role: Role,
    scopes: Collection[Scope],
    valid_for: timedelta,
    actor: str,
) -> str:
    """Make a key and return its text, `vk_…`, for the only time. Raises `InvalidApiKeyError`.

    A key without a scope could do nothing, and one with a scope beyond its role would promise what is then refused.
    """
    if not label.strip() or len(label) > _LABEL_LENGTH or not label.isprintable():
        raise InvalidApiKeyError
    if not timedelta(0) < valid_for <= LONGEST_KEY_FOR:
        raise InvalidApiKeyError
    if not scopes or not all(is_scope_for(role, scope) for scope in scopes):
        raise InvalidApiKeyError
    api_key, text = new_api_key()
    parsed = parse_api_key(text)
    assert parsed is not None
    row = ApiKeyRow(id=api_key, label=label, role=role.value, scopes=join_words(scopes), created_at=now)
    row.secret_digest, row.expires_at = token_digest(parsed[1]), now + valid_for
    session.add(row)
    entry = {"api_key": api_key, "role": role.value, "scopes": sorted(scopes), "actor": actor}
    record(session, now, EntryKind.API_KEY_CREATED, entry)
    return text


def revoke_api_key(session: Session, now: datetime, *, api_key: ApiKeyId, actor: str) -> None:
    """End a key at once; again changes nothing. Raises `UnknownApiKeyError`."""
    row = session.get(ApiKeyRow, api_key, with_for_update=True)
    if row is None:
        raise UnknownApiKeyError
    if row.revoked_at is not None:
        return
    row.revoked_at = now
    record(session, now, EntryKind.API_KEY_REVOKED, {"api_key": api_key, "actor": actor})


def list_api_keys(session: Session) -> list[ApiKey]:
    """Every key that was ever made, newest first."""
    rows = session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at.desc(), ApiKeyRow.id))
    return [
        ApiKey(
            ApiKeyId(row.id),
            row.label,
            Role(row.role),
            frozenset(map(Scope, row.scopes.split())),
            row.created_at,
            row.expires_at,
            row.revoked_at,
            row.used_at,
        )
        for row in rows
    ]


def _find_live(session: Session, now: datetime, text: str) -> ApiKeyRow | None:
    # 1. The text has the form of a key.
    parsed = parse_api_key(text)
    if parsed is None:
        return None
    # 2. A key has that id, and its secret is this one, compared in constant time.
    row = session.get(ApiKeyRow, parsed[0])
    if row is None or not hmac.compare_digest(row.secret_digest, token_digest(parsed[1])):
        return None
    # 3. It is neither revoked nor expired.
    return row if row.revoked_at is None and now < row.expires_at else None


def find_api_key(session: Session, now: datetime, text: str) -> Principal | None:
    """Which program sent the key `text`; None if it is no valid key. Writes nothing."""
    row = _find_live(session, now, text)
    if row is None:
        return None
    return Principal(row.id, frozenset({Role(row.role)}), frozenset(map(Scope, row.scopes.split())), row.label)


def is_api_key_used_lately(session: Session, now: datetime, text: str) -> bool:
    """Whether `mark_api_key_used` has run within the last minute; then no write is needed for this request."""
    row = _find_live(session, now, text)
    return row is None or (row.used_at is not None and timedelta(0) <= now - row.used_at < USED_EVERY)


def mark_api_key_used(session: Session, now: datetime, text: str) -> None:
    """Note when a valid key was last used."""
    row = _find_live(session, now, text)
    if row is not None:
        row.used_at = now
