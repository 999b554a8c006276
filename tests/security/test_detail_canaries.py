"""P1 and P5 for what customers type: no detail, caption or expected value in clear in any file, at any moment."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.detail_policies import write_policies
from tests.faults.callers import Agent, Caller, Customer, Reviewer
from tests.faults.canaries import find_hidden_files, search, search_rows, spell
from tests.faults.looks import find_unrest
from tests.faults.rounds import cast_for, running
from tests.faults.running import Service, wait_until
from tests.faults.stories import make_photo
from verifier.wiring import House

TYPED: Final = {
    "sent_hash": "c0ffee" * 10 + "beef",
    "sender": "0xfeedfacefeedfacefeedfacefeedfacefeedface",
    "paid": "918273645.46 EUR",
    "symbol": "9182736455",
    "failing_mail": "From: canary-shop@zq7.example.org\nTo: canary-ada@zq7.example.org\nDate: 22.11.2026\nTime: 9:05",
    "paid_on": "1987-06-05",
    "wallet_name": "Zoë Quandt-Canary’s wallet",
}
CAPTION: Final = "A caption that only Zoë Quandt wrote"
REFUSED: Final = "Zoë Quandt-Canary's wrong\x01answer"
PARTS: Final = ("canary-shop@zq7", "canary-ada@zq7", "1987-06-05", "918273645.46", "Quandt")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Service, House]]:
    folder = write_policies(tmp_path / "policies")
    with running(tmp_path / "run" / "home", policies_folder=str(folder)) as opened:
        yield opened


def needles() -> dict[str, bytes]:
    """Each value in the spellings that a file could hold it in."""
    told: dict[str, bytes] = {}
    for text in (*TYPED.values(), CAPTION, *PARTS):
        told |= spell(text)
        told[f"json {text}"] = json.dumps(text)[1:-1].encode()
        told[f"base64 {text}"] = base64.b64encode(text.encode())[:-4]
    return {name: needle for name, needle in told.items() if len(needle) >= 6}


def look(service: Service, house: House, moment: str) -> list[str]:
    found = search(needles(), [service.home, service.scratch, service.log])
    found += search_rows(needles(), house.settings.database_file)
    found += find_hidden_files(service.find_processes())
    return [f"{moment}: {each}" for each in found]


def test_no_detail_lies_in_clear_at_any_moment_of_its_life(place: tuple[Service, House]) -> None:
    service, house = place
    cast = cast_for(service, house)
    agent, reviewer = Agent(Caller(cast.url, cast.agent)), Reviewer(Caller(cast.url, cast.reviewer))
    asked = {
        "reference": "CASE-1",
        "policy": "wallet-pictures",
        "expected": {"wallet_name": TYPED["wallet_name"], "sent_hash": TYPED["sent_hash"]},
    }
    created = agent.line.post("/v1/verifications", json=asked).json()
    customer = Customer.open(service.url, created["link"]["url"])
    try:
        found = _give(customer, service, house)
        customer.submit()
        found += look(service, house, "handed in")
        path = f"/v1/verifications/{customer.verification}"
        reviewer.line.post(f"{path}/claim")
        seen = reviewer.line.get(f"{path}/documents")
        assert TYPED["wallet_name"] in json.dumps(seen, ensure_ascii=False), "what is searched for is there to be seen"
        assert seen["documents"][0]["caption"] == CAPTION
        found += look(service, house, "after the view")
        reviewer.review(customer.verification, "approve")
        wait_until(lambda: not find_unrest(house), within=60, what="the service does not come to rest")
        assert found + look(service, house, "after disposal") == []
    finally:
        for line in (agent.line, reviewer.line, customer.line):
            line.close()


def _give(customer: Customer, service: Service, house: House) -> list[str]:
    """Everything that is asked for, after something that is refused."""
    token = customer.look()["form_token"]
    wrong = {"form_token": token, "details": TYPED | {"wallet_name": REFUSED}}
    refused = customer.line.ask("POST", f"{customer.path}/details", json=wrong, headers={"accept": "application/json"})
    assert refused.status_code == 422
    assert "Quandt" not in refused.text
    found = look(service, house, "after a refusal")
    customer.line.post(f"{customer.path}/details", json={"form_token": token, "details": TYPED})
    photo = make_photo()
    customer.send("screenshot.first", photo)
    captions = {"screenshot.first": CAPTION}
    customer.line.post(f"{customer.path}/details", json={"form_token": token, "captions": captions})
    found += look(service, house, "sealed")
    customer.await_checked("screenshot.first", photo)
    return found
