"""What cannot be ended keeps nothing else from ending."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update

from tests.journey import Desk
from verifier.verifications import expiry
from verifier.verifications.expiry import Expiry
from verifier.verifications.life import VerificationState
from verifier.verifications.tables import PolicyVersionRow, VerificationKeyRow, VerificationRow
from verifier.wiring import House


@pytest.fixture
def verifications(desk: Desk) -> list[str]:
    """More than are looked at in one go, in the order in which they are looked at."""
    return sorted(desk.request(reference=f"CASE-{number}")["id"] for number in range(expiry._BATCH + 1))


def set_row(house: House, verification: str, **values: Any) -> None:
    with house.database.write() as session:
        session.execute(update(VerificationRow).where(VerificationRow.id == verification).values(**values))


def get_now(house: House) -> datetime:
    with house.database.read() as session:
        return house.clock.now(session)


def find_shred_by(house: House, verification: str) -> Any:
    with house.database.read() as session:
        return session.get_one(VerificationKeyRow, verification).shred_by


def break_all_but_the_last(house: House, verifications: list[str], **values: Any) -> None:
    with house.database.write() as session:
        session.add(PolicyVersionRow(version="sha256:damaged", name="damaged", canonical="no policy"))
    for verification in verifications[:-1]:
        set_row(house, verification, policy_version="sha256:damaged", **values)
    set_row(house, verifications[-1], **values)


def test_an_end_that_was_left_half_done_is_finished_past_those_that_cannot_be(
    house: House, verifications: list[str]
) -> None:
    now = get_now(house)
    break_all_but_the_last(house, verifications, state=VerificationState.WITHDRAWN, ended_at=now)
    assert Expiry(house.database, house.clock).finish_ends() == 1
    assert find_shred_by(house, verifications[-1]) is not None
    assert find_shred_by(house, verifications[0]) is None


def test_what_stayed_undecided_expires_past_those_that_cannot(house: House, verifications: list[str]) -> None:
    now = get_now(house)
    break_all_but_the_last(house, verifications, undecided_by=now)
    assert Expiry(house.database, house.clock).expire_due() == 1
