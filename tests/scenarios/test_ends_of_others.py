"""What somebody wrote into the rows who had the customers' tier: it keeps nothing of others, and nothing for good.

The rows are written past our own code, as such a tier would; on PostgreSQL its guards refuse most of it.
"""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from tests.journey import Desk
from tests.servers.databases import ON_BOTH
from tests.workers_by_hand import Work
from verifier.db.base import EPOCH
from verifier.db.clock import MovedClock
from verifier.retention.tables import ObligationRow
from verifier.verifications.life import VerificationState
from verifier.verifications.tables import VerificationKeyRow, VerificationRow
from verifier.wiring import House


def write(house: House, statement: str, **values: object) -> None:
    with house.database.write() as session:
        session.execute(text(statement), values)


def state_of(house: House, verification: str) -> str:
    with house.database.read() as session:
        query = select(VerificationRow.state).where(VerificationRow.id == verification)
        return session.scalars(query).one()


def now_of(house: House) -> int:
    with house.database.read() as session:
        return (house.clock.now(session) - EPOCH) // timedelta(microseconds=1)


@ON_BOTH
@pytest.mark.parametrize("moment", [4 * 10**18, -4 * 10**18])
def test_a_time_that_no_calendar_has_keeps_nothing_from_ending(
    house: House, desk: Desk, work: Work, clock: MovedClock, moment: int
) -> None:
    asked, _ = desk.submitted(work)
    write(house, "UPDATE verifications SET opened_at = :moment", moment=moment)
    clock.offset += timedelta(days=60)
    work.run("expire")
    assert state_of(house, asked["id"]) == VerificationState.EXPIRED


def test_a_hundred_that_cannot_be_ended_keep_no_other_from_ending(
    house: House, desk: Desk, work: Work, clock: MovedClock
) -> None:
    for number in range(100):
        desk.request(reference=f"BROKEN-{number}")
    write(house, "UPDATE verifications SET reasons = 'no JSON'")
    last = desk.request(reference="CASE-1")
    clock.offset += timedelta(days=60)
    assert work.run("expire") == 1
    assert state_of(house, last["id"]) == VerificationState.EXPIRED


@ON_BOTH
@pytest.mark.parametrize("is_key_due", [True, False])
def test_an_end_without_its_consequences_gets_them_from_the_sweep(
    house: House, desk: Desk, work: Work, is_key_due: bool
) -> None:
    asked, _ = desk.submitted(work)
    write(
        house,
        "UPDATE verifications SET state = 'withdrawn', ended_at = :now, forget_by = :now WHERE id = :id",
        now=now_of(house),
        id=asked["id"],
    )
    if is_key_due:
        write(house, "UPDATE verification_keys SET shred_by = 0 WHERE verification_id = :id", id=asked["id"])
    work.settle()
    with house.database.read() as session:
        key = session.get_one(VerificationKeyRow, asked["id"])
        dates = session.scalars(select(ObligationRow.closed_at).where(ObligationRow.verification_id == asked["id"]))
        assert isinstance(key.unreadable_at, datetime)
        assert all(dates.all())
    assert not list(house.settings.objects_folder.rglob(f"*{asked['id']}*"))
