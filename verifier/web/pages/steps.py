"""The customer's way through one proof, as facts: how far it is, the list of its steps, the other ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from verifier.web.pages.common import CustomerShell, View
from verifier.web.pages.customer import Case
from verifier.web.pages.facts import Facts


class StepState(StrEnum):
    """How far a step is."""

    TO_DO = "to_do"
    BUSY = "busy"
    """Something was handed in and is being looked at."""
    AGAIN = "again"
    """The reviewer asked for it again, or it could not be read."""
    DONE = "done"
    OPTIONAL = "optional"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One row of the list. `title`: in the reader's language. `hint`: "" or why it is asked for again."""

    title: str
    url: str
    state: StepState
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepsPage(View):
    """`GET /verification/{id}` of a proof with several steps. An error names "submit".

    `can_submit`: everything that is not optional is there. `changed`: as on the page of documents.
    """

    template: ClassVar[str] = "steps.html"
    shell: CustomerShell
    case: Case
    verification_id: str
    form_token: str
    facts: Facts
    steps: Sequence[Step]
    can_submit: bool
    changed: str

    @property
    def url(self) -> str:
        return f"/verification/{self.verification_id}"

    @property
    def done(self) -> int:
        return sum(step.state is StepState.DONE for step in self.needed)

    @property
    def needed(self) -> Sequence[Step]:
        """The steps without which it is not whole."""
        return [step for step in self.steps if step.state is not StepState.OPTIONAL]

    @property
    def is_busy(self) -> bool:
        return any(step.state is StepState.BUSY for step in self.steps)


@dataclass(frozen=True, kw_only=True, slots=True)
class WayChoice:
    """One accepted way. `line`: its number in the policy's ladder. `parts`: what it asks, each a title; all of them are
    needed. `hint`: what it takes. `is_current`: the customer is on it. `has_something`: part of it is there already.
    """

    line: int
    parts: Sequence[str]
    hint: str
    is_current: bool
    has_something: bool

    @property
    def anchor(self) -> str:
        return f"line-{self.line}"


@dataclass(frozen=True, kw_only=True, slots=True)
class WaysPage(View):
    """`GET /verification/{id}/proof`: the accepted ways, the least intrusive first. Posts `form_token` and `line`.

    An error names the anchor of the first way.
    """

    template: ClassVar[str] = "ways.html"
    shell: CustomerShell
    case: Case
    verification_id: str
    form_token: str
    ways: Sequence[WayChoice]

    @property
    def url(self) -> str:
        return f"/verification/{self.verification_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NoWayPage(View):
    """`GET /verification/{id}` where nothing is accepted any more: every check ended, or nothing else can be asked."""

    template: ClassVar[str] = "no_way.html"
    shell: CustomerShell
    case: Case
    verification_id: str
    closed: str

    @property
    def url(self) -> str:
        return f"/verification/{self.verification_id}"
