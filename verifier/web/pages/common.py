"""What every page shares: the two shells, errors linked to fields, and the page for any problem.

A view is a frozen dataclass of facts that somebody else decided: addresses, form tokens, booleans, aware datetimes,
and sentences in the reader's language from the policy. A view decides nothing and fetches nothing; its template only
displays. Each view class names its one template.
"""

from dataclasses import dataclass
from typing import ClassVar

from verifier.web.pages.facts import KeptByLaw


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerShell:
    """The frame of a customer's page. `desk`: the name of the desk that asks, as its customers know it.

    `laws`: what the policy of the verification keeps after its end, so that no page promises otherwise.
    """

    layout: ClassVar[str] = "customer.html"
    desk: str
    laws: tuple[KeptByLaw, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffShell:
    """The frame of a staff page.

    `installation`: its name. `person`: how this person is shown to themselves. `roles`: of "agent", "reviewer",
    "auditor", "operator"; they choose the navigation. `current`: which entry is open: "new", "queue", "audit" or "".
    `form_token`: for signing out. `warnings`: sentences shown on every page (a sandbox that does not hold).
    """

    layout: ClassVar[str] = "staff.html"
    installation: str
    person: str
    roles: frozenset[str]
    form_token: str
    current: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class BareShell:
    """The frame of a staff page before sign-in: the name of the installation and nothing else."""

    layout: ClassVar[str] = "bare.html"
    installation: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldError:
    """One thing to mend. `field`: the id of the element that the summary links to. `sentence`: what to do."""

    field: str
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """The base of every page. `errors` fill the summary at the top and put "Error: " before the title."""

    template: ClassVar[str]
    errors: tuple[FieldError, ...] = ()

    def error_at(self, field: str) -> str | None:
        """The sentence to repeat beside the element `field`, if there is one."""
        return next((error.sentence for error in self.errors if error.field == field), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemPage(View):
    """Any refusal, for customers and staff. `title`, `sentence`, `next_step`: from the table of problems.

    `code`: stable, shown small, so that a support desk can be told. `back_url`: where the next step is, or None.
    """

    template: ClassVar[str] = "problem.html"
    shell: CustomerShell | StaffShell | BareShell
    title: str
    sentence: str
    next_step: str
    code: str
    back_url: str | None = None


def slot_anchor(slot: str) -> str:
    """The id of the card of `slot` ("identity.front") on the task page: what a `FieldError.field` names."""
    return "slot-" + slot.replace(".", "-")
