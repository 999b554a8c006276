"""Logged before shown: while the log cannot be written, or lags behind, nothing is shown, decided or taken in.

Disposal needs no reader and goes on, whatever the log or the clock do.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.detail_policies import KEPT, write_policies
from tests.faults.breaking import breaking_log, watching
from tests.faults.contact_doors import ALL_KNOCKS as KNOCKS
from tests.faults.contact_doors import with_contacts
from tests.faults.doors import Stage
from tests.faults.hands import Hands
from tests.faults.looks import find_unrest, list_objects, look_at_objects, look_at_receipts
from tests.journey import Desk, make_jpeg, open_desk, refusal
from tests.workers_by_hand import Work
from verifier.app import create_app
from verifier.db.clock import MovedClock
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.wiring import House, open_workshop

SLOT = "diploma.all_pages"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With policies that ask for details and contact checks, beside those that are shipped."""
    return with_contacts(settings, write_policies(tmp_path / "policies"))


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    with TestClient(create_app(house), base_url=house.settings.public_url, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def desk(house: House, client: TestClient) -> Desk:
    return open_desk(house, client)


@pytest.fixture
def hands(house: House, clock: MovedClock, shared_decoder: Decoder) -> Hands:
    return Hands(open_workshop(house, decoder=shared_decoder), clock)


def test_details_are_logged_before_they_are_shown(client: TestClient, desk: Desk, work: Work) -> None:
    stage = Stage(desk, work)
    verification = stage.given_details()
    assert stage.reviewer.claim(verification).status_code == 200
    page = stage.ada
    with breaking_log(desk.house):
        mute = stage.reviewer.look(verification)
    assert mute.status_code >= 500
    assert KEPT["sent_hash"] not in mute.text
    with watching(desk.house) as look:
        before = look()
        shown = stage.reviewer.look(verification)
        assert look()[1] == before[1] + 2, "one entry for what the desk knows, one for what the customer typed"
    assert {each["given"] for each in shown.json()["details"]} == set(KEPT.values())
    hidden = client.get(f"/review/{verification}", headers=page.headers)
    assert hidden.status_code == 200
    assert KEPT["sent_hash"] not in hidden.text, "the claim is another's"


def test_no_route_shows_or_does_what_it_cannot_log(client: TestClient, desk: Desk, work: Work) -> None:
    stage, wrong, logged = Stage(desk, work), [], set()
    for door, make in KNOCKS.items():
        work()
        knock = make(stage)
        work.run("sequence")  # on a slow machine the log would fall behind
        with breaking_log(desk.house):
            mute = knock.send(client)
        with watching(desk.house) as look:
            before = look()
            well = knock.send(client)
            if look()[1] != before[1]:
                logged.add(door)
        if mute.status_code >= 400 <= well.status_code:
            wrong.append(f"{door} answers {well.status_code} where nothing is broken: {well.text[:200]}")
        if door in logged and (mute.status_code < 500 or b"\xff\xd8\xff" in mute.content):
            wrong.append(f"{door} answers {mute.status_code}, and nothing was logged")
    assert wrong == []
    assert ("GET", "/v1/documents/{document}/pages/{page}") in logged
    assert len(logged) > 20


def test_nothing_is_served_while_entries_wait_for_too_long_and_disposal_goes_on(
    house: House, desk: Desk, work: Work, clock: MovedClock
) -> None:
    stage = Stage(desk, work)
    customer, cancelled, reviewer = stage.customer(), stage.sent()[0], stage.reviewer
    verification, document = stage.claimed(reviewer)
    assert desk.post(cancelled.verification, "cancel").status_code == 200
    clock.offset += timedelta(seconds=31)  # and the sequencer has not come
    for answer in (
        reviewer.page(document),
        reviewer.look(verification),
        reviewer.decide(verification, "approve"),
        customer.upload(SLOT, make_jpeg()),
        desk.ask(reference="CASE-LATE"),
    ):
        assert refusal(answer) == (503, "log_behind")
    assert len(list_objects(house)) == 2  # of the one that waits for its reviewer, and of the one that was cancelled
    for job in ("shred", "dispose"):
        work.run(job)
    assert len(list_objects(house)) == 1
    work()
    assert reviewer.page(document).status_code == 200
    assert customer.upload(SLOT, make_jpeg()).status_code == 201


def test_disposal_goes_on_while_the_clock_is_behind_and_nothing_is_taken_in(
    house: House, desk: Desk, work: Work, clock: MovedClock
) -> None:
    stage = Stage(desk, work)
    customer, sent = stage.customer(), stage.sent()[0]
    work.run("tidy")
    clock.offset -= timedelta(hours=5)
    for answer in (customer.upload(SLOT, make_jpeg()), desk.ask(reference="CASE-BACK")):
        assert refusal(answer) == (503, "clock_behind")
    assert desk.post(sent.verification, "cancel").status_code == 200
    work()
    assert find_unrest(house) == []
    assert [*look_at_objects(house), *look_at_receipts(house)] == []
    clock.offset += timedelta(hours=5)
    assert desk.ask(reference="CASE-BACK").status_code == 201


@pytest.mark.parametrize("seconds", [30, 61, 90, 119, 3600])
def test_work_that_was_taken_up_before_the_clock_fell_back_is_taken_up_again(
    house: House, desk: Desk, hands: Hands, clock: MovedClock, seconds: int
) -> None:
    """A worker takes up what is due and dies; then the clock falls back. P3 still has its minute."""
    asked = desk.request()
    assert desk.customer(asked).upload(SLOT, make_jpeg(width=64, height=48)).status_code == 201
    hands()
    assert desk.post(asked["id"], "cancel").status_code == 200
    die_with_the_work(house)
    clock.offset -= timedelta(seconds=seconds)
    for _ in range(6):
        hands.pass_time(timedelta(seconds=10))
    assert find_unrest(house) == []


def die_with_the_work(house: House) -> None:
    """Take up what is due, and do nothing of it."""
    from verifier.db.leases import take_leases
    from verifier.retention.service import lease_due
    from verifier.verifications.tables import VerificationKeyRow

    with house.database.write() as session:
        now = house.clock.now(session)
        assert lease_due(session, now, limit=10)
        assert take_leases(
            session,
            VerificationKeyRow,
            key=VerificationKeyRow.verification_id,
            due=VerificationKeyRow.shred_by.is_not(None),
            oldest_by=VerificationKeyRow.shred_by,
            now=now,
            lease_for=timedelta(seconds=2),
            limit=10,
        )
