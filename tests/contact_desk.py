"""A desk whose policies ask for contact checks, with a mail server and an SMS gateway that really take what is sent."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from policies.access import Role, Scope
from tests.journey import JSON, Customer, Desk, make_key
from tests.signed_mail import DESK
from tests.workers_by_hand import Work
from verifier.demo.sinks import MailSink, SmsSink
from verifier.settings import Settings

EMAIL: Final = "jo@example.org"
PHONE: Final = "+420601123456"
_END: Final = """
retention: {undecided_for: P7D, why: {en: So that nobody else gets in.}}
reasons: [unreadable: {en: We could not read it.}]
link: {open_for: P3D, status_for: P30D}
"""
_DECIDES: Final = "review: {lines: 1, answer_for: PT24H, contact_checks_decide: true}"
_CHECKLIST: Final = "checklist: [same: {en: It is the same.}]"
_DOCUMENTS: Final = """
documents:
  letter:
    title: {en: Letter}
    max_bytes: 5MB
    max_pages: 2
    must_show: {en: Your name.}
    may_cover: {en: Everything else.}
    slots: {page: {en: The page}}
"""
POLICIES: Final = {
    "host-change": f"""
policy: host-change
title: {{en: Change your hosting account}}
proofs:
  - [{{contact: email, by: code}}]
  - [{{contact: phone, by: code}}]
contacts: {{changed_within: P7D, tell_other: true, forbid_disposable: true}}
{_DECIDES}{_END}""",
    "seen-by-person": f"""
policy: seen-by-person
title: {{en: Ask about a payment}}
proofs:
  - [{{contact: email, by: code}}]
  - [{{contact: account, by: attestation}}]
  - [{{contact: email, by: message}}]
  - [{{document: letter, slots: [page]}}]
{_DOCUMENTS}
review: {{lines: 1, answer_for: PT24H, {_CHECKLIST}}}{_END}""",
    "both-ways": f"""
policy: both-ways
title: {{en: Move a domain}}
proofs:
  - [{{contact: email, by: code}}, {{contact: domain, by: dns}}]
  - [{{contact: email, by: code}}, {{document: letter, slots: [page]}}]
{_DOCUMENTS}
review: {{lines: 1, answer_for: PT24H, contact_checks_decide: true, {_CHECKLIST}}}{_END}""",
    "every-way": f"""
policy: every-way
title: {{en: Show that it is yours}}
proofs:
  - [{{contact: email, by: code}}]
  - [{{contact: domain, by: dns}}]
  - [{{contact: wallet, by: signature}}]
  - [{{contact: account, by: attestation}}]
  - [{{contact: email, by: message}}]
contacts: {{tell_other: true}}
{_DECIDES}{_END}""",
    "opening-hours": """
policy: opening-hours
title: {en: Ask when we are open}
no_proof: {why: {en: Anybody may know it.}}
""",
}


def write_policies(folder: Path) -> Path:
    """A folder of policies for one test."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in POLICIES.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def sending_settings(home: Path, mails: MailSink, messages: SmsSink, **more: Any) -> Settings:
    """Settings whose servers are the sinks, on this machine."""
    return Settings(
        home=home,
        policies_folder=write_policies(home.parent / "policies"),
        smtp_host="127.0.0.1",
        smtp_port=mails.port,
        smtp_from="verify@desk.example",
        sms_url=messages.url,
        sms_from="Desk",
        **{"message_recipients": (DESK,), **more},
    )


@contextmanager
def open_sinks() -> Iterator[tuple[MailSink, SmsSink]]:
    with MailSink() as mails, SmsSink() as messages:
        yield mails, messages


def find_code(text: str) -> str:
    """The six digits in what was sent."""
    found = re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", text)
    assert found, text
    return str(found[0])


@dataclass
class ContactDesk:
    """The desk's own system: its key may set contact points."""

    desk: Desk
    work: Work
    mails: MailSink
    messages: SmsSink
    headers: dict[str, str] = field(repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        scopes = (Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ, Scope.CONTACTS_WRITE)
        self.headers = make_key(self.desk.house, Role.AGENT, *scopes)

    def ask(self, **body: Any) -> httpx2.Response:
        given = {"email": {"value": EMAIL}, "phone": {"value": PHONE}}
        return self.desk.ask(headers=self.headers, **{"policy": "host-change", "contact_points": given, **body})

    def request(self, **body: Any) -> dict[str, Any]:
        answer = self.ask(**body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def get(self, verification: str, tail: str = "") -> dict[str, Any]:
        path = f"/v1/verifications/{verification}/contact-checks{tail}"
        answer = self.desk.client.get(path, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def post(self, verification: str, tail: str = "", **body: Any) -> httpx2.Response:
        path = f"/v1/verifications/{verification}/contact-checks{tail}"
        return self.desk.client.post(path, json=body, headers=self.headers)

    def checks(self, verification: str) -> list[dict[str, Any]]:
        return list(self.get(verification)["checks"])

    def begin(self, customer: Customer, contact: str = "email", method: str = "code") -> str:
        """The customer begins a check, and the worker takes it up; what came of it."""
        return self.result(customer, customer.post(f"contacts/{contact}/{method}"))

    def guess(self, customer: Customer, code: str, *, check: str | None = None) -> str:
        """The customer types a code; what came of it."""
        check = check or self.checks(customer.verification)[-1]["id"]
        return self.result(customer, customer.post(f"checks/{check}/code", code=code))

    def result(self, customer: Customer, answer: httpx2.Response) -> str:
        assert answer.status_code == 202, answer.text
        assert answer.json()["result"] == "pending"
        self.work()
        path = f"/verification/{customer.verification}/submissions/{answer.json()['submission']}"
        return str(customer.client.get(path, headers=JSON).json()["result"])

    @property
    def mailed_code(self) -> str:
        return find_code(self.mails.mails[-1].message.get_content())

    @property
    def texted_code(self) -> str:
        return find_code(self.messages.messages[-1].text)


def another_code(code: str) -> str:
    """Six digits that are not these."""
    return f"{(int(code) + 1) % 10**6:06d}"


OpenDesk = Callable[..., ContactDesk]
