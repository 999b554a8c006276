"""Whole verifications, one for each way in which they end, driven through the public doors while processes die."""

import io
import os
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from PIL import Image

from tests.detail_policies import EVERYTHING, KEPT
from tests.faults.callers import Agent, Caller, Customer, Reviewer
from tests.signed_mail import sign, write_mail
from verifier.demo.sinks import MailSink, SmsSink

ACCOUNT: Final = "account-recovery"
QUALIFICATION: Final = "qualification-check"
CONTACTS: Final = "host-change"
MESSAGE: Final = "seen-by-person"
DETAILS: Final = "wallet-details"

_PATIENCE: Final = 150.0
_CODE: Final = r"(?<![0-9a-f-])[0-9]{6}(?![0-9a-f])"
_PAUSE: Final = 0.2


def make_photo() -> bytes:
    return _make("JPEG")


def make_scan() -> bytes:
    return _make("PNG")


def make_pdf() -> bytes:
    return _make("PDF")


def _make(form: str) -> bytes:
    """A small file that no other story sends."""
    out = io.BytesIO()
    image = Image.frombytes("RGB", (48, 32), os.urandom(48 * 32 * 3)).resize((480, 320))
    more = [image.rotate(180)] if form == "PDF" else []
    image.save(out, form, **({"save_all": True, "append_images": more} if more else {}))
    return out.getvalue()


@dataclass(frozen=True)
class Post:
    """What was sent to customers."""

    mails: MailSink
    messages: SmsSink

    def find(self, to: str, pattern: str) -> str | None:
        """What the last text to one address says that says such a thing."""
        texts = [str(mail.message.get_content()) for mail in [*self.mails.mails] if to in mail.recipients]
        texts += [message.text for message in [*self.messages.messages] if message.to == to]
        found = (re.search(pattern, text) for text in reversed(texts))
        return next((each[0] for each in found if each is not None), None)


@dataclass(frozen=True)
class Cast:
    """The programs of one desk, and the post to its customers."""

    url: str
    agent: dict[str, str] = field(repr=False)
    reviewer: dict[str, str] = field(repr=False)
    second: dict[str, str] = field(repr=False)
    post: Post | None = None


class Story:
    """One verification. `acknowledged` are its documents whose upload was answered 2xx."""

    def __init__(self, cast: Cast) -> None:
        self._url: Final = cast.url
        self._post: Final = cast.post
        self.agent: Final = Agent(Caller(cast.url, cast.agent))
        self.reviewer: Final = Reviewer(Caller(cast.url, cast.reviewer))
        self.second: Final = Reviewer(Caller(cast.url, cast.second))
        self.verification = ""
        self.customer: Customer | None = None

    def close(self) -> None:
        lines = [self.agent.line, self.reviewer.line, self.second.line]
        for line in lines if self.customer is None else [*lines, self.customer.line]:
            line.close()

    @property
    def acknowledged(self) -> list[str]:
        return [] if self.customer is None else self.customer.acknowledged

    def begin(self, policy: str) -> Customer:
        created = self.agent.request(reference=f"CASE-{uuid.uuid4().hex[:12]}", policy=policy)
        self.verification = created["id"]
        self.customer = Customer.open(self._url, created["link"]["url"])
        return self.customer

    def begin_contacts(self) -> tuple[Customer, str, str]:
        """A verification by contact checks; the e-mail address and the phone number that nobody else has."""
        email = f"{uuid.uuid4().hex}@example.org"
        phone = f"+420601{uuid.uuid4().int % 10**6:06d}"
        points = {"email": {"value": email}, "phone": {"value": phone}}
        reference = f"CASE-{uuid.uuid4().hex[:12]}"
        created = self.agent.request(reference=reference, policy=CONTACTS, contact_points=points)
        self.verification = created["id"]
        self.customer = Customer.open(self._url, created["link"]["url"])
        return self.customer, email, phone

    def begin_message(self) -> bytes:
        """A verification that its customer proves by writing; the message that they write."""
        email, reference = f"{uuid.uuid4().hex}@example.org", f"CASE-{uuid.uuid4().hex[:12]}"
        created = self.agent.request(reference=reference, policy=MESSAGE, contact_points={"email": {"value": email}})
        self.verification = created["id"]
        self.customer = Customer.open(self._url, created["link"]["url"])
        return sign(write_mail(sender=email, subject=f"Re: {reference}"))

    def await_status(self, status: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while (current := self.agent.read(self.verification)["status"]) != status:
            assert time.monotonic() < deadline, f"it is {current}, and not {status}"
            time.sleep(_PAUSE)

    def renew(self) -> Customer:
        """A new link, and a browser that opens it."""
        if self.customer is not None:
            self.customer.line.close()
        self.customer = Customer.open(self._url, self.agent.renew(self.verification))
        return self.customer

    def await_post(self, to: str, pattern: str) -> str:
        """What a text to an address says, once one is there that says it."""
        assert self._post is not None
        deadline = time.monotonic() + _PATIENCE
        while (found := self._post.find(to, pattern)) is None:
            assert time.monotonic() < deadline, f"nothing was sent to the {'phone' if to[0] == '+' else 'mailbox'}"
            time.sleep(_PAUSE)
        return found

    def send_both_sides(self) -> Customer:
        customer = self.begin(ACCOUNT)
        photo, scan = make_photo(), make_scan()
        customer.send("identity.front", photo)
        customer.send("identity.back", scan)
        customer.await_checked("identity.front", photo)
        customer.await_checked("identity.back", scan)
        return customer

    def send_diploma(self) -> Customer:
        customer, pdf = self.begin(QUALIFICATION), make_pdf()
        customer.send("diploma.all_pages", pdf, name="diploma.pdf")
        customer.await_checked("diploma.all_pages", pdf)
        return customer


def approve(story: Story) -> None:
    story.send_both_sides().submit()
    story.reviewer.review(story.verification, "approve")


def reject(story: Story) -> None:
    story.send_diploma().submit()
    story.reviewer.review(story.verification, "reject", reasons=("unreadable",))


def resubmit(story: Story) -> None:
    customer = story.send_diploma()
    customer.submit()
    story.reviewer.review(story.verification, "resubmit", reasons=("cut_off",))
    pdf = make_pdf()
    customer.send("diploma.all_pages", pdf)
    customer.await_checked("diploma.all_pages", pdf)
    customer.submit()
    story.reviewer.review(story.verification, "approve")


def escalate(story: Story) -> None:
    story.send_diploma().submit()
    story.reviewer.review(story.verification, "escalate")
    story.second.review(story.verification, "approve")


def cancel(story: Story) -> None:
    customer = story.begin(ACCOUNT)
    customer.send("identity.front", make_photo())
    customer.send("identity.back", make_pdf())
    story.agent.cancel(story.verification)


def withdraw(story: Story) -> None:
    customer = story.begin(QUALIFICATION)
    customer.send("diploma.all_pages", make_photo())
    customer.withdraw()


def replace(story: Story) -> None:
    customer = story.send_diploma()
    old, pdf = str(customer.card("diploma.all_pages")["document"]), make_pdf()
    customer.send("diploma.all_pages", pdf, replaces=old)
    customer.await_checked("diploma.all_pages", pdf)
    customer.submit()
    story.reviewer.review(story.verification, "approve")


def remove(story: Story) -> None:
    customer = story.begin(ACCOUNT)
    customer.send("identity.front", make_photo())
    customer.remove("identity.front")
    customer.send("identity.front", make_scan())
    customer.withdraw()


def prove_by_code(story: Story) -> None:
    customer, email, _ = story.begin_contacts()
    customer.begin_code("email")
    code = story.await_post(email, _CODE)
    customer.guess(code)
    assert customer.line.get(f"{customer.path}/checks")["checks"][0]["state"] == "confirmed"


def guess_too_often(story: Story) -> None:
    customer, email, _ = story.begin_contacts()
    customer.begin_code("email")
    code = story.await_post(email, _CODE)
    customer.guess(f"{(int(code) + 1) % 10**6:06d}")
    check = customer.line.get(f"{customer.path}/checks")["checks"][0]
    assert (check["state"], check["reasons"], check["tries_left"]) == ("failed", ["too_many_tries"], 0)
    story.agent.cancel(story.verification)


def take_another_line(story: Story) -> None:
    customer, _, phone = story.begin_contacts()
    customer.choose_proof(1)
    customer.begin_code("phone")
    customer.guess(story.await_post(phone, _CODE))
    checks = customer.line.get(f"{customer.path}/checks")["checks"]
    assert [(check["contact"], check["state"]) for check in checks] == [("phone", "confirmed")]


def write(story: Story) -> None:
    mail = story.begin_message()
    story.agent.hand_in_message(story.verification, mail)
    story.await_status("submitted")
    story.reviewer.review(story.verification, "approve")


def type_details(story: Story) -> None:
    customer = story.begin(DETAILS)
    customer.give(EVERYTHING)
    customer.submit()
    story.second.line.post(f"/v1/verifications/{story.verification}/claim")
    seen = {each["field"]: each["given"] for each in story.second.look(story.verification)["details"]}
    assert seen == KEPT
    story.second.review(story.verification, "approve")


def renew(story: Story) -> None:
    customer, email, _ = story.begin_contacts()
    customer.begin_code("email")
    story.await_post(email, _CODE)
    again = story.renew()
    (check,) = again.line.get(f"{again.path}/checks")["checks"]
    assert (check["state"], check["reasons"]) == ("lapsed", ["link_renewed"])
    story.agent.cancel(story.verification)


def disown(story: Story) -> None:
    customer, _, phone = story.begin_contacts()
    path = story.await_post(phone, r"/n/[A-Za-z0-9_-]{43}")
    customer.leave(path)


ENDINGS: Final[tuple[Callable[[Story], None], ...]] = (
    approve, reject, resubmit, escalate, cancel, withdraw, replace, remove,
)  # fmt: skip
"""Every way in which a verification, or one of its documents, comes to its end."""


_Endings: TypeAlias = tuple[Callable[[Story], None], ...]
_REVIEWED: Final[_Endings] = (approve, reject, resubmit, escalate, replace)
_OTHER_WAYS: Final[tuple[tuple[tuple[str, ...], _Endings], ...]] = (
    (("submission", "judge"), (write, prove_by_code, guess_too_often)),
    (("code", "notice"), (prove_by_code, guess_too_often, take_another_line)),
    (("submit", "decide"), (*_REVIEWED, type_details)),
    (("check", "view"), _REVIEWED),
    (("details",), (type_details,)),
    (("proof",), (take_another_line,)),
    (("other", "exit"), (disown,)),
    (("renew",), (renew,)),
)
"""By the beginning of a point: what passes it, where not every ending does."""


def choose(point: str, turn: int) -> Callable[[Story], None]:
    """An ending that passes the point; which one changes from turn to turn."""
    able = next((ways for begins, ways in _OTHER_WAYS if point.startswith(begins)), ENDINGS)
    return able[(sum(point.encode()) + turn) % len(able)]
