"""Contact points: who may set them, what is kept of them, whom else we tell, and what becomes of it all."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from policies.access import Role, Scope
from policies.parts import ContactKind
from tests.contact_desk import EMAIL, PHONE, ContactDesk, another_code
from tests.journey import HTML, JSON, make_jpeg, make_key, refusal
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.contacts.registered import digest_contact
from verifier.contacts.tables import ContactCheckRow, ContactPointRow, ContactSubmissionRow, ExitRow
from verifier.settings import Settings
from verifier.vault.key_files import FileKeys
from verifier.wiring import House, load_contact_key


def digest_of(settings: Settings, kind: ContactKind, value: str) -> str:
    return digest_contact(load_contact_key(settings), kind, value)


def read_all(house: House, row: type[Any]) -> list[Any]:
    with house.database.read() as session:
        return list(session.scalars(select(row).options(undefer("*"))))


def kinds_of(house: House, verification: str) -> list[str]:
    with house.database.read() as session:
        found = find_entries(session, EntryFilter(verification=verification), limit=200)  # type: ignore[arg-type]
    return [entry.statement.kind.value for entry in reversed(found)]


@pytest.mark.parametrize(
    ("points", "answer"),
    [
        ({"email": {"value": "jo@"}}, (422, "contact_malformed")),
        ({"email": {"value": PHONE}}, (422, "contact_malformed")),
        ({"phone": {"value": EMAIL}}, (422, "contact_malformed")),
        ({"email": {"value": "jo@mailinator.com"}}, (422, "contact_disposable")),
        ({"email": {}}, (422, "contact_point_unusable")),
        ({"email": {"value": EMAIL, "digest": "a" * 64}}, (422, "contact_point_unusable")),
        ({"email": {"digest": "A" * 64}}, (422, "contact_point_unusable")),
        ({"email": {"digest": "abc"}}, (422, "contact_point_unusable")),
        ({"email": {"value": EMAIL, "changed_at": "2026-01-01T00:00:00"}}, (422, "invalid_field")),
        ({"account": {"value": "jo"}}, (422, "invalid_field")),
        ({}, (422, "no_proof_possible")),
        ({"domain": {"value": "example.org"}}, (422, "no_proof_possible")),
    ],
)
def test_a_contact_point_that_cannot_be_used_is_refused_and_leaves_nothing(
    contacts: ContactDesk, settings: Settings, points: dict[str, Any], answer: tuple[int, str]
) -> None:
    assert refusal(contacts.ask(contact_points=points)) == answer
    assert read_all(contacts.desk.house, ContactPointRow) == []
    assert list(FileKeys(settings.keys_folder).list()) == [], "nor a key"


def test_contact_points_come_from_programs_with_the_scope_and_never_from_a_page(contacts: ContactDesk) -> None:
    without = make_key(contacts.desk.house, Role.AGENT, Scope.VERIFICATIONS_WRITE)
    body = {"reference": "CASE-7", "policy": "host-change", "contact_points": {"email": {"value": EMAIL}}}
    answer = contacts.desk.client.post("/v1/verifications", json=body, headers=without)
    assert refusal(answer) == (403, "contacts_not_allowed")
    reviewer = make_key(contacts.desk.house, Role.REVIEWER, Scope.REVIEWS)
    assert refusal(contacts.desk.client.post("/v1/verifications", json=body, headers=reviewer)) == (403, "forbidden")


def test_an_account_that_is_attested_comes_from_programs_with_the_scope(contacts: ContactDesk) -> None:
    without = make_key(contacts.desk.house, Role.AGENT, Scope.VERIFICATIONS_WRITE)
    body = {"reference": "CASE-7", "policy": "every-way", "account": "mallory"}
    answer = contacts.desk.client.post("/v1/verifications", json=body, headers=without)
    assert refusal(answer) == (403, "contacts_not_allowed")
    assert "account that the policy has attested" in answer.json()["detail"], "the body named no contact point"
    assert contacts.ask(policy="every-way", account="jo").status_code == 201


def test_the_same_contact_points_are_the_same_request_and_others_are_not(contacts: ContactDesk) -> None:
    first = contacts.ask()
    assert (contacts.ask().status_code, contacts.ask().json()["id"]) == (200, first.json()["id"])
    reordered = {"phone": {"value": "+420 601 123 456"}, "email": {"value": EMAIL}}
    assert contacts.ask(contact_points=reordered).status_code == 200, "one normal form"
    assert refusal(contacts.ask(contact_points={"email": {"value": EMAIL}})) == (409, "verification_exists")


def test_what_the_policy_has_no_use_for_is_not_kept(contacts: ContactDesk) -> None:
    given = {"email": {"value": EMAIL}, "wallet": {"value": "0x" + "ab" * 20}, "domain": {"value": "example.org"}}
    contacts.request(contact_points=given)
    assert [row.contact for row in read_all(contacts.desk.house, ContactPointRow)] == ["email"]


def test_a_policy_without_proof_makes_nothing_and_says_to_answer(contacts: ContactDesk, settings: Settings) -> None:
    answer = contacts.ask(policy="opening-hours", contact_points={})
    assert answer.status_code == 200
    assert answer.json()["status"] == "no_proof"
    assert answer.json()["why"] == "Anybody may know it."
    assert answer.json()["reply"] == "No proof is needed for this. Simply answer the request."
    assert list(FileKeys(settings.keys_folder).list()) == []
    assert contacts.desk.client.get("/v1/verifications", headers=contacts.headers).json()["verifications"] == []


def test_an_address_that_the_desk_keeps_is_typed_and_compared_before_anything_is_sent(
    contacts: ContactDesk, settings: Settings
) -> None:
    given = {"email": {"digest": digest_of(settings, ContactKind.EMAIL, EMAIL)}}
    asked = contacts.request(contact_points=given)
    customer = contacts.desk.customer(asked)
    assert contacts.begin(customer) == "address_needed"
    (check,) = contacts.checks(asked["id"])
    assert check["needs_address"]
    path = f"checks/{check['id']}/address"
    assert refusal(customer.post(path, address="no address")) == (422, "contact_malformed")
    assert contacts.result(customer, customer.post(path, address="eve@example.org")) == "address_differs"
    assert contacts.mails.mails == []
    assert contacts.result(customer, customer.post(path, address="jo@EXAMPLE.org")) == "code_sent", "one normal form"
    assert contacts.guess(customer, contacts.mailed_code) == "ended"
    assert contacts.desk.read(asked["id"])["status"] == "approved"


def test_a_typed_address_that_anybody_may_read_is_refused_where_the_policy_says_so(
    contacts: ContactDesk, settings: Settings
) -> None:
    given = {"email": {"digest": digest_of(settings, ContactKind.EMAIL, "jo@mailinator.com")}}
    asked = contacts.request(contact_points=given)
    customer = contacts.desk.customer(asked)
    assert contacts.begin(customer) == "address_needed"
    path = f"checks/{contacts.checks(asked['id'])[0]['id']}/address"
    assert refusal(customer.post(path, address="jo@mailinator.com")) == (422, "contact_disposable")
    contacts.work()
    assert contacts.mails.mails == []


def test_five_wrong_addresses_end_the_check_and_say_nothing_more(contacts: ContactDesk, settings: Settings) -> None:
    given = {"email": {"digest": digest_of(settings, ContactKind.EMAIL, EMAIL)}, "phone": {"value": PHONE}}
    asked = contacts.request(contact_points=given)
    customer = contacts.desk.customer(asked)
    contacts.begin(customer)
    (check,) = contacts.checks(asked["id"])
    path = f"checks/{check['id']}/address"
    results = [contacts.result(customer, customer.post(path, address=f"eve{n}@example.org")) for n in range(5)]
    assert results == ["address_differs"] * 4 + ["ended"]
    (check,) = contacts.checks(asked["id"])
    assert (check["state"], check["reasons"]) == ("failed", ["address_differs", "too_many_tries"])
    assert refusal(customer.post(path, address=EMAIL)) == (409, "check_ended")
    assert refusal(customer.post("contacts/email/code")) == (409, "check_ended")
    mails = [mail for mail in contacts.mails.mails if mail.recipients != (EMAIL,)]
    assert mails == []


def test_an_address_that_changed_recently_does_not_suffice_alone(contacts: ContactDesk) -> None:
    with contacts.desk.house.database.read() as session:
        now = contacts.desk.house.clock.now(session)
    yesterday = (now - timedelta(days=1)).isoformat()
    given = {"email": {"value": EMAIL, "changed_at": yesterday}}
    assert refusal(contacts.ask(contact_points=given)) == (422, "no_proof_possible")
    asked = contacts.request(contact_points=given | {"phone": {"value": PHONE}})
    assert [proof["skipped"] for proof in asked["proofs"]] == ["contact_changed_recently", None]
    customer = contacts.desk.customer(asked)
    assert contacts.begin(customer) == "code_sent", "it may be checked"
    assert contacts.guess(customer, contacts.mailed_code) == "ended"
    assert contacts.desk.read(asked["id"])["status"] == "requested", "but it decides nothing alone"
    long_ago = given | {"email": {"value": EMAIL, "changed_at": (now - timedelta(days=8)).isoformat()}}
    assert contacts.request(reference="CASE-2", contact_points=long_ago)["proofs"][0]["skipped"] is None


def test_with_a_document_a_recent_address_counts_and_the_customer_hands_in(contacts: ContactDesk) -> None:
    with contacts.desk.house.database.read() as session:
        now = contacts.desk.house.clock.now(session)
    given = {"email": {"value": EMAIL, "changed_at": now.isoformat()}}
    asked = contacts.request(policy="both-ways", contact_points=given)
    assert [proof["skipped"] for proof in asked["proofs"]] == ["no_contact_point", None]
    customer = contacts.desk.customer(asked)
    contacts.begin(customer)
    contacts.guess(customer, contacts.mailed_code)
    assert refusal(customer.post("submit")) == (409, "not_everything_sent"), "the document is missing"
    assert customer.upload("letter.page", make_jpeg()).status_code == 201
    contacts.work()
    assert customer.post("submit").status_code == 200
    assert contacts.desk.reviewer().review(asked["id"]) == "approved"


def test_a_document_without_its_contact_check_is_not_enough(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="both-ways", contact_points={"email": {"value": EMAIL}})
    customer = contacts.desk.customer(asked)
    assert customer.upload("letter.page", make_jpeg()).status_code == 201
    contacts.work()
    assert refusal(customer.post("submit")) == (409, "not_everything_sent")


def test_the_customer_may_choose_another_accepted_proof_and_no_other(contacts: ContactDesk) -> None:
    asked = contacts.request(policy="seen-by-person", contact_points={"email": {"value": EMAIL}})
    assert [proof["skipped"] for proof in asked["proofs"]][:2] == [None, "no_contact_point"]
    customer = contacts.desk.customer(asked)
    assert refusal(customer.post("proof", line="1")) == (422, "unknown_proof")
    assert refusal(customer.post("proof", line="9")) == (422, "unknown_proof")
    assert customer.post("proof", line="3").status_code == 200
    assert customer.post("proof", line="3").status_code == 200, "twice is once"
    contacts.work()
    assert kinds_of(contacts.desk.house, asked["id"]).count("proof.chosen") == 1
    assert customer.upload("letter.page", make_jpeg()).status_code == 201
    contacts.work()
    assert customer.post("submit").status_code == 200


def exit_path(contacts: ContactDesk) -> str:
    found = re.search(r"/n/[A-Za-z0-9_-]{43}", contacts.messages.messages[-1].text)
    assert found is not None
    return found[0]


def test_the_other_contact_point_is_told_once_and_its_exit_ends_everything(contacts: ContactDesk) -> None:
    asked = contacts.request()
    contacts.work()
    assert contacts.messages.messages == [], "nobody has opened anything yet"
    customer = contacts.desk.customer(asked)
    contacts.work()
    assert [message.to for message in contacts.messages.messages] == [PHONE]
    assert contacts.mails.mails == [], "the address that gets the code anyway is not told"
    contacts.desk.customer(asked)
    contacts.work()
    assert len(contacts.messages.messages) == 1, "opened twice, told once"
    path, browser = exit_path(contacts), contacts.desk.browser()
    for _ in range(3):
        assert "You did not ask for this" in browser.get(path, headers=HTML).text
    assert contacts.desk.read(asked["id"])["status"] == "requested", "looking changes nothing"
    assert refusal(browser.post(path, data={"form_token": "x"}, headers=JSON)) == (403, "invalid_form_token")
    token = browser.get(path, headers=JSON).json()["form_token"]
    assert browser.post(path, data={"form_token": token}, headers=HTML).status_code == 200
    ended = contacts.desk.read(asked["id"])
    assert (ended["status"], ended["reasons"]) == ("withdrawn", ["not_me"])
    again = browser.post(path, data={"form_token": token}, headers=JSON)
    assert (again.status_code, again.json()["status"]) == (200, "withdrawn")
    contacts.work()
    assert kinds_of(contacts.desk.house, asked["id"]).count("exit.used") == 1
    assert refusal(customer.post("contacts/email/code")) == (409, "already_decided")


def test_an_exit_that_nobody_was_told_is_unknown(contacts: ContactDesk) -> None:
    contacts.request()
    for token in ("a" * 43, "x"):
        assert refusal(contacts.desk.browser().get(f"/n/{token}", headers=JSON)) == (404, "unknown_exit")
    form = {"form_token": "x"}
    assert refusal(contacts.desk.browser().post(f"/n/{'a' * 43}", data=form, headers=JSON))[0] in {403, 404}


def test_an_exit_after_the_end_is_still_heard(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    contacts.work()
    contacts.begin(customer)
    contacts.guess(customer, contacts.mailed_code)
    path, browser = exit_path(contacts), contacts.desk.browser()
    token = browser.get(path, headers=JSON).json()["form_token"]
    assert browser.post(path, data={"form_token": token}, headers=JSON).json()["status"] == "approved"
    contacts.work()
    assert "exit.used" in kinds_of(contacts.desk.house, asked["id"])
    assert contacts.desk.read(asked["id"])["status"] == "approved", "nothing is undone"


def test_nothing_of_it_lies_in_clear_and_all_of_it_dies_with_the_key(contacts: ContactDesk, settings: Settings) -> None:
    house = contacts.desk.house
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    contacts.begin(customer)
    code = contacts.mailed_code
    assert contacts.guess(customer, another_code(code)) == "wrong_code"
    canaries = [EMAIL, EMAIL.upper(), "jo@", PHONE, PHONE[1:], code, another_code(code)]
    assert find_in_clear(settings.home, canaries) == []
    waiting = customer.post("contacts/phone/code")
    assert waiting.status_code == 202
    contacts.desk.post(asked["id"], "cancel")
    contacts.work.settle()
    (email, phone) = read_all(house, ContactPointRow)
    assert (email.sealed, email.digest, phone.sealed, phone.digest) == (None,) * 4
    assert all(row.sealed is None and row.judged_at is not None for row in read_all(house, ContactSubmissionRow))
    assert all(row.code_sealed is None and row.code_digest is None for row in read_all(house, ContactCheckRow))
    assert [row.sealed for row in read_all(house, ExitRow)] == [None]
    assert find_in_clear(settings.home, canaries) == []
    contacts.work.pass_time(timedelta(days=91))
    contacts.work()  # references are forgotten in one round of the sweep, what hung on them in the next
    for row in (ContactPointRow, ContactSubmissionRow, ExitRow):
        assert read_all(house, row) == []


def find_in_clear(home: Path, canaries: list[str]) -> list[tuple[str, str]]:
    """Every file of the installation that holds one of these; the fraction of a second is nobody's code."""
    patterns = {canary: re.compile(rb"(?<![0-9.])" + re.escape(canary.encode())) for canary in canaries}
    files = [path for path in home.rglob("*") if path.is_file()]
    return [(path.name, canary) for path in files for canary in canaries if patterns[canary].search(path.read_bytes())]


def test_the_log_says_what_was_told_and_offered(contacts: ContactDesk) -> None:
    asked = contacts.request()
    contacts.desk.customer(asked)
    contacts.work()
    kinds = kinds_of(contacts.desk.house, asked["id"])
    assert kinds == [
        EntryKind.PROOF_OFFERED,
        EntryKind.VERIFICATION_CREATED,
        EntryKind.LINK_OPENED,
        EntryKind.OTHER_TOLD,
    ]
