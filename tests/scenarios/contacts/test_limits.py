"""Where the doors stop: messages too large or too many, a policy without proof, sending that has had enough."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from policies.access import Role
from policies.parts import CheckMethod
from tests.contact_desk import EMAIL, PHONE, ContactDesk
from tests.journey import refusal
from tests.person import Enter
from verifier.contacts.life import MOST_CHECKS, SubmissionKind
from verifier.contacts.submissions import (
    CUSTOMER,
    MOST_MESSAGE_BYTES,
    MOST_OTHER_PROOFS,
    MOST_SUBMISSIONS,
    MOST_WAITING,
    MOST_WAITING_BYTES,
)
from verifier.contacts.tables import ContactSubmissionRow
from verifier.ids import VerificationId, new_submission_id
from verifier.proofs.errors import NoProofNeededError
from verifier.verifications.moves import lock_verification
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.service import NewVerification


def hand_in(contacts: ContactDesk, verification: str, raw: bytes) -> tuple[int, str]:
    path = f"/v1/verifications/{verification}/contact-checks/message"
    headers = contacts.headers | {"content-type": "message/rfc822"}
    answer = contacts.desk.client.post(path, content=raw, headers=headers)
    if answer.status_code != 202:
        return refusal(answer)
    contacts.work()
    return 202, str(contacts.get(verification, f"/submissions/{answer.json()['submission']}")["result"])


def test_a_message_of_forty_megabytes_is_refused_and_one_at_the_limit_taken_in(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="seen-by-person", contact_points={"email": {"value": EMAIL}})
    head = b"From: jo@example.org\r\nSubject: Hello\r\n\r\n"
    assert hand_in(contacts, asked["id"], head + b"A" * 40_000_000) == (413, "submission_too_large")
    assert contacts.checks(asked["id"]) == []
    at_the_limit = head + b"A" * (MOST_MESSAGE_BYTES - len(head))
    assert hand_in(contacts, asked["id"], at_the_limit) == (202, "ended")


def test_a_few_messages_are_judged_and_no_more(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="seen-by-person", contact_points={"email": {"value": EMAIL}})
    for number in range(MOST_CHECKS):
        assert hand_in(contacts, asked["id"], b"no message %d" % number) == (202, "ended")
    assert hand_in(contacts, asked["id"], b"one more") == (409, "too_many_checks")
    assert len(contacts.checks(asked["id"])) == MOST_CHECKS
    proofs = contacts.desk.read(asked["id"])["proofs"]
    assert proofs[2]["skipped"] == "check_failed", "what is refused from now on is not offered"
    assert contacts.desk.read(asked["id"])["status"] == "requested"


def test_a_message_is_asked_for_by_policies_that_name_it(contacts: ContactDesk) -> None:
    asked = contacts.request()
    assert hand_in(contacts, asked["id"], b"From: jo@example.org\r\n\r\n") == (404, "unknown_contact")
    begun = contacts.post(asked["id"], contact="email", method=CheckMethod.MESSAGE)
    assert refusal(begun) == (404, "unknown_contact")


def test_a_page_that_asks_for_what_needs_no_proof_says_to_answer(contacts: ContactDesk, enter: Enter) -> None:
    agent = enter("Ada", Role.AGENT)
    agent.open("/new")
    agent.send("/new", reference="CASE-9", policy="opening-hours", status=409)
    assert "simply answered" in agent.text
    asked = NewVerification(reference="CASE-9", policy="opening-hours")
    with pytest.raises(NoProofNeededError) as refused:
        contacts.desk.house.requests.create(asked, actor="operator", once=EVERY_TIME)
    assert refused.value.code == "no_proof_needed"


def test_one_mailbox_is_not_filled_by_many_verifications(contacts: ContactDesk) -> None:
    results = []
    for number in range(11):
        given = {"email": {"value": EMAIL}}
        asked = contacts.request(reference=f"CASE-{number}", contact_points=given)
        customer = contacts.desk.customer(asked)
        results.append(contacts.begin(customer))
    assert results == ["code_sent"] * 10 + ["too_many_sends"]
    (check,) = contacts.checks(asked["id"])
    assert (check["state"], check["reasons"]) == ("open", ["too_many_sends"])
    assert len(contacts.mails.mails) == 1, "the others are delayed"
    contacts.work.pass_time(timedelta(hours=25))
    assert contacts.begin(customer) == "code_sent", "tomorrow it may be tried again"


def test_a_desk_is_no_household(contacts: ContactDesk) -> None:
    """Of one network, the twenty-first code of an hour waits."""
    for number in range(22):
        given = {"email": {"value": f"jo{number}@example.org"}}
        asked = contacts.request(reference=f"CASE-{number}", contact_points=given)
        assert contacts.post(asked["id"], contact="email", method="code").status_code == 202
        while contacts.work.run("judge"):
            """Until its code is queued."""
    contacts.work()
    assert len(contacts.mails.mails) == 22


def test_the_code_goes_out_though_the_other_one_was_warned_a_moment_before(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    contacts.work()
    assert [message.to for message in contacts.messages.messages] == [PHONE]
    assert contacts.begin(customer, "phone") == "code_sent"
    assert len(contacts.messages.messages) == 2, "a warning makes no code wait"


def test_what_waits_takes_no_more_room_than_one_great_message(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="seen-by-person", contact_points={"email": {"value": EMAIL}})
    path = f"/v1/verifications/{asked['id']}/contact-checks/message"
    headers = contacts.headers | {"content-type": "message/rfc822"}
    third = b"From: jo@example.org\r\n\r\n" + b"A" * (MOST_WAITING_BYTES // 3)
    answers = [contacts.desk.client.post(path, content=third, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert refusal(answers[2]) == (429, "still_judging")
    contacts.work()
    assert contacts.desk.client.post(path, content=third, headers=headers).status_code == 202, "there is room again"


def test_messages_that_wait_leave_room_for_what_the_customer_hands_in(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="seen-by-person", contact_points={"email": {"value": EMAIL}})
    path = f"/v1/verifications/{asked['id']}/contact-checks/message"
    headers = contacts.headers | {"content-type": "message/rfc822"}
    answers = [contacts.desk.client.post(path, content=b"no message", headers=headers) for _ in range(MOST_WAITING + 1)]
    assert refusal(answers[-1]) == (429, "still_judging")
    assert contacts.begin(contacts.desk.customer(asked)) == "code_sent"


def test_a_slow_look_keeps_neither_a_code_nor_another_verification(contacts: ContactDesk) -> None:
    given = {"policy": "seen-by-person", "contact_points": {"email": {"value": EMAIL}}}
    asked, other = (contacts.request(reference=f"CASE-{number}", **given) for number in range(2))
    headers = contacts.headers | {"content-type": "message/rfc822"}
    for each in (asked, asked, other):
        path = f"/v1/verifications/{each['id']}/contact-checks/message"
        assert contacts.desk.client.post(path, content=b"no message", headers=headers).status_code == 202
    with contacts.desk.house.database.write() as session:
        of = select(ContactSubmissionRow).where(ContactSubmissionRow.verification_id == asked["id"])
        session.scalars(of).all()[0].leased_until = contacts.desk.house.clock.now(session) + timedelta(seconds=20)
    assert contacts.work.run("judge") == 0, "what is slow has threads of its own"
    assert [contacts.work.run("look_up") for _ in range(2)] == [1, 0], "one at a time for a verification"
    assert (len(contacts.checks(other["id"])), len(contacts.checks(asked["id"]))) == (1, 0)


def test_a_verification_takes_in_so_much_and_no_more(contacts: ContactDesk) -> None:
    asked = contacts.request()
    house, verification = contacts.desk.house, VerificationId(asked["id"])
    with house.database.write() as session:
        row = lock_verification(session, verification)
        now = house.clock.now(session)
        judged = {"verification_id": row.id, "kind": SubmissionKind.BEGIN, "source": CUSTOMER}
        for _ in range(MOST_SUBMISSIONS):
            session.add(ContactSubmissionRow(id=new_submission_id(), created_at=now, judged_at=now, **judged))
    customer = contacts.desk.customer(asked)
    assert refusal(customer.post("contacts/email/code")) == (409, "too_many_checks")


def test_another_proof_is_taken_up_so_often_and_no_more(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    statuses = []
    for number in range(MOST_OTHER_PROOFS + 3):
        statuses.append(customer.post("proof", line=str((number + 1) % 2)).status_code)
        while contacts.work.run("judge"):
            """Until nothing is left to judge."""
    assert statuses[: MOST_OTHER_PROOFS - 1] == [200] * (MOST_OTHER_PROOFS - 1), "opening the link asked once"
    assert statuses[-1] == 409
