"""What is stored now and until when, what was destroyed, and the policies that say so: over HTTP, for auditors.

Guarantees: every page begins where the one before ended, whatever was destroyed in between; times of destruction are
those that were observed.
"""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from policies.access import Action
from policies.explain import explain
from policies.retention import LegalHold
from verifier.disposal.kept import KeptValues, count_kept, place_of, read_everything
from verifier.disposal.reading import DisposedDocument, StoredDocument, count_stored, read_disposed
from verifier.staff.principal import verify_may
from verifier.web.cursors import encode_cursor, parse_cursor
from verifier.web.log_api import NoQuery
from verifier.web.log_reading import DISPOSALS, PAGE_ROWS, encode_index_cursor, note_reading, parse_index_cursor
from verifier.web.principals import AnyPrincipal
from verifier.web.rooms import StaffRooms, StaffRoomsDep

router: Final = APIRouter(prefix="/v1", tags=["auditor"])

_STORED: Final = "stored"
_DISPOSED: Final = "disposed"


class RetentionQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    view: Literal["stored", "disposed"] = Field("stored", description="what is stored now, or what was destroyed")
    limit: int = Field(
        PAGE_ROWS, ge=1, le=PAGE_ROWS, description="the most that one answer holds, of all kinds together"
    )
    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the page before, with the same view")


class LawAnswer(BaseModel):
    """The law that keeps something after the end of its verification, as its policy names it."""

    code: str = Field(description="as in the log's entry `hold.placed`")
    country: str | None
    text: dict[str, str] = Field(description="why it is kept, in the policy's own words, by language")


class StoredAnswer(BaseModel):
    """One document that is stored."""

    document: str
    verification: str
    reference: str | None = Field(description="the desk's id of the case; null once it was forgotten")
    policy: str
    slot: str = Field(description="the policy's document and slot, such as `identity.front`")
    state: str = Field(description="`disposing` while it is being destroyed")
    copies: list[str] = Field(description="the copies whose absence was not yet seen")
    since: datetime = Field(description="when its upload began")
    destroy_by: datetime = Field(description="when the first of its copies has to go; in the past once it is due")
    rule: str = Field(description="why it has to go")
    kept_by_law: LawAnswer | None = Field(
        description="by which law it is held until `destroy_by`; null while none does"
    )
    overdue: bool = Field(description="due for longer than disposal may take: something keeps it from being destroyed")


class KeptAnswer(BaseModel):
    """What of one kind a law keeps of a verification that has ended; never what it says."""

    kind: Literal["details", "contact_points"]
    verification: str
    reference: str | None = Field(description="the desk's id of the case; null once it was forgotten")
    policy: str
    since: datetime = Field(description="when its verification ended, and the law's minimum began")
    destroy_by: datetime = Field(description="when the law's minimum is over; in the past once it is due")
    kept_by_law: LawAnswer | None = Field(description="by which law it is kept; null where the policy knows it no more")
    overdue: bool = Field(description="due for longer than disposal may take: something keeps it from being destroyed")


class DisposedAnswer(BaseModel):
    """One document that the log says was destroyed."""

    document: str
    verification: str
    reference: str | None = Field(description="the desk's id of the case; null once it was forgotten")
    slot: str
    rule: str = Field(description="why it was destroyed")
    copies: int = Field(description="how many copies were destroyed with it")
    disposed_at: datetime = Field(description="when its destruction was attested")
    seen_absent_at: datetime = Field(description="when its bytes were seen absent")
    key_destroyed_at: datetime | None = Field(description="when its key was seen absent; null while others need it")
    index: int = Field(description="the place of its entry in the log")
    receipt: str = Field(description="where its deletion receipt is")


class StoredListAnswer(BaseModel):
    """What is stored, oldest deadline first: documents, and what else a law keeps after the end.

    Both are on the same pages, under one cursor: nothing on a page ends later than anything on the next one. The
    numbers are of everything, not of this page.
    """

    view: Literal["stored"]
    total: int = Field(description="documents")
    overdue: int = Field(description="of the documents")
    kept_total: int = Field(description="what else a law keeps, each kind of each verification once")
    kept_overdue: int = Field(description="of what else a law keeps")
    documents: list[StoredAnswer]
    kept: list[KeptAnswer] = Field(description="details and contact points that a law keeps")
    next_cursor: str | None


class DisposedListAnswer(BaseModel):
    """What was destroyed, the latest first."""

    view: Literal["disposed"]
    documents: list[DisposedAnswer]
    next_cursor: str | None


class PolicyAnswer(BaseModel):
    """One policy as new verifications begin with it."""

    name: str
    version: str = Field(description="the digest of its canonical content")
    title: dict[str, str] = Field(description="by language")
    explanation: str = Field(description="what is asked of whom, who sees it and how long it stays, in plain English")


class PoliciesAnswer(BaseModel):
    policies: list[PolicyAnswer]


@router.get("/retention")
def read_retention(
    query: Annotated[RetentionQuery, Query()], principal: AnyPrincipal, rooms: StaffRoomsDep
) -> StoredListAnswer | DisposedListAnswer:
    """What is stored now and until when, or what was destroyed, when and under which rule."""
    verify_may(principal, Action.RETENTION_READ)
    if query.view == _STORED:
        return _list_stored(rooms, query)
    before = None if query.cursor is None else parse_index_cursor(_DISPOSED, query.cursor)
    note_reading(rooms, principal, DISPOSALS)
    return _list_disposed(rooms, before, limit=query.limit)


def _list_stored(rooms: StaffRooms, query: RetentionQuery) -> StoredListAnswer:
    after = None if query.cursor is None else parse_cursor(_STORED, query.cursor)
    with rooms.database.read() as session:
        now = rooms.clock.now(session)
        found = read_everything(session, now, after=after, limit=query.limit + 1)
        count, kept = count_stored(session, now), count_kept(session, now)
    rows, goes_on = found[: query.limit], len(found) > query.limit
    return StoredListAnswer(
        view="stored",
        total=count.stored,
        overdue=count.overdue,
        kept_total=kept.kept,
        kept_overdue=kept.overdue,
        documents=[_describe_stored(row) for row in rows if isinstance(row, StoredDocument)],
        kept=[_describe_kept(row) for row in rows if isinstance(row, KeptValues)],
        next_cursor=encode_cursor(_STORED, *place_of(rows[-1])) if goes_on else None,
    )


def _list_disposed(rooms: StaffRooms, before: int | None, *, limit: int) -> DisposedListAnswer:
    with rooms.database.read() as session:
        found = read_disposed(session, before=before, limit=limit + 1)
    goes_on = len(found) > limit
    return DisposedListAnswer(
        view="disposed",
        documents=[_describe_disposed(row) for row in found[:limit]],
        next_cursor=encode_index_cursor(_DISPOSED, found[limit - 1].index) if goes_on else None,
    )


def _describe_stored(row: StoredDocument) -> StoredAnswer:
    return StoredAnswer(
        document=row.document,
        verification=row.verification,
        reference=row.reference,
        policy=row.policy,
        slot=row.slot,
        state=row.state,
        copies=list(row.copies),
        since=row.since,
        destroy_by=row.destroy_by,
        rule=row.rule,
        kept_by_law=None if row.law is None else _describe_law(row.law),
        overdue=row.is_overdue,
    )


def _describe_kept(row: KeptValues) -> KeptAnswer:
    return KeptAnswer.model_validate(
        {
            "kind": row.data.value,
            "verification": row.verification,
            "reference": row.reference,
            "policy": row.policy,
            "since": row.since,
            "destroy_by": row.destroy_by,
            "kept_by_law": None if row.law is None else _describe_law(row.law),
            "overdue": row.is_overdue,
        }
    )


def _describe_law(law: LegalHold) -> LawAnswer:
    return LawAnswer(code=law.code, country=law.country, text=dict(law.law))


def _describe_disposed(row: DisposedDocument) -> DisposedAnswer:
    return DisposedAnswer(
        document=row.document,
        verification=row.verification,
        reference=row.reference,
        slot=row.slot,
        rule=row.rule,
        copies=row.copies,
        disposed_at=row.disposed_at,
        seen_absent_at=row.seen_absent_at,
        key_destroyed_at=row.key_destroyed_at,
        index=row.index,
        receipt=f"/v1/receipts/{row.document}",
    )


@router.get("/policies")
def list_policies(principal: AnyPrincipal, rooms: StaffRoomsDep, _: NoQuery) -> PoliciesAnswer:
    """The policies that new verifications may begin with, in plain words."""
    verify_may(principal, Action.POLICY_READ)
    answers = [
        PolicyAnswer(name=policy.name, version=policy.version, title=dict(policy.title), explanation=explain(policy))
        for _, policy in sorted(rooms.policies.items())
    ]
    return PoliciesAnswer(policies=answers)
