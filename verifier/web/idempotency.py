"""Idempotency-Key: the same request twice makes one thing.

Guarantees: for 24 hours a key of a program stands for one body; with another body it is refused; the row holds digests
and the id of what was made, never a body or an answer: the answer is built anew from the resource. Leaves to others:
calling `find_replay` and `remember` in the transaction that makes the resource, so that of two at once one waits.
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from verifier.db.locks import lock_name
from verifier.web.errors import IdempotencyKeyReusedError, InvalidIdempotencyKeyError
from verifier.web.tables import IdempotencyRow

KEPT_FOR: Final = timedelta(hours=24)
_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")


def parse_idempotency_key(text: str) -> str:
    """The header's value; raises `InvalidIdempotencyKeyError` unless it is 1 to 255 printable ASCII characters."""
    if _KEY.fullmatch(text) is None:
        raise InvalidIdempotencyKeyError
    return text


def body_digest(key: bytes, *, call: str, body: bytes) -> bytes:
    """The keyed digest of one call and its body.

    Keyed, because a body is short and guessable: without `key`, a stolen database says nothing about it. `call` is the
    method and the path, so that one Idempotency-Key cannot stand for two calls.
    """
    return hmac.digest(key, call.encode() + b"\x00" + body, "sha256")


def _key_digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("ascii")).digest()


def find_replay(session: Session, now: datetime, *, api_key: str, key: str, body_digest: bytes) -> str | None:
    """The id of what this request made before; None if it is new.

    Raises:
        InvalidIdempotencyKeyError: for a key that cannot be one.
        IdempotencyKeyReusedError: if the key came with another body.
    """
    digest = _key_digest(parse_idempotency_key(key))
    lock_name(session, "idempotency", api_key, digest.hex())
    row = session.get(IdempotencyRow, (api_key, digest))
    if row is None or row.forget_at <= now:
        return None
    if not hmac.compare_digest(row.body_digest, body_digest):
        raise IdempotencyKeyReusedError
    return row.resource_id


def remember(session: Session, now: datetime, *, api_key: str, key: str, body_digest: bytes, resource_id: str) -> None:
    """Keep for 24 hours that this request made `resource_id`; an expired row under the same key gives way."""
    row = IdempotencyRow(api_key=api_key, key_digest=_key_digest(parse_idempotency_key(key)), body_digest=body_digest)
    row.resource_id, row.created_at, row.forget_at = resource_id, now, now + KEPT_FOR
    session.merge(row)


def forget_expired(session: Session, now: datetime) -> None:
    """Delete rows after their 24 hours; called by the sweep."""
    session.execute(delete(IdempotencyRow).where(IdempotencyRow.forget_at <= now))
