"""The other registered contact point hears of a verification before contact checks alone decide it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from tests.contact_desk import EMAIL, PHONE, ContactDesk, sending_settings
from tests.journey import JSON, Customer, make_jpeg, refusal
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.contacts.life import SubmissionKind
from verifier.contacts.tables import ContactSubmissionRow
from verifier.db.clock import MovedClock
from verifier.demo.sinks import MailSink, Sms, SmsSink
from verifier.settings import Settings

_EXIT = re.compile(r"/n/[A-Za-z0-9_-]{43}")
_MAIL = {"email": {"value": "eve@example.org"}}
_LADDER = """
policy: ladder
title: {en: Move a domain}
proofs:
  - [{contact: email, by: code}]
  - [{document: letter, slots: [page]}]
documents:
  letter:
    title: {en: Letter}
    max_bytes: 5MB
    max_pages: 2
    must_show: {en: Your name.}
    may_cover: {en: Everything else.}
    slots: {page: {en: The page}}
contacts: {tell_other: true}
review:
  lines: 1
  answer_for: PT24H
  contact_checks_decide: true
  checklist: [same: {en: It is the same.}]
retention: {undecided_for: P7D, why: {en: So that nobody else gets in.}}
reasons: [unreadable: {en: We could not read it.}]
link: {open_for: P3D, status_for: P30D}
"""


@pytest.fixture
def settings(tmp_path: Path, sinks: tuple[MailSink, SmsSink]) -> Settings:
    chosen = sending_settings(tmp_path / "home", *sinks)
    (tmp_path / "policies" / "ladder.yaml").write_text(_LADDER, encoding="utf-8")
    return chosen


def status(contacts: ContactDesk, asked: dict[str, Any]) -> str:
    return str(contacts.desk.read(asked["id"])["status"])


def mails_with_an_exit(contacts: ContactDesk) -> list[tuple[str, ...]]:
    return [mail.recipients for mail in contacts.mails.mails if _EXIT.search(mail.message.get_content())]


def messages_with_an_exit(contacts: ContactDesk) -> list[str]:
    return [message.to for message in contacts.messages.messages if _EXIT.search(message.text)]


def break_gateway(contacts: ContactDesk) -> list[str]:
    """The gateway takes nothing now; to whom it was asked to send."""
    asked: list[str] = []

    def refuse(sms: Sms) -> int:
        asked.append(sms.to)
        return 503

    contacts.messages.answer = refuse
    return asked


def mend_gateway(contacts: ContactDesk) -> None:
    contacts.messages.answer = lambda _: 201


def prove_by_mail(contacts: ContactDesk, customer: Customer) -> None:
    assert contacts.begin(customer) == "code_sent"
    assert contacts.guess(customer, contacts.mailed_code) == "ended"


def test_an_approval_waits_until_the_other_one_was_told(contacts: ContactDesk) -> None:
    tried = break_gateway(contacts)
    asked = contacts.request()
    prove_by_mail(contacts, contacts.desk.customer(asked))
    assert contacts.checks(asked["id"])[0]["state"] == "confirmed"
    assert (set(tried), status(contacts, asked)) == ({PHONE}, "requested")
    mend_gateway(contacts)
    contacts.work.pass_time(timedelta(minutes=1))
    assert messages_with_an_exit(contacts) == [PHONE]
    assert status(contacts, asked) == "approved"


def test_an_approval_does_not_wait_for_ever(contacts: ContactDesk) -> None:
    break_gateway(contacts)
    asked = contacts.request()
    prove_by_mail(contacts, contacts.desk.customer(asked))
    for _ in range(12):
        assert status(contacts, asked) in {"requested", "submitted"}
        contacts.work.pass_time(timedelta(minutes=1))
    assert contacts.messages.messages == []
    assert status(contacts, asked) == "submitted", "nobody else knows of it, so a person looks"
    with contacts.desk.house.database.read() as session:
        (entry,) = find_entries(session, EntryFilter(kind=EntryKind.OTHER_NOT_TOLD), limit=10)
    assert list(entry.statement.fields["channels"]) == ["sms"]  # type: ignore[arg-type]
    reviewer = contacts.desk.reviewer()
    assert reviewer.claim(asked["id"]).status_code == 200
    assert reviewer.decide(asked["id"], "approve").status_code == 200


def test_who_uses_up_what_may_be_sent_to_the_other_one_gets_in_by_no_check_alone(contacts: ContactDesk) -> None:
    for number in range(10):
        used_up = contacts.request(reference=f"CASE-{number}", contact_points={"phone": {"value": PHONE}, **_MAIL})
        contacts.begin(contacts.desk.customer(used_up), "email")
        contacts.desk.post(used_up["id"], "cancel")
    contacts.work.pass_time(timedelta(hours=2))
    asked = contacts.request(reference="CASE-10")
    prove_by_mail(contacts, contacts.desk.customer(asked))
    assert status(contacts, asked) == "submitted"


@pytest.mark.parametrize(("days", "ended"), [(3, "submitted"), (30, "approved")])
def test_only_who_did_not_change_lately_hears_for_the_account(contacts: ContactDesk, days: int, ended: str) -> None:
    """Whoever took over the mailbox may have registered a phone of their own first."""
    with contacts.desk.house.database.read() as session:
        changed = contacts.desk.house.clock.now(session) - timedelta(days=days)
    phone = {"value": PHONE, "changed_at": changed.isoformat().replace("+00:00", "Z")}
    asked = contacts.request(contact_points={"email": {"value": EMAIL}, "phone": phone})
    prove_by_mail(contacts, contacts.desk.customer(asked))
    assert messages_with_an_exit(contacts) == [PHONE]
    assert status(contacts, asked) == ended


def test_who_says_meanwhile_that_it_was_not_them_is_heard(contacts: ContactDesk) -> None:
    """The first notice arrived, the gateway's answer did not: the owner is quicker than the next attempt."""
    heard: list[Sms] = []

    def take_and_say_not_now(sms: Sms) -> int:
        heard.append(sms)
        return 503

    contacts.messages.answer = take_and_say_not_now
    asked = contacts.request()
    prove_by_mail(contacts, contacts.desk.customer(asked))
    found = _EXIT.search(heard[0].text)
    assert found is not None
    token = contacts.desk.client.get(found[0], headers=JSON).json()["form_token"]
    contacts.desk.client.post(found[0], data={"form_token": token}, headers=JSON)
    contacts.work.pass_time(timedelta(minutes=20))
    assert status(contacts, asked) == "withdrawn"


def test_the_owner_of_the_first_contact_point_is_told_when_the_second_one_is_used(contacts: ContactDesk) -> None:
    """Whoever took over the phone need not be the one who gets the code by mail, and must not be the only one told."""
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    assert contacts.begin(customer, "phone") == "code_sent"
    assert contacts.guess(customer, contacts.texted_code) == "ended"
    assert mails_with_an_exit(contacts) == [(EMAIL,)]
    assert status(contacts, asked) == "approved"


def test_the_other_one_is_told_though_nobody_opened_the_link(contacts: ContactDesk) -> None:
    asked = contacts.request()
    assert contacts.post(asked["id"], contact="email", method="code").status_code == 202
    contacts.work()
    assert contacts.post(asked["id"], "/code", contact="email", code=contacts.mailed_code).status_code == 202
    contacts.work()
    assert messages_with_an_exit(contacts) == [PHONE]
    assert status(contacts, asked) == "approved"


def test_who_takes_another_line_does_not_do_it_unseen(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="ladder", contact_points={"email": {"value": EMAIL}})
    customer = contacts.desk.customer(asked)
    contacts.work()
    assert mails_with_an_exit(contacts) == [], "the line that is offered first would send a code there"
    assert customer.post("proof", line="1").status_code in {200, 202, 303}
    contacts.work()
    assert mails_with_an_exit(contacts) == [(EMAIL,)]


def test_who_hands_in_another_line_without_choosing_it_does_not_do_it_unseen(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="ladder", contact_points={"email": {"value": EMAIL}})
    customer = contacts.desk.customer(asked)
    assert customer.upload("letter.page", make_jpeg(width=64, height=48)).status_code == 201
    contacts.work()
    assert customer.post("submit").status_code == 200
    contacts.work()
    assert status(contacts, asked) == "submitted"
    assert mails_with_an_exit(contacts) == [(EMAIL,)]


def hand_in_letter(contacts: ContactDesk) -> dict[str, Any]:
    """A verification that a person has to decide, whose owner is still to be told."""
    asked = contacts.request(policy="ladder", contact_points={"email": {"value": EMAIL}})
    customer = contacts.desk.customer(asked)
    assert customer.upload("letter.page", make_jpeg(width=64, height=48)).status_code == 201
    while contacts.work.run("check"):
        """Until the picture is looked at: nobody judges or sends meanwhile."""
    assert customer.post("submit").status_code == 200
    return asked


def test_a_person_cannot_approve_before_the_other_one_was_told(contacts: ContactDesk) -> None:
    contacts.mails.answer_recipient = lambda _: "451 Not now"
    asked = hand_in_letter(contacts)
    reviewer = contacts.desk.reviewer()
    assert reviewer.claim(asked["id"]).status_code == 200
    reviewer.view_all(asked["id"])
    assert refusal(reviewer.decide(asked["id"], "approve")) == (409, "other_not_told_yet"), "nobody has looked yet"
    contacts.work()
    assert refusal(reviewer.decide(asked["id"], "approve")) == (409, "other_not_told_yet"), "the notice waits"
    contacts.mails.answer_recipient = lambda _: "250 OK"
    contacts.work.pass_time(timedelta(minutes=1))
    assert mails_with_an_exit(contacts) == [(EMAIL,)]
    assert reviewer.decide(asked["id"], "approve").status_code == 200
    assert status(contacts, asked) == "approved"


def test_a_person_may_reject_at_once(contacts: ContactDesk) -> None:
    asked = hand_in_letter(contacts)
    assert contacts.desk.reviewer().review(asked["id"], "reject", reasons=["unreadable"]) == "rejected"


def test_workers_that_are_away_keep_no_person_from_approving(contacts: ContactDesk, clock: MovedClock) -> None:
    contacts.mails.answer_recipient = lambda _: "451 Not now"
    asked = hand_in_letter(contacts)
    while contacts.work.run("judge"):
        """The notice is queued, and nobody is there to send it."""
    while contacts.work.run("sequence"):
        """The log keeps up."""
    clock.offset += timedelta(minutes=11)
    assert contacts.desk.reviewer().review(asked["id"]) == "approved"


def test_each_is_told_once_however_often_something_is_handed_in(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    for _ in range(3):
        contacts.begin(customer)
        contacts.begin(customer, "phone")
        contacts.work.pass_time(timedelta(minutes=15))
    assert (mails_with_an_exit(contacts), messages_with_an_exit(contacts)) == ([(EMAIL,)], [PHONE])
    with contacts.desk.house.database.read() as session:
        told = find_entries(session, EntryFilter(kind=EntryKind.OTHER_TOLD), limit=10)
    assert len(told) == 2


def test_a_telling_that_cannot_be_judged_keeps_nobody_for_ever(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    assert contacts.begin(customer) == "code_sent"
    with contacts.desk.house.database.write() as session:  # as if it had killed every worker that took it up
        again = update(ContactSubmissionRow).where(ContactSubmissionRow.kind == SubmissionKind.OPENED)
        session.execute(again.values(judged_at=None, attempts=12, leased_until=None))
    check = contacts.checks(asked["id"])[0]["id"]
    assert customer.post(f"checks/{check}/code", code=contacts.mailed_code).status_code == 202
    while contacts.work.run("judge"):
        """Until nothing is left to judge."""
    assert status(contacts, asked) == "approved"


def test_while_nobody_can_count_the_other_one_is_not_passed_over(contacts: ContactDesk) -> None:
    database = contacts.desk.house.database
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    with database.write() as session:
        session.execute(text("ALTER TABLE send_counts RENAME TO lost_counts"))
    assert customer.post("contacts/email/code").status_code == 202
    for job in ("judge", "judge", "judge", "notify", "notify"):
        contacts.work.run(job)
    assert messages_with_an_exit(contacts) == []
    assert contacts.checks(asked["id"]) == [], "nor is a code refused, as if there had been too many"
    with database.write() as session:
        session.execute(text("ALTER TABLE lost_counts RENAME TO send_counts"))
    contacts.work.pass_time(timedelta(minutes=1))
    assert contacts.checks(asked["id"])[0]["reasons"] == []
    assert messages_with_an_exit(contacts) == [PHONE]
    assert contacts.guess(customer, contacts.mailed_code) == "ended"
    assert status(contacts, asked) == "approved"


def test_a_code_that_is_refused_for_good_ends_its_check(contacts: ContactDesk) -> None:
    contacts.mails.answer_recipient = lambda _: "550 There is nobody of that name"
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    assert contacts.begin(customer) == "code_sent"
    (check,) = contacts.checks(asked["id"])
    assert (check["state"], check["reasons"]) == ("failed", ["not_delivered"])
    assert [proof["skipped"] for proof in contacts.desk.read(asked["id"])["proofs"]] == ["check_failed", None]
    with contacts.desk.house.database.read() as session:
        (judged,) = find_entries(session, EntryFilter(kind=EntryKind.CONTACT_CHECK_JUDGED), limit=10)
    assert (judged.statement.fields["outcome"], list(judged.statement.fields["reasons"])) == (  # type: ignore[arg-type]
        "failed",
        ["not_delivered"],
    )


def test_a_code_that_arrived_is_good_though_the_next_sending_is_refused(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    contacts.begin(customer)
    contacts.mails.answer_recipient = lambda _: "550 Too many of them"
    contacts.begin(customer)
    contacts.work.pass_time(timedelta(minutes=1))
    (check,) = contacts.checks(asked["id"])
    assert check["state"] == "open"
    assert contacts.guess(customer, contacts.mailed_code) == "ended"
    assert status(contacts, asked) == "approved"


def test_a_server_that_only_says_not_now_leaves_the_check_open(contacts: ContactDesk) -> None:
    contacts.mails.answer_recipient = lambda _: "451 Not now"
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    contacts.begin(customer)
    for _ in range(11):
        contacts.work.pass_time(timedelta(minutes=1))
    (check,) = contacts.checks(asked["id"])
    assert (check["state"], check["code_failure"]) == ("open", "unreachable")
    contacts.mails.answer_recipient = lambda _: "250 OK"
    assert contacts.begin(customer) == "code_sent"
    contacts.work.pass_time(timedelta(minutes=1))
    assert contacts.guess(customer, contacts.mailed_code) == "ended"
    assert status(contacts, asked) == "approved"
