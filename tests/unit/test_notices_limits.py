"""How often something is sent: delayed before it is refused, by every subject, and refused where nobody can count."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from tests.servers.databases import ON_BOTH
from verifier.db.base import EPOCH
from verifier.db.engine import Database
from verifier.db.opening import open_database
from verifier.db.schema import upgrade_schema
from verifier.notices.errors import SendLimitReachedError
from verifier.notices.limits import ALLOWANCES, Allowance, SendLimits, Subject, forget_send_counts
from verifier.notices.tables import SendCountRow
from verifier.settings import Settings

NOW = EPOCH + timedelta(days=20_000)
JO = {Subject.VERIFICATION: "ver_a", Subject.CONTACT: "email/jo@example.org"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(Settings(home=tmp_path))
    upgrade_schema(opened)
    yield opened
    opened.close()


@pytest.fixture
def limits() -> SendLimits:
    return SendLimits(b"k" * 32)


def plan(database: Database, limits: SendLimits, now: datetime, subjects: dict[Subject, str] | None = None) -> datetime:
    with database.write() as session:
        return limits.plan_sending(session, now, subjects=subjects or JO)


@ON_BOTH
def test_who_asks_again_at_once_is_delayed_more_each_time(database: Database, limits: SendLimits) -> None:
    planned = [plan(database, limits, NOW) for _ in range(5)]

    assert planned[0] == NOW
    assert [later - sooner for sooner, later in pairwise(planned)] == [
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=10),
        timedelta(minutes=10),
    ]


def test_who_waits_is_not_delayed(database: Database, limits: SendLimits) -> None:
    times = [NOW + timedelta(minutes=11) * number for number in range(6)]

    assert [plan(database, limits, now) for now in times] == times


def test_after_the_delays_it_is_refused_until_the_window_ends(database: Database, limits: SendLimits) -> None:
    for _ in range(ALLOWANCES[Subject.VERIFICATION].most):
        plan(database, limits, NOW)

    with pytest.raises(SendLimitReachedError) as refused:
        plan(database, limits, NOW + timedelta(hours=23))
    assert (refused.value.code, refused.value.facts) == ("send_limit_reached", {"retry_after": 3600})
    assert plan(database, limits, NOW + timedelta(hours=24)) == NOW + timedelta(hours=24)


@pytest.mark.parametrize("subject", Subject)
def test_each_subject_has_its_limit_whatever_the_others_are(
    database: Database, limits: SendLimits, subject: Subject
) -> None:
    def subjects(number: int) -> dict[Subject, str]:
        return {each: "same" if each is subject else f"{each}-{number}" for each in Subject}

    for number in range(ALLOWANCES[subject].most):
        plan(database, limits, NOW, subjects(number))

    with pytest.raises(SendLimitReachedError):
        plan(database, limits, NOW, subjects(1000))


@ON_BOTH
def test_what_is_refused_for_one_subject_counts_for_none(database: Database) -> None:
    one = Allowance(most=1, window=timedelta(hours=1), delays=(timedelta(0),))
    limits = SendLimits(b"k" * 32, allowances=dict.fromkeys(Subject, one))
    plan(database, limits, NOW, {Subject.CONTACT: "a", Subject.VERIFICATION: "v"})

    with pytest.raises(SendLimitReachedError):
        plan(database, limits, NOW, {Subject.CONTACT: "b", Subject.VERIFICATION: "v"})
    assert plan(database, limits, NOW, {Subject.CONTACT: "b", Subject.VERIFICATION: "w"}) == NOW


def test_one_household_is_delayed_before_its_network_is(database: Database, limits: SendLimits) -> None:
    for number in range(20):
        subjects = {Subject.CONTACT: f"c{number}", Subject.NETWORK: "192.0.2.0/24"}
        assert plan(database, limits, NOW, subjects) == NOW
    assert plan(database, limits, NOW, {Subject.CONTACT: "c", Subject.NETWORK: "192.0.2.0/24"}) > NOW


def test_where_the_counts_cannot_be_kept_nothing_is_sent(database: Database, limits: SendLimits) -> None:
    with database.write() as session:
        session.execute(text("DROP TABLE send_counts"))

    with pytest.raises(SQLAlchemyError):  # and no refusal, which would say that enough was sent
        plan(database, limits, NOW)


def test_a_clock_that_goes_back_neither_frees_nor_locks_for_longer(database: Database, limits: SendLimits) -> None:
    most = ALLOWANCES[Subject.VERIFICATION].most
    for _ in range(most - 1):
        plan(database, limits, NOW)
    before = NOW - timedelta(days=300)

    assert plan(database, limits, before) <= before + timedelta(hours=2)
    with pytest.raises(SendLimitReachedError) as refused:
        plan(database, limits, before)
    assert int(refused.value.facts["retry_after"]) <= 24 * 3600


def test_subjects_lie_in_the_table_as_keyed_digests_until_their_window_ends(
    database: Database, limits: SendLimits
) -> None:
    plan(database, limits, NOW)
    with database.read() as session:
        rows = session.scalars(select(SendCountRow.subject_digest)).all()
    assert len(rows) == 2
    assert all(len(row) == 64 and "jo" not in row for row in rows)

    with database.write() as session:
        forget_send_counts(session, NOW + timedelta(hours=23))
        assert len(session.scalars(select(SendCountRow)).all()) == 2
        forget_send_counts(session, NOW + timedelta(hours=24))
        assert session.scalars(select(SendCountRow)).all() == []


def test_two_keys_digest_one_subject_differently(database: Database) -> None:
    for key in (b"k" * 32, b"l" * 32):
        plan(database, SendLimits(key), NOW)
    with database.read() as session:
        assert len(session.scalars(select(SendCountRow)).all()) == 4


def test_a_sending_to_nobody_is_not_planned(database: Database, limits: SendLimits) -> None:
    with pytest.raises(ValueError, match="contact point"):
        plan(database, limits, NOW, {Subject.VERIFICATION: "ver_a"})


def test_an_allowance_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="one sending"):
        Allowance(most=0, window=timedelta(hours=1), delays=(timedelta(0),))
    with pytest.raises(ValueError, match="one sending"):
        Allowance(most=1, window=timedelta(hours=1), delays=())
