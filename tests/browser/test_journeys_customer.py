"""Customers, in a real browser: from the link in a message to a receipt in the hand."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.office import Office
from tests.browser.pictures import a_file, card_file, draw_card
from tests.browser.windows import DESKTOP, PHONE, SMALL_PHONE, Device, Window

pytestmark = pytest.mark.browser


def card(page: Page, side: str) -> str:
    return f"#slot-identity-{side}"


def choose(page: Page, side: str, *files: object) -> None:
    page.locator(f"{card(page, side)} [data-send=file] input[type=file]").last.set_input_files(list(files))  # type: ignore[arg-type]


def await_checked(page: Page, *sides: str) -> None:
    for side in sides:
        expect(page.locator(f"{card(page, side)} .tag")).to_contain_text("Checked")


@pytest.mark.parametrize("device", [PHONE, SMALL_PHONE, DESKTOP], ids=["phone", "small phone", "desktop"])
def test_two_pictures_picked_at_once_go_from_the_link_to_the_desk(
    device: Device, office: Office, open_window: Callable[..., Window]
) -> None:
    asked = office.ask()
    window = open_window(device)
    page = window.page
    window.open(asked["link"]["url"])
    expect(page.get_by_text(asked["phrase"])).to_be_visible()
    expect(page.get_by_text(asked["reference"])).to_be_visible()
    window.look()
    page.reload()
    assert office.read(asked["id"])["status"] == "requested"
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("h1")).to_have_text("Your documents")
    window.look()
    choose(page, "front", card_file("front"), card_file("back"))
    expect(page.locator("progress").first).to_be_visible()
    await_checked(page, "front", "back")
    window.look()
    page.get_by_role("button", name="Hand in my documents").click()
    expect(page.locator("h1")).to_have_text("We have your documents")
    window.look()
    assert office.read(asked["id"])["status"] == "submitted"
