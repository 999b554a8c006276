"""Stores that answer "deleted" and keep the bytes, stores that answer nothing: no receipt, no rest, and an end."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policies.access import Role, Scope
from tests.faults.hands import Hands
from tests.faults.looks import find_unrest, look_at_objects, look_at_receipts
from tests.faults.stores import Mood, MoodyKeys, MoodyObjects
from tests.journey import Desk, make_jpeg, make_key, refusal
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_first_entry
from verifier.db.clock import MovedClock
from verifier.disposal.reading import count_stored
from verifier.ids import DocumentId
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.wiring import House, choose_seams, open_house, open_workshop

_ONE_REST = timedelta(seconds=31)  # the longest that anything rests before it is tried again
_OVERDUE = timedelta(seconds=61)


@pytest.fixture
def objects(settings: Settings) -> MoodyObjects:
    return MoodyObjects(choose_seams(settings).objects)


@pytest.fixture
def keys(settings: Settings) -> MoodyKeys:
    return MoodyKeys(choose_seams(settings).keys)


@pytest.fixture
def house(settings: Settings, clock: MovedClock, objects: MoodyObjects, keys: MoodyKeys) -> Iterator[House]:
    seams = replace(choose_seams(settings), clock=clock, objects=objects, keys=keys)
    opened = open_house(settings, seams=seams)
    yield opened
    opened.close()


@pytest.fixture
def work(house: House, clock: MovedClock, shared_decoder: Decoder) -> Hands:
    return Hands(open_workshop(house, decoder=shared_decoder), clock)


def end_one(desk: Desk, work: Hands) -> tuple[str, str]:
    """A verification with one ready document, just cancelled; both ids."""
    asked = desk.request()
    document = desk.customer(asked).upload("diploma.all_pages", make_jpeg(width=64, height=48)).json()["document"]
    work()
    assert desk.post(asked["id"], "cancel").status_code == 200
    return asked["id"], document


def has_entry(house: House, kind: EntryKind) -> bool:
    with house.database.read() as session:
        return find_first_entry(session, EntryFilter(kind=kind)) is not None


def is_disposed(house: House, document: DocumentId) -> bool:
    with house.database.read() as session:
        wanted = EntryFilter(kind=EntryKind.DOCUMENT_DISPOSED, document=document)
        return find_first_entry(session, wanted) is not None


def count_overdue(house: House) -> int:
    with house.database.read() as session:
        return count_stored(session, house.clock.now(session)).overdue


@pytest.mark.parametrize("mood", [Mood.KEEPING, Mood.DOWN])
def test_objects_that_stay_earn_no_receipt_and_are_shown_overdue(
    house: House, desk: Desk, work: Hands, objects: MoodyObjects, mood: Mood
) -> None:
    verification, document = end_one(desk, work)
    objects.mood = mood
    for _ in range(4):
        work.pass_time(_OVERDUE)
        assert count_overdue(house) == 1
        assert "documents are being disposed of" in str(find_unrest(house)) or mood is Mood.DOWN
    assert not has_entry(house, EntryKind.DOCUMENT_DISPOSED)
    assert refusal(desk.client.get(f"/v1/receipts/{document}", headers=desk.headers)) == (409, "not_disposed")
    auditor = make_key(house, Role.AUDITOR, Scope.AUDIT_READ)
    stored = desk.client.get("/v1/retention", headers=auditor)
    assert stored.status_code == 200
    assert "overdue" in stored.text
    assert desk.read(verification)["destroyed_at"] is None

    objects.mood = Mood.HONEST
    work.pass_time(_ONE_REST)
    assert find_unrest(house) == []
    assert count_overdue(house) == 0
    receipt = desk.client.get(f"/v1/receipts/{document}", headers=desk.headers)
    assert receipt.json()["status"] == "complete"


@pytest.mark.parametrize("mood", [Mood.KEEPING, Mood.DOWN])
def test_a_key_that_stays_is_not_called_destroyed(
    house: House, desk: Desk, work: Hands, keys: MoodyKeys, mood: Mood
) -> None:
    verification, document = end_one(desk, work)
    keys.mood = mood
    for _ in range(4):
        work.pass_time(_OVERDUE)
        assert count_overdue(house) == 1
    assert not has_entry(house, EntryKind.VERIFICATION_SHREDDED)
    assert not has_entry(house, EntryKind.DOCUMENT_DISPOSED)
    assert desk.read(verification)["unreadable_at"] is None

    keys.mood = Mood.HONEST
    work.pass_time(_ONE_REST)
    assert find_unrest(house) == []
    assert desk.read(verification)["unreadable_at"] is not None
    assert desk.client.get(f"/v1/receipts/{document}", headers=desk.headers).json()["status"] == "complete"


def test_a_removed_document_whose_bytes_stay_earns_no_receipt_either(
    house: House, desk: Desk, work: Hands, objects: MoodyObjects
) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    document = customer.upload("diploma.all_pages", make_jpeg(width=64, height=48)).json()["document"]
    work()
    objects.mood = Mood.KEEPING
    assert customer.post(f"documents/{document}/remove").status_code == 200
    work.pass_time(_OVERDUE)
    assert not has_entry(house, EntryKind.DOCUMENT_DISPOSED)
    objects.mood = Mood.HONEST
    work.pass_time(_ONE_REST)
    assert has_entry(house, EntryKind.DOCUMENT_DISPOSED)
    assert [*look_at_objects(house), *look_at_receipts(house)] == []


def test_a_document_is_not_ready_while_its_original_is_there(desk: Desk, work: Hands, objects: MoodyObjects) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    objects.mood = Mood.KEEPING
    customer.upload("diploma.all_pages", make_jpeg(width=64, height=48))
    for _ in range(3):
        work.pass_time(timedelta(seconds=26))
    assert desk.read(asked["id"])["documents"][0]["state"] == "sealed"
    objects.mood = Mood.HONEST
    work.pass_time(timedelta(seconds=26))
    assert desk.read(asked["id"])["documents"][0]["state"] == "ready"


def test_a_receipt_claims_no_absence_from_before_the_deletion(
    desk: Desk, work: Hands, objects: MoodyObjects, clock: MovedClock
) -> None:
    _, document = end_one(desk, work)
    asked_at = datetime.now(UTC)

    def take_long() -> None:
        clock.offset += timedelta(seconds=8)

    objects.before_delete = take_long
    work.pass_time(_ONE_REST)
    receipt = desk.client.get(f"/v1/receipts/{document}", headers=desk.headers).json()
    assert datetime.fromisoformat(receipt["statement"]["seen_absent_at"]) >= asked_at + timedelta(seconds=8)


@pytest.mark.parametrize("turn", range(3))
def test_one_document_that_breaks_disposal_holds_up_no_other(
    house: House, desk: Desk, work: Hands, objects: MoodyObjects, turn: int
) -> None:
    asked = [desk.request(reference=f"CASE-{number}") for number in range(3)]
    photos = [desk.customer(each).upload("diploma.all_pages", make_jpeg(width=64, height=48)) for each in asked]
    documents = [DocumentId(each.json()["document"]) for each in photos]
    work()
    objects.poisoned = documents[turn]
    for each in asked:
        assert desk.post(each["id"], "cancel").status_code == 200
    work.pass_time(_ONE_REST)
    assert [is_disposed(house, each) for each in documents] == [each != objects.poisoned for each in documents]
    objects.poisoned = None
    work.pass_time(_ONE_REST)
    assert find_unrest(house) == []


def test_intake_closes_while_disposal_fails_for_too_long_and_opens_again(
    desk: Desk, work: Hands, objects: MoodyObjects
) -> None:
    waiting = desk.request(reference="CASE-2")
    customer = desk.customer(waiting)
    end_one(desk, work)
    objects.mood = Mood.KEEPING
    work.pass_time(timedelta(minutes=9))
    assert desk.ask(reference="CASE-3").status_code == 201
    work.pass_time(timedelta(minutes=2))
    for answer in (desk.ask(reference="CASE-4"), customer.upload("diploma.all_pages", make_jpeg())):
        assert refusal(answer) == (503, "intake_closed")
        assert int(answer.headers["retry-after"]) > 0
    assert "disposal" in desk.client.get("/health/ready").json()["failing"]
    # What is there already can still be ended.
    assert desk.post(waiting["id"], "cancel").status_code == 200
    objects.mood = Mood.HONEST
    work.pass_time(_ONE_REST)
    assert desk.ask(reference="CASE-4").status_code == 201


def test_intake_closes_too_while_a_key_that_no_document_needed_cannot_be_destroyed(
    desk: Desk, work: Hands, keys: MoodyKeys
) -> None:
    empty = desk.request(reference="CASE-5")
    keys.mood = Mood.KEEPING
    assert desk.post(empty["id"], "cancel").status_code == 200
    work.pass_time(timedelta(minutes=11))
    assert refusal(desk.ask(reference="CASE-6")) == (503, "intake_closed")
    keys.mood = Mood.HONEST
    work.pass_time(_ONE_REST)
    assert desk.ask(reference="CASE-6").status_code == 201


def test_a_document_that_goes_while_the_stores_are_compared_is_no_late_copy(
    house: House, desk: Desk, work: Hands, objects: MoodyObjects, keys: MoodyKeys
) -> None:
    end_one(desk, work)
    objects.after_list = work
    work.run("compare")
    assert not has_entry(house, EntryKind.COPY_LATE)
    end_one(desk, work)
    keys.after_list = work
    work.run("compare")
    assert not has_entry(house, EntryKind.ALARM_RAISED)
    work()
    assert find_unrest(house) == []
