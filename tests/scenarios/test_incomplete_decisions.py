"""Decisions that lack what they need, and a queue that has nothing to give."""

import pytest

from tests.journey import Desk, refusal
from tests.workers_by_hand import Work
from verifier.reviews.claims import claim_next
from verifier.reviews.errors import QueueEmptyError
from verifier.wiring import House


@pytest.mark.parametrize(
    ("outcome", "reasons", "answer"),
    [
        ("reject", [], (422, "reason_needed")),
        ("resubmit", [], (422, "reason_needed")),
        ("resubmit", ["unreadable"], (422, "documents_needed")),
    ],
)
def test_a_decision_says_what_it_lacks_and_changes_nothing(
    desk: Desk, work: Work, outcome: str, reasons: list[str], answer: tuple[int, str]
) -> None:
    asked, _ = desk.submitted(work)
    reviewer = desk.reviewer()
    reviewer.claim(asked["id"])
    assert refusal(reviewer.decide(asked["id"], outcome, reasons=reasons)) == answer
    assert desk.read(asked["id"])["status"] == "submitted"


def test_an_empty_queue_has_no_next(house: House) -> None:
    with house.database.write() as session, pytest.raises(QueueEmptyError):
        claim_next(session, house.clock.now(session), actor="operator")
