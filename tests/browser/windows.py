"""A window of a real browser that notices what must never happen, and how it is looked at.

Guarantees: a script error, a violation of the policy, a part of a page that did not load, or a request that leaves
this machine is kept in `complaints`; the test that opened the window fails for it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, Route

_LOOKED_AT: Final[set[tuple[int, bool, str]]] = set()
_SINGULAR: Final = re.compile(
    r"[a-z]{3}_[a-z2-7]{26}|\d+|[A-Za-z0-9_+/=-]{40,}|(?<=-words\" lang=\"en\" translate=\"no\">)[a-z ]+"
)
"""What differs between two pages that say the same: ids, numbers and times, tokens and keys, the two words."""
_TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_RUN: Final = (
    "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"
    ".then(found => found.violations.map(each => each.id + ': ' + each.nodes.map(n => n.html).join(' ~ ')))"
)
_TARGETS: Final = """() => {
  const acts = 'button, summary, select, textarea, [role=button], a.button, a.back, .link-list a, nav a, ' +
    'input:not([type=hidden], [type=checkbox], [type=radio], [type=file]), .js label.pick, label.check, label.radio';
  return [...document.querySelectorAll(acts)].filter(el => el.checkVisibility() && !el.closest('.hidden'))
    .map(el => [el.outerHTML.slice(0, 90), el.getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && (box.height < 43.9 || box.width < 43.9))
    .map(([html, box]) => `${Math.round(box.width)} × ${Math.round(box.height)} ${html}`);
}"""


@dataclass(frozen=True)
class Device:
    """What somebody holds in their hands."""

    width: int
    height: int
    is_phone: bool


PHONE: Final = Device(390, 844, is_phone=True)
DESKTOP: Final = Device(1280, 800, is_phone=False)
ZOOMED: Final = Device(320, 256, is_phone=False)  # 1280 × 1024 at 400 %, as WCAG 1.4.10 counts


_NARROWEST: Final = 320


@cache
def _axe() -> str:
    found = find_spec("axe_playwright_python")
    assert found is not None
    return Path(str(found.origin)).with_name("axe.min.js").read_text(encoding="utf-8")


@dataclass
class Window:
    """One browser context with one page. `expected`: statuses that a script of the page may be answered."""

    page: Page
    context: BrowserContext
    address: str
    has_scripts: bool
    complaints: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def open(self, url: str) -> None:
        self.page.goto(url if url.startswith("http") else self.address + url)

    def look(self) -> None:
        """What must hold on every page: no finding of axe, and what `measure` says."""
        if not self._is_new():
            return
        self.measure()
        page = self._readable()
        page.evaluate(_axe())
        found = page.evaluate(_RUN, list(_TAGS))
        assert found == [], f"{self.where}: {found}"

    def measure(self) -> None:
        """Nothing makes the page scroll sideways or is too small to hit, on a phone of 320 px neither."""
        size = self.page.viewport_size
        assert size is not None
        self._measure_here()
        self.photograph()
        if size["width"] == PHONE.width:
            self.page.set_viewport_size({"width": _NARROWEST, "height": size["height"]})
            self._measure_here()
            self.page.set_viewport_size(size)

    def _measure_here(self) -> None:
        wide = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], f"{self.where} is {wide[0]} px wide in {wide[1]}"
        small = self.page.evaluate(_TARGETS)
        assert small == [], f"{self.where}: {small}"

    def _is_new(self) -> bool:
        """Whether no journey of this process has looked at such a page, in such a size, with such contents, before."""
        size = self.page.viewport_size
        assert size is not None
        seen = (size["width"], self.has_scripts, _SINGULAR.sub("", self.page.content()))
        if seen in _LOOKED_AT:
            return False
        _LOOKED_AT.add(seen)
        return True

    def photograph(self) -> None:
        """For eyes: `JOURNEY_PICTURES=folder` keeps a picture of every page that a journey looked at."""
        folder = os.environ.get("JOURNEY_PICTURES")
        if folder:
            test = re.sub(r"[^a-z0-9]+", "-", os.environ["PYTEST_CURRENT_TEST"].partition("::")[2].lower())[:60]
            number = len(list(Path(folder).glob(f"{test}*")))
            self.page.screenshot(path=Path(folder) / f"{test}-{number:02d}.png", full_page=True)

    @property
    def where(self) -> str:
        path = urlsplit(self.page.url).path
        return "/v/…" if path.startswith("/v/") else path

    def _readable(self) -> Page:
        """The page itself; without scripts a twin of it, because axe is one: the same markup, none of our scripts."""
        if self.has_scripts:
            return self.page
        html, url = self.page.content(), self.page.url
        self._twin.unroute_all()
        self._twin.route("**/*.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
        self._twin.route(url.partition("#")[0], lambda route: _answer(route, html))
        self._twin.goto("about:blank")
        self._twin.goto(url)
        return self._twin

    @cached_property
    def _twin(self) -> Page:
        assert self.context.browser is not None
        return self.context.browser.new_page(viewport=self.page.viewport_size)

    def close(self) -> None:
        self.context.close()
        if "_twin" in self.__dict__:
            self._twin.close()

    # --- what must never happen

    def watch(self) -> None:
        page = self.page
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"{self.where}: {error}"))
        page.on("request", self._see_request)
        page.on("response", self._see_response)

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and not text.startswith("Failed to load resource"):  # those are seen as answers, below
            self.complaints.append(f"{self.where}: {text}")

    def _see_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in {"blob", "data"} and url.hostname != "127.0.0.1":
            self.complaints.append(f"{self.where} asks {url.hostname}")

    def _see_response(self, response: Response) -> None:
        is_page = response.request.is_navigation_request()
        if response.status >= 500 or (response.status >= 400 and not is_page and response.status not in self.expected):
            self.complaints.append(f"{self.where}: {response.status} for {urlsplit(response.url).path}")


def _answer(route: Route, html: str) -> None:
    route.fulfill(body=html, content_type="text/html; charset=utf-8")


@contextmanager
def opened_window(
    browser: Browser,
    address: str,
    device: Device,
    *,
    has_scripts: bool = True,
    session: str = "",
    locale: str = "en-GB",
    **more: Any,
) -> Iterator[Window]:
    """A fresh window; `session` signs a member of staff in."""
    context = browser.new_context(
        viewport={"width": device.width, "height": device.height},
        has_touch=device.is_phone,
        is_mobile=device.is_phone,
        java_script_enabled=has_scripts,
        permissions=["clipboard-read", "clipboard-write"],
        timezone_id="Europe/Berlin",
        locale=locale,
        **more,
    )
    context.set_default_timeout(15_000)
    if session:
        context.add_cookies([{"name": "dev-staff", "value": session, "url": address}])
    window = Window(context.new_page(), context, address, has_scripts)
    window.watch()
    try:
        yield window
    finally:
        window.close()
    assert window.complaints == [], window.complaints
