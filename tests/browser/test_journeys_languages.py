"""Five languages, in a real browser: nothing overflows, nothing is too small to hit, and a choice stays."""

from collections.abc import Callable, Mapping
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.office import Office
from tests.browser.pictures import a_file, card_file
from tests.browser.windows import DESKTOP, PHONE, Device, Window

pytestmark = pytest.mark.browser

_TASK: Final[Mapping[str, str]] = {
    "en": "Your documents",
    "nl": "Uw documenten",
    "ru": "Ваши документы",
    "sk": "Vaše dokumenty",
    "ro": "Documentele dumneavoastră",
}
_FRONT: Final = "#slot-identity-front"


def switch_to(page: Page, locale: str) -> None:
    page.locator(f"nav.languages a[hreflang={locale}]").click()
    expect(page.locator("html")).to_have_attribute("lang", locale)


@pytest.mark.parametrize("device", [PHONE, pytest.param(DESKTOP, marks=pytest.mark.soak)], ids=["phone", "desktop"])
@pytest.mark.parametrize("locale", ["nl", "ru", "sk", "ro"])
def test_a_request_is_readable_from_its_link_to_its_end(
    locale: str, device: Device, office: Office, open_window: Callable[..., Window]
) -> None:
    asked = office.ask(locale=locale)
    window = open_window(device)
    page = window.page
    window.open(asked["link"]["url"])
    expect(page.locator("html")).to_have_attribute("lang", locale)
    expect(page.get_by_text(asked["phrase"])).to_be_visible()
    window.look()
    page.locator("button[value=task]").click()
    expect(page.locator("h1")).to_have_text(_TASK[locale])
    window.look()
    window.expected.add(415)
    choose = page.locator(f"{_FRONT} [data-send=file] input[type=file]")
    choose.set_input_files([a_file("photo.txt", b"no picture", "text/plain")])
    problem = page.locator(f"{_FRONT} .card-problem")
    expect(problem).to_be_visible()
    assert "JPEG" in problem.inner_text()
    assert "picture" not in problem.inner_text(), "a refusal is told in the language of its page"
    window.look()
    choose.set_input_files([card_file("front")])
    expect(page.locator(f"{_FRONT}[data-state=ready]")).to_be_visible(timeout=20_000)
    window.look()
    page.locator(".exits a").last.click()
    window.look()
    page.locator("main form button").click()
    expect(page.locator(".exits")).to_have_count(0)
    window.look()


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_switcher_is_there_on_every_page_and_its_choice_stays(
    has_scripts: bool, office: Office, open_window: Callable[..., Window]
) -> None:
    asked = office.ask()
    window = open_window(PHONE, has_scripts=has_scripts, locale="nl-NL")
    page = window.page
    window.open(asked["link"]["url"])
    expect(page.locator("html")).to_have_attribute("lang", "nl")
    switch_to(page, "sk")
    assert page.url == asked["link"]["url"], "the choice leaves no trace in the address"
    page.locator("button[value=task]").click()
    expect(page.locator("h1")).to_have_text(_TASK["sk"])
    page.locator("#submit").click()
    expect(page.get_by_role("alert")).to_be_visible()
    switch_to(page, "ro")
    expect(page.locator("h1")).to_have_text(_TASK["ro"])
    page.locator(".exits a").last.click()
    switch_to(page, "ru")
    expect(page.locator("h1")).to_have_text("Вы этого не просили")
    switch_to(page, "en")
    expect(page.locator("h1")).to_have_text("You did not ask for this")


def test_a_page_that_renews_itself_keeps_to_its_language(office: Office, open_window: Callable[..., Window]) -> None:
    asked = office.ask(locale="nl")
    office.hand_in(asked)
    window = open_window(PHONE)
    page = window.page
    window.open(asked["link"]["url"])
    page.locator("button[value=task]").click()
    expect(page.locator("h1")).to_have_text("We hebben uw documenten")
    assert office.agent.post(f"/v1/verifications/{asked['id']}/cancel").status_code == 200
    expect(page.locator("h1")).to_have_text("Deze aanvraag is geannuleerd", timeout=15_000)
    expect(page.locator("html")).to_have_attribute("lang", "nl")
