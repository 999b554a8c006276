"""At the doors: a message that the registered address wrote approves a verification, by the API and by the mailbox."""

import imaplib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select, text

from policies.access import Role, Scope
from policies.parts import CheckMethod
from tests.faults.running import wait_until
from tests.https_site import Authority
from tests.imap_server import PASSWORD, USER, forward_as_attachment, free_port
from tests.journey import Desk, make_key
from tests.servers.databases import ON_POSTGRES
from tests.signed_mail import DESK, JO, Zone, forward, rsa_key, serve_at, sign, write_mail
from tests.workers_by_hand import Work
from verifier.contacts.collecting import Collector, choose_mailbox
from verifier.contacts.life import MOST_CHECKS
from verifier.contacts.message.mailbox import MailboxAccess
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.tables import ContactSubmissionRow
from verifier.db.locks import lock_name
from verifier.errors import ConfigurationError
from verifier.settings import Settings
from verifier.wiring import House

POLICY: Final = """\
policy: message-check
title: {en: Change your hosting account}
link: {open_for: P3D, status_for: P90D}
proofs:
  - [{contact: email, by: message}]
review: {lines: 1, answer_for: PT48H, contact_checks_decide: true, resubmissions: 0}
retention: {undecided_for: P7D, why: {en: "So that nobody else can change it."}}
reasons: [not_the_owner]
"""
Ask = Callable[[], str]


@pytest.fixture
def zone() -> Iterator[tuple[Zone, int]]:
    zone = Zone()
    zone.publish("example.org", rsa_key())
    with serve_at(zone) as port:
        yield zone, port


@pytest.fixture
def settings(tmp_path: Path, zone: tuple[Zone, int], authority: Authority, mailbox: MailboxAccess) -> Settings:
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "message-check.yaml").write_text(POLICY, encoding="utf-8")
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD, encoding="ascii")
    return Settings(
        home=tmp_path / "home",
        policies_folder=policies,
        dns_servers=(f"127.0.0.1:{zone[1]}",),
        message_recipients=(DESK,),
        message_forwarders=("forwarder.net",),
        mailbox_host="localhost",
        mailbox_port=mailbox.port,
        mailbox_tls="starttls",
        mailbox_ca_file=authority.file,
        mailbox_user=USER,
        mailbox_password_file=password,
    )


@pytest.fixture
def headers(house: House) -> dict[str, str]:
    return make_key(house, Role.AGENT, Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ, Scope.CONTACTS_WRITE)


@pytest.fixture
def ask(desk: Desk, headers: dict[str, str]) -> Ask:
    """The id of a new verification whose registered address is Jo's."""
    numbers = iter(range(1, 99))

    def request() -> str:
        asked = desk.request(
            headers=headers,
            policy="message-check",
            reference=f"CASE-{next(numbers)}",
            contact_points={"email": {"value": JO}},
        )
        return str(asked["id"])

    return request


def read_check(desk: Desk, headers: dict[str, str], verification: str) -> tuple[str, list[str], str]:
    answered: dict[str, Any] = desk.client.get(
        f"/v1/verifications/{verification}/contact-checks", headers=headers
    ).json()
    check = answered["checks"][-1]
    return check["state"], check["reasons"], desk.read(verification)["status"]


def hand_in(desk: Desk, headers: dict[str, str], verification: str, raw: bytes) -> None:
    answered = desk.client.post(
        f"/v1/verifications/{verification}/contact-checks/message",
        content=raw,
        headers={**headers, "Content-Type": "message/rfc822"},
    )
    assert answered.status_code == 202, answered.text


def test_a_message_approves_at_once_and_only_once(desk: Desk, headers: dict[str, str], ask: Ask, work: Work) -> None:
    mail = sign(write_mail(subject="Re: Your case CASE-1"))
    ends = []
    for _ in range(2):
        verification = ask()
        hand_in(desk, headers, verification, mail)
        work()
        ends.append(read_check(desk, headers, verification))
    assert ends == [("confirmed", [], "approved"), ("failed", ["replayed"], "requested")]


@pytest.mark.parametrize(
    ("mail", "state", "reason"),
    [
        (write_mail(), "unconfirmed", "no_signature"),
        (write_mail(sender="eve@example.org"), "unconfirmed", "no_signature"),
        (sign(write_mail(more=("Auto-Submitted: auto-replied",))), "unconfirmed", "automatic"),
        (sign(write_mail()) + b"more", "failed", "bad_signature"),
        (sign(write_mail(sender="eve@example.org")), "mismatch", "address_differs"),
        (sign(write_mail(to="somebody@example.com")), "failed", "wrong_recipient"),
        (sign(write_mail(at=datetime.now(UTC) - timedelta(days=9))), "failed", "stale"),
        (b"\0" * 9, "failed", "malformed"),
    ],
)
def test_what_proves_nothing_decides_nothing(
    desk: Desk, headers: dict[str, str], ask: Ask, work: Work, mail: bytes, state: str, reason: str
) -> None:
    verification = ask()
    hand_in(desk, headers, verification, mail)
    work()
    assert read_check(desk, headers, verification) == (state, [reason], "requested")


def test_a_message_about_something_else_is_shown_to_a_person_and_decides_nothing(
    desk: Desk, headers: dict[str, str], ask: Ask, work: Work
) -> None:
    for subject in ("Thank you for your help", "CASE-1-2", "=?utf-8?q?CASE-12?="):
        verification = ask()
        hand_in(desk, headers, verification, sign(write_mail(subject=subject)))
        work()
        assert read_check(desk, headers, verification) == ("confirmed", ["case_not_named"], "submitted")


def test_the_phrase_of_the_verification_in_the_subject_decides_too(
    desk: Desk, headers: dict[str, str], ask: Ask, work: Work
) -> None:
    verification = ask()
    phrase = desk.read(verification)["phrase"]
    hand_in(desk, headers, verification, sign(write_mail(subject=f"Re: {phrase.upper()}!")))
    work()
    assert read_check(desk, headers, verification) == ("confirmed", [], "approved")


def test_what_a_forwarder_says_that_it_saw_is_shown_to_a_person(
    desk: Desk, headers: dict[str, str], ask: Ask, work: Work, zone: tuple[Zone, int]
) -> None:
    zone[0].publish("forwarder.net", rsa_key())
    verification = ask()
    changed = sign(write_mail(subject="CASE-1")).replace(b"Thank you.", b"Thanks.")
    hand_in(desk, headers, verification, forward(changed))
    work()
    assert read_check(desk, headers, verification) == ("confirmed", ["only_forwarded"], "submitted")


def test_a_desk_without_addresses_is_offered_no_message_and_takes_none(house: House) -> None:
    assert CheckMethod.MESSAGE not in house.means.not_offered
    silent = replace(house.tools, rules=MessageRules())
    assert CheckMethod.MESSAGE in silent.find_missing()


def test_a_message_that_was_forwarded_to_the_mailbox_approves_too(
    desk: Desk, headers: dict[str, str], ask: Ask, work: Work, box: imaplib.IMAP4
) -> None:
    verification = ask()
    box.append(
        "INBOX", "", "", forward_as_attachment(sign(write_mail(subject="[CASE-1]")), subject=f"[VER {verification}]")
    )
    work()
    assert read_check(desk, headers, verification) == ("confirmed", [], "approved")
    box.select("INBOX")
    assert box.uid("SEARCH", "ALL")[1] == [b""]


@ON_POSTGRES
def test_whoever_looks_for_work_waits_for_who_is_just_taking_some(
    desk: Desk, headers: dict[str, str], ask: Ask, work: Work
) -> None:
    verification, database = ask(), desk.house.database
    for number in range(2):
        hand_in(desk, headers, verification, write_mail(subject=f"Case {number}"))

    def is_waiting() -> bool:
        with database.read() as session:
            return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))

    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            lock_name(session, "slow-submissions")
            first = session.scalars(select(ContactSubmissionRow)).all()[0]
            first.leased_until = desk.house.clock.now(session) + timedelta(seconds=20)
            session.flush()
            other = pool.submit(work.run, "look_up")
            wait_until(lambda: other.done() or is_waiting(), within=20, what="the other neither waits nor is done")
        assert other.result() == 0, "one at a time for a verification, though nobody saw the first one taken"


def test_what_strangers_mail_uses_no_check_up(
    desk: Desk, headers: dict[str, str], ask: Ask, work: Work, box: imaplib.IMAP4
) -> None:
    verification = ask()
    for number in range(MOST_CHECKS + 1):
        mail = write_mail(sender="eve@attacker.example", subject=f"CASE-1 {number}")
        box.append("INBOX", "", "", forward_as_attachment(mail, subject=f"[VER {verification}]"))
        work()
    assert read_check(desk, headers, verification) == ("unconfirmed", ["no_signature"], "requested")
    hand_in(desk, headers, verification, sign(write_mail(subject="CASE-1")))
    work()
    assert read_check(desk, headers, verification) == ("confirmed", [], "approved")


def test_a_forwarded_message_that_nobody_waits_for_is_left_in_the_mailbox(
    desk: Desk, headers: dict[str, str], ask: Ask, work: Work, box: imaplib.IMAP4
) -> None:
    cancelled = ask()
    assert desk.client.post(f"/v1/verifications/{cancelled}/cancel", headers=headers).status_code == 200
    for verification in (cancelled, "ver_" + "a" * 26):
        box.append("INBOX", "", "", forward_as_attachment(sign(write_mail()), subject=f"[VER {verification}]"))
    work()
    box.select("INBOX")
    assert len(box.uid("SEARCH", "FLAGGED")[1][0].split()) == 2


def test_a_mailbox_that_does_not_answer_is_nothing_to_do_for_now(house: House, settings: Settings) -> None:
    access = choose_mailbox(settings.model_copy(update={"mailbox_port": free_port()}))
    collector = Collector(house.database, clock=house.clock, vault=house.vault, access=access, rules=house.tools.rules)
    assert collector.collect() == 0


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"mailbox_host": ""}, "VERIFIER_MAILBOX_HOST"),
        ({"mailbox_user": ""}, "VERIFIER_MAILBOX_USER"),
        ({"mailbox_password_file": None}, "VERIFIER_MAILBOX_PASSWORD_FILE"),
        ({"mailbox_ca_file": Path("/absent")}, "VERIFIER_MAILBOX_CA_FILE"),
    ],
)
def test_half_a_mailbox_is_refused_at_start(settings: Settings, changed: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        choose_mailbox(settings.model_copy(update=changed))


def test_without_a_mailbox_nothing_is_collected() -> None:
    assert choose_mailbox(Settings()) is None
