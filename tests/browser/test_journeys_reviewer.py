"""Reviewers, in a real browser: every page looked at, a decision, and the customer who hears of it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from policies.access import Role
from tests.browser.office import Office, wait_for
from tests.browser.pictures import card_file
from tests.browser.windows import DESKTOP, PHONE, Window
from tests.journey import Customer

pytestmark = pytest.mark.browser


def open_case(window: Window, verification: str) -> None:
    """Take one verification; others may be waiting too."""
    window.open(f"/review/{verification}")
    window.page.get_by_role("button", name="Take it").click()
    expect(window.page.locator("#decision")).to_be_visible()
    window.page.wait_for_load_state("networkidle")  # a page that is still on its way when it is decided is refused


def send(page: Page) -> None:
    page.get_by_role("button", name="Send the decision").click()


def as_customer(
    open_window: Callable[..., Window], customer: Customer, asked: dict[str, object], **more: object
) -> Window:
    """The customer's own browser, which opened the link before."""
    window = open_window(PHONE, **more)
    (cookie,) = [(name, value) for name, value in customer.client.cookies.items() if str(asked["id"]) in name]
    window.context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": window.address}])
    window.open(f"/verification/{asked['id']}")
    return window


def test_next_looks_at_every_page_by_keys_takes_an_approval_back_and_approves(
    office: Office, staff_window: Callable[..., Window]
) -> None:
    office.clear_queue()
    asked, _ = office.submitted()
    window = staff_window("Rita Reviewer", Role.REVIEWER)
    page = window.page
    window.open("/queue")
    window.look()
    page.keyboard.press("n")
    expect(page.locator("h1")).to_contain_text(asked["reference"])
    expect(page.get_by_text("Ada Example")).to_be_visible()
    expect(page.locator(".sheet img").nth(1)).to_have_js_property("complete", True)
    page.reload()  # what was only fetched ahead was not seen
    expect(page.locator("[data-seen=yes]")).to_have_count(1)
    page.keyboard.press("a")
    expect(page.locator(".unseen")).to_contain_text("pages that you have not looked at")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-seen=yes]")).to_have_count(2)
    for key in ("+", "+", "]", "[", "-", "0", "ArrowLeft"):
        page.keyboard.press(key)
    window.look()
    page.keyboard.press("a")
    page.keyboard.press("d")
    expect(page.locator(".undo")).to_contain_text("Approving in 5")
    window.look()
    page.keyboard.press("u")
    expect(page.locator(".undo")).to_be_hidden()
    expect(page.get_by_role("button", name="Send the decision")).to_be_focused()
    assert office.read(asked["id"])["status"] == "submitted"
    page.keyboard.press("d")
    expect(page.get_by_text(f"The decision on {asked['reference']} was sent.")).to_be_visible()
    assert office.read(asked["id"])["status"] == "approved"


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_document_that_is_asked_for_again_is_sent_again_and_then_rejected(
    *, has_scripts: bool, office: Office, staff_window: Callable[..., Window], open_window: Callable[..., Window]
) -> None:
    asked, customer = office.submitted()
    window = staff_window("Rita Reviewer", Role.REVIEWER, has_scripts=has_scripts)
    page = window.page
    open_case(window, asked["id"])
    window.look()
    page.get_by_role("radio", name="Ask again").check()
    send(page)
    expect(page.locator(".errors")).to_contain_text("Choose at least one")
    window.look()
    expect(page.get_by_role("radio", name="Ask again")).to_be_checked()
    page.get_by_role("checkbox", name=re.compile("Back")).check()
    page.get_by_role("checkbox", name=re.compile("too dark|blurred|read")).first.check()
    send(page)
    expect(page.get_by_text("was sent.")).to_be_visible()

    customers = as_customer(open_window, customer, asked, has_scripts=has_scripts)
    theirs = customers.page
    back = theirs.locator("#slot-identity-back")
    expect(back).to_contain_text("Please send this again.")
    expect(theirs.locator("#slot-identity-front")).to_contain_text("Checked")
    customers.look()
    back.locator("[data-send=file] input[type=file]").set_input_files([card_file("back")])
    if not has_scripts:
        back.locator("[data-send=file] button").click()
    wait_for(lambda: customer.status()["can_submit"], what="the picture was not checked")
    theirs.reload()
    theirs.get_by_role("button", name="Hand in my documents").click()
    expect(theirs.locator("h1")).to_have_text("We have your documents")

    open_case(window, asked["id"])
    page.get_by_role("radio", name="Reject").check()
    page.get_by_role("checkbox", name="The name on the document is not the name on the account.").check()
    send(page)
    expect(page.get_by_text("was sent.")).to_be_visible()
    theirs.reload()
    expect(theirs.locator("h1")).to_have_text("We could not confirm")
    expect(theirs.get_by_text("The name on the document is not the name")).to_be_visible()
    customers.look()


def test_a_second_look_goes_to_another_person(office: Office, staff_window: Callable[..., Window]) -> None:
    asked, _ = office.submitted()
    first = staff_window("Rita Reviewer", Role.REVIEWER)
    open_case(first, asked["id"])
    first.page.keyboard.press("e")
    first.page.get_by_label("Note for colleagues").fill("The band of the card looks odd to me.")
    send(first.page)
    expect(first.page.get_by_text("was sent.")).to_be_visible()
    first.look()
    first.open(f"/review/{asked['id']}")
    expect(first.page.locator("h2").first).to_have_text("Somebody else must look at this")
    first.look()
    second = staff_window("Sam Second", Role.REVIEWER, device=PHONE)
    open_case(second, asked["id"])
    page = second.page
    expect(page.get_by_text("The band of the card looks odd to me.")).to_be_visible()
    expect(page.locator("[data-seen=yes]")).to_have_count(1)
    page.get_by_role("button", name="Next page").click()
    expect(page.locator("[data-seen=yes]")).to_have_count(2)
    second.look()
    third = staff_window("Tom Third", Role.REVIEWER, device=DESKTOP)
    third.open(f"/review/{asked['id']}")
    expect(third.page.get_by_text("Sam Second is looking at this")).to_be_visible()
    third.look()
    page.get_by_role("radio", name="Approve").check()
    send(page)
    expect(page.get_by_text("was sent.")).to_be_visible()
    assert office.read(asked["id"])["status"] == "approved"
