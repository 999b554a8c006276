"""API keys: shown once, stored as a digest, ended by time or by hand, never beyond their role."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from policies.access import Action, Role, Scope, is_allowed, is_in_scope
from verifier.audit.catalogue import EntryKind
from verifier.audit.leaf import parse_leaf
from verifier.audit.tables import EntryRow
from verifier.db.base import Base
from verifier.db.engine import Database, open_sqlite
from verifier.ids import ApiKeyId, new_api_key_id, new_staff_id
from verifier.staff import api_keys
from verifier.staff.errors import ForbiddenError, InvalidApiKeyError, UnknownApiKeyError
from verifier.staff.principal import Principal, verify_may
from verifier.staff.tokens import new_api_key, parse_api_key

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_sqlite(tmp_path / "verifier.sqlite")
    Base.metadata.create_all(opened.engine)
    yield opened
    opened.close()


def _create(
    database: Database,
    *,
    label: str = "helpdesk",
    role: Role = Role.AGENT,
    scopes: tuple[Scope, ...] = (Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ),
    valid_for: timedelta = 30 * DAY,
) -> str:
    with database.write() as session:
        return api_keys.create_api_key(
            session, NOW, label=label, role=role, scopes=scopes, valid_for=valid_for, actor="operator"
        )


def _find(database: Database, text: str, *, after: timedelta = timedelta(0)) -> Principal | None:
    with database.read() as session:
        return api_keys.find_api_key(session, NOW + after, text)


def _only(database: Database) -> api_keys.ApiKey:
    with database.read() as session:
        (key,) = api_keys.list_api_keys(session)
    return key


def test_a_key_recognises_its_program_with_role_and_scopes(database: Database) -> None:
    principal = _find(database, _create(database))

    assert principal is not None
    assert principal.actor == _only(database).id
    assert principal.roles == {Role.AGENT}
    assert principal.scopes == frozenset({Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ})
    assert principal.display_name == "helpdesk"


def test_any_changed_character_of_a_key_recognises_nobody(database: Database) -> None:
    text = _create(database)

    for place in range(len(text)):
        other = "a" if text[place] != "a" else "b"
        assert _find(database, text[:place] + other + text[place + 1 :]) is None


@pytest.mark.parametrize("text", ["", "vk_", "vk__", "Bearer x", "vk_" + "a" * 26 + "_" + "é" * 52, "\ud800"])
def test_what_has_not_the_form_of_a_key_recognises_nobody(database: Database, text: str) -> None:
    assert _find(database, text) is None


def test_a_key_text_is_read_back_as_it_was_made() -> None:
    api_key, text = new_api_key()
    parsed = parse_api_key(text)

    assert parsed is not None
    assert parsed[0] == api_key
    assert text == f"vk_{api_key.removeprefix('key_')}_{parsed[1]}"
    assert parse_api_key(text + "\n") is None


def test_a_key_ends_when_its_time_is_over(database: Database) -> None:
    text = _create(database, valid_for=DAY)

    assert _find(database, text, after=DAY - timedelta(seconds=1)) is not None
    assert _find(database, text, after=DAY) is None


def test_a_revoked_key_recognises_nobody_and_is_revoked_once(database: Database) -> None:
    text = _create(database)
    api_key = _only(database).id

    for _ in range(2):
        with database.write() as session:
            api_keys.revoke_api_key(session, NOW + DAY, api_key=api_key, actor="operator")

    assert _find(database, text) is None
    assert _only(database).revoked_at == NOW + DAY
    with database.read() as session:
        entries = [parse_leaf(leaf) for leaf in session.scalars(select(EntryRow.leaf).order_by(EntryRow.id))]
    assert [entry.kind for entry in entries] == [EntryKind.API_KEY_CREATED, EntryKind.API_KEY_REVOKED]
    assert entries[0].fields == {
        "api_key": api_key,
        "role": "agent",
        "scopes": ["verifications:read", "verifications:write"],
        "actor": "operator",
    }


def test_revoking_what_does_not_exist_is_refused(database: Database) -> None:
    with database.write() as session, pytest.raises(UnknownApiKeyError):
        api_keys.revoke_api_key(session, NOW, api_key=ApiKeyId(new_api_key_id()), actor="operator")


def test_the_secret_is_not_stored(database: Database, tmp_path: Path) -> None:
    parsed = parse_api_key(_create(database))
    database.truncate_wal()

    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert parsed is not None
    assert parsed[0].encode() in stored
    assert parsed[1].encode() not in stored


def test_a_use_is_noted_at_most_once_a_minute(database: Database) -> None:
    text = _create(database)
    with database.read() as session:
        assert not api_keys.is_api_key_used_lately(session, NOW, text)

    with database.write() as session:
        api_keys.mark_api_key_used(session, NOW, text)

    assert _only(database).used_at == NOW
    with database.read() as session:
        assert api_keys.is_api_key_used_lately(session, NOW + timedelta(seconds=59), text)
        assert not api_keys.is_api_key_used_lately(session, NOW + timedelta(seconds=60), text)


@pytest.mark.parametrize("label", ["", " ", "x" * 61, "a\x1bb"])
def test_a_key_needs_a_label(database: Database, label: str) -> None:
    with pytest.raises(InvalidApiKeyError):
        _create(database, label=label)


@pytest.mark.parametrize("valid_for", [timedelta(0), -DAY, 367 * DAY])
def test_a_key_needs_an_end(database: Database, valid_for: timedelta) -> None:
    with pytest.raises(InvalidApiKeyError):
        _create(database, valid_for=valid_for)


@pytest.mark.parametrize("scopes", [(), (Scope.AUDIT_READ,), (Scope.VERIFICATIONS_READ, Scope.REVIEWS)])
def test_a_key_gets_no_scope_beyond_its_role(database: Database, scopes: tuple[Scope, ...]) -> None:
    with pytest.raises(InvalidApiKeyError):
        _create(database, scopes=scopes)


def _may(principal: Principal, action: Action) -> bool:
    try:
        verify_may(principal, action)
    except ForbiddenError:
        return False
    return True


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_a_person_may_what_the_table_allows_the_role(role: Role, action: Action) -> None:
    person = Principal(new_staff_id(), frozenset({role}), None, "Rae")

    assert _may(person, action) == is_allowed(role, action)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("role", Role)
def test_a_key_needs_its_role_and_its_scope(role: Role, scope: Scope, action: Action) -> None:
    key = Principal(new_api_key_id(), frozenset({role}), frozenset({scope}), "helpdesk")

    assert _may(key, action) == (is_allowed(role, action) and is_in_scope({scope}, action))


def test_without_a_role_nothing_is_allowed() -> None:
    nobody = Principal(new_staff_id(), frozenset(), None, "Rae")

    assert not any(_may(nobody, action) for action in Action)
    assert ForbiddenError.code == "forbidden"
