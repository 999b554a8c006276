"""Details and contact points that a law keeps after the end stand in the auditor's list: on the page and at the API."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select, update

from policies.access import Role, Scope
from tests.held_policies import DUTCH_LAW, LAW, write_policies
from tests.journey import JSON, Desk, make_jpeg, make_key
from tests.person import Person
from tests.servers.databases import ON_BOTH
from tests.workers_by_hand import Work
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.db.clock import MovedClock
from verifier.disposal.kept import count_kept, read_kept
from verifier.retention.holds import end_holds
from verifier.retention.tables import HoldRow
from verifier.settings import Settings
from verifier.verifications.tables import SealedValueRow, VerificationKeyRow
from verifier.wiring import House

Look = Callable[..., Person]
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_TYPED = "2026-11-20"
_ADDRESS = "jo@example.org"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        policies_folder=write_policies(tmp_path / "policies"),
        smtp_host="127.0.0.1",  # nothing is ever sent
        smtp_tls="none",
        smtp_from="desk@example.org",
    )


@pytest.fixture
def look(house: House, client: TestClient, sign_in: Callable[..., str]) -> Look:
    """An auditor who has just signed in, before one of their pages."""

    def open_page(path: str = "/audit") -> Person:
        person = Person(client.app, house.settings.public_url, session=sign_in("Sam", Role.AUDITOR))
        person.open(path)
        assert _TYPED not in person.text
        assert _ADDRESS not in person.text
        return person

    return open_page


def end_with_details(desk: Desk, work: Work, policy: str) -> str:
    """A verification with two pictures, captions and a detail that was approved."""
    asked = desk.request(policy=policy, expected={"full_name": "Ada Example"})
    customer = desk.customer(asked)
    for slot in ("letter.page", "letter.back"):
        assert customer.upload(slot, make_jpeg(width=320, height=240)).status_code == 201
    work()
    typed = {"details": {"paid_on": _TYPED}, "captions": {"letter.page": "the top", "letter.back": "the rest"}}
    body = {"form_token": customer.status()["form_token"], **typed}
    answer = customer.client.post(f"/verification/{asked['id']}/details", json=body, headers=JSON)
    assert answer.status_code == 200, answer.text
    assert customer.post("submit").status_code == 200
    assert desk.reviewer().review(asked["id"]) == "approved"
    work()
    return str(asked["id"])


def end_with_contacts(house: House, desk: Desk, work: Work) -> str:
    """A verification with two contact points that was cancelled."""
    scopes = (Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ, Scope.CONTACTS_WRITE)
    headers = make_key(house, Role.AGENT, *scopes)
    given = {"email": {"value": _ADDRESS}, "phone": {"value": "+420601123456"}}
    answer = desk.ask(headers=headers, policy="keeps-contacts", contact_points=given)
    assert answer.status_code == 201, answer.text
    verification = str(answer.json()["id"])
    assert desk.post(verification, "cancel", headers=headers).status_code == 200
    work()
    return verification


def listed(desk: Desk, query: str = "") -> dict[str, Any]:
    headers = make_key(desk.house, Role.AUDITOR, Scope.AUDIT_READ)
    answer = desk.client.get(f"/v1/retention{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert _TYPED not in answer.text
    assert _ADDRESS not in answer.text
    return dict(answer.json())


def rows(person: Person) -> list[str]:
    """The rows of the table, each on one line."""
    return [" ".join(row.text.split()) for row in person.page.all("tr") if row.is_within("tbody")]


@ON_BOTH
def test_details_that_a_law_keeps_are_listed_without_a_word_of_them_until_they_are_gone(
    desk: Desk, work: Work, look: Look
) -> None:
    verification = end_with_details(desk, work, "keeps-details")
    work.settle()

    found = listed(desk)

    ended_at = datetime.fromisoformat(desk.read(verification)["ended_at"])
    (row,) = found["kept"]
    assert (found["documents"], found["total"], found["overdue"]) == ([], 0, 0)
    assert (found["kept_total"], found["kept_overdue"], found["next_cursor"]) == (1, 0, None)
    assert datetime.fromisoformat(row.pop("since")) == ended_at
    assert datetime.fromisoformat(row.pop("destroy_by")) == ended_at + 20 * _DAY
    law = row.pop("kept_by_law")
    assert law["text"] == {"en": "The payments act.", "nl": "De betaalwet."}
    assert row == {
        "kind": "details", "verification": verification, "reference": desk.read(verification)["reference"],
        "policy": "keeps-details", "overdue": False,
    }  # fmt: skip

    auditor = look()
    assert "0 documents are stored. Besides, a law keeps details or contact points: 1 row. Nothing is overdue." in (
        " ".join(auditor.text.split())
    )
    (shown,) = rows(auditor)
    assert "Kept by law" in shown
    assert "What the customer typed" in shown
    assert verification in shown
    assert "The payments act." in shown

    work.pass_time(20 * _DAY + _SECOND)
    found = listed(desk)
    assert (found["kept"], found["kept_total"]) == ([], 0)
    auditor = look()
    assert "Nothing is stored" in auditor.text
    assert "a law keeps nothing of an ended verification" in auditor.text


def test_contact_points_that_a_law_keeps_are_listed_once_for_their_verification(
    house: House, desk: Desk, work: Work, look: Look
) -> None:
    verification = end_with_contacts(house, desk, work)
    (row,) = listed(desk)["kept"]
    assert (row["kind"], row["verification"]) == ("contact_points", verification)
    assert row["kept_by_law"]["code"] == "telecom-act"
    auditor = look()
    (shown,) = rows(auditor)
    assert "What is registered on the account" in shown
    work.pass_time(5 * _DAY + _SECOND)
    assert listed(desk)["kept"] == []


def test_documents_and_the_rest_follow_each_other_by_their_ends_on_pages_of_one(
    house: House, desk: Desk, work: Work, look: Look
) -> None:
    both = end_with_details(desk, work, "keeps-both")  # documents for 30 days, details for 20
    contacts = end_with_contacts(house, desk, work)  # for 5
    details = end_with_details(desk, work, "keeps-details")  # for 20

    walked: list[tuple[str, str]] = []
    query: str | None = "?limit=1"
    while query is not None:
        found = listed(desk, query)
        assert (found["total"], found["kept_total"]) == (2, 3)
        (row,) = found["documents"] + found["kept"]
        walked.append((row["verification"], row.get("kind", "document")))
        query = f"?limit=1&cursor={found['next_cursor']}" if found["next_cursor"] else None

    assert walked == [
        (contacts, "contact_points"), (both, "details"), (details, "details"), (both, "document"), (both, "document"),
    ]  # fmt: skip
    auditor = look()
    shown = rows(auditor)
    assert [next(each for each in (both, contacts, details) if each in row) for row in shown] == [
        verification for verification, _ in walked
    ]
    assert "2 documents are stored. Besides, a law keeps details or contact points: 3 rows." in (
        " ".join(auditor.text.split())
    )
    (law,) = {each["kept_by_law"]["code"] for each in listed(desk)["documents"]}
    assert law == "bookkeeping-act"
    assert {LAW, DUTCH_LAW} == set(listed(desk)["documents"][0]["kept_by_law"]["text"].values())


@ON_BOTH
def test_what_ends_at_one_moment_is_neither_lost_nor_told_twice_between_pages(
    house: House, desk: Desk, work: Work
) -> None:
    ended = {end_with_contacts(house, desk, work) for _ in range(3)}
    ended.add(end_with_details(desk, work, "keeps-both"))
    with house.database.write() as session:
        (at,) = session.scalars(select(HoldRow.ends_at).where(HoldRow.data == "documents"))
        session.execute(update(HoldRow).values(ends_at=at))
    walked, query = list[str](), "?limit=2"
    while query:
        found = listed(desk, query)
        walked += [row.get("document") or row["verification"] for row in found["documents"] + found["kept"]]
        query = f"?limit=2&cursor={found['next_cursor']}" if found["next_cursor"] else ""
    assert len(walked) == 6
    assert len(set(walked)) == 6
    assert ended < set(walked)


def test_what_is_not_forgotten_when_its_hold_is_over_stays_listed_and_becomes_overdue(
    house: House, desk: Desk, work: Work, look: Look, clock: MovedClock
) -> None:
    verification = end_with_details(desk, work, "keeps-details")
    work.settle()
    clock.offset += 20 * _DAY + 70 * _SECOND  # and no worker runs
    with house.database.write() as session:
        end_holds(session, clock.now(session), session.scalars(select(HoldRow.verification_id)).one())
        assert session.scalars(select(SealedValueRow.name)).all() == ["detail.paid_on"]

    found = listed(desk)

    assert [(row["verification"], row["overdue"]) for row in found["kept"]] == [(verification, True)]
    assert (found["overdue"], found["kept_overdue"]) == (0, 1)
    auditor = look()
    assert "1 is overdue." in auditor.text
    assert "Overdue" in rows(auditor)[0]
    work()
    assert listed(desk)["kept"] == []


def test_looking_at_it_leaves_the_same_in_the_log_as_looking_at_stored_documents(
    house: House, desk: Desk, work: Work, look: Look, sequence: Callable[[], int]
) -> None:
    """A list of what is stored is no reading of the log; what the log says of the hold is, and is noted."""
    verification = end_with_details(desk, work, "keeps-both")

    def count_reads() -> int:
        sequence()
        with house.database.read() as session:
            return len(find_entries(session, EntryFilter(kind=EntryKind.LOG_READ), limit=100))

    for kind in ("documents", "kept"):
        assert listed(desk)[kind]
        look()
        assert count_reads() == 0
    auditor = look(f"/audit?tab=entries&kind=hold.placed&verification={verification}")
    assert len(rows(auditor)) == 2
    assert count_reads() == 1


def test_who_is_no_auditor_is_told_of_none_of_it(desk: Desk) -> None:
    answer = desk.client.get("/v1/retention", headers=desk.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_listing_it_does_not_walk_through_holds_of_long_ago(house: House) -> None:
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(house.database.engine, "before_cursor_execute", note)
    try:
        with house.database.read() as session:
            now = house.clock.now(session)
            read_kept(session, now, after=(now, "hld"), limit=9)
            count_kept(session, now)
    finally:
        event.remove(house.database.engine, "before_cursor_execute", note)
    with house.database.read() as session:
        plan = [
            str(step[3])
            for statement, parameters in statements
            for step in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    walked = [step for step in plan if VerificationKeyRow.__tablename__ in step]
    asked = [step for step in plan if HoldRow.__tablename__ in step]
    assert walked
    assert asked
    assert all("ix_verification_keys_to_forget_unheld" in step for step in walked), plan
    assert all(step.startswith("SEARCH holds USING") for step in asked), plan
