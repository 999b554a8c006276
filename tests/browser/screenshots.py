"""The pictures of the README, taken while one verification goes from its link to its deletion receipts.

    make screenshots        writes docs/images/*.png

Everything on them is invented. What must hold is in the journeys; these are for eyes.
"""

import io
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from policies.access import Role
from tests.browser.check_office import opened_check_office
from tests.browser.conftest import find_chromium
from tests.browser.office import Office, opened_office, wait_for
from tests.browser.pictures import a_file, draw_statement
from tests.browser.preview import ARGUMENTS
from tests.browser.windows import DESKTOP, PHONE, Window, opened_window

_ROOT: Final = Path(__file__).resolve().parents[2]
IMAGES: Final = _ROOT / "docs" / "images"
BUILTIN: Final = _ROOT / "policies" / "builtin"
_POLICY: Final = "wallet-account-recovery"
_HASH: Final = "0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060"
_AMOUNT: Final = "0.25 ETH"
_ROWS: Final = (
    ("Transaction", f"{_HASH[:22]}…{_HASH[-8:]}"),
    ("Date", "14 November 2026"),
    ("Amount", _AMOUNT),
    ("To", "0x71C7656EC7ab88b098defB751B7401B5f6d8976F"),
)
_MOST_BYTES: Final = 150_000
_COLOURS: Final = 128
_SHARP: Final = 2


def save(window: Window, name: str, *, top: str | None = None) -> None:
    """What the window shows now, from `top` on, with few colours, and small."""
    window.page.evaluate(
        "css => scrollTo(0, css ? document.querySelector(css).getBoundingClientRect().top + scrollY - 12 : 0)", top
    )
    window.page.wait_for_timeout(200)
    picture = Image.open(io.BytesIO(window.page.screenshot())).convert("RGB")
    out = io.BytesIO()
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    assert len(out.getvalue()) <= _MOST_BYTES, f"{name} has {len(out.getvalue())} bytes"
    (IMAGES / f"{name}.png").write_bytes(out.getvalue())


class Tour:
    """One browser, one office, and the windows of the people in the pictures."""

    def __init__(self, browser: Browser, office: Office) -> None:
        self._browser: Final = browser
        self._office: Final = office

    def staff(self, name: str, *roles: Role) -> AbstractContextManager[Window]:
        session = self._office.sign_in(name, *roles)
        return opened_window(self._browser, self._office.address, DESKTOP, session=session)

    def customer(self) -> AbstractContextManager[Window]:
        return opened_window(self._browser, self._office.address, PHONE, device_scale_factor=_SHARP)

    def take(self) -> None:
        link, id_ = self.ask()
        with self.customer() as window:
            self.send(window, link)
            self.decide(id_)
            self.receive(window)
        self.audit()

    def ask(self) -> tuple[str, str]:
        with self.staff("Alex Agent", Role.AGENT) as window:
            page = window.page
            window.open(f"/new?reference={self._office.new_reference()}&policy={_POLICY}")
            page.get_by_label("Transaction hash").locator("visible=true").fill(_HASH)
            page.get_by_label("Amount", exact=True).locator("visible=true").fill(_AMOUNT)
            page.get_by_role("button", name="Make the link").click()
            expect(page.locator("h1")).to_contain_text("Ready to send")
            save(window, "agent")
            return page.locator("#link-url").inner_text(), page.url.rpartition("made=")[2]

    def send(self, window: Window, link: str) -> None:
        page = window.page
        window.open(link)
        save(window, "landing")
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("link", name="Choose another way").click()
        page.get_by_role("radio").last.check()
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("link", name="Transaction hash").click()
        page.get_by_label("Transaction hash").fill(_HASH)
        page.get_by_role("button", name="Save").first.click()
        page.get_by_role("link", name="Statement of the exchange").click()
        self._add(window, "ownership-statement", draw_statement(_ROWS[:2]))
        self._add(window, "ownership-statement", draw_statement(_ROWS))
        save(window, "task", top="h1")
        page.get_by_role("link", name="Back to the list").click()
        page.get_by_role("button", name="Hand everything in").click()
        expect(page.locator("h1")).to_have_text("We have your documents")

    def _add(self, window: Window, slot: str, content: bytes) -> None:
        """Send a picture, once the one that was there is removed."""
        page, card = window.page, window.page.locator(f"#slot-{slot}")
        remove = card.get_by_role("button", name="Remove")
        if remove.count():
            remove.click()
            expect(card.locator(".tag")).to_contain_text("Not added yet")
        card.locator("[data-send=file] input[type=file]").set_input_files([a_file("photo.jpg", content)])
        expect(card.locator(".tag")).to_contain_text("Checked")
        page.wait_for_load_state("networkidle")

    def decide(self, id_: str) -> None:
        self._approve("Rita Reviewer", picture="review")
        self._approve("Sam Second")
        wait_for(lambda: self._office.read(id_)["status"] == "approved", what="it was not approved")

    def _approve(self, name: str, *, picture: str = "") -> None:
        with self.staff(name, Role.REVIEWER) as window:
            page = window.page
            window.open("/queue")
            page.keyboard.press("n")
            expect(page.locator("[data-seen=yes]")).to_have_count(1)
            if picture:
                save(window, picture, top=".review")
            page.keyboard.press("a")
            page.keyboard.press("d")
            expect(page.get_by_text("was sent.")).to_be_visible()

    def receive(self, window: Window) -> None:
        page = window.page
        expect(page.locator("h1")).to_have_text("Confirmed")
        wait_for(lambda: _shows(window, "link", "Deletion receipt", 2), what="both pictures were not destroyed")
        save(window, "status")
        page.get_by_role("link", name="Deletion receipt").first.click()
        wait_for(lambda: _shows(window, "link", "Download the receipt", 1), what="the receipt was not complete")
        save(window, "receipt")

    def audit(self) -> None:
        with self.staff("Olga Auditor", Role.AUDITOR) as window:
            window.open("/audit?tab=destroyed")
            save(window, "audit")


def take_check(browser: Browser, folder: Path) -> None:
    """Somebody proves with a code, and is asked for no document."""
    with opened_check_office(folder, policies=BUILTIN) as desk:
        asked = desk.ask("hosting-account-change")
        with opened_window(browser, desk.address, PHONE, device_scale_factor=_SHARP) as window:
            page = window.page
            window.open(asked.url)
            page.get_by_role("button", name="Continue").click()
            page.get_by_role("button", name="Send me the code").click()
            code = desk.mailed_code(asked)
            expect(page.locator("h1")).to_have_text("Type the code")
            page.get_by_label("Type the code").fill(f"{code[:3]} {code[3:]}")
            save(window, "code")
            page.keyboard.press("Enter")
            expect(page.locator("h1")).to_have_text("Confirmed")
            save(window, "confirmed")


def _shows(window: Window, role: str, name: str, count: int) -> bool:
    window.page.reload()
    return window.page.get_by_role(role, name=name).count() == count  # type: ignore[arg-type]


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("Chromium is not installed: `make browser` installs it, or says how.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="pictures-") as folder,
        opened_office(Path(folder), policies=BUILTIN) as office,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        Tour(browser, office).take()
        take_check(browser, Path(folder) / "checks")
        browser.close()
    for picture in sorted(IMAGES.glob("*.png")):
        print(f"{picture.stat().st_size:8} bytes  {picture.relative_to(IMAGES.parents[1])}")  # noqa: T201


if __name__ == "__main__":
    main()
