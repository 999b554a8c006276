"""Bad input at the API: each has its stable code, a sentence with the next step, and leaves nothing behind."""

import json
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import func, select

from policies.access import Role, Scope
from tests.journey import JSON, Desk, Reviewer, make_jpeg, make_key, refusal
from tests.workers_by_hand import Work
from verifier.db.base import Base
from verifier.ids import new_document_id, new_verification_id
from verifier.settings import Settings
from verifier.wiring import House

_GOOD = {"reference": "CASE-1", "policy": "qualification-check"}


def count_rows(house: House) -> dict[str, int]:
    """How many rows each table has."""
    with house.database.read() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


_BAD_BODIES: Final[list[tuple[bytes | dict[str, Any], tuple[int, str]]]] = [
    (b'{"reference": "CASE-1", "policy": ', (400, "malformed_json")),
    (b'["CASE-1"]', (400, "malformed_json")),
    (b"", (400, "malformed_json")),
    (b'{"reference": "A", "reference": "B", "policy": "qualification-check"}', (400, "malformed_json")),
    (b'{"reference": NaN}', (400, "malformed_json")),
    (b'{"reference": "\\ud800", "policy": "qualification-check"}', (400, "malformed_json")),
    (b"\xff\xfe{}", (400, "malformed_json")),
    (b"[" * 50_000, (400, "malformed_json")),
    ({**_GOOD, "colour": "red"}, (422, "unknown_field")),
    ({**_GOOD, "jo@example.org": "x"}, (422, "unknown_field")),
    ({"policy": "qualification-check"}, (422, "invalid_field")),
    ({**_GOOD, "reference": 7}, (422, "invalid_field")),
    ({**_GOOD, "reference": ""}, (422, "invalid_field")),
    ({**_GOOD, "reference": "two words"}, (422, "invalid_reference")),
    ({**_GOOD, "reference": "x" * 65}, (422, "invalid_reference")),
    ({**_GOOD, "reference": "CASE\u0000"}, (422, "invalid_reference")),
    ({**_GOOD, "reference": "jo@example.org"}, (422, "reference_looks_like_address")),
    ({**_GOOD, "reference": "+49 30 1234567"}, (422, "reference_looks_like_address")),
    ({**_GOOD, "reference": "0049-30-1234567"}, (422, "reference_looks_like_address")),
    ({**_GOOD, "reference": "https://evil.example/login"}, (422, "reference_looks_like_address")),
    ({**_GOOD, "reference": "//evil.example/login"}, (422, "reference_looks_like_address")),
    ({**_GOOD, "reference": "WWW.evil.example/login"}, (422, "reference_looks_like_address")),
    ({**_GOOD, "policy": "no-such-policy"}, (422, "unknown_policy")),
    ({**_GOOD, "policy": "../../etc/passwd"}, (422, "unknown_policy")),
    ({**_GOOD, "expected": {"shoe_size": "43"}}, (422, "unknown_expected_field")),
    ({**_GOOD, "expected": {"full_name": "x" * 501}}, (422, "invalid_field")),
    ({**_GOOD, "expected": {f"f{n}": "x" for n in range(29)}}, (422, "invalid_field")),
    ({**_GOOD, "locale": "not a language"}, (422, "unknown_locale")),
    ({**_GOOD, "contact_points": [{"email": "jo@example.org"}]}, (422, "invalid_field")),
    ({**_GOOD, "contact_points": {"pigeon": {"value": "grey"}}}, (422, "invalid_field")),
    ({**_GOOD, "contact_points": {"email": {"address": "jo@example.org"}}}, (422, "unknown_field")),
    ({**_GOOD, "contact_points": {"email": {"value": "jo@example.org"}}}, (403, "contacts_not_allowed")),
    ({**_GOOD, "account": "x" * 70_000}, (413, "too_large")),
]


def test_a_bad_request_for_a_verification_is_refused_and_leaves_nothing(
    house: House, desk: Desk, subtests: pytest.Subtests
) -> None:
    desk.client.get("/v1/verifications", headers=desk.headers)
    before, typed = count_rows(house), {**desk.headers, "content-type": "application/json"}
    for body, answer in _BAD_BODIES:
        with subtests.test(str(body)[:60]):
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            refused = desk.client.post("/v1/verifications", content=content, headers=typed)
            assert refusal(refused) == answer
            assert "jo@example.org" not in refused.text, "what a client sent is not echoed"
            assert count_rows(house) == before
            assert list(house.settings.keys_folder.rglob("ver_*")) == [], "no key without its row"


_NOWHERE: Final = [
    ("GET", "/v1/verifications?cursor=abc", (400, "invalid_cursor")),
    ("GET", "/v1/verifications?cursor=%00", (400, "invalid_cursor")),
    ("GET", f"/v1/verifications?cursor={'A' * 201}", (422, "invalid_field")),
    ("GET", "/v1/verifications?status=lost", (422, "invalid_field")),
    ("GET", f"/v1/verifications/{new_verification_id()}", (404, "unknown_verification")),
    ("GET", "/v1/verifications/%00", (404, "unknown_verification")),
    ("POST", f"/v1/verifications/{new_verification_id()}/cancel", (404, "unknown_verification")),
    ("POST", f"/v1/verifications/{new_verification_id()}/links", (404, "unknown_verification")),
    ("GET", f"/v1/receipts/{new_document_id()}", (404, "unknown_document")),
    ("GET", "/v1/receipts/x", (404, "unknown_document")),
    ("GET", "/v1/nothing", (404, "not_found")),
    ("DELETE", "/v1/verifications", (405, "method_not_allowed")),
    ("POST", "/v1/verifications/x/documents", (400, "malformed_multipart")),
]


def test_an_address_that_leads_nowhere_says_so(desk: Desk, subtests: pytest.Subtests) -> None:
    for method, path, answer in _NOWHERE:
        with subtests.test(f"{method} {path}"):
            assert refusal(desk.client.request(method, path, headers=desk.headers)) == answer


def test_an_idempotency_key_stands_for_one_body(house: House, desk: Desk) -> None:
    key = {"idempotency-key": "0b5a-1"}
    first = desk.ask(headers=key)
    before = count_rows(house)
    assert refusal(desk.ask(headers=key, reference="CASE-2")) == (422, "idempotency_key_reused")
    assert refusal(desk.post(first.json()["id"], "cancel", headers=key)) == (422, "idempotency_key_reused")
    for bad in ("", "x" * 256, "\x7f"):
        refused = desk.ask(headers={"idempotency-key": bad}, reference="CASE-3")
        assert refusal(refused) == (400, "invalid_idempotency_key")
    assert count_rows(house) == before


def test_a_live_reference_with_other_contents_is_refused(desk: Desk) -> None:
    asked = desk.request()
    assert refusal(desk.ask(expected={"full_name": "Someone else"})) == (409, "verification_exists")
    desk.post(asked["id"], "cancel")
    assert desk.ask(expected={"full_name": "Someone else"}).status_code == 201, "an ended one is in nobody's way"


def test_who_guesses_what_a_request_of_another_holds_is_not_told_that_they_are_right(house: House, desk: Desk) -> None:
    desk.request(expected={"full_name": "Jo Doe"})
    other = make_key(house, Role.AGENT, Scope.VERIFICATIONS_WRITE)
    for name in ("Jo Doe", "Jo Dough"):
        answer = desk.ask(headers=other, expected={"full_name": name})
        assert refusal(answer) == (409, "verification_exists")


def test_nobody_gets_in_without_a_key_or_with_a_bad_one(desk: Desk) -> None:
    good = desk.headers["authorization"]
    assert desk.client.get("/v1/verifications", headers={"authorization": good}).status_code == 200
    bad = ["", "Bearer", "Bearer x", "Basic abc", good[:-1], good + "a", good.replace("Bearer vk", "Bearer vx"), "\x00"]
    for text in bad:
        refused = desk.client.get("/v1/verifications", headers={"authorization": text})
        assert refusal(refused) == (401, "sign_in_needed"), text
        assert refused.headers["www-authenticate"] == "Bearer"


def test_links_that_do_not_work_say_why(house: House, desk: Desk, work: Work) -> None:
    asked = desk.request()
    old = asked["link"]["url"].removeprefix(house.settings.public_url)
    for path in ("/v/x", f"/v/{'A' * 43}", "/v/" + "%00" * 43, old[:-1], old + "A"):
        assert refusal(desk.browser().get(path, headers=JSON)) == (404, "unknown_link")
        page = desk.browser().get(path, headers={"accept": "text/html"})
        assert (page.status_code, "CASE-1" in page.text) == (404, False)

    renewed = desk.post(asked["id"], "links").json()
    new = renewed["link"]["url"].removeprefix(house.settings.public_url)
    assert refusal(desk.browser().get(old, headers=JSON)) == (404, "link_replaced")
    assert desk.browser().get(old, headers={"accept": "text/html"}).status_code == 404

    work.pass_time(timedelta(days=14, minutes=1))
    assert refusal(desk.browser().get(new, headers=JSON)) == (410, "link_expired")
    page = desk.browser().get(new, headers={"accept": "text/html"})
    assert (page.status_code, "CASE-1" in page.text) == (410, True)
    landed = desk.browser().post(new, data={"form_token": "x"}, headers=JSON)
    assert refusal(landed) == (403, "invalid_form_token")

    work.pass_time(timedelta(days=7))
    work.settle()
    assert desk.browser().get(new, headers=JSON).json()["status"] == "expired"
    work.pass_time(timedelta(days=91))
    assert refusal(desk.browser().get(new, headers=JSON)) == (410, "link_finished")


def test_a_browser_that_opened_nothing_sees_nothing(desk: Desk) -> None:
    mine, other = desk.request(), desk.request(reference="CASE-2")
    customer, stranger = desk.customer(mine), desk.customer(other)
    path = f"/verification/{mine['id']}"
    for browser in (desk.browser(), stranger.client):
        for tail in ("", "/withdraw", f"/receipts/{new_document_id()}"):
            assert refusal(browser.get(path + tail, headers=JSON)) == (403, "open_link_first")
        for tail in ("/submit", "/withdraw", f"/documents/{new_document_id()}/remove"):
            assert refusal(browser.post(path + tail, headers=JSON)) == (403, "invalid_form_token")
    sent = {"form_token": customer.status()["form_token"]}
    for tail in ("/submit", "/withdraw", f"/documents/{new_document_id()}/remove"):
        refused = stranger.client.post(path + tail, data=sent, headers=JSON)
        assert refusal(refused) == (403, "invalid_form_token"), "a form token is its own session's"
    gone = customer.client.get(f"{path}/receipts/{new_document_id()}", headers=JSON)
    assert refusal(gone) == (404, "unknown_document")


def test_a_form_that_another_site_sent_is_refused(desk: Desk) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    sent = {"form_token": customer.status()["form_token"]}
    for said in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}):
        refused = customer.client.post(f"/verification/{asked['id']}/withdraw", data=sent, headers=JSON | said)
        assert refusal(refused) == (403, "invalid_form_token")
    assert customer.status()["status"] == "requested"


def test_decisions_that_cannot_be_taken_are_refused_and_change_nothing(desk: Desk, work: Work, house: House) -> None:
    asked, customer = desk.submitted(work)
    other = desk.request(reference="CASE-2")
    document = customer.status()["slots"][0]["document"]
    reviewer = desk.reviewer()
    assert refusal(reviewer.decide(asked["id"], "approve")) == (409, "not_claimed")
    assert refusal(reviewer.claim(other["id"])) == (409, "wrong_state")
    assert refusal(reviewer.decide(other["id"], "approve")) == (409, "wrong_state")
    assert refusal(reviewer.claim(new_verification_id())) == (404, "unknown_verification")
    assert reviewer.claim(asked["id"]).status_code == 200
    before = count_rows(house)
    refusals: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"outcome": "approve"}, (409, "pages_not_all_viewed")),
        ({"outcome": "maybe"}, (422, "invalid_field")),
        ({"outcome": "reject"}, (422, "reason_needed")),
        ({"outcome": "reject", "reasons": ["because"]}, (422, "unknown_reason")),
        ({"outcome": "reject", "reasons": ["not_the_owner"]}, (422, "unknown_reason")),
        ({"outcome": "reject", "reasons": ["unreadable"] * 13}, (422, "invalid_field")),
        ({"outcome": "resubmit", "reasons": ["unreadable"]}, (422, "documents_needed")),
        ({"outcome": "resubmit", "reasons": ["unreadable"], "documents": ["x"]}, (404, "unknown_document")),
        (
            {"outcome": "resubmit", "reasons": ["unreadable"], "documents": [document, new_document_id()]},
            (404, "unknown_document"),
        ),
        ({"outcome": "escalate", "documents": ["\u0000"]}, (404, "unknown_document")),
        ({"outcome": "escalate", "note": "x" * 2001}, (422, "invalid_field")),
        ({"outcome": "escalate", "colour": "red"}, (422, "unknown_field")),
    ]
    for body, answer in refusals:
        refused = desk.client.post(f"/v1/verifications/{asked['id']}/decision", json=body, headers=reviewer.headers)
        assert refusal(refused) == answer, body
    assert count_rows(house) == before
    assert desk.read(asked["id"])["status"] == "submitted"
    assert customer.status()["slots"][0]["state"] == "ready"


def test_a_page_that_does_not_exist_is_not_shown(desk: Desk, work: Work) -> None:
    asked, customer = desk.submitted(work)
    reviewer = desk.reviewer()
    document = customer.status()["slots"][0]["document"]
    assert refusal(reviewer.page(document)) == (409, "not_claimed")
    reviewer.claim(asked["id"])
    for page in (0, 2, -1, 10**22):
        assert refusal(reviewer.page(document, page)) == (404, "unknown_page")
    refused = desk.client.get(f"/v1/documents/{document}/pages/one", headers=reviewer.headers)
    assert refusal(refused) == (422, "invalid_field")
    assert refusal(reviewer.page(new_document_id())) == (404, "unknown_document")


class TestTooManyRequests:
    """Limits that are reached at once."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"requests_a_minute_per_key": 4, "requests_a_minute_per_link": 5})

    def test_of_one_key_are_refused_until_the_minute_is_over(self, desk: Desk, house: House) -> None:
        answers = [desk.client.get("/v1/verifications", headers=desk.headers) for _ in range(5)]
        assert [answer.status_code for answer in answers[:4]] == [200] * 4
        assert refusal(answers[4]) == (429, "too_many_requests")
        assert 1 <= int(answers[4].headers["retry-after"]) <= 60
        another = make_key(house, Role.AGENT, Scope.VERIFICATIONS_READ)
        assert desk.client.get("/v1/verifications", headers=another).status_code == 200

    def test_of_one_link_are_refused_without_a_word_about_it(self, desk: Desk, house: House) -> None:
        path = desk.request()["link"]["url"].removeprefix(house.settings.public_url)
        answers = [desk.browser().get(path, headers=JSON) for _ in range(6)]
        assert [answer.status_code for answer in answers[:5]] == [200] * 5
        assert refusal(answers[5]) == (429, "too_many_requests")
        assert desk.browser().get(path, headers={"accept": "text/html"}).status_code == 429


class TestOneRequestIsCountedOnce:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"requests_a_minute_per_link": 20})

    def test_so_what_was_done_is_never_answered_as_refused(self, desk: Desk) -> None:
        first, second = desk.customer(desk.request(reference="C-1")), desk.customer(desk.request(reference="C-2"))
        left = 0
        while first.client.get(f"/verification/{first.verification}", headers=JSON).status_code == 200:
            left += 1
        token = second.status()["form_token"]
        for _ in range(left - 2):
            second.status()
        last = second.client.post(
            f"/verification/{second.verification}/withdraw",
            data={"form_token": token, "reason": "rather_not"},
            headers=JSON,
        )
        assert (last.status_code, last.json()["status"]) == (200, "withdrawn")


class TestTooManyRequestsOfANetwork:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"requests_a_minute_per_network": 3})

    def test_are_refused_before_anything_is_looked_up(self, desk: Desk) -> None:
        answers = [desk.client.get("/v/x", headers=JSON) for _ in range(4)]
        assert refusal(answers[2]) == (404, "unknown_link")
        assert refusal(answers[3]) == (429, "too_many_requests")
        assert desk.client.get("/health/live").status_code == 200


def test_a_queue_without_work_says_so_and_an_upload_needs_the_right_state(desk: Desk, work: Work) -> None:
    asked, customer = desk.submitted(work)
    reviewer: Reviewer = desk.reviewer()
    assert refusal(reviewer.release(asked["id"])) == (409, "not_claimed")
    assert refusal(customer.upload("diploma.all_pages", make_jpeg())) == (409, "wrong_state")
    assert refusal(customer.post("submit")) == (409, "wrong_state")
    document = customer.status()["slots"][0]["document"]
    assert refusal(customer.post(f"documents/{document}/remove")) == (409, "wrong_state")
    not_yet = desk.client.get(f"/v1/receipts/{document}", headers=desk.headers)
    assert refusal(not_yet) == (409, "not_disposed")
