"""Reading the audit log on behalf of an auditor: what was asked for, the entry that says so, and the views.

Guarantees: `note_reading` returns only when the entry of the reading is committed; pages of one reading, in either
order, are one reading. The same functions serve the API and the auditor's page.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

import rfc8785
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.forms import format_time
from verifier.audit.service import (
    EntryFilter,
    SequencedEntry,
    find_entries,
    find_entries_oldest_first,
    record_read_once,
)
from verifier.db.base import EPOCH
from verifier.ids import DocumentId, VerificationId
from verifier.staff.principal import Principal
from verifier.web.cursors import encode_cursor, parse_cursor
from verifier.web.errors import InvalidCursorError
from verifier.web.rooms import StaffRooms

PAGE_ROWS: Final = 100
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


def _verify_is_utc(value: object) -> object:
    # Left to itself, pydantic would also take numbers, local times and other offsets.
    if isinstance(value, str) and _TIME.fullmatch(value) is None:
        raise ValueError
    return value


UtcTime = Annotated[datetime, BeforeValidator(_verify_is_utc)]


class EntriesQuery(BaseModel):
    """Which entries are wanted; what is left out means any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: EntryKind | None = Field(None, description="what happened, such as `page.viewed`")
    verification: str | None = Field(None, pattern=r"^ver_[a-z2-7]{26}$", description="only about this verification")
    document: str | None = Field(None, pattern=r"^doc_[a-z2-7]{26}$", description="only about this document")
    actor: str | None = Field(
        None,
        pattern=r"^((stf|key)_[a-z2-7]{26}|customer|worker|operator)$",
        description="only by this person, program or part of the service",
    )
    since: UtcTime | None = Field(None, alias="from", description="recorded at this time or later, RFC 3339 in UTC")
    until: UtcTime | None = Field(None, alias="to", description="recorded before this time, RFC 3339 in UTC")
    order: Literal["newest", "oldest"] = Field("newest", description="which entry comes first")
    limit: int = Field(PAGE_ROWS, ge=1, le=PAGE_ROWS, description="the most entries that one answer holds")
    cursor: str | None = Field(
        None, max_length=200, description="`next_cursor` of the page before, with the same query"
    )

    def to_filter(self) -> EntryFilter:
        return EntryFilter(
            kind=self.kind,
            verification=None if self.verification is None else VerificationId(self.verification),
            document=None if self.document is None else DocumentId(self.document),
            actor=self.actor,
            since=self.since,
            until=self.until,
        )


@dataclass(frozen=True)
class EntriesPage:
    """One page of entries; `next_cursor` is `None` on the last one."""

    entries: list[SequencedEntry]
    next_cursor: str | None


@dataclass(frozen=True)
class PageView:
    """One page of a document that was shown; `index` is the place of its entry."""

    index: int
    at: datetime
    actor: str
    verification: str
    document: str
    page: int


VIEWS: Final = EntryFilter(kind=EntryKind.PAGE_VIEWED)
DISPOSALS: Final = EntryFilter(kind=EntryKind.DOCUMENT_DISPOSED)


def digest_query(wanted: EntryFilter) -> str:
    """What the log says of a query: SHA-256 over the RFC 8785 form of its filters, so that anyone can repeat it."""
    named: dict[str, str | None] = {
        "kind": wanted.kind,
        "verification": wanted.verification,
        "document": wanted.document,
        "actor": wanted.actor,
        "from": None if wanted.since is None else format_time(wanted.since),
        "to": None if wanted.until is None else format_time(wanted.until),
    }
    asked = {name: str(value) for name, value in named.items() if value is not None}
    return hashlib.sha256(rfc8785.dumps(asked)).hexdigest()


def note_reading(rooms: StaffRooms, principal: Principal, wanted: EntryFilter) -> None:
    """Commit the entry that says who reads what; call it before anything is shown."""
    with rooms.database.write() as session:
        record_read_once(session, rooms.clock.now(session), principal.actor, digest_query(wanted))


def read_entries(session: Session, query: EntriesQuery) -> EntriesPage:
    """One page of what the query asks for. Raises `InvalidCursorError`."""
    wanted = query.to_filter()
    kind = f"entries-{query.order}-{digest_query(wanted)[:16]}"
    start = None if query.cursor is None else parse_index_cursor(kind, query.cursor)
    if query.order == "newest":
        found = find_entries(session, wanted, before_index=start, limit=query.limit + 1)
    else:
        found = find_entries_oldest_first(session, wanted, after_index=start, limit=query.limit + 1)
    entries = found[: query.limit]
    is_last = len(found) <= query.limit
    return EntriesPage(entries, None if is_last else encode_index_cursor(kind, entries[-1].index))


def read_views(session: Session, *, before: int | None, limit: int) -> list[PageView]:
    """At most `limit` views, the latest first; `before` is the `index` of the last one before.

    The log tells these: a caller that serves an auditor notes the reading of `VIEWS`.
    """
    views = []
    for entry in find_entries(session, VIEWS, before_index=before, limit=limit):
        fields, page = entry.statement.fields, entry.statement.fields["page"]
        assert isinstance(page, int)  # the catalogue has it so
        view = PageView(
            index=entry.index,
            at=entry.statement.at,
            actor=str(fields["actor"]),
            verification=str(fields["verification"]),
            document=str(fields["document"]),
            page=page,
        )
        views.append(view)
    return views


def encode_index_cursor(kind: str, index: int) -> str:
    """A cursor for a list that is in the order of the log; it needs no time."""
    return encode_cursor(kind, EPOCH, str(index))


def parse_index_cursor(kind: str, text: str) -> int:
    """The index in a cursor that `encode_index_cursor` made for `kind`. Raises `InvalidCursorError`."""
    at, index = parse_cursor(kind, text)
    if at != EPOCH or _INDEX.fullmatch(index) is None:
        raise InvalidCursorError
    return int(index)
