"""Render every page in every state into a temporary folder, serve it on loopback, and photograph it.

    .venv/bin/python tests/browser/preview.py [--only TEXT] [--widths 320,390,1280] [--locales en,ru] [--dark] [--no-js]
        [--into DIR]

The pictures are for eyes; what must hold is in the tests.
"""

import argparse
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from tests.browser.held_samples import HELD_CUSTOMER, HELD_STAFF
from tests.browser.page_samples import CUSTOMER
from tests.browser.staff_samples import STAFF
from verifier.web.pages import render
from verifier.web.pages.assets import STATIC_DIR
from verifier.web.pages.common import View

CHROMIUM: Final = "/usr/bin/chromium"
ARGUMENTS: Final = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def all_samples() -> Mapping[str, View]:
    """Every sample by name."""
    return {**CUSTOMER, **STAFF, **HELD_CUSTOMER, **HELD_STAFF}


class _Handler(SimpleHTTPRequestHandler):
    """Serves the folder under the policy that the real routes have; the pages of documents are one drawn picture."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def do_GET(self) -> None:
        if re.match(r"/v1/documents/[^/]+/pages/", self.path):
            self.path = "/page.jpg"
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing."""


def write_pages(folder: Path, *, locale: str = "en") -> None:
    """Render everything into `folder`, with the static files beside it."""
    from PIL import Image, ImageDraw

    (folder / "static").mkdir()
    for source in STATIC_DIR.iterdir():
        (folder / "static" / source.name).write_bytes(source.read_bytes())
    for name, view in all_samples().items():
        (folder / f"{name}.html").write_text(render(view, locale=locale), encoding="utf-8")
    picture = Image.new("RGB", (1600, 1010), "#dfe6ee")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((80, 180, 560, 800), fill="#9db2c7")
    for line, text in enumerate(("SPECIMEN", "Name: Ada Example", "Valid until: 2031-04-30", "covered")):
        draw.text((640, 200 + 130 * line), text, fill="#1b2733", font_size=72)
    picture.save(folder / "page.jpg", quality=80)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve `folder` on a free port of loopback; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def photograph(
    address: str, into: Path, *, only: str, widths: list[int], dark: bool, scripts: bool, locale: str = "en"
) -> list[str]:
    """One full-page picture for each page and width; returns what the consoles complained about, and overflows."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        for width in widths:
            context = browser.new_context(
                viewport={"width": width, "height": 800},
                color_scheme="dark" if dark else "light",
                java_script_enabled=scripts,
                has_touch=width < 700,
                is_mobile=width < 700,
                timezone_id="Europe/Berlin",
                locale="en-GB" if locale == "en" else locale,
            )
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            for name in (each for each in all_samples() if only in each):
                page.goto(f"{address}/{name}.html")
                if scripts and page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
                    complaints.append(f"{name} in {locale} is wider than {width} px")
                page.screenshot(path=into / f"{name}-{locale}-{width}.png", full_page=True)
            context.close()
        browser.close()
    return complaints


def main() -> None:
    parser = argparse.ArgumentParser(description="Photograph every page in every state.")
    parser.add_argument("--only", default="", help="only names with this text in them")
    parser.add_argument("--widths", default="320,390,1280")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--no-js", action="store_true")
    parser.add_argument("--locales", default="en")
    parser.add_argument("--into", type=Path, help="folder for the pictures")
    given = parser.parse_args()
    into = given.into or Path(tempfile.mkdtemp(prefix="preview-"))
    into.mkdir(parents=True, exist_ok=True)
    widths, complaints = [int(each) for each in given.widths.split(",")], []
    for locale in given.locales.split(","):
        with tempfile.TemporaryDirectory(prefix="pages-") as name:
            write_pages(Path(name), locale=locale)
            with served(Path(name)) as address:
                complaints += photograph(
                    address,
                    into,
                    only=given.only,
                    widths=widths,
                    dark=given.dark,
                    scripts=not given.no_js,
                    locale=locale,
                )
    print(f"pictures in {into}")  # noqa: T201 - a program for people
    for complaint in complaints:
        print(f"complaint: {complaint}")  # noqa: T201


if __name__ == "__main__":
    main()
