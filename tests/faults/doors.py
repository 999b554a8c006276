"""Every door of the app with a request that it would answer well, to knock at while something underneath is broken.

`KNOCKS` has one line for each route; a test compares it with the routes of the app, so that a new route cannot be
forgotten. What is broken is broken for real (`tests.faults.breaking`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, Final

import httpx2
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from policies.access import Role, Scope
from tests.detail_policies import EVERYTHING
from tests.journey import HTML, JSON, Customer, Desk, Reviewer, make_jpeg, make_key
from tests.workers_by_hand import Work
from verifier.staff import service as staff
from verifier.web.csrf import form_token
from verifier.wiring import House

SLOT: Final = "diploma.all_pages"


@dataclass(frozen=True)
class Knock:
    """One request, to be sent as often as the test likes."""

    method: str
    url: str
    headers: Mapping[str, str]
    form: Mapping[str, str] | None = None
    json: object = None
    file: bytes | None = None

    def send(self, client: TestClient) -> httpx2.Response:
        sent: dict[str, Any] = {"headers": dict(self.headers), "follow_redirects": False}
        if self.form is not None:
            sent["data"] = dict(self.form)
        if self.json is not None:
            sent["json"] = self.json
        if self.file is not None:
            sent["files"] = {"file": ("x.jpg", self.file, "image/jpeg")}
        return client.request(self.method, self.url, **sent)


class Stage:
    """A desk with everybody in it, and verifications in whatever state a door needs."""

    def __init__(self, desk: Desk, work: Work) -> None:
        self.desk: Final = desk
        self.house: Final[House] = desk.house
        self.work: Final = work
        self.numbers: Final = count()

    def request(self) -> dict[str, Any]:
        return self.desk.request(reference=f"CASE-{next(self.numbers)}")

    def customer(self) -> Customer:
        return self.desk.customer(self.request())

    def asked_details(self) -> Customer:
        """A customer who is asked for details."""
        return self.desk.customer(self.desk.request(reference=f"CASE-{next(self.numbers)}", policy="wallet-details"))

    def given_details(self) -> str:
        """A verification whose customer gave them and handed in."""
        customer = self.asked_details()
        token = customer.status()["form_token"]
        answer = customer.client.post(
            f"/verification/{customer.verification}/details",
            json={"form_token": token, "details": EVERYTHING},
            headers=JSON,
        )
        assert answer.status_code == 200, answer.text
        assert customer.post("submit").status_code == 200
        return customer.verification

    def sent(self) -> tuple[Customer, str]:
        """A customer, and the ready document that they sent."""
        customer = self.customer()
        document = customer.upload(SLOT, make_jpeg(width=64, height=48)).json()["document"]
        self.work()
        return customer, document

    def submitted(self) -> str:
        customer, _ = self.sent()
        assert customer.post("submit").status_code == 200
        return customer.verification

    def disposed(self) -> tuple[Customer, str]:
        customer, document = self.sent()
        assert customer.post("withdraw").status_code == 200
        self.work.settle()
        return customer, document

    def claimed(self, reviewer: Reviewer) -> tuple[str, str]:
        """A claimed verification, every page of it seen; and its document."""
        verification = self.submitted()
        assert reviewer.claim(verification).status_code == 200
        reviewer.view_all(verification)
        return verification, reviewer.look(verification).json()["documents"][0]["id"]

    def invite(self) -> str:
        with self.house.database.write() as session:
            now = self.house.clock.now(session)
            return staff.invite(session, now, name="Ada", roles=list(Role), actor="operator")

    def sign_in(self) -> "Person":
        invite = self.invite()
        with self.house.database.write() as session:
            return Person(self, staff.redeem_invite(session, self.house.clock.now(session), invite))

    @cached_property
    def ada(self) -> "Person":
        return self.sign_in()

    @cached_property
    def reviewer(self) -> Reviewer:
        reviewer = self.desk.reviewer()
        self._use_once(reviewer.headers)
        return reviewer

    @cached_property
    def auditor(self) -> dict[str, str]:
        headers = make_key(self.house, Role.AUDITOR, Scope.AUDIT_READ)
        self._use_once(headers)
        return headers

    def _use_once(self, headers: dict[str, str]) -> None:
        """That a key was used is noted once a minute: now, so that it is not what a door writes."""
        assert self.desk.client.get("/v1/verifications/ver_none", headers=headers).status_code >= 400


@dataclass(frozen=True)
class Person:
    """Somebody of the staff, signed in with a browser."""

    stage: Stage
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {**HTML, "cookie": f"dev-staff={self.token}"}

    @property
    def form(self) -> dict[str, str]:
        return {"form_token": form_token(self.stage.house.form_key, session=self.token)}

    def claim(self, verification: str) -> str:
        answer = Knock("POST", f"/review/{verification}/claim", self.headers, self.form).send(self.stage.desk.client)
        assert answer.status_code == 303, answer.text
        return verification

    def look_at_all(self, verification: str) -> str:
        documents = self.stage.desk.client.get(f"/v1/verifications/{verification}/documents", headers=self.headers)
        for each in documents.json()["documents"]:
            self.stage.desk.client.get(f"/v1/documents/{each['id']}/pages/1", headers=self.headers)
        return verification


def _agent(method: str, path: str, json: object = None) -> Callable[[Stage], Knock]:
    def make(stage: Stage) -> Knock:
        url = path.format(verification=stage.request()["id"]) if "{" in path else path
        return Knock(method, url, stage.desk.headers, json=json)

    return make


def audit(url: str) -> Callable[[Stage], Knock]:
    return lambda stage: Knock("GET", url, stage.auditor)


def _page(url: str) -> Callable[[Stage], Knock]:
    return lambda stage: Knock("GET", url.format(verification=stage.request()["id"]), stage.ada.headers)


def customer_knock(customer: Customer, method: str, path: str = "", **fields: str) -> Knock:
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in customer.client.cookies.jar)
    form = None if method == "GET" else {"form_token": customer.status()["form_token"], **fields}
    return Knock(method, f"/verification/{customer.verification}{path}", {**JSON, "cookie": cookies}, form)


def _landing(stage: Stage, method: str) -> Knock:
    path = httpx2.URL(stage.request()["link"]["url"]).path
    token = stage.desk.client.get(path, headers=JSON).json()["form_token"]
    return Knock(method, path, JSON, {"form_token": token} if method == "POST" else None)


def _upload(stage: Stage) -> Knock:
    knock = customer_knock(stage.customer(), "POST", "/documents", slot=SLOT)
    return Knock(knock.method, knock.url, knock.headers, knock.form, file=make_jpeg(width=64, height=48))


def _upload_on_behalf(stage: Stage) -> Knock:
    form, photo = {"form_token": "-", "slot": SLOT}, make_jpeg(width=64, height=48)
    url = f"/v1/verifications/{stage.request()['id']}/documents"
    return Knock("POST", url, stage.desk.headers, form, file=photo)


def _remove(stage: Stage) -> Knock:
    customer, document = stage.sent()
    return customer_knock(customer, "POST", f"/documents/{document}/remove")


def _receipt(stage: Stage) -> Knock:
    customer, document = stage.disposed()
    return customer_knock(customer, "GET", f"/receipts/{document}")


def _decide(stage: Stage) -> Knock:
    verification, _ = stage.claimed(stage.reviewer)
    url = f"/v1/verifications/{verification}/decision"
    return Knock("POST", url, stage.reviewer.headers, json={"outcome": "approve"})


def _decide_on_page(stage: Stage) -> Knock:
    person = stage.sign_in()
    verification = person.look_at_all(person.claim(stage.submitted()))
    return Knock("POST", f"/review/{verification}/decision", person.headers, person.form | {"outcome": "approve"})


def _review(stage: Stage, method: str, path: str, *, claimed: bool) -> Knock:
    person = stage.sign_in()
    verification = stage.submitted()
    if claimed:
        person.claim(verification)
    form = None if method == "GET" else person.form
    return Knock(method, path.format(verification=verification), person.headers, form)


def _reviewing(method: str, path: str) -> Callable[[Stage], Knock]:
    def make(stage: Stage) -> Knock:
        verification, document = stage.claimed(stage.reviewer)
        url = path.format(verification=verification, document=document)
        return Knock(method, url, stage.reviewer.headers)

    return make


def _invited(stage: Stage, method: str) -> Knock:
    token = stage.invite()
    form = {"form_token": form_token(stage.house.form_key, session=token)}
    return Knock(method, f"/sign-in/{token}", HTML, form if method == "POST" else None)


def _sign_out(stage: Stage) -> Knock:
    person = stage.sign_in()
    return Knock("POST", "/sign-out", person.headers, person.form)


def _new_on_page(stage: Stage) -> Knock:
    fields = {"reference": "CASE-PAGE", "policy": "qualification-check", "locale": "en"}
    return Knock("POST", "/new", stage.ada.headers, stage.ada.form | fields)


def _case(path: str) -> Callable[[Stage], Knock]:
    return lambda s: Knock("POST", path.format(verification=s.request()["id"]), s.ada.headers, s.ada.form)


def _case_receipt(stage: Stage) -> Knock:
    customer, document = stage.disposed()
    return Knock("GET", f"/cases/{customer.verification}/receipts/{document}", stage.ada.headers)


_NEW: Final = {"reference": "CASE-API", "policy": "qualification-check"}
_PATH: Final = "/v1/verifications/{verification}"

KNOCKS: Final[Mapping[tuple[str, str], Callable[[Stage], Knock]]] = {
    ("POST", "/v1/verifications"): _agent("POST", "/v1/verifications", _NEW),
    ("GET", "/v1/verifications"): _agent("GET", "/v1/verifications"),
    ("GET", _PATH): _agent("GET", _PATH),
    ("POST", f"{_PATH}/links"): _agent("POST", f"{_PATH}/links"),
    ("POST", f"{_PATH}/cancel"): _agent("POST", f"{_PATH}/cancel"),
    ("POST", f"{_PATH}/documents"): _upload_on_behalf,
    ("GET", f"{_PATH}/receipts"): lambda s: Knock(
        "GET", f"/v1/verifications/{s.disposed()[0].verification}/receipts", s.desk.headers
    ),
    ("GET", "/v1/receipts/{document}"): lambda s: Knock("GET", f"/v1/receipts/{s.disposed()[1]}", s.auditor),
    ("GET", "/v1/queue"): lambda s: Knock("GET", "/v1/queue", s.reviewer.headers),
    ("POST", f"{_PATH}/claim"): lambda s: Knock("POST", f"/v1/verifications/{s.submitted()}/claim", s.reviewer.headers),
    ("POST", f"{_PATH}/release"): _reviewing("POST", f"{_PATH}/release"),
    ("GET", f"{_PATH}/documents"): _reviewing("GET", f"{_PATH}/documents"),
    ("GET", "/v1/documents/{document}/pages/{page}"): _reviewing("GET", "/v1/documents/{document}/pages/1"),
    ("POST", f"{_PATH}/decision"): _decide,
    ("GET", "/v1/audit/entries"): audit("/v1/audit/entries"),
    ("GET", "/v1/audit/export"): audit("/v1/audit/export"),
    ("GET", "/v1/audit/checkpoint"): audit("/v1/audit/checkpoint"),
    ("GET", "/v1/audit/key"): audit("/v1/audit/key"),
    ("GET", "/v1/audit/tile/{level}/{path:path}"): audit("/v1/audit/tile/0/000.p/1"),
    ("GET", "/v1/audit/inclusion"): audit("/v1/audit/inclusion?index=0"),
    ("GET", "/v1/audit/consistency"): audit("/v1/audit/consistency?old=1"),
    ("GET", "/v1/retention"): audit("/v1/retention"),
    ("GET", "/v1/figures"): audit("/v1/figures"),
    ("GET", "/v1/policies"): audit("/v1/policies"),
    ("GET", "/v/{token}"): lambda s: _landing(s, "GET"),
    ("POST", "/v/{token}"): lambda s: _landing(s, "POST"),
    ("GET", "/verification/{verification}"): lambda s: customer_knock(s.customer(), "GET"),
    ("GET", "/verification/{verification}/details"): lambda s: customer_knock(s.asked_details(), "GET", "/details"),
    ("POST", "/verification/{verification}/details"): lambda s: customer_knock(
        s.asked_details(), "POST", "/details", **{"detail.paid": "12 EUR"}
    ),
    ("POST", "/verification/{verification}/documents"): _upload,
    ("POST", "/verification/{verification}/documents/{document}/remove"): _remove,
    ("POST", "/verification/{verification}/submit"): lambda s: customer_knock(s.sent()[0], "POST", "/submit"),
    ("GET", "/verification/{verification}/withdraw"): lambda s: customer_knock(s.customer(), "GET", "/withdraw"),
    ("POST", "/verification/{verification}/withdraw"): lambda s: customer_knock(s.customer(), "POST", "/withdraw"),
    ("GET", "/verification/{verification}/receipts/{document}"): _receipt,
    ("GET", "/sign-in"): lambda _: Knock("GET", "/sign-in", HTML),
    ("GET", "/sign-in/{token}"): lambda s: _invited(s, "GET"),
    ("POST", "/sign-in/{token}"): lambda s: _invited(s, "POST"),
    ("POST", "/sign-out"): _sign_out,
    ("GET", "/"): _page("/"),
    ("GET", "/new"): _page("/new"),
    ("POST", "/new"): _new_on_page,
    ("GET", "/cases/{verification}"): _page("/cases/{verification}"),
    ("POST", "/cases/{verification}/renew"): _case("/cases/{verification}/renew"),
    ("POST", "/cases/{verification}/cancel"): _case("/cases/{verification}/cancel"),
    ("GET", "/cases/{verification}/receipts/{document}"): _case_receipt,
    ("GET", "/queue"): _page("/queue"),
    ("POST", "/queue/next"): lambda s: _review(s, "POST", "/queue/next", claimed=False),
    ("GET", "/review/{verification}"): lambda s: _review(s, "GET", "/review/{verification}", claimed=True),
    ("POST", "/review/{verification}/claim"): lambda s: _review(
        s, "POST", "/review/{verification}/claim", claimed=False
    ),
    ("POST", "/review/{verification}/release"): lambda s: _review(
        s, "POST", "/review/{verification}/release", claimed=True
    ),
    ("POST", "/review/{verification}/decision"): _decide_on_page,
    ("GET", "/audit"): _page("/audit?tab=views"),
    ("GET", "/audit/receipts/{document}"): lambda s: Knock("GET", f"/audit/receipts/{s.disposed()[1]}", s.ada.headers),
    ("GET", "/static/{name}"): lambda _: Knock("GET", "/static/pages.css", {}),
    ("GET", "/health/live"): lambda _: Knock("GET", "/health/live", JSON),
    ("GET", "/health/ready"): lambda _: Knock("GET", "/health/ready", JSON),
}


def list_routes(client: TestClient) -> set[tuple[str, str]]:
    """Every route of the app but its description of itself."""
    routes = [route for route in _walk(client.app.routes) if isinstance(route, APIRoute)]  # type: ignore[attr-defined]
    return {(method, route.path) for route in routes for method in route.methods or ()}


def _walk(routes: list[Any]) -> Iterator[Any]:
    for route in routes:
        included = getattr(route, "original_router", None)
        yield from _walk(included.routes) if included is not None else [route]
