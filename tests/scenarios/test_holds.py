"""Holds of laws, through the doors and with a moved clock: kept until, shown, then destroyed with a receipt."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from policies.access import Role, Scope
from tests.held_policies import DUTCH_LAW, LAW, write_policies
from tests.journey import HTML, JSON, Customer, Desk, make_jpeg, make_key, refusal
from tests.servers.databases import ON_BOTH
from tests.workers_by_hand import Work
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.contacts.tables import ContactPointRow
from verifier.db.clock import MovedClock
from verifier.disposal.receipt import verify_receipt
from verifier.ids import VerificationId
from verifier.retention.tables import HoldRow
from verifier.settings import Settings
from verifier.verifications.intake import verify_intake_open
from verifier.verifications.tables import SealedValueRow
from verifier.wiring import House

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        policies_folder=write_policies(tmp_path / "policies"),
        smtp_host="127.0.0.1",  # nothing is ever sent
        smtp_tls="none",
        smtp_from="desk@example.org",
    )


def hand_in(desk: Desk, work: Work, policy: str) -> tuple[str, Customer]:
    """A verification with two pictures, their captions and a detail, handed in."""
    asked = desk.request(policy=policy, expected={"full_name": "Ada Example"})
    customer = desk.customer(asked)
    for slot in ("letter.page", "letter.back"):
        assert customer.upload(slot, make_jpeg(width=320, height=240)).status_code == 201
    work()
    typed = {"details": {"paid_on": "2026-11-20"}, "captions": {"letter.page": "the top", "letter.back": "the rest"}}
    body = {"form_token": customer.status()["form_token"], **typed}
    answer = customer.client.post(f"/verification/{asked['id']}/details", json=body, headers=JSON)
    assert answer.status_code == 200, answer.text
    answer = customer.post("submit")
    assert answer.status_code == 200, answer.text
    return asked["id"], customer


def approve(desk: Desk, verification: str) -> list[str]:
    """The pages that the reviewer saw, before they approved."""
    reviewer = desk.reviewer()
    assert reviewer.review(verification) == "approved"
    return [each["id"] for each in desk.read(verification)["documents"]]


def stored(desk: Desk) -> dict[str, Any]:
    auditor = make_key(desk.house, Role.AUDITOR, Scope.AUDIT_READ)
    answer = desk.client.get("/v1/retention", headers=auditor)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def names_of_values(house: House) -> set[str]:
    with house.database.read() as session:
        return set(session.scalars(select(SealedValueRow.name)))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "installation" not in path.name]


def kinds_of(house: House, verification: str) -> list[str]:
    with house.database.read() as session:
        entries = find_entries(session, EntryFilter(verification=VerificationId(verification)), limit=200)
    return [entry.statement.kind for entry in sorted(entries, key=lambda entry: entry.index)]


def page_of(customer: Customer, language: str = "en") -> str:
    headers = HTML | {"accept-language": language}
    answer = customer.client.get(f"/verification/{customer.verification}", headers=headers)
    assert answer.status_code == 200
    return answer.text


def verify_open(house: House, clock: MovedClock) -> None:
    with house.database.read() as session:
        verify_intake_open(session, clock.now(session), closes_after=timedelta(minutes=5))


def test_documents_stay_for_the_longest_duty_and_are_destroyed_with_receipts_when_it_is_over(
    house: House, desk: Desk, work: Work, clock: MovedClock
) -> None:
    verification, customer = hand_in(desk, work, "keeps-documents")
    documents = approve(desk, verification)
    work()
    told = desk.read(verification)
    assert (told["unreadable_at"], told["destroyed_at"]) == (None, None)
    assert {each["state"] for each in told["documents"]} == {"ready"}
    assert names_of_values(house) == {"caption.letter.page", "caption.letter.back"}, "no law keeps what is not held"

    listed = stored(desk)
    assert (listed["total"], listed["overdue"]) == (2, 0)
    ends_at = datetime.fromisoformat(told["ended_at"]) + 30 * _DAY
    for each in listed["documents"]:
        assert datetime.fromisoformat(each["destroy_by"]) == ends_at
        assert each["kept_by_law"] == {"code": "bookkeeping-act", "country": "SK", "text": {"en": LAW, "nl": DUTCH_LAW}}
        assert (each["rule"], each["overdue"]) == ("approved", False)
    assert LAW in page_of(customer)
    assert DUTCH_LAW in page_of(customer, "nl")
    assert "Kept by law" in page_of(customer)
    assert refusal(desk.client.get(f"/v1/receipts/{documents[0]}", headers=desk.headers)) == (409, "not_disposed")

    work.pass_time(30 * _DAY - 10 * _SECOND)
    assert len(files(house.settings.keys_folder)) == 1, "the key stays while it is needed"
    assert stored(desk)["overdue"] == 0
    verify_open(house, clock)
    work.pass_time(11 * _SECOND)
    work.settle()
    told = desk.read(verification)
    assert datetime.fromisoformat(told["unreadable_at"]) - ends_at < 5 * _SECOND
    assert datetime.fromisoformat(told["destroyed_at"]) - ends_at < 60 * _SECOND
    for document in documents:
        receipt = desk.client.get(f"/v1/receipts/{document}", headers=desk.headers)
        assert verify_receipt(receipt.content, log_key=house.log_key).status == "complete"
        assert receipt.json()["statement"]["key"] == "destroyed"
    assert names_of_values(house) == set()
    assert files(house.settings.keys_folder) == files(house.settings.objects_folder) == []
    assert LAW not in page_of(customer), "what is over is not told as if it went on"
    kinds = kinds_of(house, verification)
    assert kinds.index("hold.placed") < kinds.index("hold.ended") < kinds.index("verification.shredded")
    assert kinds.count("hold.placed") == kinds.count("hold.ended") == 1


def test_what_no_law_keeps_goes_at_once_and_its_receipt_says_that_the_key_is_kept(
    house: House, desk: Desk, work: Work
) -> None:
    verification, customer = hand_in(desk, work, "keeps-details")
    documents = approve(desk, verification)
    work.settle()
    assert {each["state"] for each in desk.read(verification)["documents"]} == {"disposed"}
    assert names_of_values(house) == {"detail.paid_on"}
    assert files(house.settings.objects_folder) == []
    receipt = desk.client.get(f"/v1/receipts/{documents[0]}", headers=desk.headers)
    assert (receipt.json()["status"], receipt.json()["statement"]["key"]) == ("pending", "held")
    assert verify_receipt(receipt.content, log_key=house.log_key).status == "pending"
    assert stored(desk)["documents"] == []
    assert "The payments act." in page_of(customer)
    work.pass_time(20 * _DAY + _SECOND)
    assert names_of_values(house) == set()
    receipt = desk.client.get(f"/v1/receipts/{documents[0]}", headers=desk.headers)
    assert verify_receipt(receipt.content, log_key=house.log_key).status == "complete"


@ON_BOTH
def test_of_two_holds_each_ends_on_its_own_day_and_the_key_with_the_last(house: House, desk: Desk, work: Work) -> None:
    verification, _ = hand_in(desk, work, "keeps-both")
    approve(desk, verification)
    work()
    assert names_of_values(house) == {"caption.letter.page", "caption.letter.back", "detail.paid_on"}
    work.pass_time(20 * _DAY + _SECOND)
    assert names_of_values(house) == {"caption.letter.page", "caption.letter.back"}
    assert kinds_of(house, verification).count("hold.ended") == 1
    assert desk.read(verification)["unreadable_at"] is None
    work.pass_time(10 * _DAY)
    work.settle()
    assert desk.read(verification)["unreadable_at"] is not None
    assert kinds_of(house, verification).count("hold.ended") == 2


def test_a_hold_opens_nothing_to_anybody(desk: Desk, work: Work) -> None:
    verification, customer = hand_in(desk, work, "keeps-both")
    reviewer = desk.reviewer()
    assert reviewer.review(verification) == "approved"
    documents = [each["id"] for each in desk.read(verification)["documents"]]
    for when in (timedelta(0), 15 * _DAY):
        work.pass_time(when)
        assert refusal(reviewer.page(documents[0])) == (409, "already_decided")
        assert refusal(reviewer.look(verification)) == (409, "already_decided")
        assert refusal(reviewer.claim(verification)) == (409, "already_decided")
        assert refusal(desk.reviewer().page(documents[0])) == (409, "already_decided")
        assert "2026-11-20" not in page_of(customer)


@pytest.mark.parametrize("end", ["withdrawn", "cancelled", "expired"])
def test_a_law_makes_no_difference_between_ends(desk: Desk, work: Work, end: str) -> None:
    verification, customer = hand_in(desk, work, "keeps-documents")
    if end == "withdrawn":
        question = customer.client.get(f"/verification/{verification}/withdraw", headers=HTML).text
        assert "except for what a law makes us keep longer" in question
        assert "everything" not in question
        assert customer.post("withdraw", reason="rather_not").status_code in {200, 303}
    elif end == "cancelled":
        assert desk.post(verification, "cancel").status_code == 200
    else:
        work.pass_time(7 * _DAY + _SECOND)
    work()
    assert desk.read(verification)["status"] == end
    assert {each["state"] for each in desk.read(verification)["documents"]} == {"ready"}
    assert "nothing is kept" not in page_of(customer)
    work.pass_time(30 * _DAY + _SECOND)
    work.settle()
    assert {each["state"] for each in desk.read(verification)["documents"]} == {"disposed"}


def test_what_ended_early_is_not_what_the_law_means(desk: Desk, work: Work) -> None:
    verification, customer = hand_in(desk, work, "keeps-documents")
    front, back = (card["document"] for card in customer.status()["slots"])
    reviewer = desk.reviewer()
    assert reviewer.review(verification, "resubmit", reasons=["unreadable"], documents=[front]) == "requested"
    assert customer.upload("letter.page", make_jpeg(width=320, height=240)).status_code == 201  # and never checked
    assert desk.post(verification, "cancel").status_code == 200
    work.settle()
    states = {each["id"]: each["state"] for each in desk.read(verification)["documents"]}
    assert states.pop(back) == "ready"
    assert set(states.values()) == {"disposed"}
    assert front in states
    assert stored(desk)["overdue"] == 0


def test_where_nothing_was_sent_nothing_is_held_and_the_key_goes_at_once(house: House, desk: Desk, work: Work) -> None:
    asked = desk.request(policy="keeps-both")
    assert desk.post(asked["id"], "cancel").status_code == 200
    work()
    assert desk.read(asked["id"])["unreadable_at"] is not None
    with house.database.read() as session:
        assert session.scalars(select(HoldRow)).all() == []


def test_contact_points_stay_where_a_law_says_so_and_codes_do_not(
    house: House, desk: Desk, work: Work, sequence: Callable[[], int]
) -> None:
    scopes = (Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ, Scope.CONTACTS_WRITE)
    headers = make_key(house, Role.AGENT, *scopes)
    given = {"email": {"value": "jo@example.org"}, "phone": {"value": "+420601123456"}}
    answer = desk.ask(headers=headers, policy="keeps-contacts", contact_points=given)
    assert answer.status_code == 201, answer.text
    verification = answer.json()["id"]
    assert desk.post(verification, "cancel", headers=headers).status_code == 200
    work()

    def sealed() -> list[bytes | None]:
        with house.database.read() as session:
            return list(session.scalars(select(ContactPointRow.sealed)))

    assert len(sealed()) == 2
    assert None not in sealed()
    work.pass_time(5 * _DAY + _SECOND)
    assert sealed() == [None, None]
    assert desk.read(verification)["unreadable_at"] is not None
    sequence()
    with house.database.read() as session:
        (placed,) = find_entries(session, EntryFilter(kind=EntryKind.HOLD_PLACED), limit=5)
    assert placed.statement.fields["class"] == "contact_points"
    assert placed.statement.fields["reason"] == "telecom-act"


def test_before_anything_is_sent_the_page_says_what_will_stay(desk: Desk) -> None:
    customer = desk.customer(desk.request(policy="keeps-documents"))
    task = page_of(customer)
    shown = customer.client.get(f"/verification/{customer.verification}/documents", headers=HTML).text
    assert LAW in shown
    assert "30 days after the end" in shown
    assert "Everything you added is destroyed at once" not in shown + task
    assert "destroyed afterwards" not in shown + task
