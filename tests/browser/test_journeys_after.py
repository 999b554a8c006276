"""After the decision, in a real browser: the customer's receipts, and the auditor's view of what was done."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from policies.access import Role, Scope
from tests.browser.office import Office
from tests.browser.windows import DESKTOP, PHONE, Device, Window
from tests.journey import Reviewer, make_key
from verifier.disposal.receipt_check import verify_receipt_file

pytestmark = pytest.mark.browser

Approved = tuple[dict[str, object], str]


@pytest.fixture(scope="module")
def approved(office: Office) -> Approved:
    """A verification whose documents were looked at and approved: what the agent knows, and the customer's link."""
    asked, _ = office.submitted()
    with office.browserless() as client:
        reviewer = Reviewer(client, make_key(office.house, Role.REVIEWER, Scope.REVIEWS))
        assert reviewer.review(asked["id"]) == "approved"
    return asked, str(asked["link"]["url"])


def await_receipt(page: Page) -> None:
    """The first receipt, once the log has written it down: a person would reload the page."""
    for _ in range(40):
        page.reload()
        if page.get_by_role("link", name="Download the receipt").is_visible():
            return
        page.wait_for_timeout(250)
    raise AssertionError("the deletion receipt was never complete")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_link_shows_what_was_destroyed_and_a_receipt_that_holds_offline(
    *, has_scripts: bool, approved: Approved, open_window: Callable[..., Window], tmp_path: Path
) -> None:
    window = open_window(PHONE, has_scripts=has_scripts)
    page = window.page
    window.open(approved[1])
    expect(page.locator("h1")).to_have_text("Confirmed")
    receipts = page.get_by_role("link", name="Deletion receipt")
    for _ in range(40):
        if receipts.count() == 2:
            break
        page.wait_for_timeout(250)
        page.reload()
    expect(page.locator(".rows li", has_text="Destroyed")).to_have_count(2)
    window.look()
    receipts.first.click()
    expect(page.locator("h1")).to_have_text("Deletion receipt")
    await_receipt(page)
    expect(page.locator("main")).to_contain_text("Gone since")
    window.look()
    log_key = page.locator("pre").first.inner_text().rpartition("--log-key ")[2].strip()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the receipt").click()
    file = tmp_path / "receipt.json"
    download.value.save_as(file)
    assert download.value.suggested_filename in page.locator("pre").first.inner_text()
    report = verify_receipt_file(file, log_key=log_key)
    assert report.status == "complete"
    page.emulate_media(media="print")
    assert page.locator(".no-print, .back, .foot").filter(visible=True).count() == 0
    expect(page.locator(".facts")).to_be_visible()
    window.photograph()


def test_an_auditor_reads_what_is_stored_what_was_destroyed_and_who_looked(
    approved: Approved, office: Office, staff_window: Callable[..., Window], tmp_path: Path
) -> None:
    asked, _ = office.submitted()
    window = staff_window("Olga Auditor", Role.AUDITOR)
    page = window.page
    window.open("/audit")
    expect(page.locator("tbody")).to_contain_text(asked["id"])
    expect(page.get_by_text("Nothing is overdue.")).to_be_visible()
    window.look()
    page.get_by_role("link", name="Destroyed").click()
    expect(page.locator("tbody")).to_contain_text(str(approved[0]["id"]))
    window.look()
    page.get_by_role("link", name="Open").first.click()
    expect(page.locator("h1")).to_have_text("Deletion receipt")
    window.look()
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Views").click()
    expect(page.locator("tbody")).to_contain_text(str(approved[0]["id"]))
    window.look()
    page.get_by_role("link", name="Log", exact=True).click()
    window.look()
    page.get_by_label("What happened").select_option(label="Page viewed")
    page.get_by_label("Verification", exact=True).fill(str(approved[0]["id"]))
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.locator("tbody summary").first.click()
    window.look()
    page.get_by_label("Verification", exact=True).fill("nobody")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".errors")).to_be_focused()
    window.look()
    page.get_by_role("link", name="Show everything").click()
    page.get_by_role("button", name="Copy the checkpoint").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    checkpoint = page.evaluate("navigator.clipboard.readText()")
    assert checkpoint.startswith("verifier.localhost/log")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export the whole log").click()
    file = tmp_path / "log.jsonl"
    download.value.save_as(file)
    assert office.service.run("audit", "verify", str(file))


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize("device", [PHONE, pytest.param(DESKTOP, marks=pytest.mark.soak)], ids=["phone", "desktop"])
def test_without_scripts_an_auditor_reads_the_same(device: Device, staff_window: Callable[..., Window]) -> None:
    window = staff_window("Olga Auditor", Role.AUDITOR, device=device, has_scripts=False)
    window.open("/audit")
    for tab in ("Stored now", "Destroyed", "Views", "Log"):
        window.page.get_by_role("link", name=tab, exact=True).click()
        expect(window.page.locator(".tabs [aria-current=page]")).to_have_text(tab)
        expect(window.page.locator("#checkpoint")).to_be_visible()
        window.look()
