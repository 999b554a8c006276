"""A worker dies between our commit and the removal of the mail: the message proves once, and the mail goes."""

import imaplib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import func, select

from policies.parts import ContactKind
from tests.faults.looks import look_at_everything
from tests.https_site import Authority
from tests.imap_server import PASSWORD, forward_as_attachment
from tests.signed_mail import DESK, JO, Zone, rsa_key, serve_at, sign, write_mail
from tests.warm import run_program
from tests.workers_by_hand import Work
from verifier.audit.tables import EntryRow
from verifier.contacts.life import CheckState
from verifier.contacts.message.mailbox import MailboxAccess
from verifier.contacts.registered import GivenContact
from verifier.contacts.tables import ContactCheckRow, ContactSubmissionRow
from verifier.db.clock import MovedClock
from verifier.faults import OF_MAILBOXES
from verifier.sanitise.decoder import Decoder
from verifier.settings import load_settings
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import get_verification
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.service import NewVerification
from verifier.wiring import House, Workshop, open_house, open_workshop

_COLLECT: Final = """
from verifier import faults
from verifier.settings import load_settings
from verifier.wiring import open_house, open_workshop

faults.arm_from_environment()
open_workshop(open_house(load_settings()), decoder=object()).collector.collect()
"""
_POLICY: Final = """\
policy: message-check
title: {en: Change your hosting account}
link: {open_for: P3D, status_for: P90D}
proofs:
  - [{contact: email, by: message}]
review: {lines: 1, answer_for: PT48H, contact_checks_decide: true, resubmissions: 0}
retention: {undecided_for: P7D, why: {en: "So that nobody else can change it."}}
reasons: [not_the_owner]
"""


@pytest.fixture
def environment(tmp_path: Path, mailbox: MailboxAccess, authority: Authority) -> Iterator[dict[str, str]]:
    """The settings of an installation whose desk forwards messages to the mailbox."""
    zone, policies, password = Zone(), tmp_path / "policies", tmp_path / "password"
    zone.publish("example.org", rsa_key())
    policies.mkdir()
    (policies / "message-check.yaml").write_text(_POLICY, encoding="utf-8")
    password.touch(mode=0o600)
    password.write_text(PASSWORD, encoding="ascii")
    with serve_at(zone) as port:
        yield {
            "VERIFIER_HOME": str(tmp_path / "home"),
            "VERIFIER_POLICIES_FOLDER": str(policies),
            "VERIFIER_DNS_SERVERS": f'["127.0.0.1:{port}"]',
            "VERIFIER_MESSAGE_RECIPIENTS": f'["{DESK}"]',
            "VERIFIER_MAILBOX_HOST": mailbox.host,
            "VERIFIER_MAILBOX_PORT": str(mailbox.port),
            "VERIFIER_MAILBOX_TLS": mailbox.tls.value,
            "VERIFIER_MAILBOX_CA_FILE": str(authority.file),
            "VERIFIER_MAILBOX_USER": mailbox.user,
            "VERIFIER_MAILBOX_PASSWORD_FILE": str(password),
        }


@pytest.fixture
def house(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    opened = open_house(load_settings())
    yield opened
    opened.close()


def list_mails(box: imaplib.IMAP4, which: str = "ALL") -> int:
    box.select("INBOX")
    return len(box.uid("SEARCH", which)[1][0].split())


def judge_all(workshop: Workshop) -> None:
    while workshop.judge.judge_next():
        pass


@pytest.mark.parametrize("point", sorted(OF_MAILBOXES))
@pytest.mark.parametrize("is_judged_first", [True, False])
def test_a_death_before_the_mail_is_removed_lets_its_message_prove_once(
    house: House,
    environment: dict[str, str],
    box: imaplib.IMAP4,
    shared_decoder: Decoder,
    tmp_path: Path,
    point: str,
    is_judged_first: bool,
) -> None:
    asked = NewVerification(reference="CASE-1", policy="message-check")
    given = [GivenContact(ContactKind.EMAIL, value=JO)]
    verification = house.requests.create(asked, actor="operator", once=EVERY_TIME, contacts=given).id
    mail = sign(write_mail(subject="[CASE-1]"))
    box.append("INBOX", "", "", forward_as_attachment(mail, subject=f"[VER {verification}]"))
    fuse = tmp_path / "fuse"
    fuse.write_text(point)
    died = run_program(_COLLECT, env={**environment, "VERIFIER_FAULT_FUSE": str(fuse)})
    assert died.returncode == -signal.SIGKILL, died
    assert (list_mails(box), count_submissions(house)) == (1, 1), "it is taken over, and lies in the mailbox still"

    workshop = open_workshop(house, decoder=shared_decoder)
    if is_judged_first:
        judge_all(workshop)
    workshop.collector.collect()
    Work(workshop, MovedClock())()

    # A message that was judged is not taken over again, and its mail is left for a person to remove.
    assert (list_mails(box), list_mails(box, "FLAGGED")) == ((1, 1) if is_judged_first else (0, 0))
    assert count_submissions(house) == (1 if is_judged_first else 2)
    with house.database.read() as session:
        (check,) = session.scalars(select(ContactCheckRow))
        assert check.state is CheckState.CONFIRMED
        assert get_verification(session, verification).state is VerificationState.APPROVED
        for kind in ("contact_check.judged", "verification.moved"):
            assert session.scalar(select(func.count(EntryRow.id)).where(EntryRow.kind == kind)) == 1
    assert look_at_everything(house) == []


def count_submissions(house: House) -> int:
    with house.database.read() as session:
        return session.scalar(select(func.count(ContactSubmissionRow.id))) or 0
