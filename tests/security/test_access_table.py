"""The whole table of roles and actions, walked against every route of the app and against real objects.

A route that stands in none of the maps below fails the first test: nobody can add one without saying whose it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import pytest
from fastapi.testclient import TestClient

from policies.access import Action, Reach, Role, Scope, is_allowed, is_in_scope, is_scope_for, reach_of
from tests.journey import HTML, JSON, Customer, Desk, make_key, refusal
from tests.workers_by_hand import Work
from verifier.settings import Settings
from verifier.web.csrf import form_token
from verifier.wiring import House

A = Action
_PROGRAMS: Final[dict[tuple[str, str], Action]] = {
    ("POST", "/v1/verifications"): A.VERIFICATION_CREATE,
    ("GET", "/v1/verifications"): A.VERIFICATION_LIST,
    ("GET", "/v1/verifications/{verification}"): A.VERIFICATION_READ,
    ("POST", "/v1/verifications/{verification}/links"): A.LINK_RENEW,
    ("POST", "/v1/verifications/{verification}/cancel"): A.VERIFICATION_CANCEL,
    ("POST", "/v1/verifications/{verification}/documents"): A.DOCUMENT_UPLOAD_ON_BEHALF,
    ("GET", "/v1/verifications/{verification}/contact-checks"): A.CONTACT_CHECK_READ,
    ("GET", "/v1/verifications/{verification}/contact-checks/submissions/{submission}"): A.CONTACT_CHECK_READ,
    ("POST", "/v1/verifications/{verification}/contact-checks"): A.CONTACT_CHECK_SUBMIT,
    ("POST", "/v1/verifications/{verification}/contact-checks/code"): A.CONTACT_CHECK_SUBMIT,
    ("POST", "/v1/verifications/{verification}/contact-checks/attestation"): A.CONTACT_CHECK_SUBMIT,
    ("POST", "/v1/verifications/{verification}/contact-checks/message"): A.CONTACT_CHECK_SUBMIT,
    ("GET", "/v1/queue"): A.QUEUE_READ,
    ("POST", "/v1/verifications/{verification}/claim"): A.CLAIM_TAKE,
    ("POST", "/v1/verifications/{verification}/release"): A.CLAIM_RELEASE,
    ("GET", "/v1/verifications/{verification}/documents"): A.DOCUMENT_LIST,
    ("GET", "/v1/documents/{document}/pages/{page}"): A.PAGE_VIEW,
    ("POST", "/v1/verifications/{verification}/decision"): A.DECISION_MAKE,
    ("GET", "/v1/audit/entries"): A.AUDIT_READ,
    ("GET", "/v1/audit/export"): A.AUDIT_EXPORT,
    ("GET", "/v1/audit/inclusion"): A.AUDIT_PROOF,
    ("GET", "/v1/audit/consistency"): A.AUDIT_PROOF,
    ("GET", "/v1/retention"): A.RETENTION_READ,
    ("GET", "/v1/figures"): A.RETENTION_READ,
    ("GET", "/v1/policies"): A.POLICY_READ,
    ("GET", "/v1/verifications/{verification}/receipts"): A.RECEIPT_READ,
    ("GET", "/v1/receipts/{document}"): A.RECEIPT_READ,
}
"""Routes of API keys; those that only read take a person's session too."""

_PEOPLE: Final[dict[tuple[str, str], Action]] = {
    ("GET", "/new"): A.VERIFICATION_CREATE,
    ("POST", "/new"): A.VERIFICATION_CREATE,
    ("GET", "/cases/{verification}"): A.VERIFICATION_READ,
    ("POST", "/cases/{verification}/renew"): A.LINK_RENEW,
    ("POST", "/cases/{verification}/cancel"): A.VERIFICATION_CANCEL,
    ("POST", "/cases/{verification}/code"): A.CONTACT_CHECK_SUBMIT,
    ("GET", "/cases/{verification}/receipts/{document}"): A.RECEIPT_READ,
    ("GET", "/queue"): A.QUEUE_READ,
    ("POST", "/queue/next"): A.CLAIM_NEXT,
    ("GET", "/review/{verification}"): A.VERIFICATION_READ,
    ("POST", "/review/{verification}/claim"): A.CLAIM_TAKE,
    ("POST", "/review/{verification}/release"): A.CLAIM_RELEASE,
    ("POST", "/review/{verification}/decision"): A.DECISION_MAKE,
    ("GET", "/audit"): A.RETENTION_READ,
    ("GET", "/audit/receipts/{document}"): A.RECEIPT_READ,
}
"""Pages of staff."""

_CUSTOMERS: Final = {
    ("GET", "/verification/{verification}"),
    ("GET", "/verification/{verification}/details"),
    ("POST", "/verification/{verification}/details"),
    ("POST", "/verification/{verification}/documents"),
    ("POST", "/verification/{verification}/documents/{document}/remove"),
    ("POST", "/verification/{verification}/submit"),
    ("GET", "/verification/{verification}/details"),
    ("POST", "/verification/{verification}/details"),
    ("GET", "/verification/{verification}/checks"),
    ("GET", "/verification/{verification}/submissions/{submission}"),
    ("GET", "/verification/{verification}/contacts/{contact}/{method}"),
    ("POST", "/verification/{verification}/contacts/{contact}/{method}"),
    ("GET", "/verification/{verification}/documents"),
    ("GET", "/verification/{verification}/proof"),
    ("POST", "/verification/{verification}/checks/{check}/code"),
    ("POST", "/verification/{verification}/checks/{check}/address"),
    ("POST", "/verification/{verification}/checks/{check}/look"),
    ("POST", "/verification/{verification}/checks/{check}/signature"),
    ("POST", "/verification/{verification}/proof"),
    ("GET", "/verification/{verification}/withdraw"),
    ("POST", "/verification/{verification}/withdraw"),
    ("GET", "/verification/{verification}/receipts/{document}"),
}
_EVERYONE: Final = {
    ("GET", "/v/{token}"),
    ("POST", "/v/{token}"),
    ("GET", "/n/{token}"),
    ("POST", "/n/{token}"),
    ("GET", "/"),
    ("GET", "/sign-in"),
    ("GET", "/sign-in/{token}"),
    ("POST", "/sign-in/{token}"),
    ("POST", "/sign-out"),
    ("GET", "/v1/audit/checkpoint"),
    ("GET", "/v1/audit/key"),
    ("GET", "/v1/audit/tile/{level}/{path:path}"),
    ("GET", "/v1/openapi.json"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/static/{name}"),
}
"""Doors, the published log, and what says nothing about anyone."""

_AT_THE_COMMAND_LINE: Final = {A.STAFF_INVITE, A.API_KEY_MANAGE}
_PART_OF_CALLS: Final = {A.LINK_SHOW, A.CONTACT_SET}
_JSON_BODIES: Final[dict[str, dict[str, Any]]] = {
    "/v1/verifications": {"reference": "CASE-9", "policy": "qualification-check"},
    "/v1/verifications/{verification}/decision": {"outcome": "escalate"},
    "/v1/verifications/{verification}/contact-checks": {"contact": "email", "method": "code"},
    "/v1/verifications/{verification}/contact-checks/code": {"contact": "email", "code": "123456"},
    "/v1/verifications/{verification}/contact-checks/attestation": {"token": "a.b.c"},
}
_QUERIES: Final = {"/v1/audit/inclusion": "?index=0", "/v1/audit/consistency": "?old=1"}


def walk_routes(client: TestClient) -> Iterator[tuple[str, str]]:
    """Every method and template that the app answers."""
    for route in client.app.routes:  # type: ignore[attr-defined]
        parts = route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else [route]
        for part in parts:
            yield from ((method, part.path) for method in part.methods - {"HEAD"})


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nobody counts these requests."""
    names = ("requests_a_minute_per_key", "requests_a_minute_per_network", "requests_a_minute_per_link")
    return settings.model_copy(update=dict.fromkeys(names, 999_999))


@dataclass(frozen=True)
class Objects:
    """Real ones, so that whoever is let in comes to something."""

    verification: str
    document: str
    customer: Customer

    def path(self, template: str) -> str:
        filled = template.format(
            verification=self.verification,
            document=self.document,
            page=1,
            contact="email",
            method="code",
            check="chk_none",
            submission="sub_none",
        )
        return filled + _QUERIES.get(template, "")


@pytest.fixture
def objects(desk: Desk, work: Work) -> Objects:
    asked, customer = desk.submitted(work)
    return Objects(asked["id"], customer.status()["slots"][0]["document"], customer)


def ask(client: httpx2.Client, method: str, template: str, objects: Objects, **more: Any) -> httpx2.Response:
    if template.startswith("/v1/") and template.endswith("/documents") and method == "POST":
        more |= {"data": {"slot": "diploma.all_pages"}, "files": {"file": ("a", b"x")}}
    elif method == "POST" and template in _JSON_BODIES:
        more |= {"json": _JSON_BODIES[template]}
    return client.request(method, objects.path(template), follow_redirects=False, **more)


def test_every_route_is_somebodys_and_every_action_has_one(client: TestClient) -> None:
    known = _PROGRAMS.keys() | _PEOPLE.keys() | _CUSTOMERS | _EVERYONE
    assert set(walk_routes(client)) == known
    asked_for = set(_PROGRAMS.values()) | set(_PEOPLE.values())
    assert asked_for | _AT_THE_COMMAND_LINE | _PART_OF_CALLS == set(Action)


def scopes_of(role: Role) -> tuple[Scope, ...]:
    return tuple(scope for scope in Scope if is_scope_for(role, scope))


@pytest.mark.parametrize("role", [Role.AGENT, Role.REVIEWER, Role.AUDITOR])
def test_a_key_is_refused_exactly_where_the_table_refuses_its_role(
    house: House, desk: Desk, objects: Objects, role: Role, subtests: pytest.Subtests
) -> None:
    headers = make_key(house, role, *scopes_of(role))
    for (method, template), action in _PROGRAMS.items():
        with subtests.test(f"{method} {template}"):
            answer = ask(desk.client, method, template, objects, headers=headers)
            _is_let_in(answer, allowed=is_allowed(role, action))


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_without_the_scope_is_refused_whatever_its_role(
    house: House, desk: Desk, objects: Objects, scope: Scope, subtests: pytest.Subtests
) -> None:
    for role in Role:
        if not is_scope_for(role, scope):
            continue
        headers = make_key(house, role, scope)
        for (method, template), action in _PROGRAMS.items():
            with subtests.test(f"{role} {method} {template}"):
                answer = ask(desk.client, method, template, objects, headers=headers)
                _is_let_in(answer, allowed=is_allowed(role, action) and is_in_scope((scope,), action))


def _is_let_in(answer: httpx2.Response, *, allowed: bool) -> None:
    assert answer.status_code < 500, answer.text
    if not allowed:
        assert refusal(answer) == (403, "forbidden")
    else:
        assert answer.status_code not in {401, 403}, answer.text


@pytest.mark.parametrize("role", list(Role))
def test_a_person_is_refused_exactly_where_the_table_refuses_their_role(
    desk: Desk, objects: Objects, role: Role, sign_in: Callable[..., str], subtests: pytest.Subtests
) -> None:
    browser = desk.browser()
    browser.cookies.set("dev-staff", sign_in("Sam", role))
    token = _form_token(desk, browser)
    for (method, template), action in _PEOPLE.items():
        with subtests.test(f"{method} {template}"):
            data = {"form_token": token, "outcome": "escalate"} if method == "POST" else None
            answer = ask(browser, method, template, objects, headers=JSON, data=data)
            _is_let_in(answer, allowed=is_allowed(role, action))
    for (method, template), action in _PROGRAMS.items():
        with subtests.test(f"{method} {template}"):
            answer = ask(browser, method, template, objects, headers=JSON)
            if method == "GET":
                _is_let_in(answer, allowed=is_allowed(role, action))
            else:
                assert refusal(answer) == (401, "sign_in_needed"), "a cookie changes nothing at the API"


def _form_token(desk: Desk, browser: httpx2.Client) -> str:
    """What this session's own pages carry."""
    return form_token(desk.house.form_key, session=browser.cookies["dev-staff"])


def test_the_tabs_of_the_auditors_page_are_the_auditors(
    desk: Desk, objects: Objects, sign_in: Callable[..., str]
) -> None:
    assert objects.verification
    for role in Role:
        browser = desk.browser()
        browser.cookies.set("dev-staff", sign_in(f"Sam {role}", role))
        statuses = {
            browser.get(f"/audit?tab={tab}", headers=HTML).status_code for tab in ("views", "entries", "destroyed")
        }
        assert statuses == ({200} if role is Role.AUDITOR else {403})


def test_nobody_who_is_not_signed_in_gets_anywhere(desk: Desk, objects: Objects, subtests: pytest.Subtests) -> None:
    for method, template in [*_PROGRAMS, *_PEOPLE]:
        with subtests.test(f"{method} {template}"):
            assert refusal(ask(desk.browser(), method, template, objects, headers=JSON)) == (401, "sign_in_needed")
            theirs = ask(objects.customer.client, method, template, objects, headers=JSON)
            assert refusal(theirs) == (401, "sign_in_needed"), "a customer's session is nobody's"
            if method == "GET" and (method, template) in _PEOPLE:
                led = ask(desk.browser(), method, template, objects, headers=HTML)
                assert (led.status_code, led.headers["location"]) == (303, "/sign-in")


def test_no_form_counts_without_its_token_or_from_another_site(
    desk: Desk, objects: Objects, sign_in: Callable[..., str], subtests: pytest.Subtests
) -> None:
    browser = desk.browser()
    browser.cookies.set("dev-staff", sign_in("Sam", *Role))
    token = _form_token(desk, browser)
    before = desk.read(objects.verification)
    for method, template in [*_PEOPLE, ("POST", "/sign-out")]:
        if method != "POST":
            continue
        with subtests.test(template):
            for sent in ({}, {"form_token": ""}, {"form_token": token[:-1]}, {"form_token": objects.verification}):
                answer = ask(browser, method, template, objects, headers=JSON, data=sent)
                assert refusal(answer) == (403, "invalid_form_token")
            elsewhere = JSON | {"sec-fetch-site": "cross-site"}
            answer = ask(browser, method, template, objects, headers=elsewhere, data={"form_token": token})
            assert refusal(answer) == (403, "invalid_form_token")
    assert desk.read(objects.verification) == before


def test_customers_reach_their_own_verification_only(
    desk: Desk, objects: Objects, sign_in: Callable[..., str], subtests: pytest.Subtests
) -> None:
    stranger = desk.customer(desk.request(reference="CASE-2"))
    staff = desk.browser()
    staff.cookies.set("dev-staff", sign_in("Sam", *Role))
    token = objects.customer.status()["form_token"]
    before = desk.read(objects.verification)
    for method, template in _CUSTOMERS:
        with subtests.test(f"{method} {template}"):
            for browser in (stranger.client, staff, desk.browser()):
                more: dict[str, Any] = {"headers": JSON}
                if method == "POST":
                    more["data"] = {"form_token": token, "slot": "diploma.all_pages"}
                if template.endswith("/documents"):
                    more["files"] = {"file": ("a", b"\xff\xd8\xff" + bytes(99))}
                answer = browser.request(method, objects.path(template), **more)
                expected = "open_link_first" if method == "GET" else "invalid_form_token"
                assert refusal(answer) == (403, expected)
    assert desk.read(objects.verification) == before


def test_what_only_the_claim_holder_may_is_refused_to_other_reviewers(
    house: House, desk: Desk, objects: Objects, subtests: pytest.Subtests
) -> None:
    desk.reviewer().claim(objects.verification)
    other = make_key(house, Role.REVIEWER, Scope.REVIEWS)
    held = {pair: action for pair, action in _PROGRAMS.items() if reach_of(action) is Reach.CLAIM_HOLDER}
    assert set(held.values()) == {action for action in Action if reach_of(action) is Reach.CLAIM_HOLDER}
    for method, template in held:
        with subtests.test(f"{method} {template}"):
            assert refusal(ask(desk.client, method, template, objects, headers=other)) == (409, "not_claimed")
