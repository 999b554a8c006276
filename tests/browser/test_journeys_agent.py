"""Agents, in a real browser: from a one-time address to the reply in the ticket; and the alarm."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from policies.access import Role
from tests.browser.office import Office
from tests.browser.windows import DESKTOP, PHONE, Window

pytestmark = pytest.mark.browser


def test_an_agent_signs_in_once_asks_and_copies_the_reply(office: Office, open_window: Callable[..., Window]) -> None:
    address = office.service.run("staff", "invite", "Alex Agent", "--role", "agent")
    reference = office.new_reference()
    window = open_window(DESKTOP)
    page = window.page
    window.open("/sign-in")
    window.look()
    window.open(address)
    page.reload()  # a scanner may have looked at it first
    window.look()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(office.address + "/new")
    expect(page.get_by_text("You have not made a request yet.")).to_be_visible()
    window.open(f"/new?reference={reference}&policy=account-recovery&locale=en")
    expect(page.get_by_label("Case number")).to_have_value(reference)
    page.get_by_label("Full name on the account").fill("Ada Example")
    window.look()
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("h1")).to_have_text(f"Ready to send for {reference}")
    window.look()
    page.get_by_role("button", name="Copy reply").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    reply = page.evaluate("navigator.clipboard.readText()")
    link = page.locator("#link-url").inner_text()
    assert link in reply
    assert "do not attach" in reply

    second = open_window(PHONE)
    second.open(address)
    expect(second.page.locator("main")).to_contain_text("once")
    expect(second.page.get_by_role("button", name="Sign in")).to_have_count(0)
    second.look()

    page.get_by_role("link", name="Open the case").click()
    window.look()
    page.get_by_role("button", name="Make a new link").click()
    expect(page.get_by_text("There is a new link.")).to_be_visible()
    second.open(link)
    expect(second.page.locator("h1")).to_have_text("We do not know this link")
    second.look()
    page.get_by_role("button", name="Cancel and destroy everything").click()
    expect(page.locator(".tag").first).to_have_text("Cancelled")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You have signed out.")).to_be_visible()
    window.look()


def test_without_scripts_an_agent_makes_a_link_and_mends_a_mistake(
    office: Office, staff_window: Callable[..., Window]
) -> None:
    window = staff_window("Alex Agent", Role.AGENT, device=PHONE, has_scripts=False)
    page = window.page
    window.open("/new")
    window.look()
    page.get_by_label("Case number").fill("ada@example.org")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("alert")).to_contain_text("looks like an e-mail address")
    expect(page).to_have_title("Error: New request – Verifier at Northbank support")
    window.look()
    reference = office.new_reference()
    page.get_by_label("Case number").fill(reference)
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("h1")).to_have_text(f"Ready to send for {reference}")
    expect(page.get_by_label("Reply for the ticket")).to_contain_text("/v/")
    window.look()


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_who_did_not_ask_for_this_ends_it_and_the_agent_is_warned(
    *, has_scripts: bool, office: Office, open_window: Callable[..., Window], staff_window: Callable[..., Window]
) -> None:
    reference = office.new_reference()
    agents = staff_window("Alex Agent", Role.AGENT)
    agents.open(f"/new?reference={reference}&policy=account-recovery")
    agents.page.get_by_role("button", name="Make the link").click()
    customers = open_window(PHONE, has_scripts=has_scripts)
    customers.open(agents.page.locator("#link-url").inner_text())
    customers.page.get_by_role("button", name="I did not ask for this").click()
    expect(customers.page.locator("h1")).to_have_text("You did not ask for this")
    customers.look()
    customers.page.get_by_role("button", name="End it and warn the agent").click()
    expect(customers.page.locator("h1")).to_have_text("You stopped this")
    expect(customers.page.locator("main")).to_contain_text("We have warned the agent")
    expect(customers.page.locator("main")).to_contain_text("there was nothing to destroy")
    customers.look()
    agents.open("/new")
    row = agents.page.locator(".cases li", has_text=reference)
    expect(row).to_contain_text("Did not ask for this")
    agents.look()
    row.get_by_role("link").click()
    expect(agents.page.get_by_role("note").filter(has_text="did not ask for this")).to_be_visible()
    agents.look()


def test_who_would_rather_not_ends_it_and_everything_is_destroyed(
    office: Office, open_window: Callable[..., Window]
) -> None:
    asked, _ = office.submitted()
    window = open_window(PHONE)
    page = window.page
    window.open(asked["link"]["url"])
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="I’d rather not").click()
    window.look()
    page.get_by_role("link", name="Go back").click()
    page.get_by_role("link", name="I’d rather not").click()
    page.get_by_role("button", name="End it and destroy everything").click()
    expect(page.locator("h1")).to_have_text("You stopped this")
    expect(page.get_by_role("link", name="Deletion receipt")).to_have_count(2)
    window.look()
