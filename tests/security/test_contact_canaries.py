"""P1 and P5 for contact checks: no address, code, message or attestation in clear in any file, before, during, after.

Real processes, a real mail server and SMS gateway. While the worker is paused everything that was handed in lies
sealed; when it goes on, it is judged; after the end no key is left that opens any of it, not even an older copy.
"""

import json
import re
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from policies.parts import ContactKind
from tests.contact_desk import another_code, find_code, open_sinks
from tests.faults.callers import JSON, Agent, Caller, Customer
from tests.faults.canaries import find_hidden_files, search, search_rows, spell
from tests.faults.contact_looks import look_at_contacts
from tests.faults.looks import find_unrest
from tests.faults.rounds import cast_for, running, sending
from tests.faults.running import Service, wait_until
from tests.security.test_canaries import worker_paused
from verifier.contacts.registered import digest_contact
from verifier.demo.sinks import MailSink, SmsSink
from verifier.ids import VerificationId
from verifier.vault.errors import KeyMissingError
from verifier.wiring import House, load_contact_key

MARK: Final = uuid.uuid4().hex[:8]
EMAIL: Final = f"zoe.{MARK}@mail.zq7.example"
TYPED: Final = f"typed.{MARK}@mail.zq7.example"
WRONG: Final = f"wrong.{MARK}@mail.zq7.example"
PHONE: Final = f"+420777{int(MARK, 16) % 10**6:06d}"
DOMAIN: Final = f"shop-{MARK}.example"
WALLET: Final = "0x" + (MARK * 5)
ACCOUNT: Final = f"account-of-zoe-{MARK}"
BODY: Final = f"My dog is called Quandt-{MARK}"
TOKEN: Final = f"eyJhbGciOiJub25l{MARK}.eyJzdWIiOiJ6b2Ui{MARK}.c2ln{MARK}"
SIGNATURE: Final = "0x" + (MARK[::-1] * 16)
NEEDLES: Final = {
    name: needle
    for text in (EMAIL, TYPED, WRONG, PHONE, PHONE[1:], DOMAIN, WALLET, ACCOUNT, BODY, TOKEN, SIGNATURE, MARK)
    for name, needle in spell(text).items()
}
MESSAGE: Final = (
    f"From: Zoe <{EMAIL}>\r\nTo: help@desk.example\r\nSubject: It is me {MARK}\r\n"
    f"Message-ID: <{MARK}@mail.zq7.example>\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n\r\n{BODY}\r\n"
)


class Place:
    """A running service that sends, its desk, and the eye that looks into every file."""

    def __init__(self, service: Service, house: House, sinks: tuple[MailSink, SmsSink]) -> None:
        self.service: Final = service
        self.house: Final = house
        self.mails, self.messages = sinks
        self.agent: Final = Agent(Caller(service.url, cast_for(service, house).agent))
        self.heard: list[bytes] = []
        """What the service answered."""
        self.codes: set[str] = set()
        self.lines: Final = [self.agent.line]

    def begin(self, **email: str) -> Customer:
        points = {
            "email": email or {"value": EMAIL},
            "phone": {"value": PHONE},
            "domain": {"value": DOMAIN},
            "wallet": {"value": WALLET},
        }
        asked = {"reference": f"CASE-{uuid.uuid4().hex[:10]}", "policy": "every-way", "account": ACCOUNT}
        answer = self.agent.line.post("/v1/verifications", json=asked | {"contact_points": points})
        self.heard.append(answer.content)
        customer = Customer.open(self.service.url, answer.json()["link"]["url"])
        self.lines.append(customer.line)
        return customer

    def customer_posts(self, customer: Customer, step: str, **fields: str) -> int:
        token = customer.look()["form_token"]
        path = f"{customer.path}/{step}"
        answer = customer.line.ask("POST", path, data={"form_token": token, **fields}, headers=JSON)
        self.heard += [answer.content, str(answer.headers).encode()]
        return int(answer.status_code)

    def desk_posts(self, customer: Customer, tail: str, **request: Any) -> int:
        path = f"/v1/verifications/{customer.verification}/contact-checks{tail}"
        answer = self.agent.line.ask("POST", path, **request)
        self.heard += [answer.content, str(answer.headers).encode()]
        return int(answer.status_code)

    def checks(self, customer: Customer) -> dict[str, str]:
        """The last check of each contact point and method, by its id."""
        found = self.agent.line.get(f"/v1/verifications/{customer.verification}/contact-checks")
        self.heard.append(json.dumps(found).encode())
        return {f"{each['contact']}/{each['method']}": each["id"] for each in found["checks"]}

    def await_judged(self) -> None:
        def is_judged() -> bool:
            return not any("judged" in each or "sent" in each for each in find_unrest(self.house))

        wait_until(is_judged, within=60, what="the worker does not judge")

    def await_mail(self, to: str) -> str:
        """The code that was sent to an address."""

        def texts() -> list[str]:
            sent = [mail.message.get_content() for mail in self.mails.mails if mail.recipients == (to,)]
            return [text for text in sent if "/n/" not in text]

        wait_until(lambda: bool(texts()), within=60, what="no code comes")
        code = find_code(texts()[-1])
        self.codes.add(code)
        return code

    def look(self, moment: str) -> list[str]:
        """Every place in which a needle or a code lies now."""
        places = [self.service.home, self.service.scratch, self.service.log]
        found = search(NEEDLES, places) + search_rows(NEEDLES, self.house.settings.database_file)
        found += find_hidden_files(self.service.find_processes())
        found += [f"a code in {path.name}" for path in _files(places) if self._has_code(path)]
        found += [f"{name} in an answer" for name, needle in NEEDLES.items() for text in self.heard if needle in text]
        return [f"{moment}: {each}" for each in found]

    def _has_code(self, path: Path) -> bool:
        """A code is six digits: alone, for among others six digits turn up by chance."""
        words = [code.encode() for code in self.codes]
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return False
        return any(re.search(rb"(?<![0-9A-Za-z.])" + word + rb"(?![0-9A-Za-z])", data) for word in words)


def _files(places: list[Path]) -> Iterator[Path]:
    for place in places:
        yield from (path for path in ([place] if place.is_file() else place.rglob("*")) if path.is_file())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    home = tmp_path / "run" / "home"
    with open_sinks() as sinks, running(home, **sending(home, *sinks)) as (service, house):
        opened = Place(service, house, sinks)
        yield opened
        for line in opened.lines:
            line.close()


def test_nothing_that_was_handed_in_for_a_contact_check_lies_anywhere_in_clear(place: Place) -> None:
    customer = place.begin()
    typing = place.begin(digest=_digest(place.house, TYPED))
    found = place.look("asked for")
    with worker_paused(place.service):
        for way in ("email/code", "domain/dns", "wallet/signature", "account/attestation"):
            assert place.customer_posts(customer, f"contacts/{way}") == 202
        assert place.customer_posts(typing, "contacts/email/code") == 202
        found += place.look("begun")
    code = place.await_mail(EMAIL)
    place.await_judged()
    found += place.look("sent")
    found += _hand_in(place, customer, typing, code)
    place.await_judged()
    found += place.look("judged")
    copy = _copy_rows(place.house.settings.database_file)
    found += _end(place, customer, typing)
    assert found == []
    _nothing_opens(place, copy, customer, typing)


def _digest(house: House, address: str) -> str:
    return digest_contact(load_contact_key(house.settings), ContactKind.EMAIL, address)


def _hand_in(place: Place, customer: Customer, typing: Customer, code: str) -> list[str]:
    """Everything that can be handed in, right and wrong, while nobody judges it."""
    checks, others = place.checks(customer), place.checks(typing)
    with worker_paused(place.service):
        assert place.customer_posts(customer, f"checks/{checks['email/code']}/code", code=another_code(code)) == 202
        assert place.customer_posts(customer, f"checks/{checks['domain/dns']}/look") == 202
        signed = place.customer_posts(customer, f"checks/{checks['wallet/signature']}/signature", signature=SIGNATURE)
        assert signed == 202
        raw = {"content": MESSAGE.encode(), "headers": {"content-type": "message/rfc822"}}
        assert place.desk_posts(customer, "/message", **raw) == 202
        assert place.desk_posts(customer, "/attestation", json={"token": TOKEN}) == 202
        assert place.customer_posts(typing, f"checks/{others['email/code']}/address", address=WRONG) == 202
        assert place.customer_posts(typing, f"checks/{others['email/code']}/address", address=TYPED) == 202
        # What is refused at once is not repeated either.
        assert place.customer_posts(customer, f"checks/{checks['email/code']}/code", code=EMAIL) == 422
        assert place.customer_posts(typing, f"checks/{others['email/code']}/address", address=f"{WRONG} {BODY}") == 422
        assert place.desk_posts(customer, "/code", json={"contact": EMAIL, "code": PHONE}) == 422
        return place.look("handed in")


def _end(place: Place, customer: Customer, typing: Customer) -> list[str]:
    place.await_mail(TYPED)
    code = place.await_mail(EMAIL)
    check = place.checks(customer)["email/code"]
    assert place.customer_posts(customer, f"checks/{check}/code", code=code) == 202
    wait_until(lambda: customer.look()["status"] == "approved", within=60, what="it is not approved")
    typing.withdraw()
    wait_until(lambda: not find_unrest(place.house), within=60, what="the service does not come to rest")
    assert list(look_at_contacts(place.house)) == []
    return place.look("after the end")


def _copy_rows(database: Path) -> list[bytes]:
    """Whatever is sealed in any row, as somebody may have copied it before the end."""
    kept = []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as opened:
        for table in ("contact_points", "contact_submissions", "notices", "exits"):
            kept += [row[0] for row in opened.execute(f"SELECT sealed FROM {table} WHERE sealed IS NOT NULL")]
    assert kept, "what is searched for was there"
    return kept


def _nothing_opens(place: Place, copy: list[bytes], *customers: Customer) -> None:
    """The keys are gone from the store that held them, and with them every copy of what they opened."""
    assert all(sealed.startswith(b"vsealed1") for sealed in copy)
    for customer in customers:
        with pytest.raises(KeyMissingError):
            place.house.vault.open_keys(VerificationId(customer.verification))
    assert search_rows({"a sealed value": b"vsealed1"}, place.house.settings.database_file) == []


def test_the_search_for_codes_finds_what_is_there(place: Place, tmp_path: Path) -> None:
    place.codes.add("048213")
    planted = tmp_path / "run" / "home" / "data" / "forgotten"
    for text, is_found in (("code 048213.", True), ('"048213"', True), ("2026-11-22T01:02:03.048213", False)):
        planted.write_text(text)
        assert bool(place.look("planted")) is is_found, text
