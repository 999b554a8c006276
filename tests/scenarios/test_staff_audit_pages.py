"""Auditors work on pages: what is stored, what was destroyed, who looked, the log; and the log says that they did."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from policies.access import Role
from tests.journey import Desk
from tests.person import Person
from tests.workers_by_hand import Work
from verifier.audit.catalogue import EntryKind
from verifier.audit.offline import verify_export
from verifier.audit.service import EntryFilter, find_entries, record
from verifier.db.clock import MovedClock
from verifier.disposal.receipt import verify_receipt
from verifier.ids import new_staff_id
from verifier.wiring import House


@pytest.fixture
def auditor(house: House, client: TestClient, sign_in: Callable[..., str]) -> Person:
    return Person(client.app, house.settings.public_url, session=sign_in("Sam", Role.AUDITOR))


def count_reads(house: House, sequence: Callable[[], int]) -> int:
    sequence()
    with house.database.read() as session:
        return len(find_entries(session, EntryFilter(kind=EntryKind.LOG_READ), limit=100))


def rows(person: Person) -> list[str]:
    """The rows of the table, each on one line."""
    return [" ".join(row.text.split()) for row in person.page.all("tr") if row.is_within("tbody")]


def next_page(person: Person, text: str) -> str | None:
    links = [each for each in person.page.all("a") if each.text.strip() == text]
    return links[0].attributes["href"] if links else None


def test_what_is_stored_and_what_was_destroyed_is_shown_with_its_receipt(
    house: House, auditor: Person, desk: Desk, work: Work
) -> None:
    asked, _ = desk.submitted(work)
    auditor.open("/audit")
    assert "1 document is stored. Nothing is overdue." in auditor.text
    (row,) = rows(auditor)
    assert asked["id"] in row
    assert "Even if nobody has decided by then." in row

    assert desk.reviewer().review(asked["id"]) == "approved"
    work.settle()
    auditor.open("/audit")
    assert "Nothing is stored" in auditor.text
    auditor.open("/audit?tab=destroyed")
    (row,) = rows(auditor)
    assert asked["id"] in row
    receipt = next_page(auditor, f"Open – {re.search('doc_[a-z2-7]{26}', row)[0]}")  # type: ignore[index]
    assert receipt is not None
    auditor.open(receipt)
    assert auditor.heading == "Deletion receipt"
    file = auditor.client.get(f"{receipt}?format=json")
    assert verify_receipt(file.content, log_key=house.log_key).status == "complete"
    agent_url = f"/cases/{asked['id']}/receipts/{receipt.rsplit('/', 1)[1]}"
    auditor.open(agent_url)  # receipts are auditors' too


def test_views_tell_who_looked_at_what(auditor: Person, desk: Desk, work: Work) -> None:
    asked, _ = desk.submitted(work)
    reviewer = desk.reviewer()
    assert reviewer.claim(asked["id"]).status_code == 200
    assert len(reviewer.view_all(asked["id"])) == 1
    work()
    auditor.open("/audit?tab=views")
    (row,) = rows(auditor)
    assert asked["id"] in row
    assert "test reviewer" in row  # the label of the program's key


@pytest.mark.parametrize("query", ["tab=destroyed", "tab=views", "tab=entries", "tab=entries&kind=page.viewed"])
def test_reading_the_log_is_logged_once_in_fifteen_minutes(
    house: House, auditor: Person, clock: MovedClock, sequence: Callable[[], int], query: str
) -> None:
    for _ in range(3):
        auditor.open(f"/audit?{query}")
    assert count_reads(house, sequence) == 1
    clock.offset += timedelta(minutes=15)
    auditor.open(f"/audit?{query}")
    assert count_reads(house, sequence) == 2
    auditor.open("/audit")
    assert count_reads(house, sequence) == 2


def test_pages_of_the_log_follow_each_other_without_gap_or_double(
    house: House, auditor: Person, sequence: Callable[[], int]
) -> None:
    with house.database.write() as session:
        for _ in range(120):
            fields = {"staff": new_staff_id()}
            record(session, house.clock.now(session), EntryKind.STAFF_SIGNED_IN, fields)
    sequence()
    path: str | None = "/audit?tab=entries&kind=staff.signed_in"
    seen: list[int] = []
    while path is not None:
        auditor.open(path)
        seen += [int(row.split()[0]) for row in rows(auditor)]
        path = next_page(auditor, "Older")
    assert len(seen) == 121
    assert seen == sorted(set(seen), reverse=True)
    assert count_reads(house, sequence) == 1


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("kind=page.seen", {"filter-kind"}),
        ("document=ver_aaaaaaaaaaaaaaaaaaaaaaaaaa", {"filter-document"}),
        ("verification=CASE-1&actor=ada@example.org", {"filter-verification", "filter-actor"}),
        ("from=yesterday&to=2026-02-30", {"filter-from", "filter-to"}),
        ("from=20261121", {"filter-from"}),
        ("to=9999-12-31", {"filter-to"}),
    ],
)
def test_filters_that_mean_nothing_are_named_kept_and_not_logged(
    house: House, auditor: Person, sequence: Callable[[], int], query: str, fields: set[str]
) -> None:
    auditor.open(f"/audit?tab=entries&{query}", status=422)
    assert set(auditor.errors) == fields
    assert rows(auditor) == []
    assert count_reads(house, sequence) == 0


def test_a_day_includes_its_last_moment(house: House, auditor: Person, sequence: Callable[[], int]) -> None:
    with house.database.read() as session:
        today = house.clock.now(session)
    sequence()
    auditor.open(f"/audit?tab=entries&from={today:%Y-%m-%d}&to={today:%Y-%m-%d}&kind=staff.signed_in")
    assert len(rows(auditor)) == 1
    auditor.open("/audit?tab=entries&from=0001-01-01&to=9999-12-30&kind=staff.signed_in")
    assert len(rows(auditor)) == 1
    tomorrow = today + timedelta(days=1)
    auditor.open(f"/audit?tab=entries&from={tomorrow:%Y-%m-%d}&kind=staff.signed_in")
    assert rows(auditor) == []
    assert "Nothing in the log fits these filters." in auditor.text


@pytest.mark.parametrize("tab", ["stored", "destroyed", "views", "entries"])
def test_a_wrong_cursor_is_refused_on_a_page(auditor: Person, tab: str) -> None:
    auditor.open(f"/audit?tab={tab}&cursor=xyz", status=400)
    assert "invalid_cursor" in auditor.text
    assert "Sign out" in auditor.text


def test_the_export_that_the_page_offers_can_be_checked_offline(
    house: House, auditor: Person, sequence: Callable[[], int]
) -> None:
    auditor.open("/audit?tab=entries")
    assert next_page(auditor, "Export the whole log") is None  # nothing is published yet
    sequence()
    auditor.open("/audit?tab=entries")
    path = next_page(auditor, "Export the whole log")
    assert path is not None
    lines = auditor.client.get(path).content.splitlines(keepends=True)
    verify_export(lines, log_key=house.log_key, since_checkpoint=auditor.find("checkpoint").text)
    assert auditor.find("checkpoint").text.startswith(house.settings.log_origin)
