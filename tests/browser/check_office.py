"""The installation of the journeys about contact checks: one that can send, look names up and read signatures.

A mail server, an SMS gateway, a DNS server and a website of its own take what it sends and answer what it asks: nothing
leaves this machine.
"""

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx2

from policies.access import Role, Scope
from policies.parts import ContactKind
from tests.attesting_desk import AttestingDesk
from tests.browser.office import DESK_NAME, Office, wait_for
from tests.contact_desk import find_code, open_sinks
from tests.faults.running import Service
from tests.held_policies import KEEPS_BOTH, KEEPS_CONTACTS
from tests.https_site import Authority, Site, open_site
from tests.journey import make_key
from tests.zone import Zone, open_zone
from verifier.contacts.registered import digest_contact
from verifier.demo.sinks import MailSink, SmsSink
from verifier.wiring import load_contact_key, open_house

DOMAIN: Final = "example.org"
_END: Final = """
retention: {undecided_for: P7D, why: {en: So that nobody else gets in.}}
reasons: [unreadable: {en: We could not read it.}, not_the_owner: {en: It was not yours.}]
link: {open_for: P3D, status_for: P30D}
"""
_ALONE: Final = "review: {lines: 1, answer_for: PT4H, contact_checks_decide: true}"
_SEEN: Final = """
documents:
  letter:
    title: {en: Letter}
    max_bytes: 5MB
    max_pages: 2
    must_show: {en: Your name.}
    may_cover: {en: Everything else.}
    slots: {page: {en: The page}}
  picture:
    title: {en: Screenshot}
    max_bytes: 5MB
    max_pages: 1
    must_show: {en: The error.}
    may_cover: {en: Everything else.}
    slots: {first: {en: First}}
    captions: true
details:
  paid: {kind: amount, title: {en: Amount of your last payment}}
  symbol: {kind: payment_reference, title: {en: Variable symbol}}
review: {lines: 1, answer_for: PT24H, claim_for: PT15M, resubmissions: 3, checklist: [same: {en: It is the same.}]}
"""
_POLICIES: Final = {
    "change": f"""
policy: change
title: {{en: Change your hosting account}}
proofs:
  - [{{contact: email, by: code}}]
  - [{{contact: phone, by: code}}]
  - [{{contact: email, by: message}}]
contacts: {{changed_within: P7D, tell_other: true}}
{_ALONE}{_END}""",
    "control": f"""
policy: control
title: {{en: Show that it is yours}}
proofs:
  - [{{contact: account, by: attestation}}]
  - [{{contact: domain, by: dns}}]
  - [{{contact: domain, by: file}}]
  - [{{contact: wallet, by: signature}}]
{_ALONE}{_END}""",
    "recovery": f"""
policy: recovery
title: {{en: Get your wallet back}}
proofs:
  - - {{contact: email, by: code}}
    - {{details: [paid, symbol]}}
    - {{document: picture, slots: [first], optional: true}}
  - [{{document: letter, slots: [page]}}]
  - [{{details: [paid, symbol]}}]
{_SEEN}{_END}""",
    "keeps-both": KEEPS_BOTH,
    "keeps-contacts": KEEPS_CONTACTS,
}


@dataclass(frozen=True)
class Asked:
    """One request, and the addresses that are registered on its account."""

    id: str
    url: str
    phrase: str
    email: str
    phone: str


@dataclass
class CheckOffice:
    """A running service whose desk may set contact points, and what it sent."""

    office: Office
    mails: MailSink
    messages: SmsSink
    zone: Zone
    site: Site
    attesting: AttestingDesk
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def address(self) -> str:
        return self.office.address

    def ask(self, policy: str, **more: Any) -> Asked:
        """A new verification, with addresses of its own: what is sent to one address often is sent later."""
        number = next(self.numbers)
        email, phone = f"jo{number}@example.org", f"+420601{number:06d}"
        points = {"email": {"value": email}, "phone": {"value": phone}}
        answer = self.office.ask(**{"policy": policy, "contact_points": points, "expected": {}, **more})
        return Asked(answer["id"], answer["link"]["url"], answer["phrase"], email, phone)

    def ask_by_digest(self, policy: str, email: str) -> Asked:
        """The desk does not hand the e-mail address over."""
        digest = digest_contact(load_contact_key(self.office.house.settings), ContactKind.EMAIL, email)
        return replace(self.ask(policy, contact_points={"email": {"digest": digest}}), email=email)

    def mailed_code(self, asked: Asked) -> str:
        """The code that was mailed to the registered address."""
        wait_for(lambda: self.mails_to(asked), what="no code was mailed")
        return find_code(self.mails_to(asked)[-1])

    def mails_to(self, asked: Asked) -> list[str]:
        return [mail.message.get_content() for mail in self.mails.mails if asked.email in mail.recipients]

    def texts_to(self, asked: Asked) -> list[str]:
        return [message.text for message in self.messages.messages if message.to == asked.phone]


def _write_policies(folder: Path) -> Path:
    folder.mkdir()
    for name, text in _POLICIES.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


@contextmanager
def opened_check_office(folder: Path, *, policies: Path | None = None) -> Iterator[CheckOffice]:
    """Start it in a home below `folder`, with these policies; with those above, where none are given."""
    folder.mkdir(parents=True, exist_ok=True)
    policies = policies or _write_policies(folder / "policies")
    with ExitStack() as stack:
        mails, messages = stack.enter_context(open_sinks())
        zone, server = stack.enter_context(open_zone())
        authority = Authority(folder)
        site = stack.enter_context(open_site(authority.issue(DOMAIN)))
        attesting = AttestingDesk(datetime.now(UTC))
        keys = folder / "desk-keys.json"
        keys.write_text(json.dumps({"keys": attesting.jwks()}), encoding="utf-8")
        wanted = {
            "policies_folder": str(policies),
            "desk_name": DESK_NAME,
            "smtp_host": "127.0.0.1",
            "smtp_port": str(mails.port),
            "smtp_from": "verify@desk.example",
            "sms_url": messages.url,
            "sms_from": "Desk",
            "dns_servers": json.dumps([f"{server.address}:{server.port}"]),
            "loopback_files_port": str(site.port),
            "loopback_files_ca": str(authority.file),
            "attestation_issuer": attesting.issuer,
            "attestation_keys_file": str(keys),
            "wallet_signatures": "true",
            "message_recipients": json.dumps(["desk@support.example.net"]),
        }
        service = stack.enter_context(Service(folder / "home", **wanted))
        changed = {"policies_folder": policies, "smtp_host": "127.0.0.1", "smtp_port": mails.port}
        changed |= {"smtp_from": "verify@desk.example", "sms_url": messages.url, "sms_from": "Desk"}
        changed |= {"attestation_issuer": attesting.issuer, "attestation_keys_file": keys, "wallet_signatures": True}
        changed |= {"message_recipients": ("desk@support.example.net",)}
        house = open_house(service.settings.model_copy(update=changed))
        stack.callback(house.close)
        scopes = (Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ, Scope.CONTACTS_WRITE)
        headers = make_key(house, Role.AGENT, *scopes)
        agent = stack.enter_context(httpx2.Client(base_url=service.url, headers=headers))
        yield CheckOffice(Office(service, house, agent, stack), mails, messages, zone, site, attesting)
