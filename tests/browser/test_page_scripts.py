"""The scripts of the pages in a real browser, against a small server that speaks the contract of the routes.

What the whole service does with them is in the journeys; here a server can be told to fail at the right moment.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.page_samples import BACK, DESTROYED, FRONT, STATUS, TASK, VERIFICATION, ask
from tests.browser.preview import POLICY
from tests.browser.staff_samples import NEW, REVIEW
from verifier.web.pages import get_asset, render
from verifier.web.pages.common import View
from verifier.web.pages.customer import SlotCard, SlotState, StatusPage, Way

pytestmark = pytest.mark.browser
PICTURE: Final = (
    b"<svg xmlns='http://www.w3.org/2000/svg' width='1600' height='1000'><rect width='1600' height='1000'/></svg>"
)


STAFF_PAGES: Final[Mapping[str, View]] = {"/new": NEW, REVIEW.url: REVIEW}


@dataclass
class Desk:
    """What the small server knows. `cuts`: how many uploads it breaks off; `refusal`: what it answers to the rest."""

    cards: dict[str, SlotCard] = field(default_factory=lambda: {card.slot: card for card in (FRONT, BACK)})
    cuts: int = 0
    refusal: dict[str, Any] | None = None
    posts: list[tuple[str, bytes]] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    changes: int = 0
    asked: int = 0
    status: StatusPage | None = None

    def page(self) -> str:
        if self.status is not None:
            return render(self.status)
        cards = tuple(self.cards.values())
        ready = all(card.state is SlotState.READY for card in cards)
        return render(replace(TASK, ways=(Way(documents=(ask(*cards),)),), can_submit=ready, changed=str(self.changes)))

    def take(self, body: bytes) -> tuple[int, dict[str, Any]]:
        slot = next(each for each in self.cards if each.encode() in body)
        number = sum(card.document is not None for card in self.cards.values())
        document = "doc_" + "abc"[number] * 26
        self.cards[slot] = replace(self.cards[slot], state=SlotState.CHECKING, document=document)
        self.changes += 1
        return 201, {"document": document, "slot": slot, "state": "checking"}

    def poll(self) -> dict[str, Any]:
        """Every second question finds the checking done."""
        self.asked += 1
        if self.asked % 2 == 0:
            for slot, card in self.cards.items():
                if card.state is SlotState.CHECKING:
                    self.cards[slot] = replace(card, state=SlotState.READY, pages=1, removed=("gps",))
                    self.changes += 1
        return {"status": "requested", "slots": [], "can_submit": False, "changed": str(self.changes)}


class Server(ThreadingHTTPServer):
    """Hands the desk to its handlers."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.desk: Final = desk


class Handler(BaseHTTPRequestHandler):
    """The routes that the scripts use."""

    server: Server

    def answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def answer_page(self, html: str) -> None:
        self.answer(200, html.encode(), "text/html; charset=utf-8")

    def do_GET(self) -> None:
        path, desk = self.path.partition("?")[0], self.server.desk
        if path.startswith("/static/"):
            asset = get_asset(path.removeprefix("/static/"))
            self.answer(200, asset.plain, asset.media_type)
        elif path.startswith("/v1/documents/"):
            desk.pages.append(path)
            self.answer(200, PICTURE, "image/svg+xml")
        elif path in STAFF_PAGES:
            self.answer_page(render(STAFF_PAGES[path]))
        elif "application/json" in self.headers["Accept"]:
            self.answer(200, json.dumps(desk.poll()).encode(), "application/json")
        else:
            self.answer_page(desk.page())

    def do_POST(self) -> None:
        body, desk = self.rfile.read(int(self.headers["Content-Length"])), self.server.desk
        desk.posts.append((self.path, body))
        if desk.cuts:
            desk.cuts -= 1
            self.close_connection = True
            self.connection.close()
        elif "application/json" not in self.headers["Accept"]:
            self.answer_page(desk.page())
        elif desk.refusal is not None:
            self.answer(415, json.dumps(desk.refusal).encode(), "application/problem+json")
        else:
            status, made = desk.take(body)
            self.answer(status, json.dumps(made).encode(), "application/json")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing."""


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    server = Server(desk)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    yield opened
    context.close()


def a_file(name: str, marker: bytes) -> Any:
    return {"name": name, "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff" + marker * 1000}


def choose(page: Page, slot: str, *files: Any) -> None:
    page.locator(f'[data-slot="{slot}"] [data-send=file] input[type=file]').set_input_files(list(files))


def test_several_files_fill_the_empty_slots_in_order_each_with_its_own_request(
    page: Page, address: str, desk: Desk
) -> None:
    page.goto(f"{address}/verification/{VERIFICATION}")
    choose(page, "identity.front", a_file("one.jpg", b"one"), a_file("two.jpg", b"two"))
    for slot in ("identity.front", "identity.back"):
        expect(page.locator(f'[data-slot="{slot}"] .tag')).to_contain_text("Checked")
    assert [path for path, _ in desk.posts] == [f"/verification/{VERIFICATION}/documents"] * 2
    for _, body in desk.posts:
        assert body.count(b'name="file"') == 1
        fields = [body.index(b'name="%s"' % name) for name in (b"form_token", b"slot", b"file")]
        assert fields == sorted(fields)
    assert b"one" in next(body for _, body in desk.posts if b"identity.front" in body)
    assert b"two" in next(body for _, body in desk.posts if b"identity.back" in body)
    expect(page.locator("#live")).to_contain_text("Checked, 1 page.")
    expect(page.locator("#finish")).to_contain_text("All that is needed is here")


def test_a_file_that_was_chosen_before_the_script_arrived_is_sent(page: Page, address: str, desk: Desk) -> None:
    held: list[Route] = []
    page.route(re.compile(r"/static/upload"), lambda route: held.append(route))  # noqa: PLW0108 - it must be a function
    with page.expect_request(re.compile(r"/static/upload")):
        page.goto(f"{address}/verification/{VERIFICATION}", wait_until="commit")
    choose(page, "identity.back", a_file("one.jpg", b"one"))
    assert desk.posts == []
    held[0].continue_()
    expect(page.locator('[data-slot="identity.back"] .tag')).to_contain_text("Checked")
    assert len(desk.posts) == 1


def test_a_broken_connection_is_retried_once_by_itself(page: Page, address: str, desk: Desk) -> None:
    desk.cuts = 1
    page.goto(f"{address}/verification/{VERIFICATION}")
    choose(page, "identity.front", a_file("one.jpg", b"one"))
    expect(page.locator('[data-slot="identity.front"] .tag')).to_contain_text("Checked")
    assert len(desk.posts) == 2


def test_a_connection_that_stays_broken_says_what_to_do_and_offers_the_buttons_again(
    page: Page, address: str, desk: Desk
) -> None:
    desk.cuts = 9
    page.goto(f"{address}/verification/{VERIFICATION}")
    choose(page, "identity.front", a_file("one.jpg", b"one"))
    card = page.locator('[data-slot="identity.front"]')
    expect(card.locator(".card-problem")).to_contain_text("Check your connection")
    expect(card.get_by_text("Choose a file")).to_be_visible()
    expect(page.locator("#live")).to_contain_text("did not get through")
    assert len(desk.posts) == 2


def test_a_refusal_is_told_in_the_servers_words_beside_its_slot(page: Page, address: str, desk: Desk) -> None:
    desk.refusal = {"title": "t", "detail": "This file is empty.", "next_step": "Choose it again.", "code": "empty"}
    page.goto(f"{address}/verification/{VERIFICATION}")
    choose(page, "identity.back", a_file("one.jpg", b""))
    expect(page.locator('[data-slot="identity.back"] .card-problem')).to_have_text(
        "This file is empty. Choose it again."
    )
    assert len(desk.posts) == 1


def test_a_picture_that_is_replaced_names_the_document_that_it_replaces(page: Page, address: str, desk: Desk) -> None:
    desk.cards[FRONT.slot] = replace(FRONT, state=SlotState.READY, document="doc_" + "z" * 26, pages=1)
    page.goto(f"{address}/verification/{VERIFICATION}")
    page.get_by_text("Replace").first.click()
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        choose(page, "identity.front", a_file("one.jpg", b"one"))
    ((_, body),) = desk.posts
    assert body.index(b'name="replaces"') < body.index(b'name="file"')
    assert b"doc_" + b"z" * 26 in body


def test_more_files_than_places_are_not_sent_and_the_page_says_so(page: Page, address: str, desk: Desk) -> None:
    page.goto(f"{address}/verification/{VERIFICATION}")
    choose(page, "identity.front", *(a_file(f"{each}.jpg", b"x") for each in range(3)))
    expect(page.locator("#upload-note")).to_contain_text("more files than there is room for")
    expect(page.locator('[data-slot="identity.back"] .tag')).to_contain_text("Checked")
    assert len(desk.posts) == 2


def test_without_scripts_the_form_posts_one_file(browser: Browser, address: str, desk: Desk) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 600})
    page = context.new_page()
    page.goto(f"{address}/verification/{VERIFICATION}")
    choose(page, "identity.front", a_file("one.jpg", b"one"))
    page.locator('[data-slot="identity.front"] [data-send=file] button').click()
    page.wait_for_load_state()
    context.close()
    ((path, body),) = desk.posts
    assert path.endswith("/documents")
    assert body.index(b'name="slot"') < body.index(b'name="file"')


@pytest.fixture
def review(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    opened.clock.install()
    opened.goto(f"{address}/review/{VERIFICATION}")
    yield opened
    context.close()


def test_only_the_page_that_is_shown_and_the_next_one_are_fetched(review: Page, desk: Desk) -> None:
    expect(review.locator("[data-seen=yes]")).to_have_count(1)
    review.wait_for_load_state("networkidle")
    assert sorted(set(desk.pages)) == sorted(page.url for page in REVIEW.pages[:2])
    review.keyboard.press("ArrowRight")
    expect(review.locator(".where")).to_have_text("Page 2 of 3")
    review.keyboard.press("ArrowRight")
    expect(review.locator("[data-seen=yes]")).to_have_count(3)
    assert len(desk.pages) == 3


def test_an_approval_waits_for_five_seconds_and_can_be_taken_back(review: Page, desk: Desk) -> None:
    review.keyboard.press("a")
    review.keyboard.press("d")
    expect(review.locator(".undo")).to_be_visible()
    review.clock.run_for(3_000)
    review.keyboard.press("u")
    expect(review.locator(".undo")).to_be_hidden()
    review.clock.run_for(10_000)
    assert desk.posts == []
    review.keyboard.press("d")
    review.clock.run_for(4_000)
    assert desk.posts == []
    with review.expect_response(lambda answer: answer.request.method == "POST"):
        review.clock.run_for(1_500)
    review.wait_for_load_state()
    ((path, body),) = desk.posts
    assert path.endswith("/decision")
    assert b"outcome=approve" in body


def test_a_rejection_is_sent_at_once_with_its_reasons_only(review: Page, desk: Desk) -> None:
    review.keyboard.press("r")
    review.get_by_label("The name on the document is not the name on the account.").check()
    with review.expect_response(lambda answer: answer.request.method == "POST"):
        review.get_by_role("button", name="Send the decision").click()
    review.wait_for_load_state()
    ((_, body),) = desk.posts
    assert b"outcome=reject" in body
    assert b"reasons=name_differs" in body
    assert b"documents=" not in body


def test_single_keys_can_be_switched_off_and_never_act_while_typing(review: Page) -> None:
    review.keyboard.press("m")
    review.keyboard.type("a note")
    expect(review.get_by_label("Note for colleagues")).to_have_value("a note")
    expect(review.locator("[name=outcome]:checked")).to_have_count(0)
    review.get_by_role("button", name="Keys").click()
    review.get_by_label("Single keys do these things").uncheck()
    review.get_by_role("button", name="Close").click()
    review.keyboard.press("a")
    expect(review.locator("[name=outcome]:checked")).to_have_count(0)


def test_only_the_fields_of_the_chosen_policy_are_shown_and_sent(page: Page, address: str, desk: Desk) -> None:
    page.goto(f"{address}/new")
    expect(page.get_by_label("Date of birth")).to_be_visible()
    page.get_by_label("What is it about?").select_option("qualification-check")
    expect(page.get_by_label("Date of birth")).to_be_hidden()
    page.get_by_label("Case number").fill("NB-1")
    page.get_by_role("button", name="Make the link").click()
    page.wait_for_load_state()
    ((_, body),) = desk.posts
    assert b"expected.qualification-check.full_name" in body
    assert b"expected.account-recovery" not in body


def test_the_focus_stays_in_the_card_whose_buttons_went_away(page: Page, address: str) -> None:
    page.goto(f"{address}/verification/{VERIFICATION}")
    page.locator("#slot-identity-back-file").focus()
    choose(page, "identity.back", a_file("one.jpg", b"one"))
    expect(page.locator("#slot-identity-back .tag")).to_contain_text("Checked")
    assert page.evaluate("document.activeElement.id") == "slot-identity-back"


def test_the_status_page_renews_itself_when_something_changed_and_then_stops_asking(
    page: Page, address: str, desk: Desk
) -> None:
    desk.status = STATUS
    page.goto(f"{address}/verification/{VERIFICATION}")
    expect(page.locator("h1")).to_have_text("We have your documents")
    expect(page.get_by_text("If you want to stop")).to_be_visible()
    desk.status = replace(DESTROYED, changed="another")
    expect(page.locator("h1")).to_have_text("Confirmed")
    expect(page.locator("h1")).to_be_focused()
    expect(page.get_by_text("If you want to stop")).to_have_count(0)
    expect(page.locator("#watch")).not_to_have_attribute("data-watch", re.compile("."))
