"""Codes to a registered contact point, over HTTP, with a mail server that really takes them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contact_desk import ContactDesk, another_code, open_sinks, sending_settings
from tests.journey import Desk
from tests.workers_by_hand import Work
from verifier.demo.sinks import MailSink, SmsSink
from verifier.settings import Settings


@pytest.fixture
def sinks() -> Iterator[tuple[MailSink, SmsSink]]:
    with open_sinks() as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path, sinks: tuple[MailSink, SmsSink]) -> Settings:
    return sending_settings(tmp_path / "home", *sinks)


@pytest.fixture
def contacts(desk: Desk, work: Work, sinks: tuple[MailSink, SmsSink]) -> ContactDesk:
    return ContactDesk(desk, work, *sinks)


def test_a_code_to_the_registered_address_approves_at_once_where_the_policy_says_so(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    assert contacts.begin(customer) == "code_sent"
    assert contacts.mails.mails[-1].recipients == ("jo@example.org",)
    code = contacts.mailed_code
    assert contacts.guess(customer, another_code(code)) == "wrong_code"
    assert contacts.guess(customer, f"{code[:3]} {code[3:]}") == "ended"
    assert contacts.desk.read(asked["id"])["status"] == "approved"
    (check,) = contacts.checks(asked["id"])
    assert (check["state"], check["reasons"]) == ("confirmed", [])
