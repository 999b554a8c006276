"""What people do on the pages of a check, with or without scripts."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.office import wait_for
from tests.browser.windows import Window

OpenWindow = Callable[..., Window]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()


def show_verdict(page: Page, heading: str) -> None:
    """Wait for the heading, as a person without scripts does: by looking again."""
    wait_for(lambda: _looks_like(page, heading), what=f"never came: {heading}")


def look_too_early(window: Window, *, show: str, heading: str, challenge: str, copy: str, has_scripts: bool) -> str:
    """Have the challenge shown, copy it, and look before anybody has put it anywhere; what it says."""
    page = window.page
    press(page, show)
    show_verdict(page, heading)
    text = page.locator(challenge).inner_text()
    if has_scripts:
        press(page, copy)
        assert page.evaluate("navigator.clipboard.readText()") == text
    window.look()
    press(page, "Look now")
    show_verdict(page, heading)
    expect(page.get_by_role("alert")).to_contain_text("did not find it")
    return text


def _looks_like(page: Page, heading: str) -> bool:
    if page.locator("h1").inner_text() == heading:
        return True
    again = page.get_by_role("link", name="Look again")
    if again.count():
        again.first.click()
    else:
        page.wait_for_timeout(200)
    return page.locator("h1").inner_text() == heading
