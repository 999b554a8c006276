"""A link that somebody else had: what they showed by contact checks counts no more once there is a new one."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from policies.access import Role
from tests.contact_desk import EMAIL, PHONE, ContactDesk, another_code
from tests.faults.contact_looks import look_at_contacts
from tests.faults.stores import MoodyKeys
from tests.journey import Customer, make_jpeg, refusal
from tests.person import Enter
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.contacts.tables import ContactCheckRow
from verifier.db.clock import MovedClock
from verifier.settings import Settings
from verifier.wiring import House, choose_seams, open_house

_EXIT = re.compile(r"/n/[A-Za-z0-9_-]{43}")
_MAIL = {"email": {"value": EMAIL}}
_BOTH = {"policy": "both-ways", "contact_points": {"email": {"value": EMAIL}, "domain": {"value": "shop.example"}}}
_LETTER = make_jpeg(width=64, height=48)


@pytest.fixture
def keys(settings: Settings) -> MoodyKeys:
    return MoodyKeys(choose_seams(settings).keys)


@pytest.fixture
def house(settings: Settings, clock: MovedClock, keys: MoodyKeys) -> Iterator[House]:
    opened = open_house(settings, seams=replace(choose_seams(settings), clock=clock, keys=keys))
    yield opened
    opened.close()


def renew(contacts: ContactDesk, asked: dict[str, Any]) -> dict[str, Any]:
    answer = contacts.desk.post(asked["id"], "links")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def renew_quietly(contacts: ContactDesk, asked: dict[str, Any]) -> None:
    renew(contacts, asked)


def status(contacts: ContactDesk, asked: dict[str, Any]) -> str:
    return str(contacts.desk.read(asked["id"])["status"])


def states(contacts: ContactDesk, asked: dict[str, Any]) -> list[str]:
    return [check["state"] for check in contacts.checks(asked["id"])]


def prove(contacts: ContactDesk, customer: Customer) -> None:
    assert contacts.begin(customer) == "code_sent"
    contacts.work.pass_time(timedelta(minutes=15))
    assert contacts.begin(customer) == "code_sent", "the one before may have waited until it had run out"
    contacts.work.pass_time(timedelta(minutes=3))
    assert contacts.guess(customer, contacts.mailed_code) == "ended"


def read_lapsed(contacts: ContactDesk) -> list[tuple[object, object]]:
    contacts.work()
    with contacts.desk.house.database.read() as session:
        found = find_entries(session, EntryFilter(kind=EntryKind.CONTACT_CHECK_LAPSED), limit=20)
    return [(entry.statement.fields["check"], entry.statement.fields["from_state"]) for entry in found]


def test_what_the_holder_of_the_old_link_confirmed_has_to_be_shown_again(contacts: ContactDesk) -> None:
    asked = contacts.request(**_BOTH)
    contacts.begin(old := contacts.desk.customer(asked))
    assert contacts.guess(old, contacts.mailed_code) == "ended"
    assert states(contacts, asked) == ["confirmed"]

    customer = contacts.desk.customer(renew(contacts, asked))
    (check,) = contacts.checks(asked["id"])
    assert (check["state"], check["reasons"]) == ("lapsed", ["link_renewed"])
    assert read_lapsed(contacts) == [(check["id"], "confirmed")]
    assert customer.upload("letter.page", _LETTER).status_code == 201
    contacts.work()
    assert refusal(customer.post("submit")) == (409, "not_everything_sent")

    contacts.work.pass_time(timedelta(minutes=15))
    assert contacts.begin(customer) == "code_sent"
    contacts.work.pass_time(timedelta(minutes=1))
    assert contacts.guess(customer, contacts.mailed_code) == "ended"
    assert states(contacts, asked) == ["lapsed", "confirmed"]
    assert customer.post("submit").status_code == 200
    assert status(contacts, asked) == "submitted"


def test_an_approval_that_waits_is_not_given_once_the_link_is_another(contacts: ContactDesk) -> None:
    contacts.messages.answer = lambda _: 503
    asked = contacts.request()
    contacts.begin(old := contacts.desk.customer(asked))
    assert contacts.guess(old, contacts.mailed_code) == "ended"
    assert (states(contacts, asked), status(contacts, asked)) == (["confirmed"], "requested")

    renewed = renew(contacts, asked)
    contacts.messages.answer = lambda _: 201
    contacts.work.pass_time(timedelta(minutes=20))
    assert (states(contacts, asked), status(contacts, asked)) == (["lapsed"], "requested")

    prove(contacts, contacts.desk.customer(renewed))
    assert status(contacts, asked) == "approved"
    assert list(look_at_contacts(contacts.desk.house)) == []


def test_the_other_one_is_told_anew_and_contact_checks_alone_wait_for_it(contacts: ContactDesk) -> None:
    asked = contacts.request()
    contacts.desk.customer(asked)
    contacts.work()
    told = [sms.to for sms in contacts.messages.messages if _EXIT.search(sms.text)]
    assert told == [PHONE]

    customer = contacts.desk.customer(renew(contacts, asked))
    contacts.messages.answer = lambda _: 503
    contacts.begin(customer)
    assert contacts.guess(customer, contacts.mailed_code) == "ended"
    assert status(contacts, asked) == "requested", "that they were told of the old link is not enough"
    contacts.messages.answer = lambda _: 201
    contacts.work.pass_time(timedelta(minutes=5))
    told = [sms.to for sms in contacts.messages.messages if _EXIT.search(sms.text)]
    assert told == [PHONE, PHONE]
    assert status(contacts, asked) == "approved"


def test_who_was_told_of_the_old_link_only_has_not_heard_of_the_new_one(contacts: ContactDesk) -> None:
    asked = contacts.request()
    contacts.desk.customer(asked)
    contacts.work()
    customer = contacts.desk.customer(renew(contacts, asked))
    contacts.messages.answer = lambda _: 422
    prove(contacts, customer)
    contacts.work.pass_time(timedelta(minutes=20))
    assert status(contacts, asked) == "submitted", "a person decides"


def test_a_code_that_arrived_before_the_renewal_does_not_stand_for_one_that_does_not(contacts: ContactDesk) -> None:
    asked = contacts.request()
    contacts.begin(contacts.desk.customer(asked))
    customer = contacts.desk.customer(renew(contacts, asked))
    contacts.mails.answer_recipient = lambda _: "550 There is nobody of that name"
    contacts.work.pass_time(timedelta(minutes=15))
    assert contacts.begin(customer) == "code_sent"
    contacts.work.pass_time(timedelta(minutes=3))
    check = contacts.checks(asked["id"])[-1]
    assert (check["state"], check["reasons"]) == ("failed", ["not_delivered"])


def test_a_renewal_gives_nobody_more_guesses(contacts: ContactDesk) -> None:
    asked = contacts.request()
    contacts.begin(old := contacts.desk.customer(asked))
    for _ in range(3):
        assert contacts.guess(old, another_code(contacts.mailed_code)) == "wrong_code"
    customer = contacts.desk.customer(renew(contacts, asked))
    contacts.begin(customer)
    contacts.work.pass_time(timedelta(minutes=1))
    assert contacts.checks(asked["id"])[-1]["tries_left"] == 2
    wrong = another_code(contacts.mailed_code)
    assert [contacts.guess(customer, wrong), contacts.guess(customer, wrong)] == ["wrong_code", "ended"]
    assert states(contacts, asked) == ["lapsed", "failed"]
    renewed = contacts.desk.customer(renew(contacts, asked))
    assert refusal(renewed.post("contacts/email/code")) == (409, "check_ended")


def test_a_renewal_sends_no_more_codes(contacts: ContactDesk) -> None:
    asked = contacts.request()
    link = asked
    for _ in range(5):
        customer = contacts.desk.customer(link)
        assert contacts.begin(customer) == "code_sent"
        contacts.work.pass_time(timedelta(minutes=15))
        link = renew(contacts, asked)
    customer = contacts.desk.customer(link)
    assert refusal(customer.post("contacts/email/code")) == (409, "too_many_codes_sent")
    assert [proof["skipped"] for proof in contacts.desk.read(asked["id"])["proofs"]] == ["check_failed", None]
    assert len(contacts.mails.mails) == 5
    contacts.work()
    assert list(look_at_contacts(contacts.desk.house)) == []


def test_a_code_of_the_old_link_is_none_of_the_new_one(contacts: ContactDesk) -> None:
    asked = contacts.request()
    contacts.begin(contacts.desk.customer(asked))
    old = contacts.mailed_code
    customer = contacts.desk.customer(renew(contacts, asked))
    assert refusal(contacts.post(asked["id"], "/code", contact="email", code=old)) == (409, "check_ended")
    (check,) = contacts.checks(asked["id"])
    assert refusal(customer.post(f"checks/{check['id']}/code", code=old)) == (409, "check_ended")
    contacts.begin(customer)
    contacts.work.pass_time(timedelta(minutes=1))
    if contacts.mailed_code != old:  # once in a million
        assert contacts.guess(customer, old) == "wrong_code"
    assert status(contacts, asked) == "requested"


def test_a_code_that_waits_to_be_sent_goes_with_the_old_link(contacts: ContactDesk) -> None:
    contacts.mails.answer_recipient = lambda _: "451 Not now"
    asked = contacts.request()
    contacts.begin(contacts.desk.customer(asked))
    renew(contacts, asked)
    contacts.mails.answer_recipient = lambda _: "250 OK"
    contacts.work.pass_time(timedelta(minutes=2))
    assert contacts.mails.mails == []


def test_what_was_handed_in_and_not_judged_yet_comes_to_nothing(contacts: ContactDesk) -> None:
    asked = contacts.request()
    contacts.begin(old := contacts.desk.customer(asked))
    check = contacts.checks(asked["id"])[0]["id"]
    handed_in = old.post(f"checks/{check}/code", code=contacts.mailed_code)
    assert handed_in.status_code == 202
    renew(contacts, asked)
    contacts.work.pass_time(timedelta(minutes=2))
    assert contacts.get(asked["id"], f"/submissions/{handed_in.json()['submission']}")["result"] == "moot"
    assert (states(contacts, asked), status(contacts, asked)) == (["lapsed"], "requested")


def test_what_is_being_judged_while_the_link_is_renewed_comes_to_nothing(
    contacts: ContactDesk, keys: MoodyKeys
) -> None:
    """The worker has read the submission and opened the key: between that and its closing, the link is renewed."""
    asked = contacts.request()
    contacts.begin(old := contacts.desk.customer(asked))
    check = contacts.checks(asked["id"])[0]["id"]
    handed_in = old.post(f"checks/{check}/code", code=contacts.mailed_code)
    keys.after_get = partial(renew_quietly, contacts, asked)
    assert contacts.work.run("judge") >= 1
    assert states(contacts, asked) == ["lapsed"]
    contacts.work.pass_time(timedelta(minutes=2))
    assert contacts.get(asked["id"], f"/submissions/{handed_in.json()['submission']}")["result"] == "moot"
    assert (states(contacts, asked), status(contacts, asked)) == (["lapsed"], "requested")
    assert list(look_at_contacts(contacts.desk.house)) == []


def test_a_message_that_is_being_judged_begins_no_check_of_the_new_link(contacts: ContactDesk, keys: MoodyKeys) -> None:
    asked = contacts.request(policy="seen-by-person", contact_points=_MAIL)
    path = f"/v1/verifications/{asked['id']}/contact-checks/message"
    headers = contacts.headers | {"content-type": "message/rfc822"}
    assert contacts.desk.client.post(path, content=b"no message", headers=headers).status_code == 202
    keys.after_get = partial(renew_quietly, contacts, asked)
    contacts.work.pass_time(timedelta(minutes=2))
    with contacts.desk.house.database.read() as session:
        assert session.scalars(select(ContactCheckRow)).all() == []


def test_what_a_reviewer_had_goes_back_where_it_rested_on_a_check(contacts: ContactDesk, enter: Enter) -> None:
    asked = contacts.request(policy="seen-by-person", contact_points=_MAIL)
    contacts.begin(old := contacts.desk.customer(asked))
    assert contacts.guess(old, contacts.mailed_code) == "ended"
    assert status(contacts, asked) == "submitted"
    reviewer = contacts.desk.reviewer()
    assert reviewer.claim(asked["id"]).status_code == 200

    customer = contacts.desk.customer(renew(contacts, asked))
    assert status(contacts, asked) == "requested"
    assert contacts.desk.read(asked["id"])["answer_by"] is None
    contacts.work()
    assert refusal(reviewer.decide(asked["id"], "approve")) == (409, "wrong_state")
    page = customer.client.get(f"/verification/{asked['id']}", headers={"accept": "text/html"}).text
    assert "What was begun or confirmed with the old one has to be done again." in page
    agent = enter("Ada", Role.AGENT)
    agent.open(f"/cases/{asked['id']}")
    assert "Lapsed with the old link" in agent.html

    prove(contacts, customer)
    assert status(contacts, asked) == "submitted"
    assert reviewer.claim(asked["id"]).status_code == 200
    assert reviewer.decide(asked["id"], "approve").status_code == 200


def test_what_a_reviewer_had_stays_where_a_document_carries_it(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="seen-by-person", contact_points=_MAIL)
    customer = contacts.desk.customer(asked)
    assert customer.upload("letter.page", _LETTER).status_code == 201
    contacts.work()
    assert customer.post("submit").status_code == 200
    assert contacts.post(asked["id"], contact="email", method="code").status_code == 202
    contacts.work()
    assert contacts.post(asked["id"], "/code", contact="email", code=contacts.mailed_code).status_code == 202
    contacts.work()
    assert states(contacts, asked) == ["confirmed"]
    renew(contacts, asked)
    assert (states(contacts, asked), status(contacts, asked)) == (["lapsed"], "submitted")
    assert contacts.desk.reviewer().review(asked["id"]) == "approved"


def test_a_repeated_renewal_takes_nothing_back_twice(contacts: ContactDesk) -> None:
    asked = contacts.request(**_BOTH)
    key = {"idempotency-key": "renew"}
    renewed = contacts.desk.post(asked["id"], "links", headers=key).json()
    contacts.begin(customer := contacts.desk.customer(renewed))
    assert contacts.guess(customer, contacts.mailed_code) == "ended"
    again = contacts.desk.post(asked["id"], "links", headers=key)
    assert again.json()["link"] == renewed["link"]
    assert states(contacts, asked) == ["confirmed"]
