"""Two more proofs without documents, in a real browser: a file on a website, and a message that the desk hands on."""

import pytest
from playwright.sync_api import expect

from tests.browser.acting import OpenWindow, look_too_early, press, show_verdict
from tests.browser.check_office import DOMAIN, Asked, CheckOffice
from tests.browser.windows import DESKTOP, PHONE, Device
from tests.https_site import answer
from tests.signed_mail import rsa_key, sign, write_mail

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("device", "has_scripts"), [(DESKTOP, True), (PHONE, False)], ids=["desktop", "no-scripts"])
def test_a_file_on_the_website_is_looked_for_and_found(
    device: Device, has_scripts: bool, desk: CheckOffice, enter: OpenWindow
) -> None:
    desk.site.script = answer(b"nothing here", status="404 Not Found")
    window = enter(desk.ask("control", contact_points={"domain": {"value": DOMAIN}}), device, has_scripts=has_scripts)
    page = window.page
    page.get_by_role("link", name="Choose another way").click()
    page.get_by_role("radio", name="A file on your website").check()
    press(page, "Continue")
    window.look()
    text = look_too_early(
        window,
        show="Show me the file",
        heading="Put this file on your website",
        challenge="#file-text",
        copy="Copy – What it holds",
        has_scripts=has_scripts,
    )
    window.look()
    desk.site.script = answer(text.encode() + b"\n")
    press(page, "Look now")
    show_verdict(page, "Confirmed")
    asked_for = page_path(desk.site.heads[-1])
    assert asked_for == page_path(b"GET /.well-known/verifier-challenge.txt HTTP/1.1")


def page_path(head: bytes) -> bytes:
    return head.split()[1]


@pytest.mark.parametrize(("device", "has_scripts"), [(PHONE, True), (DESKTOP, False)], ids=["phone", "no-scripts"])
def test_a_message_that_the_desk_hands_on_lets_the_page_of_the_customer_go_on(
    device: Device, has_scripts: bool, desk: CheckOffice, enter: OpenWindow
) -> None:
    asked = desk.ask("change")
    window = enter(asked, device, has_scripts=has_scripts)
    page = window.page
    page.get_by_role("link", name="Choose another way").click()
    page.get_by_role("radio", name="A message from your registered e-mail address").check()
    press(page, "Continue")
    expect(page.get_by_text("from your registered e-mail address").first).to_be_visible()
    window.look()
    reference = desk.office.read(asked.id)["reference"]
    hand_on(desk, asked, sign(write_mail(sender=f"Jo <{asked.email}>", subject=f"Re: {reference}"), key=rsa_key()))
    show_verdict(page, "Confirmed")
    window.look()
    assert desk.office.read(asked.id)["status"] == "approved"


def hand_on(desk: CheckOffice, asked: Asked, raw: bytes) -> None:
    """What the desk's own program does with a message that it received."""
    records = rsa_key().record.decode()
    parts = " ".join(f'"{records[start : start + 200]}"' for start in range(0, len(records), 200))
    desk.zone.text = f"s1._domainkey.example.org. 60 IN TXT {parts}"
    url = f"/v1/verifications/{asked.id}/contact-checks/message"
    answered = desk.office.agent.post(url, content=raw, headers={"Content-Type": "message/rfc822"})
    assert answered.status_code == 202, answered.text
