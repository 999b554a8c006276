"""What people are told when storage lost or changed what was sealed, or when time is over."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.journey import Desk, make_jpeg, refusal
from tests.workers_by_hand import Work
from verifier.db.clock import MovedClock
from verifier.evidence.tables import DocumentRow
from verifier.settings import Settings
from verifier.verifications.errors import TooLateError
from verifier.verifications.moves import lock_verification, verify_in_time
from verifier.wiring import House


def _stored_files(settings: Settings) -> list[Path]:
    return [file for file in settings.objects_folder.rglob("doc_*") if file.is_file()] or [
        file for file in settings.objects_folder.rglob("*") if file.is_file() and file.stat().st_size > 1200
    ]


def _flip_last_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)


def test_a_document_that_a_broken_disk_changed_is_refused_and_asked_for_again(
    desk: Desk, settings: Settings, work: Work
) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    assert customer.upload("diploma.all_pages", make_jpeg()).status_code == 201
    (stored,) = _stored_files(settings)
    _flip_last_byte(stored)
    work.settle()
    front = customer.status()["slots"][0]
    assert front["state"] == "refused"
    assert front["refusal"]["code"] == "document_damaged"
    assert "send it again" in front["refusal"]["next_step"]
    assert customer.upload("diploma.all_pages", make_jpeg()).status_code == 201


def test_a_page_that_a_broken_disk_changed_is_not_shown_and_not_approved(
    desk: Desk, settings: Settings, work: Work
) -> None:
    asked, _ = desk.submitted(work)
    reviewer = desk.reviewer()
    reviewer.claim(asked["id"])
    documents = reviewer.look(asked["id"]).json()["documents"]
    for file in _stored_files(settings):
        _flip_last_byte(file)
    assert refusal(reviewer.page(documents[0]["id"])) == (409, "page_damaged")
    assert refusal(reviewer.decide(asked["id"], "approve")) == (409, "pages_not_all_viewed")


def test_a_page_whose_key_record_a_broken_disk_changed_is_not_shown(desk: Desk, settings: Settings, work: Work) -> None:
    asked, _ = desk.submitted(work)
    reviewer = desk.reviewer()
    reviewer.claim(asked["id"])
    documents = reviewer.look(asked["id"]).json()["documents"]
    (record,) = (file for file in settings.keys_folder.rglob("*") if file.is_file() and asked["id"] in file.name)
    _flip_last_byte(record)
    assert refusal(reviewer.page(documents[0]["id"])) == (409, "page_damaged")


def test_what_became_due_is_not_put_off_by_a_decision_that_came_too_late(
    house: House, desk: Desk, clock: MovedClock, work: Work
) -> None:
    asked, _ = desk.submitted(work)
    reviewer = desk.reviewer()
    clock.offset += timedelta(days=30)
    with house.database.write() as session:
        row = lock_verification(session, asked["id"])
        with pytest.raises(TooLateError):
            verify_in_time(row, clock.now(session))
    reviewer.claim(asked["id"])
    documents = house.database
    with documents.read() as session:
        first = session.scalars(select(DocumentRow.id)).first()
    work.run("sequence")
    answer = reviewer.decide(asked["id"], "resubmit", reasons=["unreadable"], documents=[first])
    assert refusal(answer) == (409, "too_late")


def test_everything_stays_as_it_was_after_the_last_second(desk: Desk, clock: MovedClock, work: Work) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    assert customer.upload("diploma.all_pages", make_jpeg()).status_code == 201
    clock.offset += timedelta(days=30)
    work.settle()
    assert desk.read(asked["id"])["status"] == "expired"
    assert all(document["state"] == "disposed" for document in desk.read(asked["id"])["documents"])
