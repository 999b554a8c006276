"""Contact checks with two of everything: judges, notifiers, an end that comes in between, a job that runs once more."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contact_desk import ContactDesk, another_code, find_code, open_sinks, sending_settings
from tests.faults.contact_looks import look_at_contacts
from tests.faults.test_races import dump
from tests.journey import Customer, Desk
from tests.workers_by_hand import Work
from verifier.demo.sinks import MailSink, SmsSink
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.wiring import open_workshop

_CASES = 4


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


@pytest.fixture
def crowd(contacts: ContactDesk, shared_decoder: Decoder) -> Callable[[], None]:
    """Two judges and two notifiers at once, each until it finds nothing more."""
    house = contacts.desk.house

    def until_nothing(act: Callable[[], bool]) -> None:
        while act():
            """Go on."""

    def run() -> None:
        shops = [open_workshop(house, decoder=shared_decoder) for _ in range(2)]
        jobs = [act for shop in shops for act in (shop.judge.judge_next, shop.notifier.notify_next)]
        for _ in range(3):  # what one of them queued when the others had gone home
            threads = [threading.Thread(target=until_nothing, args=(job,)) for job in jobs]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    return run


def ask_all(contacts: ContactDesk) -> list[Customer]:
    customers = []
    for number in range(_CASES):
        points = {"email": {"value": f"c{number}@example.org"}, "phone": {"value": f"+42060112300{number}"}}
        asked = contacts.request(reference=f"CASE-{number}", contact_points=points)
        customers.append(contacts.desk.customer(asked))
        assert customers[-1].post("contacts/email/code").status_code == 202
    return customers


def code_of(contacts: ContactDesk, number: int) -> str:
    to = (f"c{number}@example.org",)
    return find_code(next(m.message.get_content() for m in contacts.mails.mails if m.recipients == to))


def look(contacts: ContactDesk) -> list[str]:
    contacts.work()
    return list(look_at_contacts(contacts.desk.house))


def test_two_judges_and_two_notifiers_come_to_one_end(contacts: ContactDesk, crowd: Callable[[], None]) -> None:
    customers = ask_all(contacts)
    crowd()
    assert Counter(mail.recipients for mail in contacts.mails.mails) == Counter(
        {(f"c{number}@example.org",): 1 for number in range(_CASES)}
    )
    assert Counter(sms.to for sms in contacts.messages.messages) == Counter(
        {f"+42060112300{number}": 1 for number in range(_CASES)}
    )
    for number, customer in enumerate(customers):
        check, code = contacts.checks(customer.verification)[0]["id"], code_of(contacts, number)
        for guess in (another_code(code), code, code):
            assert customer.post(f"checks/{check}/code", code=guess).status_code == 202
    crowd()
    assert [contacts.desk.read(customer.verification)["status"] for customer in customers] == ["approved"] * _CASES
    assert look(contacts) == []


def test_a_cancellation_beside_the_verdict_leaves_one_of_both(contacts: ContactDesk, crowd: Callable[[], None]) -> None:
    customers = ask_all(contacts)
    crowd()
    for number, customer in enumerate(customers):
        check = contacts.checks(customer.verification)[0]["id"]
        code = code_of(contacts, number)
        assert customer.post(f"checks/{check}/code", code=code).status_code == 202
    judges = threading.Thread(target=crowd)
    judges.start()
    answers = [contacts.desk.post(customer.verification, "cancel") for customer in customers]
    judges.join()
    for answer, customer in zip(answers, customers, strict=True):
        status = contacts.desk.read(customer.verification)["status"]
        (check,) = contacts.checks(customer.verification)
        assert (answer.status_code, status, check["state"]) in {
            (200, "cancelled", "open"),
            (409, "approved", "confirmed"),
        }
    assert look(contacts) == []


@pytest.mark.parametrize("name", ["judge", "notify", "collect", "forget"])
def test_a_wake_up_that_nobody_sent_changes_nothing(contacts: ContactDesk, name: str) -> None:
    customers = ask_all(contacts)
    contacts.work()
    check, code = contacts.checks(customers[0].verification)[0]["id"], code_of(contacts, 0)
    assert customers[0].post(f"checks/{check}/code", code=another_code(code)).status_code == 202
    assert customers[1].post("contacts/email/code").status_code == 202, "the second sending waits for its time"
    contacts.work()
    before, sent = dump(contacts.desk.house), len(contacts.mails.mails)
    for _ in range(5):
        contacts.work.run(name)
    assert dump(contacts.desk.house) == before
    assert len(contacts.mails.mails) == sent
