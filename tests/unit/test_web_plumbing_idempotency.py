"""The same request twice makes one thing, and the row says nothing about it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.servers.databases import ON_BOTH
from verifier.db.base import Base
from verifier.db.engine import Database
from verifier.db.opening import open_database
from verifier.ids import new_api_key_id, new_verification_id
from verifier.settings import Settings
from verifier.web.errors import IdempotencyKeyReusedError, InvalidIdempotencyKeyError
from verifier.web.idempotency import body_digest, find_replay, forget_expired, parse_idempotency_key, remember
from verifier.web.tables import IdempotencyRow

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SECRET = b"k" * 32
PROGRAM = new_api_key_id()
MADE = new_verification_id()
BODY = body_digest(SECRET, call="POST /v1/verifications", body=b'{"reference":"CanaryZq7"}')
OTHER = body_digest(SECRET, call="POST /v1/verifications", body=b"{}")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(Settings(home=tmp_path))
    Base.metadata.create_all(opened.engine)
    yield opened
    opened.close()


def _remember(database: Database, *, key: str = "CanaryKey", body: bytes = BODY, made: str = MADE) -> None:
    with database.write() as session:
        remember(session, NOW, api_key=PROGRAM, key=key, body_digest=body, resource_id=made)


def _find(
    database: Database, *, api_key: str = PROGRAM, body: bytes = BODY, after: timedelta = timedelta(0)
) -> str | None:
    with database.read() as session:
        return find_replay(session, NOW + after, api_key=api_key, key="CanaryKey", body_digest=body)


def test_a_new_key_finds_nothing(database: Database) -> None:
    assert _find(database) is None


def test_the_same_request_finds_what_it_made(database: Database) -> None:
    _remember(database)

    assert _find(database) == MADE


def test_another_body_under_the_same_key_is_refused(database: Database) -> None:
    _remember(database)

    with pytest.raises(IdempotencyKeyReusedError):
        _find(database, body=OTHER)
    assert IdempotencyKeyReusedError.code == "idempotency_key_reused"


def test_another_program_has_its_own_keys(database: Database) -> None:
    _remember(database)

    assert _find(database, api_key=new_api_key_id(), body=OTHER) is None


def test_a_key_is_forgotten_after_a_day(database: Database) -> None:
    _remember(database)

    assert _find(database, after=DAY - timedelta(seconds=1)) == MADE
    assert _find(database, after=DAY) is None
    assert _find(database, after=DAY, body=OTHER) is None


@ON_BOTH
def test_an_expired_row_that_was_not_swept_gives_way(database: Database) -> None:
    _remember(database)
    other = new_verification_id()

    with database.write() as session:
        remember(session, NOW + DAY, api_key=PROGRAM, key="CanaryKey", body_digest=OTHER, resource_id=other)

    assert _find(database, body=OTHER, after=DAY) == other


def test_the_sweep_forgets_what_expired_and_nothing_else(database: Database) -> None:
    _remember(database)
    for after, left in ((DAY - timedelta(seconds=1), 1), (DAY, 0)):
        with database.write() as session:
            forget_expired(session, NOW + after)
            assert session.scalar(select(func.count()).select_from(IdempotencyRow)) == left


def test_the_row_holds_neither_body_nor_key(database: Database, tmp_path: Path) -> None:
    _remember(database)
    database.truncate_wal()

    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert MADE.encode() in stored
    assert b"Canary" not in stored


def test_a_digest_depends_on_the_key_the_call_and_the_body() -> None:
    digests = {
        body_digest(secret, call=call, body=body)
        for secret in (b"a" * 32, b"b" * 32)
        for call in ("POST /v1/a", "POST /v1/b")
        for body in (b"", b"{}")
    }

    assert len(digests) == 8


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "é", "a\x00", "\x7f"])
def test_a_key_that_cannot_be_one_is_refused(database: Database, key: str) -> None:
    with pytest.raises(InvalidIdempotencyKeyError):
        parse_idempotency_key(key)
    with pytest.raises(InvalidIdempotencyKeyError):
        _remember(database, key=key)
    assert InvalidIdempotencyKeyError.code == "invalid_idempotency_key"


def test_the_longest_key_is_taken(database: Database) -> None:
    _remember(database, key="~" * 255)
