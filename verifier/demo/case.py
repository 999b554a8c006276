"""One case of the demo: who takes part, and the steps that every story has. Each returns what it saw, in words."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from verifier.demo.customer import Customer
from verifier.demo.desk import DeskKey
from verifier.demo.door import Door, Told
from verifier.demo.errors import StepFailedError
from verifier.demo.letters import Letters
from verifier.demo.patience import wait_for
from verifier.demo.place import Place


@dataclass(frozen=True)
class Cast:
    """An installation, a desk with what it runs, and a door for each program."""

    service: Place
    letters: Letters
    desk_key: DeskKey
    contact_key: str = field(repr=False)
    sign_in: Mapping[str, str] = field(repr=False)
    agent: Door
    reviewer: Door
    second_reviewer: Door
    auditor: Door
    browsers: ExitStack = field(repr=False)

    def open_browser(self) -> Door:
        """A browser that nobody used before."""
        door = Door(self.service.address)
        self.browsers.callback(door.close)
        return door


class Case:
    """One verification, from the desk's and the reviewers' side; `customer` is the other."""

    def __init__(self, cast: Cast, *, reference: str, policy: str) -> None:
        self.cast: Final = cast
        self.reference: Final = reference
        self._policy: Final = policy
        self._link = ""
        self.path = ""
        self.customer: Customer

    def request(self, **wanted: object) -> str:
        """Ask for a verification."""
        body = {"reference": self.reference, "policy": self._policy, **wanted}
        made = self.cast.agent.post_json("/v1/verifications", body, status=201)
        id_, self._link = made["id"].text, made["link"]["url"].text
        self.path = f"/v1/verifications/{id_}"
        self.customer = Customer(self.cast.open_browser(), verification=id_)
        return f"case {self.reference}, phrase “{made['phrase'].text}”, open until {made['link']['expires_at'].text}"

    @property
    def link(self) -> str:
        return self._link

    def open(self) -> str:
        landing = self.customer.open(self._link.removeprefix(self.cast.service.address))
        return f"“{landing['action'].text}”, asked by {landing['desk'].text}"

    def read(self) -> Told:
        """As the agent sees it."""
        return self.cast.agent.get(self.path)

    def claim(self, reviewer: Door) -> Told:
        """What a reviewer sees first: documents, details, what the desk knows."""
        reviewer.post_json(f"{self.path}/claim", {})
        return reviewer.get(f"{self.path}/documents")

    def decide(self, reviewer: Door, *, state: str) -> None:
        """Approve; what it leads to must be `state`."""
        decided = reviewer.post_json(f"{self.path}/decision", {"outcome": "approve"})
        _verify_state(decided, state)

    def await_approved(self) -> str:
        """Nobody decides: the policy lets the check decide alone."""
        return wait_for("the approval", self._find_approved)

    def _find_approved(self) -> str | None:
        told = self.read()
        if told["status"].text == "requested":
            return None
        _verify_state(told, "approved")
        return "at once, by no person: the policy lets the check decide"

    def await_unreadable(self) -> str:
        return wait_for("the key to be destroyed", lambda: self.find_time("unreadable_at"))

    def find_time(self, name: str) -> str | None:
        found = self.read()[name]
        return f"{datetime.fromisoformat(found.text):%H:%M:%S.%f}"[:-3] + " UTC" if found.is_there else None

    def read_check(self, contact: str) -> Told:
        """The last check of a contact point, as the desk sees it."""
        checks = self.cast.agent.get(f"{self.path}/contact-checks")["checks"].items
        found = [each for each in checks if each["contact"].text == contact]
        if not found:
            raise StepFailedError(f"no check of {contact} was begun")
        return found[-1]

    def await_confirmed(self, contact: str) -> str:
        return wait_for("the check to be confirmed", lambda: self._find_confirmed(contact))

    def _find_confirmed(self, contact: str) -> str | None:
        check = self.read_check(contact)
        if check["state"].text == "open":
            return None
        if check["state"].text != "confirmed":
            reasons = ", ".join(reason.text for reason in check["reasons"].items)
            raise StepFailedError(f"the check ended {check['state'].text}: {reasons}")
        return f"by the worker: {contact}, {check['method'].text}"


def _verify_state(told: Told, state: str) -> None:
    if told["status"].text != state:
        raise StepFailedError(f"the verification is {told['status'].text}, not {state}")
