"""Codes to a registered contact point, over HTTP, with servers that really take them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tests.contact_desk import EMAIL, PHONE, ContactDesk, another_code
from tests.journey import JSON, refusal
from tests.servers.databases import ON_BOTH
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.contacts.code import MOST_TRIES
from verifier.wiring import House


def read_kinds(house: House, verification: str, *kinds: EntryKind) -> list[dict[str, Any]]:
    """The fields of the entries of these kinds, oldest first."""
    with house.database.read() as session:
        found = find_entries(session, EntryFilter(verification=verification), limit=200)  # type: ignore[arg-type]
    wanted = [entry for entry in reversed(found) if entry.statement.kind in kinds]
    return [dict(entry.statement.fields) for entry in wanted]


def test_a_code_to_the_registered_address_approves_at_once_where_the_policy_says_so(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    assert contacts.begin(customer) == "code_sent"
    assert contacts.mails.mails[-1].recipients == (EMAIL,)
    code = contacts.mailed_code
    assert contacts.guess(customer, another_code(code)) == "wrong_code"
    assert contacts.guess(customer, f" {code[:3]}\u2009{code[3:]}") == "ended"
    assert contacts.desk.read(asked["id"])["status"] == "approved"
    (check,) = contacts.checks(asked["id"])
    assert (check["state"], check["reasons"]) == ("confirmed", [])
    contacts.work()
    moves = read_kinds(contacts.desk.house, asked["id"], EntryKind.CONTACT_CHECK_JUDGED, EntryKind.VERIFICATION_MOVED)
    assert [move.get("outcome") or (move["to_state"], move["actor"]) for move in moves] == [
        "confirmed",
        ("approved", "worker"),
    ], "the verdict stands in the log before what it led to"


def test_an_agent_enters_the_code_that_the_customer_reads_out(contacts: ContactDesk) -> None:
    asked = contacts.request()
    begun = contacts.post(asked["id"], contact="phone", method="code")
    assert begun.status_code == 202, begun.text
    contacts.work()
    (message,) = contacts.messages.messages
    assert (message.to, message.text.splitlines()[-1]) == (PHONE, f"@127.0.0.1 #{contacts.texted_code}")
    entered = contacts.post(asked["id"], "/code", contact="phone", code=contacts.texted_code)
    assert entered.json()["result"] == "pending", "the door judges nothing"
    contacts.work()
    assert contacts.get(asked["id"], f"/submissions/{entered.json()['submission']}")["result"] == "ended"
    assert contacts.desk.read(asked["id"])["status"] == "approved"
    begun_by = read_kinds(contacts.desk.house, asked["id"], EntryKind.CONTACT_CHECK_BEGUN)
    assert begun_by[0]["actor"].startswith("key_")


def test_a_check_without_a_deciding_policy_hands_in_and_a_person_decides(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="seen-by-person")
    customer = contacts.desk.customer(asked)
    assert contacts.begin(customer) == "code_sent"
    assert contacts.guess(customer, contacts.mailed_code) == "ended"
    assert contacts.desk.read(asked["id"])["status"] == "submitted"
    again = customer.post("contacts/email/code")
    assert refusal(again) == (409, "wrong_state"), "what is handed in is handed in"
    assert contacts.desk.reviewer().review(asked["id"]) == "approved"


def test_the_fifth_wrong_code_ends_the_check_for_good(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    contacts.begin(customer)
    code = contacts.mailed_code
    results = [contacts.guess(customer, another_code(code)) for _ in range(MOST_TRIES)]
    assert results == ["wrong_code"] * 4 + ["ended"]
    (check,) = contacts.checks(asked["id"])
    assert (check["state"], check["reasons"], check["tries_left"]) == ("failed", ["too_many_tries"], 0)
    right = customer.post(f"checks/{check['id']}/code", code=code)
    assert refusal(right) == (409, "check_ended"), "the right code comes too late"
    assert refusal(customer.post("contacts/email/code")) == (409, "check_ended"), "and no new check gives five more"
    proofs = contacts.desk.read(asked["id"])["proofs"]
    assert [proof["skipped"] for proof in proofs] == ["check_failed", None]
    contacts.work()
    offered = read_kinds(contacts.desk.house, asked["id"], EntryKind.PROOF_OFFERED)
    assert [(each["lines"], each["skipped"]) for each in offered] == [
        ([0, 1], []),
        ([1], [{"line": 0, "why": "check_failed"}]),
    ]
    assert contacts.begin(customer, "phone") == "code_sent", "the other proof is still there"


def test_a_code_is_late_after_ten_minutes_and_a_new_one_is_sent(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    contacts.begin(customer)
    first = contacts.mailed_code
    contacts.work.pass_time(timedelta(minutes=10))
    assert contacts.guess(customer, first) == "code_expired"
    (check,) = contacts.checks(asked["id"])
    assert (check["state"], check["reasons"], check["tries_left"]) == ("open", ["code_expired"], MOST_TRIES)
    assert contacts.begin(customer) == "code_sent"
    contacts.work.pass_time(timedelta(minutes=1))  # the second sending is delayed
    assert contacts.mailed_code != first
    assert contacts.guess(customer, first) == "wrong_code", "the first one is nobody's any more"
    assert contacts.guess(customer, contacts.mailed_code) == "ended"
    assert contacts.desk.read(asked["id"])["status"] == "approved"


def test_the_same_code_is_sent_again_while_it_is_valid_and_five_times_at_most(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    assert contacts.begin(customer) == "code_sent"
    first = contacts.mailed_code
    assert contacts.begin(customer) == "code_sent"
    assert len(contacts.mails.mails) == 1, "before a second one is refused it is delayed"
    contacts.work.pass_time(timedelta(seconds=31))
    assert len(contacts.mails.mails) == 2
    assert contacts.mailed_code == first
    for _ in range(3):
        contacts.work.pass_time(timedelta(hours=1))
        assert contacts.begin(customer) == "code_sent"
    assert refusal(customer.post("contacts/email/code")) == (409, "too_many_codes_sent")
    sent = read_kinds(contacts.desk.house, asked["id"], EntryKind.CODE_SENT)
    assert [each["number"] for each in sent] == [1, 2, 3, 4, 5]


def test_a_code_that_goes_out_again_says_how_long_it_still_works(contacts: ContactDesk) -> None:
    customer = contacts.desk.customer(contacts.request())
    contacts.begin(customer)
    assert "for 10 minutes" in contacts.mails.mails[-1].message.get_content()
    contacts.work.pass_time(timedelta(minutes=6))
    contacts.begin(customer)
    again = contacts.mails.mails[-1].message.get_content()
    assert len(contacts.mails.mails) == 2
    assert "for 3 minutes" in again, "and some seconds"


def test_a_code_stays_good_however_often_another_is_asked_for(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    assert [contacts.begin(customer) for _ in range(5)] == ["code_sent"] * 3 + ["too_many_sends"] * 2
    assert contacts.checks(asked["id"])[0]["sends_left"] == 2, "what was refused is not counted"
    assert len(contacts.mails.mails) == 1
    assert contacts.guess(customer, contacts.mailed_code) == "ended"
    assert contacts.desk.read(asked["id"])["status"] == "approved"


def test_a_code_of_another_verification_is_wrong_and_another_check_unknown(contacts: ContactDesk) -> None:
    one, two = contacts.request(), contacts.request(reference="CASE-2")
    mine, theirs = contacts.desk.customer(one), contacts.desk.customer(two)
    contacts.begin(theirs)
    other_code = contacts.mailed_code
    contacts.begin(mine)
    contacts.work.pass_time(timedelta(minutes=1))
    if other_code == contacts.mailed_code:
        pytest.skip("one in a million: both codes are the same")
    assert contacts.guess(mine, other_code) == "wrong_code"
    (their_check,) = contacts.checks(two["id"])
    reached = mine.post(f"checks/{their_check['id']}/code", code=other_code)
    assert refusal(reached) == (404, "unknown_check")
    assert contacts.checks(two["id"])[0]["tries_left"] == MOST_TRIES
    assert contacts.desk.read(two["id"])["status"] == "requested"


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12a456", "twelve", "9" * 60, "½23456"])
def test_what_cannot_be_a_code_is_refused_and_costs_no_try(contacts: ContactDesk, text: str) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    contacts.begin(customer)
    (check,) = contacts.checks(asked["id"])
    assert refusal(customer.post(f"checks/{check['id']}/code", code=text)) == (422, "code_malformed")
    assert contacts.checks(asked["id"])[0]["tries_left"] == MOST_TRIES


def test_digits_of_other_scripts_are_the_same_code(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    contacts.begin(customer)
    eastern = "".join(chr(0x0660 + int(digit)) for digit in contacts.mailed_code)
    assert contacts.guess(customer, f"{eastern[:2]}\u2013{eastern[2:]}\u200f") == "ended"
    assert contacts.desk.read(asked["id"])["status"] == "approved"


def test_a_code_before_any_was_asked_for_is_refused(contacts: ContactDesk) -> None:
    asked = contacts.request()
    entered = contacts.post(asked["id"], "/code", contact="email", code="123456")
    assert refusal(entered) == (404, "unknown_check")


@ON_BOTH
def test_of_fifty_guesses_at_once_at_most_five_count(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    contacts.begin(customer)
    code = contacts.mailed_code
    (check,) = contacts.checks(asked["id"])
    form = customer.status()["form_token"]
    path = f"/verification/{asked['id']}/checks/{check['id']}/code"

    def guess(number: int) -> int:
        wrong = f"{(int(code) + 1 + number) % 10**6:06d}"
        return int(customer.client.post(path, data={"form_token": form, "code": wrong}, headers=JSON).status_code)

    def judge(_: int) -> int:
        found = 0
        while contacts.work.workshop.judge.judge_next():
            found += 1
        return found

    judged = 0
    with ThreadPoolExecutor(12) as pool:
        guesses = [pool.submit(guess, number) for number in range(50)]
        while not all(each.done() for each in guesses):
            judged += sum(pool.map(judge, range(2)))
        statuses = {each.result() for each in guesses}
        judged += sum(pool.map(judge, range(2)))
    contacts.work()
    assert judged >= MOST_TRIES
    assert statuses <= {202, 409, 429}, "taken in, after the end, or too many waiting"
    (check,) = contacts.checks(asked["id"])
    assert (check["state"], check["reasons"], check["tries_left"]) == ("failed", ["too_many_tries"], 0)
    assert refusal(customer.post(f"checks/{check['id']}/code", code=code)) == (409, "check_ended")
    assert len(read_kinds(contacts.desk.house, asked["id"], EntryKind.CONTACT_CHECK_JUDGED)) == 1


def test_only_a_few_submissions_wait_at_once(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    answers = [customer.post("contacts/email/code") for _ in range(9)]
    assert [answer.status_code for answer in answers] == [202] * 8 + [429]
    assert refusal(answers[-1]) == (429, "still_judging")
    contacts.work()
    assert contacts.checks(asked["id"])[0]["sends_left"] == 2, "eight were asked for, three in the time of one code"


def test_checks_that_the_policy_does_not_ask_for_or_the_desk_gave_nothing_for_are_unknown(
    contacts: ContactDesk,
) -> None:
    asked = contacts.request(contact_points={"email": {"value": EMAIL}})
    customer = contacts.desk.customer(asked)
    assert refusal(customer.post("contacts/domain/dns")) == (404, "unknown_contact")
    assert refusal(customer.post("contacts/phone/code")) == (404, "unknown_contact"), "asked for, but not given"
    contacts.begin(customer)
    (check,) = contacts.checks(asked["id"])
    assert refusal(customer.post(f"checks/{check['id']}/look")) == (409, "wrong_check")
    assert refusal(customer.post(f"checks/{check['id']}/address", address=EMAIL)) == (409, "wrong_check")


def test_a_form_without_its_token_hands_nothing_in(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    path = f"/verification/{asked['id']}/contacts/email/code"
    assert refusal(customer.client.post(path, data={"form_token": "x"}, headers=JSON)) == (403, "invalid_form_token")
    contacts.work()
    assert contacts.mails.mails == []


def test_a_code_that_no_server_takes_is_said_to_be_undelivered(contacts: ContactDesk) -> None:
    contacts.mails.answer_recipient = lambda _: "550 There is nobody of that name"
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    assert contacts.begin(customer) == "code_sent"
    contacts.work()
    (check,) = contacts.checks(asked["id"])
    assert (check["state"], check["reasons"], check["code_failure"]) == ("failed", ["not_delivered"], "refused")
    assert not check["code_sent"]
    assert contacts.begin(customer, "phone") == "code_sent", "there is another way"
