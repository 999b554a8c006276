"""A customer, an agent and a reviewer as programs: the steps that many tests walk through."""

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
from fastapi.testclient import TestClient
from PIL import Image

from policies.access import Role, Scope
from verifier.staff.api_keys import create_api_key
from verifier.wiring import House

JSON = {"accept": "application/json"}
HTML = {"accept": "text/html"}


def make_jpeg(*, width: int = 640, height: int = 480, noise: bool = True) -> bytes:
    """A JPEG that no other test makes: random pixels."""
    pixels = os.urandom(width * height * 3) if noise else b"\x80" * (width * height * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", (width, height), pixels).save(out, "JPEG", quality=80)
    return out.getvalue()


def make_pdf(*, pages: int = 2) -> bytes:
    sheets = [Image.effect_noise((600, 800), 90).convert("RGB") for _ in range(pages)]
    out = io.BytesIO()
    sheets[0].save(out, "PDF", save_all=True, append_images=sheets[1:])
    return out.getvalue()


def make_key(house: House, role: Role, *scopes: Scope) -> dict[str, str]:
    """The header of a new API key."""
    from datetime import timedelta

    with house.database.write() as session:
        now = house.clock.now(session)
        year = timedelta(days=360)
        secret = create_api_key(
            session, now, label=f"test {role}", role=role, scopes=scopes, valid_for=year, actor="operator"
        )
    return {"authorization": f"Bearer {secret}"}


@dataclass
class Customer:
    """A customer's browser, without the browser."""

    client: httpx2.Client
    verification: str

    def status(self) -> dict[str, Any]:
        answer = self.client.get(f"/verification/{self.verification}", headers=JSON)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def upload(self, slot: str, data: bytes, *, name: str = "photo.jpg", **fields: str) -> httpx2.Response:
        token = self.status()["form_token"]
        return self.client.post(
            f"/verification/{self.verification}/documents",
            data={"form_token": token, "slot": slot, **fields},
            files={"file": (name, data, "application/octet-stream")},
            headers=JSON,
        )

    def post(self, step: str, **fields: str) -> httpx2.Response:
        token = self.status()["form_token"]
        return self.client.post(
            f"/verification/{self.verification}/{step}", data={"form_token": token, **fields}, headers=JSON
        )


def open_link(client: httpx2.Client, url: str) -> Customer:
    """Open a link as a person does: look, then press the button."""
    path = httpx2.URL(url).path
    landing = client.get(path, headers=JSON)
    assert landing.status_code == 200, landing.text
    answer = client.post(path, data={"form_token": landing.json()["form_token"]}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return Customer(client, answer.headers["location"].rsplit("/", 1)[1])


@dataclass
class Reviewer:
    """One reviewer's program."""

    client: httpx2.Client
    headers: dict[str, str] = field(repr=False)

    def claim(self, verification: str) -> httpx2.Response:
        return self.client.post(f"/v1/verifications/{verification}/claim", headers=self.headers)

    def release(self, verification: str) -> httpx2.Response:
        return self.client.post(f"/v1/verifications/{verification}/release", headers=self.headers)

    def look(self, verification: str) -> httpx2.Response:
        """The documents and what the desk knows."""
        return self.client.get(f"/v1/verifications/{verification}/documents", headers=self.headers)

    def page(self, document: str, page: int = 1) -> httpx2.Response:
        return self.client.get(f"/v1/documents/{document}/pages/{page}", headers=self.headers)

    def view_all(self, verification: str) -> list[bytes]:
        """Fetch every page of every document."""
        documents = self.look(verification).json()["documents"]
        answers = [self.page(each["id"], n) for each in documents for n in range(1, each["pages"] + 1)]
        assert all(answer.status_code == 200 for answer in answers)
        return [answer.content for answer in answers]

    def decide(
        self, verification: str, outcome: str, *, headers: dict[str, str] | None = None, **body: Any
    ) -> httpx2.Response:
        return self.client.post(
            f"/v1/verifications/{verification}/decision",
            json={"outcome": outcome, **body},
            headers=self.headers | (headers or {}),
        )

    def review(self, verification: str, outcome: str = "approve", **body: Any) -> str:
        """Claim, look at everything, decide; the state that it led to."""
        assert self.claim(verification).status_code == 200
        self.view_all(verification)
        answer = self.decide(verification, outcome, **body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["status"])


@dataclass
class Desk:
    """An agent's program, and the doors through which customers and reviewers come."""

    house: House
    client: TestClient
    headers: dict[str, str] = field(repr=False)

    def ask(self, *, headers: dict[str, str] | None = None, **body: Any) -> httpx2.Response:
        wanted = {"reference": "CASE-1", "policy": "qualification-check", **body}
        return self.client.post("/v1/verifications", json=wanted, headers=self.headers | (headers or {}))

    def request(self, **body: Any) -> dict[str, Any]:
        """A new verification, as it was answered."""
        answer = self.ask(**body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def read(self, verification: str) -> dict[str, Any]:
        answer = self.client.get(f"/v1/verifications/{verification}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def post(self, verification: str, step: str, *, headers: dict[str, str] | None = None) -> httpx2.Response:
        return self.client.post(f"/v1/verifications/{verification}/{step}", headers=self.headers | (headers or {}))

    def browser(self) -> httpx2.Client:
        """Another device, without cookies."""
        return TestClient(self.client.app, base_url=str(self.client.base_url))

    def customer(self, asked: dict[str, Any]) -> Customer:
        return open_link(self.browser(), asked["link"]["url"])

    def reviewer(self) -> Reviewer:
        """A reviewer whom nobody saw before."""
        return Reviewer(self.client, make_key(self.house, Role.REVIEWER, Scope.REVIEWS))

    def submitted(
        self, work: Callable[[], None], *, slots: Sequence[str] = ("diploma.all_pages",), **body: Any
    ) -> tuple[dict[str, Any], Customer]:
        """A verification whose customer sent a picture for each slot and handed it in."""
        asked = self.request(**body)
        customer = self.customer(asked)
        for slot in slots:
            answer = customer.upload(slot, make_jpeg(width=320, height=240))
            assert answer.status_code == 201, answer.text
        work()
        answer = customer.post("submit")
        assert answer.status_code == 200, answer.text
        return asked, customer


def open_desk(house: House, client: TestClient) -> Desk:
    """A desk with a key that may do all that agents may."""
    scopes = (Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ, Scope.DOCUMENTS_WRITE)
    return Desk(house, client, make_key(house, Role.AGENT, *scopes))


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """Status and stable code of a refusal, after looking at its form (RFC 9457)."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert problem["next_step"].endswith(".")
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, problem["code"]
