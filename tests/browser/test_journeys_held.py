"""What a law keeps, in a real browser: said to the customer before, shown to everyone after, destroyed by nobody."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from policies.access import Role, Scope
from tests.browser.check_office import Asked, CheckOffice
from tests.browser.office import wait_for
from tests.browser.pictures import draw_card
from tests.browser.windows import DESKTOP, PHONE, Device, opened_window
from tests.held_policies import DUTCH_LAW, LAW
from tests.journey import JSON, Reviewer, make_key, open_link

pytestmark = pytest.mark.browser

_PAYMENTS_ACT = "The payments act."


@pytest.fixture(scope="module")
def held(desk: CheckOffice) -> Asked:
    """A request that was approved under a policy with two minimums of laws."""
    asked = hand_in(desk)
    with desk.office.browserless() as client:
        reviewer = Reviewer(client, make_key(desk.office.house, Role.REVIEWER, Scope.REVIEWS))
        assert reviewer.review(asked.id) == "approved"
    return asked


def hand_in(desk: CheckOffice) -> Asked:
    asked = desk.ask("keeps-both", contact_points={})
    with desk.office.browserless() as client:
        customer = open_link(client, asked.url)
        for slot in ("letter.page", "letter.back"):
            assert customer.upload(slot, draw_card("front", width=640)).status_code == 201
        typed: dict[str, Any] = {"details": {"paid_on": "2026-11-20"}}
        typed["captions"] = {"letter.page": "the top", "letter.back": "the rest"}
        body = {"form_token": customer.status()["form_token"], **typed}
        given = client.post(f"/verification/{asked.id}/details", json=body, headers=JSON)
        assert given.status_code == 200, given.text
        wait_for(lambda: customer.status()["can_submit"], what="both pages were not checked")
        assert customer.post("submit").status_code == 200
    return asked


def test_a_customer_reads_what_will_be_kept_before_anything_is_sent_and_when_leaving(
    desk: CheckOffice, browser: Browser
) -> None:
    asked = desk.ask("keeps-both", contact_points={}, locale="nl")
    with opened_window(browser, desk.address, PHONE) as window:
        page = window.page
        window.open(asked.url)
        expect(page.locator("main")).to_contain_text(DUTCH_LAW)
        window.look()
        page.locator("button[value=task]").click()
        expect(page.locator("dl.facts")).to_contain_text("30 dagen")
        expect(page.locator("dl.facts")).to_contain_text(DUTCH_LAW)
        page.locator(".exits a").first.click()
        expect(page.locator("main")).to_contain_text(DUTCH_LAW)
        expect(page.locator("main form")).not_to_contain_text("alles")
        window.look()


@pytest.mark.parametrize(("device", "has_scripts"), [(PHONE, True), (DESKTOP, False)], ids=["phone", "no-scripts"])
def test_a_customer_sees_until_when_each_part_is_kept(
    device: Device, has_scripts: bool, desk: CheckOffice, held: Asked, browser: Browser
) -> None:
    with opened_window(browser, desk.address, device, has_scripts=has_scripts) as window:
        window.open(held.url)
        page = window.page
        expect(page.locator("h1")).to_have_text("Confirmed")
        expect(page.locator(".steps li").last).to_contain_text("A law keeps some of it until")
        expect(page.locator("main")).to_contain_text(f"The reason: {LAW}")
        expect(page.locator("main")).to_contain_text(f"The reason: {_PAYMENTS_ACT}")
        expect(page.get_by_text("Kept by law")).to_have_count(2)
        expect(page.get_by_role("link", name="Deletion receipt")).to_have_count(0)
        window.look()


def test_an_agent_is_told_what_cancelling_destroys_and_what_a_law_keeps(desk: CheckOffice, browser: Browser) -> None:
    asked = hand_in(desk)
    session = desk.office.sign_in("Alex Agent", Role.AGENT)
    with opened_window(browser, desk.address, DESKTOP, session=session) as window:
        page = window.page
        window.open(f"/cases/{asked.id}")
        expect(page.get_by_role("button", name="Cancel and destroy everything")).to_have_count(0)
        expect(page.get_by_text("It destroys at once what was sent")).to_be_visible()
        expect(page.get_by_text("Documents: stored locked for 30 days after the end")).to_contain_text(LAW)
        window.look()
        page.get_by_role("button", name="Cancel the request").click()
        expect(page.get_by_text("Kept by law")).to_have_count(2)
        expect(page.get_by_text("What the customer typed: kept locked until")).to_contain_text(_PAYMENTS_ACT)
        window.look()


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_an_auditor_sees_by_which_law_it_is_kept(
    device: Device, desk: CheckOffice, held: Asked, browser: Browser
) -> None:
    session = desk.office.sign_in("Olga Auditor", Role.AUDITOR)
    with opened_window(browser, desk.address, device, session=session) as window:
        page = window.page
        window.open("/audit")
        kept = page.locator("tbody tr", has_text=held.id)
        expect(kept).to_have_count(3)
        expected = (("What the customer typed", _PAYMENTS_ACT), ("Document", LAW), ("Document", LAW))
        for row, (what, law) in enumerate(expected):
            expect(kept.nth(row)).to_contain_text(what)
            expect(kept.nth(row)).to_contain_text("Kept by law")
            expect(kept.nth(row)).to_contain_text(law)
        expect(page.get_by_text("a law keeps details or contact points")).to_be_visible()
        expect(page.get_by_text("Nothing is overdue.")).to_be_visible()
        window.look()
