"""The same journeys with the keyboard alone, and with letters four times as large."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from policies.access import Role
from tests.browser.office import Office, wait_for
from tests.browser.pictures import card_file
from tests.browser.windows import DESKTOP, PHONE, ZOOMED, Window

pytestmark = pytest.mark.browser

_MOST_STEPS = 60
_IS_SEEN = """() => {
  const at = document.activeElement, dressed = document.documentElement.classList.contains('js');
  const shown = (dressed && at.closest('form.send')?.querySelector('.pick')) || at;
  const style = getComputedStyle(shown), box = shown.getBoundingClientRect();
  return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
    && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
}"""


def tab_to(page: Page, css: str) -> None:
    """Press Tab until `css` has the focus; on the way every stop must show that it has it."""
    for _ in range(_MOST_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue
        assert page.evaluate(_IS_SEEN), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if page.evaluate("css => document.activeElement.matches(css)", css):
            return
    raise AssertionError(f"{css} is not reached with Tab")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_keyboard_alone_leads_from_the_link_to_the_desk_and_out_again(
    *, has_scripts: bool, office: Office, open_window: Callable[..., Window]
) -> None:
    asked = office.ask()
    window = open_window(DESKTOP, has_scripts=has_scripts)
    page = window.page
    page.on("filechooser", lambda _: None)  # asked for before the first key, so that none is missed
    window.open(asked["link"]["url"])
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    tab_to(page, "button[value=task]")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Your documents")
    for side in ("front", "back"):
        field = f"#slot-identity-{side}-file"
        tab_to(page, field)
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Space")
        chooser.value.set_files([card_file(side)])
        if not has_scripts:
            tab_to(page, f"#slot-identity-{side} [data-send=file] button")
            page.keyboard.press("Enter")
        expect(page.locator(f"#slot-identity-{side} .tag")).not_to_have_text("Not added yet")
    finished = page.get_by_text("All that is needed is here")
    if not has_scripts:
        wait_for(lambda: page.reload() and finished.is_visible(), what="the pictures were not checked")
    expect(finished).to_be_visible()
    tab_to(page, "#submit")
    page.keyboard.press("Space")
    expect(page.locator("h1")).to_have_text("We have your documents")
    tab_to(page, "a[href$=rather_not]")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("You would rather not")
    tab_to(page, ".button.danger")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("You stopped this")


def test_at_four_hundred_per_cent_nothing_scrolls_sideways(
    office: Office, open_window: Callable[..., Window], staff_window: Callable[..., Window]
) -> None:
    asked = office.ask()
    customer = open_window(ZOOMED)
    customer.open(asked["link"]["url"])
    customer.measure()
    customer.page.get_by_role("button", name="Continue").click()
    customer.page.locator("#slot-identity-front [data-send=file] input[type=file]").set_input_files(
        [card_file("front")]
    )
    expect(customer.page.locator("#slot-identity-front .tag")).to_contain_text("Checked")
    customer.measure()
    customer.page.get_by_role("link", name="I did not ask for this").click()
    customer.measure()
    waiting, _ = office.submitted()
    people = staff_window("Everybody", Role.AGENT, Role.REVIEWER, Role.AUDITOR, device=ZOOMED)
    for path in ("/new", f"/cases/{asked['id']}", "/queue", "/audit", "/audit?tab=entries"):
        people.open(path)
        people.measure()
    people.open(f"/review/{waiting['id']}")
    people.page.get_by_role("button", name="Take it").click()
    expect(people.page.locator("[data-seen=yes]")).to_have_count(1)
    people.measure()


def test_what_is_wrong_with_an_address_is_said_on_the_phone(open_window: Callable[..., Window]) -> None:
    window = open_window(PHONE, has_scripts=False)
    for path, words in (
        ("/v/" + "A" * 43, "We do not know this link"),
        ("/verification/ver_" + "a" * 26, ""),
        ("/nowhere", ""),
        ("/new", "Sign in"),
        ("/sign-in/" + "A" * 43, ""),
    ):
        window.open(path)
        expect(window.page.locator("h1")).to_contain_text(words)
        window.look()
