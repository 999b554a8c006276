"""A desk's program that got no answer sends its call again under the same key: nothing is done a second time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx2
from sqlalchemy import func, select

from tests.contact_desk import ContactDesk, another_code
from tests.journey import refusal
from tests.servers.databases import ON_BOTH
from verifier.contacts.code import MOST_TRIES
from verifier.contacts.tables import ContactSubmissionRow

BEGIN = {"contact": "email", "method": "code"}
KEY = "0b5a-1"


def post(
    contacts: ContactDesk, verification: str, tail: str = "", *, key: str = KEY, **request: Any
) -> httpx2.Response:
    path = f"/v1/verifications/{verification}/contact-checks{tail}"
    more = {"content-type": "message/rfc822"} if "content" in request else {}
    return contacts.desk.client.post(path, headers=contacts.headers | more | {"idempotency-key": key}, **request)


def count_submissions(contacts: ContactDesk, verification: str) -> int:
    counted = select(func.count(ContactSubmissionRow.id)).where(ContactSubmissionRow.verification_id == verification)
    with contacts.desk.house.database.read() as session:
        return session.scalar(counted) or 0


def test_a_check_that_is_begun_again_under_its_key_sends_no_second_code(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="both-ways")
    first = post(contacts, asked["id"], json=BEGIN)
    assert (first.status_code, first.json()["result"]) == (202, "pending")
    assert post(contacts, asked["id"], json=BEGIN).json() == first.json()
    contacts.work()
    again = post(contacts, asked["id"], json=BEGIN)
    assert again.status_code == 202
    assert again.json() == first.json() | {"result": "code_sent"}, "the same submission, as it stands by now"
    contacts.work.pass_time(timedelta(minutes=2))
    assert len(contacts.mails.mails) == 1
    assert count_submissions(contacts, asked["id"]) == 1
    post(contacts, asked["id"], json=BEGIN, key="another")
    contacts.work.pass_time(timedelta(minutes=2))
    assert len(contacts.mails.mails) == 2, "another key asks for another code"


def test_a_code_that_is_entered_again_under_its_key_counts_as_one_try(contacts: ContactDesk) -> None:
    asked = contacts.request()
    contacts.post(asked["id"], **BEGIN)
    contacts.work()
    code = contacts.mailed_code
    wrong = {"contact": "email", "code": another_code(code)}
    answers = []
    for _ in range(MOST_TRIES + 1):
        answers.append(post(contacts, asked["id"], "/code", json=wrong).json())
        contacts.work()
    assert {answer["submission"] for answer in answers} == {answers[0]["submission"]}
    assert [answer["result"] for answer in answers] == ["pending"] + ["wrong_code"] * MOST_TRIES
    assert contacts.checks(asked["id"])[0]["tries_left"] == MOST_TRIES - 1
    right = {"contact": "email", "code": code}
    assert post(contacts, asked["id"], "/code", json=right, key="right").status_code == 202
    contacts.work()
    repeated = post(contacts, asked["id"], "/code", json=right, key="right")
    assert (repeated.status_code, repeated.json()["result"]) == (202, "ended"), "though it is decided by now"
    assert contacts.desk.read(asked["id"])["status"] == "approved"


def test_a_message_that_is_handed_in_again_under_its_key_is_no_replay(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="seen-by-person")
    first = post(contacts, asked["id"], "/message", content=b"From: nobody\r\n\r\n")
    contacts.work()
    again = post(contacts, asked["id"], "/message", content=b"From: nobody\r\n\r\n")
    assert again.json() == first.json() | {"result": "ended"}
    assert count_submissions(contacts, asked["id"]) == 1
    other = post(contacts, asked["id"], "/message", content=b"From: somebody\r\n\r\n")
    assert refusal(other) == (422, "idempotency_key_reused")


def test_a_key_stands_for_one_call_with_one_body(contacts: ContactDesk) -> None:
    asked, other = contacts.request(), contacts.request(reference="CASE-2")
    assert post(contacts, asked["id"], json=BEGIN).status_code == 202
    reused = (422, "idempotency_key_reused")
    assert refusal(post(contacts, asked["id"], json=BEGIN | {"contact": "phone"})) == reused
    assert refusal(post(contacts, other["id"], json=BEGIN)) == reused
    assert refusal(post(contacts, asked["id"], "/code", json={"contact": "email", "code": "123456"})) == reused
    assert refusal(post(contacts, asked["id"], json=BEGIN, key="x" * 256)) == (400, "invalid_idempotency_key")
    assert (count_submissions(contacts, asked["id"]), count_submissions(contacts, other["id"])) == (1, 0)


def test_what_was_refused_may_be_asked_again_under_the_same_key(contacts: ContactDesk) -> None:
    asked = contacts.request()
    code = {"contact": "email", "code": "123456"}
    assert refusal(post(contacts, asked["id"], "/code", json=code)) == (404, "unknown_check")
    contacts.post(asked["id"], **BEGIN)
    contacts.work()
    assert post(contacts, asked["id"], "/code", json=code).status_code == 202


@ON_BOTH
def test_of_the_same_call_eight_times_at_once_one_counts(contacts: ContactDesk) -> None:
    asked = contacts.request()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(contacts, asked["id"], json=BEGIN), range(8)))
    assert [answer.status_code for answer in answers] == [202] * 8
    assert len({answer.json()["submission"] for answer in answers}) == 1
    assert count_submissions(contacts, asked["id"]) == 1
    contacts.work.pass_time(timedelta(minutes=2))
    assert len(contacts.mails.mails) == 1
