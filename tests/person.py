"""A person with a browser that runs no scripts: follows links and redirects, and sends the forms that it sees."""

import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any

import httpx2
from fastapi.testclient import TestClient

from tests.browser.markup import Element, Markup
from tests.journey import Desk, make_jpeg

_ACCEPT = "text/html,application/xhtml+xml,*/*;q=0.8"  # as Chromium writes it, near enough
_CHOSEN = frozenset({"checkbox", "radio"})


class Person:
    """One browser and the page that is open in it."""

    def __init__(self, app: Any, address: str, *, session: str = "") -> None:
        headers = {"accept": _ACCEPT, "sec-fetch-site": "same-origin"}
        self.client = TestClient(app, base_url=address, headers=headers)
        if session:
            self.client.cookies.set("dev-staff", session)
        self.html = ""

    def open(self, path: str, *, status: int = 200) -> httpx2.Response:
        """Open a page; where it led to, after every redirect."""
        return self._read(self.client.get(path), status=status)

    def send(
        self, path: str, dotted: Mapping[str, str] | None = None, *, status: int = 200, **fields: Any
    ) -> httpx2.Response:
        """Send the form of the open page that goes to `path`, as it stands there but for the fields given here."""
        return self._read(self.client.post(path, data=self.filled(path) | dict(dotted or {}) | fields), status=status)

    def filled(self, path: str) -> dict[str, Any]:
        """What the form holds already: its token, and what was kept after an error."""
        page, held = self.page, dict[str, Any]()
        for element in page.elements:
            if not any(up.name == "form" and up.attributes.get("action") == path for up in element.path):
                continue
            name, kind = element.attributes.get("name"), element.attributes.get("type")
            if name is None or (kind in _CHOSEN and "checked" not in element.attributes):
                continue
            if kind == "checkbox":
                held.setdefault(name, []).append(element.attributes["value"])
            elif element.name == "textarea":
                held[name] = element.text
            elif element.name == "select":
                options = [each for each in page.all("option") if any(up is element for up in each.path)]
                held[name] = next((o for o in options if "selected" in o.attributes), options[0]).attributes["value"]
            else:
                held[name] = element.attributes.get("value", "")
        assert "form_token" in held, f"no form of this page goes to {path}"
        return held

    def _read(self, answer: httpx2.Response, *, status: int) -> httpx2.Response:
        self.html = answer.text
        assert answer.status_code == status, answer.text
        return answer

    @property
    def page(self) -> Markup:
        return Markup(self.html)

    @property
    def heading(self) -> str:
        return " ".join(self.page.all("h1")[0].text.split())

    @property
    def text(self) -> str:
        """All that stands on the page, on one line."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.html)).split())

    def find(self, element_id: str) -> Element:
        return next(each for each in self.page.elements if each.attributes.get("id") == element_id)

    @property
    def errors(self) -> dict[str, str]:
        """The summary of errors: each leads to an element that is there, and says what to do."""
        links = [e for e in self.page.all("a") if any(up.attributes.get("class") == "errors" for up in e.path)]
        found = {each.attributes["href"].removeprefix("#"): each.text for each in links}
        assert all(self.find(field) for field in found)
        return found


def ask(agent: Person, reference: str, **expected: str) -> str:
    """Make a request by the form; the verification's id."""
    agent.open("/new")
    known = {f"expected.qualification-check.{name}": value for name, value in expected.items()}
    answer = agent.send("/new", known, reference=reference, policy="qualification-check")
    return str(answer.url.params["made"])


def hand_in(desk: Desk, work: Callable[[], None], agent: Person, verification: str) -> None:
    """Let the customer send what is asked, by the link that the case shows."""
    agent.open(f"/cases/{verification}")
    customer = desk.customer({"link": {"url": agent.find("link-url").text}})
    assert customer.upload("diploma.all_pages", make_jpeg(width=320, height=240)).status_code == 201
    work()
    assert customer.post("submit").status_code == 200


Enter = Callable[..., Person]
"""`enter(name, *roles)` gives a person who is signed in."""
