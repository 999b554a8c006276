"""Reviewers work on pages without scripts: they take, look and decide; and what they are refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from policies.access import Role
from tests.journey import Desk
from tests.person import Enter, Person, ask, hand_in
from tests.workers_by_hand import Work
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.db.clock import MovedClock
from verifier.web.reviewer_views import find_case_url
from verifier.wiring import House

DOCUMENT = "doc_aaaaaaaaaaaaaaaaaaaaaaaaaa"


def fetch_images(reviewer: Person) -> int:
    """Fetch every page image, as a browser does; how many there were."""
    sources = [each.attributes["src"] for each in reviewer.page.all("img")]
    for source in sources:
        answer = reviewer.client.get(source)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.headers["cache-control"] == "no-store"
    return len(sources)


def count(house: House, kind: EntryKind, sequence: Callable[[], int]) -> int:
    sequence()
    with house.database.read() as session:
        return len(find_entries(session, EntryFilter(kind=kind), limit=100))


def test_a_reviewer_takes_looks_and_approves(
    house: House, enter: Enter, desk: Desk, work: Work, sequence: Callable[[], int]
) -> None:
    agent, reviewer = enter("Kim", Role.AGENT), enter("Robin", Role.REVIEWER)
    made = ask(agent, "NB-1", full_name="Ada Example")
    hand_in(desk, work, agent, made)
    reviewer.open(f"/review/{made}")
    assert "Ada Example" not in reviewer.html
    assert "/v1/documents/" not in reviewer.html
    assert count(house, EntryKind.EXPECTED_VIEWED, sequence) == 0

    reviewer.open("/queue")
    assert reviewer.send("/queue/next").url.path == f"/review/{made}"
    assert "Ada Example" in reviewer.text
    assert "Kim requested the verification." in reviewer.text
    assert count(house, EntryKind.EXPECTED_VIEWED, sequence) == 1
    decision = f"/review/{made}/decision"
    reviewer.send(decision, outcome="approve", note="Fine.", status=409)
    assert list(reviewer.errors) == ["outcome"]
    assert reviewer.filled(decision)["outcome"] == "approve"
    assert reviewer.filled(decision)["note"].strip() == "Fine."

    assert fetch_images(reviewer) == 1
    assert count(house, EntryKind.PAGE_VIEWED, sequence) == 1
    reviewer.open(f"/review/{made}")
    assert [each.attributes["data-seen"] for each in reviewer.page.all("span") if "data-seen" in each.attributes] == [
        "yes"
    ]
    assert reviewer.send(decision, outcome="approve").url.path == "/queue"
    assert "The decision on NB-1 was sent." in reviewer.text
    reviewer.open(f"/review/{made}")
    assert "This is decided" in reviewer.text
    assert "Ada Example" not in reviewer.html


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "outcome"),
        ({"outcome": "destroy"}, "outcome"),
        ({"outcome": "reject"}, "reasons"),
        ({"outcome": "reject", "reasons": ["rude"]}, "reasons"),
        ({"outcome": "resubmit", "reasons": ["unreadable"]}, "documents"),
        ({"outcome": "resubmit", "reasons": ["unreadable"], "documents": [DOCUMENT]}, "documents"),
        ({"outcome": "resubmit", "reasons": ["unreadable"], "documents": ["../etc/passwd"]}, "documents"),
        ({"outcome": "reject", "reasons": ["unreadable"], "note": "n" * 2001}, "note"),
    ],
)
def test_a_refused_decision_keeps_note_and_reasons_and_decides_nothing(
    enter: Enter, desk: Desk, work: Work, fields: dict[str, Any], field: str
) -> None:
    agent, reviewer = enter("Kim", Role.AGENT), enter("Robin", Role.REVIEWER)
    made = ask(agent, "NB-1")
    hand_in(desk, work, agent, made)
    reviewer.open("/queue")
    reviewer.send("/queue/next")
    decision = f"/review/{made}/decision"
    sent = {"note": "Two\r\nlines."} | fields
    answer = reviewer.client.post(decision, data=reviewer.filled(decision) | sent)
    assert answer.status_code in {404, 422}
    reviewer.html = answer.text
    assert list(reviewer.errors) == [field]
    held = reviewer.filled(decision)
    assert held["note"].strip() == sent["note"].replace("\r\n", "\n")
    if "unreadable" in fields.get("reasons", []):
        assert held["reasons"] == ["unreadable"]
    assert reviewer.open(f"/review/{made}").status_code == 200
    assert "Waiting for review" in reviewer.text


def test_asking_again_names_the_document_and_the_case_waits_for_the_customer(
    enter: Enter, desk: Desk, work: Work
) -> None:
    agent, reviewer = enter("Kim", Role.AGENT), enter("Robin", Role.REVIEWER)
    made = ask(agent, "NB-1")
    hand_in(desk, work, agent, made)
    reviewer.open("/queue")
    reviewer.send("/queue/next")
    document = reviewer.find("documents").attributes["value"]
    reviewer.send(f"/review/{made}/decision", outcome="resubmit", reasons=["unreadable"], documents=[document])
    reviewer.open(f"/review/{made}")
    assert "This is with the customer" in reviewer.text
    assert "Robin asked for documents again." in reviewer.text
    work.settle()
    agent.open(f"/cases/{made}")
    assert "What the customer was told" in agent.text
    assert "Destroyed" in agent.text
    agent.open(f"/cases/{made}/receipts/{document}")
    assert "is destroyed with the last of it: then the receipt is complete." in agent.text


def test_a_colleague_who_only_saw_the_link_reads_why_they_do_not_decide(enter: Enter, desk: Desk, work: Work) -> None:
    agent, colleague = enter("Kim", Role.AGENT), enter("Alex", Role.AGENT, Role.REVIEWER)
    made = ask(agent, "NB-1")
    colleague.open(f"/cases/{made}")
    hand_in(desk, work, agent, made)
    for page in (f"/review/{made}", "/queue"):
        colleague.open(page)
        assert "You had a hand in this request, so somebody else decides." in colleague.text
    assert "You took the first look" not in colleague.text
    assert not [each for each in colleague.page.all("form") if each.attributes["action"] == "/queue/next"]


def test_a_colleague_gives_the_second_look_and_reads_the_note(enter: Enter, desk: Desk, work: Work) -> None:
    agent, first, second = (
        enter("Kim", Role.AGENT, Role.REVIEWER),
        enter("Robin", Role.REVIEWER),
        enter("Alex", Role.REVIEWER),
    )
    made = ask(agent, "NB-1")
    hand_in(desk, work, agent, made)
    agent.open(f"/review/{made}")
    assert "You had a hand in this request" in agent.text
    agent.open("/queue")
    assert not [each for each in agent.page.all("form") if each.attributes["action"] == "/queue/next"]

    first.open(f"/review/{made}")
    first.send(f"/review/{made}/claim")
    second.open(f"/review/{made}")
    assert "Robin is looking at this" in second.text
    first.send(f"/review/{made}/decision", outcome="escalate", note="Look at the date.")
    first.open(f"/review/{made}")
    assert "You took the first look" in first.text

    second.open("/queue")
    second.send("/queue/next")
    assert "Look at the date." in second.text
    assert "Robin took the first look." in second.text
    assert second.send(f"/review/{made}/release").url.path == "/queue"
    first.open("/queue")
    assert "You took the first look" in first.text


def test_a_lapsed_claim_shows_nothing_private_and_decides_nothing(enter: Enter, desk: Desk, work: Work) -> None:
    agent, reviewer = enter("Kim", Role.AGENT), enter("Robin", Role.REVIEWER)
    made = ask(agent, "NB-1", full_name="Ada Example")
    hand_in(desk, work, agent, made)
    reviewer.open("/queue")
    reviewer.send("/queue/next")
    work.pass_time(timedelta(minutes=16))
    reviewer.send(f"/review/{made}/decision", outcome="reject", reasons=["unreadable"], status=409)
    assert "not_claimed" in reviewer.text
    reviewer.open(f"/review/{made}")
    assert "Nobody has taken this yet" in reviewer.text
    assert "Ada Example" not in reviewer.html


def test_where_the_log_is_behind_the_page_shows_nothing_private(
    enter: Enter, desk: Desk, work: Work, clock: MovedClock
) -> None:
    agent, reviewer = enter("Kim", Role.AGENT), enter("Robin", Role.REVIEWER)
    made = ask(agent, "NB-1", full_name="Ada Example")
    hand_in(desk, work, agent, made)
    reviewer.open("/queue")
    reviewer.send("/queue/next")
    clock.offset += timedelta(minutes=1)  # what was just logged waits, and nobody gives it its place
    reviewer.open(f"/review/{made}", status=503)
    assert "log_behind" in reviewer.text
    assert "Ada Example" not in reviewer.html


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("", None),
        ("https://desk.example/tickets/", "https://desk.example/tickets/NB-1%2F2%237"),
        ("https://desk.example/?id={reference}&view=1", "https://desk.example/?id=NB-1%2F2%237&view=1"),
    ],
)
def test_the_link_to_the_case_carries_the_reference_and_nothing_else_of_it(pattern: str, url: str | None) -> None:
    assert find_case_url(pattern, reference="NB-1/2#7") == url
