"""The exit stays open for the owner, whatever whoever holds the link does."""

import re
from pathlib import Path

import pytest

from tests.contact_desk import ContactDesk, sending_settings
from tests.journey import HTML, JSON, refusal
from verifier.demo.sinks import MailSink, SmsSink
from verifier.settings import Settings

_A_MINUTE = 12


@pytest.fixture
def settings(tmp_path: Path, sinks: tuple[MailSink, SmsSink]) -> Settings:
    return sending_settings(tmp_path / "home", *sinks, requests_a_minute_per_link=_A_MINUTE)


def test_who_holds_the_link_cannot_keep_the_owner_from_leaving(contacts: ContactDesk) -> None:
    asked = contacts.request()
    customer = contacts.desk.customer(asked)
    contacts.work()
    found = re.search(r"/n/[A-Za-z0-9_-]{43}", contacts.messages.messages[-1].text)
    assert found is not None
    page = f"/verification/{customer.verification}"
    statuses = [customer.client.get(page, headers=JSON).status_code for _ in range(_A_MINUTE + 1)]
    assert statuses[-1] == 429, "the link is used up"
    owner = contacts.desk.browser()
    looked = owner.get(found[0], headers=JSON)
    assert looked.status_code == 200, looked.text
    left = owner.post(found[0], data={"form_token": looked.json()["form_token"]}, headers=JSON)
    assert (left.status_code, left.json()["status"]) == (200, "withdrawn")


def test_the_exit_itself_is_counted(contacts: ContactDesk) -> None:
    contacts.desk.customer(contacts.request())
    contacts.work()
    found = re.search(r"/n/[A-Za-z0-9_-]{43}", contacts.messages.messages[-1].text)
    assert found is not None
    answers = [contacts.desk.browser().get(found[0], headers=JSON) for _ in range(_A_MINUTE + 1)]
    assert refusal(answers[-1]) == (429, "too_many_requests")


def test_where_the_request_has_ended_the_exit_offers_only_the_warning(contacts: ContactDesk) -> None:
    asked = contacts.request()
    contacts.desk.customer(asked)
    contacts.work()
    found = re.search(r"/n/[A-Za-z0-9_-]{43}", contacts.messages.messages[-1].text)
    assert found is not None
    owner = contacts.desk.browser()
    assert "End it and warn the agent" in owner.get(found[0], headers=HTML).text
    cancelled = contacts.desk.client.post(f"/v1/verifications/{asked['id']}/cancel", headers=contacts.desk.headers)
    assert cancelled.status_code == 200, cancelled.text
    page = owner.get(found[0], headers=HTML).text
    assert "Warn the agent" in page
    assert "End it and" not in page
