"""People: one-time sign-in addresses, and the sessions that they open."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from policies.access import Role
from tests.servers.databases import ON_BOTH
from verifier.audit.catalogue import EntryKind
from verifier.audit.leaf import parse_leaf
from verifier.audit.tables import EntryRow
from verifier.db.base import Base
from verifier.db.engine import Database
from verifier.db.opening import open_database
from verifier.settings import Settings
from verifier.staff import service
from verifier.staff.errors import InvalidStaffError, InviteUsedError, UnknownInviteError
from verifier.staff.principal import Principal
from verifier.staff.tables import SessionRow, StaffRow

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(Settings(home=tmp_path))
    Base.metadata.create_all(opened.engine)
    yield opened
    opened.close()


def _invite(database: Database, *, name: str = "Rae", roles: tuple[Role, ...] = (Role.REVIEWER,)) -> str:
    with database.write() as session:
        return service.invite(session, NOW, name=name, roles=roles, actor="operator")


def _redeem(database: Database, token: str, *, after: timedelta = timedelta(0)) -> str:
    with database.write() as session:
        return service.redeem_invite(session, NOW + after, token)


def _find(database: Database, token: str, *, after: timedelta = timedelta(0)) -> Principal | None:
    with database.read() as session:
        return service.find_session(session, NOW + after, token)


def _disable(database: Database, *, name: str = "Rae") -> bool:
    with database.write() as session:
        return service.disable(session, NOW, name=name, actor="operator")


def _entries(database: Database) -> list[tuple[str, dict[str, object]]]:
    with database.read() as session:
        leaves = session.scalars(select(EntryRow.leaf).order_by(EntryRow.id))
        return [(parsed.kind.value, dict(parsed.fields)) for parsed in map(parse_leaf, leaves)]


def test_an_invite_signs_in_with_the_roles_that_it_names(database: Database) -> None:
    token = _redeem(database, _invite(database, roles=(Role.REVIEWER, Role.AUDITOR)))

    principal = _find(database, token)

    assert principal is not None
    assert principal.actor.startswith("stf_")
    assert principal.roles == {Role.REVIEWER, Role.AUDITOR}
    assert (principal.scopes, principal.display_name) == (None, "Rae")


def test_inviting_and_signing_in_are_in_the_audit_log(database: Database) -> None:
    token = _redeem(database, _invite(database, roles=(Role.REVIEWER, Role.AUDITOR)))
    principal = _find(database, token)

    assert principal is not None
    assert _entries(database) == [
        (EntryKind.STAFF_INVITED, {"staff": principal.actor, "roles": ["auditor", "reviewer"], "actor": "operator"}),
        (EntryKind.STAFF_SIGNED_IN, {"staff": principal.actor}),
    ]


def test_an_invite_works_once(database: Database) -> None:
    token = _invite(database)
    _redeem(database, token)

    with pytest.raises(InviteUsedError):
        _redeem(database, token)
    assert InviteUsedError.code == "invite_used"


@ON_BOTH
def test_of_parallel_redemptions_exactly_one_wins(database: Database) -> None:
    token = _invite(database)
    gate, won, lost = threading.Barrier(8), list[str](), list[InviteUsedError]()

    def redeem() -> None:
        gate.wait()
        try:
            won.append(_redeem(database, token))
        except InviteUsedError as error:
            lost.append(error)

    threads = [threading.Thread(target=redeem) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(won), len(lost)) == (1, 7)
    with database.read() as session:
        assert len(session.scalars(select(SessionRow)).all()) == 1


@pytest.mark.parametrize(("after", "works"), [(15 * MINUTE - MINUTE / 60, True), (15 * MINUTE, False)])
def test_an_invite_ends_after_fifteen_minutes(database: Database, after: timedelta, *, works: bool) -> None:
    token = _invite(database)

    if works:
        assert _redeem(database, token, after=after)
        return
    with pytest.raises(UnknownInviteError):
        _redeem(database, token, after=after)


def test_an_invite_does_not_work_when_the_clock_went_back(database: Database) -> None:
    token = _invite(database)

    with pytest.raises(UnknownInviteError):
        _redeem(database, token, after=-MINUTE)


def test_a_newer_invite_ends_an_older_one(database: Database) -> None:
    older, newer = _invite(database), _invite(database)

    with pytest.raises(UnknownInviteError):
        _redeem(database, older)
    assert _redeem(database, newer)


def test_a_second_invite_finds_the_same_person_and_changes_the_roles_of_open_sessions(database: Database) -> None:
    token = _redeem(database, _invite(database, roles=(Role.AGENT,)))
    before = _find(database, token)

    _invite(database, roles=(Role.AUDITOR,))

    after = _find(database, token)
    assert before is not None
    assert after is not None
    assert before.actor == after.actor
    assert after.roles == {Role.AUDITOR}


@pytest.mark.parametrize(("name", "roles"), [("", (Role.AGENT,)), ("x" * 61, (Role.AGENT,)), ("a\nb", (Role.AGENT,))])
def test_nobody_is_invited_without_a_usable_name(database: Database, name: str, roles: tuple[Role, ...]) -> None:
    with pytest.raises(InvalidStaffError):
        _invite(database, name=name, roles=roles)


def test_nobody_is_invited_without_a_role(database: Database) -> None:
    with pytest.raises(InvalidStaffError):
        _invite(database, roles=())


def test_a_session_ends_after_thirty_idle_minutes(database: Database) -> None:
    token = _redeem(database, _invite(database))

    assert _find(database, token, after=30 * MINUTE - MINUTE / 60) is not None
    assert _find(database, token, after=30 * MINUTE) is None


@ON_BOTH
def test_a_session_that_is_used_lasts_but_never_longer_than_twelve_hours(database: Database) -> None:
    token = _redeem(database, _invite(database))
    for passed in range(20, 12 * 60, 20):
        with database.write() as session:
            service.mark_session_seen(session, NOW + passed * MINUTE, token)
        assert _find(database, token, after=passed * MINUTE) is not None

    assert _find(database, token, after=12 * 60 * MINUTE - MINUTE) is not None
    assert _find(database, token, after=12 * 60 * MINUTE) is None


def test_marking_an_ended_session_does_not_revive_it(database: Database) -> None:
    token = _redeem(database, _invite(database))

    with database.write() as session:
        service.mark_session_seen(session, NOW + 31 * MINUTE, token)

    assert _find(database, token, after=31 * MINUTE) is None


def test_a_session_is_written_at_most_once_a_minute(database: Database) -> None:
    token = _redeem(database, _invite(database))

    with database.read() as session:
        assert service.is_session_seen_lately(session, NOW + 59 * MINUTE / 60, token)
        assert not service.is_session_seen_lately(session, NOW + MINUTE, token)


def test_a_clock_that_went_back_makes_no_session_longer(database: Database) -> None:
    token = _redeem(database, _invite(database))

    assert _find(database, token, after=-5 * MINUTE) is None


def test_signing_out_ends_the_session_at_once(database: Database) -> None:
    token = _redeem(database, _invite(database))

    with database.write() as session:
        service.sign_out(session, NOW, token)

    assert _find(database, token) is None


@ON_BOTH
def test_a_disabled_person_has_no_session_and_no_way_in(database: Database) -> None:
    token, other = _redeem(database, _invite(database)), _redeem(database, _invite(database, name="Bo"))
    invite = _invite(database)

    assert _disable(database)

    assert _find(database, token) is None
    assert _find(database, other) is not None, "somebody else stays signed in"
    with pytest.raises(UnknownInviteError):
        _redeem(database, invite)


def test_a_session_that_outlived_the_disabling_recognises_nobody(database: Database) -> None:
    token = _redeem(database, _invite(database))

    with database.write() as session:
        session.scalars(select(StaffRow)).one().disabled_at = NOW

    assert _find(database, token) is None


def test_disabling_is_in_the_audit_log_once(database: Database) -> None:
    _invite(database)

    assert _disable(database)
    assert _disable(database)

    with database.read() as session:
        staff = session.scalars(select(StaffRow.id)).one()
    assert _entries(database)[1:] == [(EntryKind.STAFF_DISABLED, {"staff": staff, "actor": "operator"})]


def test_nobody_is_disabled_by_a_name_that_nobody_has(database: Database) -> None:
    assert not _disable(database)
    assert _entries(database) == []


def test_a_new_invite_lets_a_disabled_person_in_again_as_the_same_person(database: Database) -> None:
    before = _find(database, _redeem(database, _invite(database)))
    _disable(database)

    after = _find(database, _redeem(database, _invite(database)))

    assert before is not None
    assert after == before


@pytest.mark.parametrize("token", ["", "x", "\ud800", "a" * 100_000])
def test_a_made_up_token_recognises_nobody(database: Database, token: str) -> None:
    assert _find(database, token) is None
    with pytest.raises(UnknownInviteError):
        _redeem(database, token)


def test_no_token_is_stored(database: Database, tmp_path: Path) -> None:
    invite = _invite(database)
    token = _redeem(database, invite)
    database.truncate_wal()

    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"Rae" in stored  # the search finds what is there
    assert invite.encode() not in stored
    assert token.encode() not in stored


def test_the_sweep_forgets_ended_sessions_and_old_invites(database: Database) -> None:
    _redeem(database, _invite(database))

    with database.write() as session:
        service.forget_ended(session, NOW + 29 * MINUTE)
        kept = session.scalar(select(SessionRow.staff_id))
        service.forget_ended(session, NOW + timedelta(days=2))
        left = session.scalar(
            text("SELECT (SELECT COUNT(*) FROM staff_sessions) + (SELECT COUNT(*) FROM staff_invites)")
        )

    assert kept is not None
    assert left == 0
