"""Customers, in a real browser: from the link in a message to a receipt in the hand."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.office import Office, wait_for
from tests.browser.pictures import a_file, card_file, draw_card
from tests.browser.windows import DESKTOP, PHONE, Device, Window

pytestmark = pytest.mark.browser


def card(side: str) -> str:
    return f"#slot-identity-{side}"


def choose(page: Page, side: str, *files: object) -> None:
    page.locator(f"{card(side)} [data-send=file] input[type=file]").last.set_input_files(list(files))  # type: ignore[arg-type]


def await_checked(page: Page, *sides: str) -> None:
    for side in sides:
        expect(page.locator(f"{card(side)} .tag")).to_contain_text("Checked")


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
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


def test_without_scripts_a_wrong_file_is_refused_in_words_and_the_right_ones_go_through(
    office: Office, open_window: Callable[..., Window]
) -> None:
    asked = office.ask()
    window = open_window(PHONE, has_scripts=False)
    page = window.page
    window.open(asked["link"]["url"])
    window.look()
    page.get_by_role("button", name="Continue").click()
    window.look()

    def send(side: str, file: object) -> None:
        choose(page, side, file)
        page.locator(f"{card(side)} [data-send=file] button").last.click()

    send("front", a_file("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 4000, "image/heic"))
    expect(page.get_by_role("alert")).to_contain_text("JPEG")
    expect(page).to_have_title("Error: Your documents – Northbank support")
    page.get_by_role("alert").get_by_role("link").click()
    assert page.url.endswith("#slot-identity-front")
    window.look()
    page.get_by_role("button", name="Hand in my documents").click()
    expect(page.get_by_role("alert")).to_be_visible()

    for side in ("front", "back"):
        send(side, card_file(side))
        page.locator(card(side)).get_by_role("link", name="Look again").first.or_(
            page.locator(f"{card(side)} .tag.good")
        ).first.wait_for()
    window.look()
    wait_for(lambda: _reload_shows(page, "All that is needed is here"), what="the pictures were not checked")
    page.locator(card("front")).get_by_text("Replace").click()
    send("front", card_file("front"))
    page.locator(card("back")).get_by_role("button", name="Remove").click()
    expect(page.locator(f"{card('back')} .tag")).to_have_text("Not added yet")
    send("back", card_file("back"))
    wait_for(lambda: _reload_shows(page, "All that is needed is here"), what="the pictures were not checked")
    page.get_by_role("button", name="Hand in my documents").click()
    expect(page.locator("h1")).to_have_text("We have your documents")
    window.look()


def _reload_shows(page: Page, sentence: str) -> bool:
    page.reload()
    return page.get_by_text(sentence).is_visible()


def test_with_scripts_a_wrong_file_is_refused_beside_its_slot_and_replacing_and_removing_work(
    office: Office, open_window: Callable[..., Window]
) -> None:
    asked = office.ask()
    window = open_window(DESKTOP)
    page = window.page
    window.open(asked["link"]["url"])
    page.get_by_role("button", name="Continue").click()
    window.expected.add(415)
    choose(page, "front", a_file("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 4000, "image/heic"))
    expect(page.locator(f"{card('front')} .card-problem")).to_contain_text("JPEG")
    window.look()
    choose(page, "front", a_file("broken.jpg", draw_card("front")[:3000]))
    expect(page.locator(f"{card('front')} .tag")).to_contain_text("We could not read this file")
    expect(page.locator(card("front")).get_by_role("button", name="Remove")).to_have_count(0)
    window.look()
    choose(page, "front", a_file("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 4000, "image/heic"))
    expect(page.locator(f"{card('front')} .card-problem")).to_contain_text("JPEG")
    expect(page.locator(f"{card('front')} .note.bad"), "what was said of the file before").to_be_hidden()
    choose(page, "front", card_file("front"))
    await_checked(page, "front")
    page.locator(card("front")).get_by_text("Replace").click()
    choose(page, "front", card_file("back"))
    expect(page.locator(f"{card('front')} details")).not_to_have_attribute("open", "")
    await_checked(page, "front")
    page.locator(card("front")).get_by_role("button", name="Remove").click()
    expect(page.locator(f"{card('front')} .tag")).to_have_text("Not added yet")


def test_the_first_visit_of_a_customer_costs_at_most_30_kilobytes(
    office: Office, open_window: Callable[..., Window]
) -> None:
    asked = office.ask()
    sizes: dict[str, int] = {}
    for button in (None, "Continue"):
        window = open_window(PHONE)
        window.open(asked["link"]["url"])
        if button:
            window.context.clear_cookies()
        session = window.context.new_cdp_session(window.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        heard: list[int] = []
        session.on("Network.loadingFinished", lambda event, into=heard: into.append(int(event["encodedDataLength"])))
        if button is None:
            window.page.reload()
        else:
            window.page.get_by_role("button", name=button).click()
        window.page.wait_for_load_state("networkidle")
        sizes[button or "landing"] = sum(heard)
        assert len(heard) >= 3
    assert all(size <= 30_000 for size in sizes.values()), sizes
