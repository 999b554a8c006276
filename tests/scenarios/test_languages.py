"""Customers read their own language: the one that they chose, else the agent's hint, else their browser's wish."""

import json
import re
from collections.abc import Callable

import httpx2
import pytest

from policies.access import Role
from tests.browser.markup import Markup
from tests.journey import HTML, JSON, Desk, make_jpeg
from tests.person import Enter
from tests.workers_by_hand import Work
from verifier.settings import Settings

HEADING = {
    "en": "What will happen",
    "nl": "Wat er gaat gebeuren",
    "ru": "Что будет дальше",
    "sk": "Čo sa bude diať",
    "ro": "Ce se va întâmpla",
}
_SLOT = "diploma.all_pages"


def page_of(browser: httpx2.Client, path: str, wish: str = "", **headers: str) -> httpx2.Response:
    """A page as a browser with the wish `wish` asks for it."""
    wished = {"accept-language": wish} if wish else {}
    return browser.get(path, headers=HTML | wished | headers, follow_redirects=False)


def landing_of(desk: Desk, **body: str) -> str:
    return f"/v/{desk.request(**body)['link']['url'][-43:]}"


def language_of(answer: httpx2.Response) -> str:
    """The language of a page, after looking at everything that says it."""
    html = Markup(answer.text).one("html")
    assert answer.headers["content-language"] == html.attributes["lang"]
    assert html.attributes["dir"] == "ltr"
    varies = {each.strip().lower() for each in answer.headers["vary"].split(",")}
    assert {"accept", "accept-language", "cookie"} <= varies
    assert answer.headers["cache-control"] == "no-store"
    return html.attributes["lang"]


@pytest.mark.parametrize("locale", HEADING)
def test_a_page_is_in_the_language_of_the_hint_whatever_the_browser_wishes(desk: Desk, locale: str) -> None:
    answer = page_of(desk.browser(), landing_of(desk, locale=locale), "nl" if locale != "nl" else "ru")
    assert language_of(answer) == locale
    assert HEADING[locale] in answer.text


@pytest.mark.parametrize(
    ("body", "wish", "spoken"),
    [
        ({}, "sk-SK, en;q=0.5", "sk"),
        ({"locale": "tlh"}, "de, ro;q=0.3", "ro"),
        ({"locale": "nl-BE"}, "ru", "nl"),
        ({}, "de-AT", "en"),
        ({}, "", "en"),
        ({"locale": "xx"}, "*;q=1, ;;;, <b>", "en"),
    ],
)
def test_without_a_hint_that_we_speak_the_browser_decides_and_then_english(
    desk: Desk, body: dict[str, str], wish: str, spoken: str
) -> None:
    assert language_of(page_of(desk.browser(), landing_of(desk, **body), wish)) == spoken


def test_of_a_hint_the_api_tells_what_was_understood(desk: Desk) -> None:
    hints = {"nl-NL": "nl", "de": None, "Ada-Lovelace": None}
    for number, (given, kept) in enumerate(hints.items()):
        assert desk.request(reference=f"CASE-{number}", locale=given)["locale"] == kept
    assert desk.request(reference="CASE-9")["locale"] is None


def test_a_choice_goes_before_the_hint_from_then_on_and_changes_nothing_but_a_cookie(desk: Desk) -> None:
    browser, path = desk.browser(), landing_of(desk, locale="sk")
    page = page_of(browser, path, "nl")
    (chosen,) = [each for each in Markup(page.text).all("a") if each.attributes.get("hreflang") == "ro"]
    assert chosen.attributes["href"] == f"{path}?language=ro"
    answer = page_of(browser, chosen.attributes["href"])
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("dev-language=ro;")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {each.strip() for each in cookie.split(";")}
    assert language_of(page_of(browser, path, "nl")) == "ro"
    assert language_of(page_of(browser, landing_of(desk, reference="CASE-2", locale="ru"))) == "ro"
    assert language_of(page_of(desk.browser(), path)) == "sk", "somebody else has chosen nothing"


def test_the_switcher_keeps_the_question_that_the_page_asks(desk: Desk) -> None:
    customer = desk.customer(desk.request())
    path = f"/verification/{customer.verification}/withdraw?reason=not_me"
    page = page_of(customer.client, path)
    (link,) = [each for each in Markup(page.text).all("a") if each.attributes.get("hreflang") == "nl"]
    answer = page_of(customer.client, link.attributes["href"])
    assert answer.headers["location"] == path
    assert "U hebt hier niet om gevraagd" in page_of(customer.client, path).text


@pytest.mark.parametrize(
    "path",
    [
        "//example.org/v/x?language=nl",
        "/v//example.org?language=nl",
        "/v/x%0d%0aset-cookie:a=b?language=nl",
        "/v/x?language=tlh",
        "/v/x?language=nl%0d%0a",
        "/new?language=nl",
        "/v1/policies?language=nl",
        "/health/live?language=nl",
    ],
)
def test_a_choice_leads_nowhere_else_and_is_taken_on_customers_pages_only(desk: Desk, path: str) -> None:
    answer = desk.browser().get(path, headers=HTML, follow_redirects=False)
    location = answer.headers.get("location", "")
    assert "example.org" not in location or location.startswith("/v//")
    assert not answer.headers.get("set-cookie", "").startswith("a=b")
    if not location.startswith("/v/"):
        assert "set-cookie" not in answer.headers


def test_a_post_never_takes_a_choice(desk: Desk) -> None:
    browser, path = desk.browser(), landing_of(desk)
    answer = browser.post(f"{path}?language=nl", data={"form_token": "x"}, headers=HTML, follow_redirects=False)
    assert "language" not in answer.headers.get("set-cookie", "")


def test_a_link_that_nobody_knows_is_refused_in_the_readers_language(desk: Desk) -> None:
    answer = page_of(desk.browser(), f"/v/{'x' * 43}", "ro")
    assert (answer.status_code, language_of(answer)) == (404, "ro")
    assert "Nu cunoaștem acest link" in answer.text
    lost = page_of(desk.browser(), "/nowhere", "sk")
    assert (lost.status_code, language_of(lost)) == (404, "sk")


def test_a_refused_form_is_answered_in_the_language_of_its_page(desk: Desk) -> None:
    customer = desk.customer(desk.request(locale="nl"))
    token, path = customer.status()["form_token"], f"/verification/{customer.verification}"
    answer = customer.client.post(f"{path}/submit", data={"form_token": token}, headers=HTML)
    assert (answer.status_code, language_of(answer)) == (409, "nl")
    assert "Niet alles wat nodig is" in answer.text
    (link,) = [each for each in Markup(answer.text).all("a") if each.attributes.get("hreflang") == "sk"]
    assert link.attributes["href"] == f"{path}?language=sk", "what a form was answered with cannot be fetched again"


def test_what_a_page_shows_of_an_upload_is_in_its_language_and_the_desks_programs_read_english(desk: Desk) -> None:
    customer = desk.customer(desk.request(locale="ru"))
    customer.client.headers["accept-language"] = "ru"  # upload.js names the language of its page
    problem = customer.upload(_SLOT, b"no picture at all").json()
    assert problem["code"] == "unsupported_type"
    assert problem["title"] == "Файлы этого типа мы не принимаем"
    for wish in ("nl", "ru"):
        refused = desk.ask(policy="unheard-of", headers={"accept-language": wish})
        assert refused.json()["title"] == "There is no such policy"
        assert "content-language" not in refused.headers


def test_a_refused_document_is_explained_in_the_readers_language(desk: Desk, work: Work) -> None:
    customer = desk.customer(desk.request(locale="sk"))
    assert customer.upload(_SLOT, b"%PDF-1.7\nnothing follows").status_code == 201
    work()
    page = page_of(customer.client, f"/verification/{customer.verification}")
    assert "Tento súbor sa nepodarilo prečítať" in page.text
    (card,) = customer.status()["slots"]
    assert card["refusal"]["sentence"] in page.text


def test_a_receipt_is_read_in_any_language_and_its_file_stays_the_same(
    desk: Desk, work: Work, destroy: Callable[[], None], sequence: Callable[[], int]
) -> None:
    customer = desk.customer(desk.request(locale="nl"))
    document = customer.upload(_SLOT, make_jpeg(width=320, height=240)).json()["document"]
    work()
    assert customer.post("withdraw", reason="rather_not").status_code == 200
    destroy()
    sequence()
    path = f"/verification/{customer.verification}/receipts/{document}"
    files = set()
    for locale in HEADING:
        page_of(customer.client, f"{path}?language={locale}")
        page = page_of(customer.client, path)
        assert language_of(page) == locale
        file = customer.client.get(path, headers=JSON | {"accept-language": locale})
        assert "content-language" not in file.headers
        files.add(json.dumps(file.json(), sort_keys=True))
    assert len(files) == 1


def test_the_reply_for_the_ticket_is_in_the_language_of_the_hint(desk: Desk) -> None:
    reply = desk.request(locale="sk")["reply"]
    assert reply.startswith("Aby sme mohli pokračovať v prípade CASE-1")
    assert re.search(r"Platí do \d+\. \w+ \d{4},? \d?\d:\d\d UTC", reply)
    assert reply.endswith("zákaznícka podpora")
    assert desk.request(reference="CASE-2")["reply"].startswith("To go on with case CASE-2")


def test_an_agent_may_leave_the_language_to_the_browser_and_staff_pages_stay_english(enter: Enter) -> None:
    agent = enter("Kim", Role.AGENT)
    page = agent.open("/new")
    choices = [each.attributes["value"] for each in Markup(page.text).all("option")]
    assert {"", "en", "nl", "ro", "ru", "sk"} <= set(choices)
    assert Markup(page.text).one("html").attributes["lang"] == "en"


class TestOverHttps:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"public_url": "https://verify.example.org"})

    def test_the_choice_is_bound_to_this_host(self, desk: Desk) -> None:
        answer = page_of(desk.browser(), f"{landing_of(desk)}?language=nl")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-language=nl;")
        assert {"Secure", "HttpOnly", "Path=/"} <= {each.strip() for each in cookie.split(";")}
        assert "domain" not in cookie.lower()
