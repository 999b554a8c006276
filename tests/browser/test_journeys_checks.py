"""Customers who prove without documents first, in a real browser: every kind of check, every kind of line."""

import pytest
from playwright.sync_api import Browser, Page, expect

from policies.access import Role
from tests.browser.acting import OpenWindow, look_too_early, press, show_verdict
from tests.browser.check_office import DOMAIN, CheckOffice
from tests.browser.office import wait_for
from tests.browser.pictures import card_file
from tests.browser.windows import DESKTOP, PHONE, ZOOMED, Device, opened_window
from tests.contact_desk import another_code, find_code
from verifier.contacts.domain import record_name

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("device", "has_scripts"),
    [(PHONE, True), pytest.param(DESKTOP, True, marks=pytest.mark.soak), (PHONE, False), (ZOOMED, False)],
    ids=["phone", "desktop", "phone-without-scripts", "zoomed"],
)
def test_a_code_from_the_mail_approves_at_once(
    device: Device, has_scripts: bool, desk: CheckOffice, enter: OpenWindow
) -> None:
    asked = desk.ask("change")
    window = enter(asked, device, look=True, has_scripts=has_scripts)
    page = window.page
    expect(page.locator("h1")).to_have_text("A code to your registered e-mail address")
    expect(page.get_by_text(asked.email)).to_have_count(0)
    window.look()
    press(page, "Send me the code")
    code = desk.mailed_code(asked)
    show_verdict(page, "Type the code")
    window.look()
    field = page.get_by_label("Type the code")
    expect(field).to_have_attribute("autocomplete", "one-time-code")
    expect(field).to_have_attribute("inputmode", "numeric")
    field.fill("12 34")
    press(page, "Confirm")
    expect(page.get_by_role("alert")).to_contain_text("A code has six digits")
    expect(page.get_by_label("Type the code")).to_have_value("12 34")
    expect(page).to_have_title("Error: A code to your registered e-mail address – Northbank support")
    page.get_by_label("Type the code").fill(another_code(code))
    press(page, "Confirm")
    show_verdict(page, "Type the code")
    expect(page.get_by_role("alert")).to_contain_text("You can try 4 more times.")
    if has_scripts:
        expect(page.get_by_role("alert")).to_be_focused()
    window.look()
    page.get_by_label("Type the code").fill(f"{code[:3]} {code[3:]}")
    page.keyboard.press("Enter")
    show_verdict(page, "Confirmed")
    expect(page.get_by_text("nobody had to look at anything")).to_be_visible()
    window.look()
    assert desk.office.read(asked.id)["status"] == "approved"


def test_five_wrong_codes_close_the_way_kindly_and_the_next_one_is_offered(
    desk: CheckOffice, enter: OpenWindow
) -> None:
    asked = desk.ask("change")
    window = enter(asked)
    page = window.page
    press(page, "Send me the code")
    wrong = another_code(desk.mailed_code(asked))
    for left in (4, 3, 2, 1, 0):
        expect(page.locator("h1")).to_have_text("Type the code")
        page.get_by_label("Type the code").fill(wrong)
        press(page, "Confirm")
        if left:
            expect(page.get_by_role("alert")).to_contain_text(f"You can try {left} more time")
    expect(page.locator("h1")).to_have_text("A code to your registered phone")
    expect(page.get_by_text("The code was wrong five times")).to_be_visible()
    window.look()
    page.get_by_role("link", name="Choose another way").click()
    expect(page.locator("h1")).to_have_text("How would you like to show it?")
    expect(page.get_by_role("radio")).to_have_count(2)
    expect(page.get_by_text("A code to your registered e-mail address")).to_have_count(0)
    window.look()


def test_the_agent_enters_the_code_and_the_page_of_the_customer_goes_on_by_itself(
    desk: CheckOffice, enter: OpenWindow, browser: Browser
) -> None:
    asked = desk.ask("change")
    page = enter(asked, DESKTOP).page
    press(page, "Send me the code")
    code = desk.mailed_code(asked)
    session = desk.office.sign_in("Alex Agent", Role.AGENT)
    with opened_window(browser, desk.address, DESKTOP, session=session) as staff:
        staff.open(f"/cases/{asked.id}")
        field = staff.page.get_by_label("Code that the customer reads out")
        field.fill("12")
        press(staff.page, "Enter the code")
        expect(staff.page.get_by_role("alert")).to_contain_text("six digits")
        staff.look()
        field.fill(another_code(code))
        press(staff.page, "Enter the code")
        expect(staff.page.get_by_text("The last code was wrong.")).to_be_visible()
        field.fill(code)
        press(staff.page, "Enter the code")
        expect(staff.page.locator("#checks + ul")).to_contain_text("Confirmed")
        staff.look()
    expect(page.locator("h1")).to_have_text("Confirmed")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "without"])
def test_another_way_is_chosen_by_keyboard_and_the_first_one_is_not_lost(
    has_scripts: bool, desk: CheckOffice, enter: OpenWindow
) -> None:
    asked = desk.ask("change")
    window = enter(asked, DESKTOP, has_scripts=has_scripts)
    page = window.page
    page.get_by_role("link", name="Choose another way").focus()
    page.keyboard.press("Enter")
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="A code to your registered phone")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("A code to your registered phone")
    press(page, "Send me the code")
    wait_for(lambda: desk.texts_to(asked), what="no text message came")
    show_verdict(page, "Type the code")
    window.look()
    page.get_by_label("Type the code").fill(find_code(desk.texts_to(asked)[-1]))
    press(page, "Confirm")
    show_verdict(page, "Confirmed")


def test_an_address_that_the_desk_keeps_to_itself_is_typed_and_compared_first(
    desk: CheckOffice, enter: OpenWindow
) -> None:
    asked = desk.ask_by_digest("change", "kept@example.org")
    window = enter(asked)
    page = window.page
    press(page, "Go on")
    expect(page.locator("h1")).to_have_text("What is your registered e-mail address?")
    window.look()
    field = page.get_by_label("What is your registered e-mail address?")
    field.fill("no address")
    press(page, "Send me the code")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(field).to_have_value("no address")
    field.fill("eve@example.org")
    press(page, "Send me the code")
    expect(page.get_by_role("alert")).to_contain_text("not what is registered")
    window.look()
    assert not desk.mails_to(asked)
    page.get_by_label("What is your registered e-mail address?").fill(asked.email.upper())
    press(page, "Send me the code")
    page.get_by_label("Type the code").fill(desk.mailed_code(asked))
    press(page, "Confirm")
    expect(page.locator("h1")).to_have_text("Confirmed")


def test_a_code_is_sent_again_a_little_later_and_is_the_same(desk: CheckOffice, enter: OpenWindow) -> None:
    asked = desk.ask("change")
    window = enter(asked)
    page = window.page
    press(page, "Send me the code")
    desk.mailed_code(asked)
    expect(page.get_by_text("It can be sent 4 more times")).to_be_visible()
    expect(page.get_by_text("We have sent a message")).to_be_visible()
    press(page, "Send it again")
    expect(page.get_by_text("The next message goes out at")).to_be_visible()
    window.look()


def test_a_message_that_cannot_be_delivered_is_said_so(desk: CheckOffice, enter: OpenWindow) -> None:
    desk.mails.answer_recipient = lambda address: "550 No such user" if address.startswith("gone") else "250 OK"
    window = enter(desk.ask("change", contact_points={"email": {"value": "gone@example.org"}}))
    press(window.page, "Send me the code")
    told = window.page.get_by_text("could not be delivered").or_(window.page.get_by_text("could not deliver"))
    expect(told.first).to_be_visible()
    window.look()


@pytest.mark.parametrize("has_scripts", [True, pytest.param(False, marks=pytest.mark.soak)], ids=["scripts", "without"])
def test_a_record_in_the_zone_is_copied_looked_for_and_found(
    has_scripts: bool, desk: CheckOffice, enter: OpenWindow
) -> None:
    desk.zone.text = ""
    window = enter(desk.ask("control", contact_points={"domain": {"value": DOMAIN}}), DESKTOP, has_scripts=has_scripts)
    page = window.page
    expect(page.locator("h1")).to_have_text("A DNS record of your domain")
    window.look()
    challenge = look_too_early(
        window,
        show="Show me the record",
        heading="Add this record to your domain",
        challenge="#record-value",
        copy="Copy – Value",
        has_scripts=has_scripts,
    )
    desk.zone.text = f'{record_name(DOMAIN)}. 60 IN TXT "{challenge}"'
    press(page, "Look now")
    show_verdict(page, "Confirmed")


def test_a_wallet_signs_the_text_that_the_page_shows(desk: CheckOffice, enter: OpenWindow) -> None:
    from eth_account import Account
    from eth_account.messages import encode_defunct

    owner = Account.create()
    window = enter(desk.ask("control", contact_points={"wallet": {"value": owner.address}}))
    page = window.page
    press(page, "Show me the text")
    expect(page.locator("h1")).to_have_text("Sign this text with your wallet")
    window.look()
    page.get_by_label("The signature").fill("0x12")
    press(page, "Hand in the signature")
    expect(page.get_by_role("alert")).to_be_visible()
    text = page.locator("#wallet-text").inner_text()
    signed = Account.sign_message(encode_defunct(text=text), owner.key)
    page.get_by_label("The signature").fill("0x" + signed.signature.hex().removeprefix("0x"))
    press(page, "Hand in the signature")
    expect(page.locator("h1")).to_have_text("Confirmed")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "without"])
def test_what_the_logged_in_area_confirms_shows_here(has_scripts: bool, desk: CheckOffice, enter: OpenWindow) -> None:
    asked = desk.ask("control", account=desk.attesting.account, contact_points={})
    window = enter(asked, has_scripts=has_scripts)
    page = window.page
    window.look()
    press(page, "Go on")
    show_verdict(page, "Confirm it where you are logged in")
    expect(page.get_by_text(asked.phrase)).to_be_visible()
    window.look()
    agent, url = desk.office.agent, f"/v1/verifications/{asked.id}/contact-checks"
    nonce = agent.get(url).json()["checks"][-1]["challenge"]
    right = {"aud": desk.address, "verification": asked.id, "action": "control", "nonce": nonce}
    token = desk.attesting.sign(**right, jti=asked.id)
    assert agent.post(f"{url}/attestation", json={"token": token}).status_code == 202
    show_verdict(page, "Confirmed")


@pytest.mark.parametrize(("device", "has_scripts"), [(PHONE, True), (DESKTOP, False)], ids=["phone", "without-scripts"])
def test_a_line_of_several_steps_is_a_list_until_everything_is_handed_in(
    device: Device, has_scripts: bool, desk: CheckOffice, enter: OpenWindow
) -> None:
    asked = desk.ask("recovery")
    window = enter(asked, device, look=True, has_scripts=has_scripts)
    page = window.page
    expect(page.locator("h1")).to_have_text("What is needed")
    expect(page.get_by_text("0 of 3 done")).to_be_visible()
    window.look()
    press(page, "Hand everything in")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="A code to your registered e-mail address").click()
    window.look()
    press(page, "Send me the code")
    code = desk.mailed_code(asked)
    show_verdict(page, "Type the code")
    page.get_by_label("Type the code").fill(code)
    press(page, "Confirm")
    show_verdict(page, "What is needed")
    expect(page.get_by_text("1 of 3 done")).to_be_visible()
    page.get_by_role("link", name="Amount of your last payment").click()
    page.get_by_label("Amount", exact=True).fill("12,50")
    page.get_by_label("Currency, such as EUR").fill("EUR")
    window.look()
    press(page, "Save and go on")
    page.get_by_label("Variable symbol").fill("2026001234")
    press(page, "Save and go on")
    expect(page.get_by_text("3 of 3 done")).to_be_visible()
    page.get_by_role("link", name="Screenshot").click()
    expect(page.locator("h1")).to_have_text("Screenshot")
    window.look()
    page.locator("#slot-picture-first [data-send=file] input[type=file]").set_input_files([card_file("front")])
    if not has_scripts:
        page.locator("#slot-picture-first [data-send=file] button").click()
        wait_for(lambda: _is_checked(page), what="the picture was not checked")
    expect(page.locator("#slot-picture-first .tag")).to_contain_text("Checked")
    page.get_by_label("What does this picture show?").fill("The error")
    press(page, "Save the caption")
    expect(page.get_by_text("Your caption is stored locked.")).to_be_visible()
    window.look()
    page.get_by_role("link", name="Back to the list").click()
    window.look()
    press(page, "Hand everything in")
    expect(page.locator("h1")).to_have_text("We have your documents")
    window.look()
    assert desk.office.read(asked.id)["status"] == "submitted"


def _is_checked(page: Page) -> bool:
    page.reload()
    return "Checked" in page.locator("#slot-picture-first .tag").inner_text()


def test_what_was_added_for_one_way_stays_when_another_is_chosen(desk: CheckOffice, enter: OpenWindow) -> None:
    window = enter(desk.ask("recovery", contact_points={}), DESKTOP)  # no e-mail: the first way is passed over
    page = window.page
    expect(page.locator("h1")).to_have_text("Your documents")
    page.locator("#slot-letter-page [data-send=file] input[type=file]").set_input_files([card_file("front")])
    expect(page.locator("#slot-letter-page .tag")).to_contain_text("Checked")
    page.get_by_role("link", name="Choose another way").click()
    expect(page.get_by_role("radio")).to_have_count(2)
    page.get_by_role("radio").last.check()
    window.look()
    press(page, "Continue")
    expect(page.locator("h1")).to_have_text("Your answers")
    expect(page.get_by_text("Letter, The page", exact=True)).to_be_visible()
    window.look()
    page.get_by_role("link", name="Choose another way").click()
    expect(page.get_by_text("Part of this is here already.")).to_be_visible()
    page.get_by_role("radio").first.check()
    press(page, "Continue")
    expect(page.locator("#slot-letter-page .tag")).to_contain_text("Checked")


def test_whoever_did_not_ask_ends_it_from_the_message_to_the_other_address(
    desk: CheckOffice, enter: OpenWindow, browser: Browser
) -> None:
    asked = desk.ask("change")
    enter(asked)
    wait_for(lambda: desk.texts_to(asked), what="the other one was not told")
    url = next(word for word in desk.texts_to(asked)[-1].split() if "/n/" in word)
    with opened_window(browser, desk.address, PHONE, has_scripts=False) as window:
        window.open(url)
        window.look()
        press(window.page, "End it and warn the agent")
        expect(window.page.locator("h1")).to_contain_text("We have warned the agent")
        window.look()
    assert desk.office.read(asked.id)["status"] == "withdrawn"


def test_the_first_visits_of_a_check_cost_at_most_30_kilobytes(desk: CheckOffice, enter: OpenWindow) -> None:
    window = enter(desk.ask("change"))
    session, heard = window.context.new_cdp_session(window.page), list[int]()
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda event: heard.append(int(event["encodedDataLength"])))
    window.page.reload()
    window.page.wait_for_load_state("networkidle")
    assert len(heard) >= 3
    assert sum(heard) <= 30_000, heard
