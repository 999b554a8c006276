"""A customer, an agent and a reviewer as programs: the steps that many tests walk through."""

import io
import os
from dataclasses import dataclass
from typing import Any

import httpx2
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
        secret = create_api_key(
            session, now, label=f"test {role}", role=role, scopes=scopes, valid_for=timedelta(days=1), actor="operator"
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
