"""The agent's pages, as facts: a new request, my cases, one case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from verifier.web.pages.common import StaffShell, View
from verifier.web.pages.facts import Held, KeptByLaw
from verifier.web.pages.staff_checks import StaffCheck


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedField:
    """One thing that the desk may know. `name`: the policy's code; `label`: its words."""

    name: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyChoice:
    """A policy to choose. `expected`: up to twelve fields; posted as `expected.<policy>.<name>`. `keeps_documents`: a
    law makes us keep them after the end.
    """

    name: str
    title: str
    expected: tuple[ExpectedField, ...]
    keeps_documents: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """A language that the customer can be asked in. `name`: in itself ("Deutsch")."""

    code: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NewValues:
    """What the form holds: from the address, or kept after an error. `locale`: a hint, "" for none.
    `expected`: by "<policy>.<name>".
    """

    reference: str = ""
    policy: str = ""
    locale: str = ""
    expected: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """What an agent sends. `reply`: the short text for the ticket, with the link in it. `phrase`: the two words."""

    url: str
    expires_at: datetime
    reply: str
    phrase: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NewResult:
    """The request that was just made. `is_same`: a live one for this case number existed, so this is its link."""

    verification_id: str
    reference: str
    link: Link
    is_same: bool

    @property
    def case_url(self) -> str:
        return f"/cases/{self.verification_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseRow:
    """One of the cases. `status`: a state of the verification's life (`words.STATUS`). `is_disowned`: the customer
    said "I did not ask for this".
    """

    verification_id: str
    reference: str
    policy_title: str
    status: str
    created_at: datetime
    answer_by: datetime | None
    is_late: bool
    is_disowned: bool = False

    @property
    def url(self) -> str:
        return f"/cases/{self.verification_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPage(View):
    """`GET /new` and the answer to its POST (`reference`, `policy`, `locale`, `expected.<policy>.<name>`).

    Errors name "reference", "policy", "locale", "expected-<policy>-<name>", or "make" for what is no field's fault.
    `shows_all`: the cases are the whole desk's, not this person's. `found_for`: they are those of this case number;
    `find` is what was typed to find them.
    `older_url`: the next page of them.
    """

    template: ClassVar[str] = "new.html"
    shell: StaffShell
    form_token: str
    policies: tuple[PolicyChoice, ...]
    languages: tuple[Language, ...]
    values: NewValues
    result: NewResult | None
    cases: tuple[CaseRow, ...]
    older_url: str | None
    shows_all: bool = False
    found_for: str = ""
    find: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseDocument:
    """A document of a case: never its content. `receipt_url`: from when its deletion receipt can be read. `is_held`:
    a law keeps it.
    """

    label: str
    state: str
    receipt_url: str | None
    is_held: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CasePage(View):
    """`GET /cases/{id}`. Forms post `form_token` to `/cases/{id}/renew` and `/cases/{id}/cancel`.

    `link`: None when there is nothing to open any more. `has_new_link`: it was renewed a moment ago. `is_disowned`:
    the customer said "I did not ask for this". `is_key_lost`: it ended because nobody could open it. `is_link_over`:
    its time ran out before anything was handed in.
    `reasons`: the sentences that the customer reads. A code that the customer reads out is posted as `contact` and
    `code` to `/cases/{id}/code`; an error names the check's anchor. `laws`: what the policy keeps after the end;
    `held`: what is kept now.
    """

    template: ClassVar[str] = "case.html"
    shell: StaffShell
    form_token: str
    verification_id: str
    reference: str
    policy_title: str
    status: str
    created_at: datetime
    answer_by: datetime | None
    is_late: bool
    decided_at: datetime | None
    reasons: tuple[str, ...]
    link: Link | None
    has_new_link: bool
    is_disowned: bool
    is_key_lost: bool = False
    is_link_over: bool = False
    can_renew: bool
    can_cancel: bool
    documents: tuple[CaseDocument, ...]
    checks: tuple[StaffCheck, ...] = ()
    laws: tuple[KeptByLaw, ...] = ()
    held: tuple[Held, ...] = ()

    @property
    def url(self) -> str:
        return f"/cases/{self.verification_id}"
