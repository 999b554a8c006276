"""The installation that the journeys walk through: `verifier serve` on a free port, and the people who work there.

Guarantees: what the browser sees comes from the running service alone. People sign in through the staff room in the
same home, as `verifier staff invite` does, and requests are made by an API key: both only where a journey is not
about them.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from policies.access import Role, Scope
from tests.browser.pictures import draw_card
from tests.case_policies import FOLDER
from tests.faults.running import Service
from tests.journey import Customer, make_key, open_link
from verifier.staff import service as staff
from verifier.wiring import House, open_house

DESK_NAME: Final = "Northbank support"
RECOVERY: Final = "account-recovery"
SLOTS: Final = ("identity.front", "identity.back")
KNOWN: Final = {"full_name": "Ada Example", "date_of_birth": "29 February 1988"}


@dataclass
class Office:
    """A running service, and the rooms behind it."""

    service: Service
    house: House
    agent: httpx2.Client
    _closing: ExitStack
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(4127))

    @property
    def address(self) -> str:
        return self.service.url

    def new_reference(self) -> str:
        return f"NB-2026/{next(self._numbers):05d}"

    def sign_in(self, name: str, *roles: Role) -> str:
        """The session of a person, who is made where they are new."""
        with self.house.database.write() as session:
            now = self.house.clock.now(session)
            token = staff.invite(session, now, name=name, roles=roles, actor="operator")
            return staff.redeem_invite(session, now, token)

    def ask(self, **more: Any) -> dict[str, Any]:
        """A new verification, as it was answered to the agent's program."""
        body = {"reference": self.new_reference(), "policy": RECOVERY, "expected": KNOWN, **more}
        answer = self.agent.post("/v1/verifications", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def read(self, verification: str) -> dict[str, Any]:
        answer = self.agent.get(f"/v1/verifications/{verification}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def clear_queue(self) -> None:
        """Cancel what other journeys left waiting, so that *Next* finds what this one handed in."""
        for status in ("submitted", "second_review"):
            answer = self.agent.get("/v1/verifications", params={"status": status})
            for waiting in answer.json()["verifications"]:
                assert self.agent.post(f"/v1/verifications/{waiting['id']}/cancel").status_code == 200

    def hand_in(self, asked: dict[str, Any]) -> Customer:
        """The customer sends both sides and hands them in, without a browser."""
        customer = open_link(self._closing.enter_context(self.browserless()), asked["link"]["url"])
        for slot in SLOTS:
            side = "front" if slot.endswith("front") else "back"
            assert customer.upload(slot, draw_card(side)).status_code == 201
        wait_for(lambda: customer.status()["can_submit"], what="both sides were not checked")
        assert customer.post("submit").status_code == 200
        return customer

    def browserless(self) -> httpx2.Client:
        """A customer's or a program's own way to the doors."""
        return httpx2.Client(base_url=self.address, headers={"sec-fetch-site": "same-origin"})

    def submitted(self, **more: Any) -> tuple[dict[str, Any], Customer]:
        asked = self.ask(**more)
        return asked, self.hand_in(asked)


def wait_for(is_so: Callable[[], object], *, what: str, within: float = 30.0) -> None:
    """Look until it is so: another process does it. Raises `TimeoutError`."""
    ends_at = time.monotonic() + within
    while not is_so():
        if time.monotonic() > ends_at:
            raise TimeoutError(what)
        time.sleep(0.1)


@contextmanager
def opened_office(folder: Path, *, policies: Path = FOLDER) -> Iterator[Office]:
    """Start the service in a fresh home below `folder`; it has ended when this ends."""
    with Service(folder / "home", desk_name=DESK_NAME, policies_folder=str(policies)) as service:
        house = open_house(service.settings.model_copy(update={"policies_folder": policies}))
        try:
            scopes = (Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ, Scope.DOCUMENTS_WRITE)
            with ExitStack() as closing:
                headers = make_key(house, Role.AGENT, *scopes)
                agent = closing.enter_context(httpx2.Client(base_url=service.url, headers=headers))
                yield Office(service, house, agent, closing)
        finally:
            house.close()
