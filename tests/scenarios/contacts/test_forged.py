"""Rows that nobody's door wrote: whoever takes the customer's tier over can seal and insert, and gains nothing."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from policies.parts import CheckMethod, ContactKind
from tests.contact_desk import ContactDesk
from tests.journey import Customer
from verifier.contacts.life import Result, SubmissionKind
from verifier.contacts.sealing import seal
from verifier.contacts.submissions import CUSTOMER
from verifier.contacts.tables import ContactCheckRow, ContactSubmissionRow
from verifier.ids import CheckId, SubmissionId, VerificationId, new_submission_id

_EMAIL, _PHONE, _DOMAIN = ContactKind.EMAIL, ContactKind.PHONE, ContactKind.DOMAIN
_MAIL = b"From: jo@example.org\r\nTo: help@desk.example\r\nSubject: It is me\r\n\r\nIt is me.\r\n"


def forge(contacts: ContactDesk, customer: Customer, kind: SubmissionKind, data: bytes, **row: Any) -> Result:
    """Insert what the tier could insert: sealed with the public key, for any check; what the worker made of it."""
    house, verification = contacts.desk.house, VerificationId(customer.verification)
    submission = new_submission_id()
    with house.database.write() as session:
        sealed = seal(session, house.vault, verification, name=submission, data=data)
        given = {"contact": None, "method": None, "check_id": None, "source": CUSTOMER, **row}
        now = house.clock.now(session)
        session.add(
            ContactSubmissionRow(
                id=submission, verification_id=verification, kind=kind, sealed=sealed, created_at=now, **given
            )
        )
    contacts.work()
    return read_result(contacts, submission)


def read_result(contacts: ContactDesk, submission: SubmissionId) -> Result:
    with contacts.desk.house.database.read() as session:
        row = session.get_one(ContactSubmissionRow, submission)
        assert row.sealed is None
        return row.result


def read_checks(contacts: ContactDesk) -> list[tuple[str, str, int, int]]:
    with contacts.desk.house.database.read() as session:
        rows = session.scalars(select(ContactCheckRow).order_by(ContactCheckRow.id)).all()
    return [(row.id, row.state, row.tries, row.sends) for row in rows]


def begin(contacts: ContactDesk) -> tuple[Customer, CheckId]:
    customer = contacts.desk.customer(contacts.request())
    assert contacts.begin(customer) == "code_sent"
    return customer, CheckId(contacts.checks(customer.verification)[-1]["id"])


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (SubmissionKind.MESSAGE, _MAIL),
        (SubmissionKind.ATTESTATION, json.dumps({"token": "a.b.c"}).encode()),
        (SubmissionKind.LOOK, b"{}"),
        (SubmissionKind.SIGNATURE, json.dumps({"signature": "0x00"}).encode()),
        (SubmissionKind.GUESS, b"not json"),
        (SubmissionKind.GUESS, json.dumps({"code": ["000000"]}).encode()),
        (SubmissionKind.ADDRESS, json.dumps({"address": "eve@example.org", "network": "x"}).encode()),
    ],
)
def test_one_proof_is_not_turned_into_another(contacts: ContactDesk, kind: SubmissionKind, data: bytes) -> None:
    customer, check = begin(contacts)
    before = read_checks(contacts)
    assert forge(contacts, customer, kind, data, check_id=check) is Result.MOOT
    assert read_checks(contacts) == before
    assert contacts.desk.read(customer.verification)["status"] == "requested"


@pytest.mark.parametrize(
    ("contact", "method"),
    [(_DOMAIN, CheckMethod.CODE), (_DOMAIN, CheckMethod.DNS), (_PHONE, CheckMethod.DNS), (_EMAIL, CheckMethod.MESSAGE)],
)
def test_a_check_that_the_policy_does_not_ask_for_is_not_begun(
    contacts: ContactDesk, contact: ContactKind, method: CheckMethod
) -> None:
    customer, _ = begin(contacts)
    before, sent = read_checks(contacts), len(contacts.mails.mails) + len(contacts.messages.messages)
    data = json.dumps({"network": "x", "locale": "en"}).encode()
    assert forge(contacts, customer, SubmissionKind.BEGIN, data, contact=contact, method=method) is Result.MOOT
    assert read_checks(contacts) == before
    assert len(contacts.mails.mails) + len(contacts.messages.messages) == sent


def test_a_guess_for_the_check_of_another_verification_is_thrown_away(contacts: ContactDesk) -> None:
    customer, _ = begin(contacts)
    other = contacts.desk.customer(contacts.request(reference="CASE-2"))
    contacts.begin(other)
    theirs = CheckId(contacts.checks(other.verification)[-1]["id"])
    before = read_checks(contacts)
    data = json.dumps({"code": contacts.mailed_code}).encode()
    assert forge(contacts, customer, SubmissionKind.GUESS, data, check_id=theirs) is Result.MOOT
    assert read_checks(contacts) == before
