"""Contact points as they come, and contact checks as they are told: one shape for the desk and the customer.

Nothing here tells an address or a code: what is told is how a check stands, and what may be done about it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from policies.model import Policy
from policies.parts import ContactKind
from verifier.contacts.reading import CheckStatus, SubmissionStatus
from verifier.contacts.registered import GivenContact, parse_given
from verifier.ids import SubmissionId

GivenKind = Literal["email", "phone", "domain", "wallet"]


class ContactPointBody(BaseModel):
    """An address that is registered on the account: its value, or the desk's keyed digest of it; never both."""

    model_config = ConfigDict(extra="forbid", strict=True)

    value: str | None = Field(default=None, min_length=1, max_length=320, repr=False, description="sealed on arrival")
    digest: str | None = Field(
        repr=False,
        default=None,
        max_length=64,
        description="HMAC-SHA-256 in hex; the customer types what it stands for",
    )
    changed_at: Annotated[AwareDatetime, Field(strict=False)] | None = Field(
        default=None, description="when it was last changed on the account"
    )


def parse_contact_points(points: Mapping[GivenKind, ContactPointBody], policy: Policy) -> Sequence[GivenContact]:
    """Check what the desk sent. Raises: MalformedContactError, DisposableContactError, UnusableContactPointError"""
    return [
        parse_given(
            ContactKind(kind),
            value=point.value,
            digest=point.digest,
            changed_at=point.changed_at,
            forbid_disposable=policy.contacts.forbid_disposable,
        )
        for kind, point in points.items()
    ]


class CheckAnswer(BaseModel):
    """One contact check. `reasons` are codes of a closed list; if it is confirmed, why a person must look first."""

    id: str
    contact: str
    method: str
    state: str = Field(description="`open`, or how it ended: `confirmed`, `mismatch`, `unconfirmed`, `failed`")
    reasons: list[str]
    grade: str | None = Field(description="of a message: how closely it is bound to its author's domain")
    challenge: str | None = Field(description="what to show back: in a DNS record, a file, a token, a signature")
    needs_address: bool = Field(description="the customer types the address first")
    tries_left: int
    sends_left: int
    code_expires_at: datetime | None
    code_sent: bool = Field(description="whether the last code has left us")
    code_failure: str | None = Field(description="why the last code did not leave us")
    created_at: datetime
    decided_at: datetime | None


class ChecksAnswer(BaseModel):
    checks: list[CheckAnswer]


class SubmissionAnswer(BaseModel):
    """What was handed in. `result` is `pending` until the worker has judged it; then ask for the checks."""

    submission: str
    result: str


def tell_checks(statuses: Sequence[CheckStatus]) -> ChecksAnswer:
    return ChecksAnswer(checks=[_tell_check(status) for status in statuses])


def _tell_check(status: CheckStatus) -> CheckAnswer:
    return CheckAnswer(
        id=status.id,
        contact=status.contact,
        method=status.method,
        state=status.state,
        reasons=list(status.reasons),
        grade=status.grade,
        challenge=status.challenge,
        needs_address=status.needs_address,
        tries_left=status.tries_left,
        sends_left=status.sends_left,
        code_expires_at=status.code_expires_at,
        code_sent=status.is_sent,
        code_failure=status.failure,
        created_at=status.created_at,
        decided_at=status.decided_at,
    )


def tell_pending(submission: SubmissionId) -> SubmissionAnswer:
    return SubmissionAnswer(submission=submission, result="pending")


def tell_submission(status: SubmissionStatus) -> SubmissionAnswer:
    return SubmissionAnswer(submission=status.id, result=status.result)
