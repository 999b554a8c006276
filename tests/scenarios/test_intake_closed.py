"""While destruction is broken beyond its limit, who brings something new is sent away, and told when to return."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import httpx2
import pytest

from tests.browser.markup import Markup
from tests.journey import HTML, JSON, Desk, make_jpeg, refusal
from verifier.ids import new_copy_id, new_document_id, new_verification_id
from verifier.retention.service import Rule, open_obligation
from verifier.wiring import House

TOLD: Final = {
    "en": "Try again in five minutes.",
    "nl": "Probeer het over vijf minuten opnieuw.",
    "ru": "Попробуйте снова через пять минут.",
    "sk": "Skúste to znova o päť minút.",
    "ro": "Încercați din nou peste cinci minute.",
}
_SLOT: Final = "diploma.all_pages"


@pytest.fixture
def close_intake(house: House) -> Callable[[], None]:
    """Leaves something undestroyed for longer than the limit."""

    def close() -> None:
        with house.database.write() as session:
            open_obligation(
                session,
                new_copy_id(),
                document=new_document_id(),
                verification=new_verification_id(),
                rule=Rule.UNDECIDED,
                destroy_by=house.clock.now(session) - house.settings.intake_closes_after - timedelta(seconds=1),
            )

    return close


def send_picture(desk: Desk, asked: dict[str, object], accept: dict[str, str]) -> Callable[[], httpx2.Response]:
    customer = desk.customer(asked)
    token = customer.status()["form_token"]
    return lambda: customer.client.post(
        f"/verification/{customer.verification}/documents",
        headers=accept,
        data={"form_token": token, "slot": _SLOT},
        files={"file": ("a.jpg", make_jpeg(width=64, height=48), "image/jpeg")},
    )


@pytest.mark.parametrize("locale", TOLD)
def test_a_customer_reads_in_their_language_when_to_come_back(
    desk: Desk, close_intake: Callable[[], None], locale: str
) -> None:
    asked = desk.request(locale=locale)
    send = send_picture(desk, asked, HTML)
    close_intake()
    answer = send()
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "300"
    assert Markup(answer.text).one("html").attributes["lang"] == locale
    assert TOLD[locale] in answer.text
    assert [told for other, told in TOLD.items() if other != locale and told in answer.text] == []


def test_programs_are_told_by_code_and_header(desk: Desk, close_intake: Callable[[], None]) -> None:
    send = send_picture(desk, desk.request(), JSON)
    close_intake()
    for answer in (send(), desk.ask(reference="CASE-2")):
        assert refusal(answer) == (503, "intake_closed")
        assert answer.headers["retry-after"] == "300"


def test_what_is_under_way_can_be_looked_at_and_ended_meanwhile(desk: Desk, close_intake: Callable[[], None]) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    close_intake()
    assert customer.client.get(f"/verification/{asked['id']}", headers=HTML).status_code == 200
    assert customer.post("withdraw").status_code == 200
    assert desk.read(asked["id"])["status"] == "withdrawn"
