"""The auditor's pages: what is stored, what was destroyed, who viewed what, the log, and deletion receipts.

Guarantees: who reads the log is in the log before anything of it is shown, once in 15 minutes for each query, as at
the API.
"""

from datetime import timedelta
from typing import Annotated, Final, Literal, assert_never
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from policies.access import Action
from verifier.audit.catalogue import EntryKind
from verifier.disposal.kept import count_kept, place_of, read_everything
from verifier.disposal.reading import count_stored, read_disposed
from verifier.evidence.errors import UnknownDocumentError
from verifier.evidence.tables import DocumentRow
from verifier.reviews.figures import count_solved
from verifier.staff.principal import Principal, verify_may
from verifier.web.auditor_views import (
    parse_filters,
    read_log_head,
    tell_destroyed,
    tell_entries,
    tell_solved,
    tell_stored,
    tell_views,
)
from verifier.web.cursors import encode_cursor, parse_cursor
from verifier.web.figures_api import LAST_DAYS
from verifier.web.log_reading import (
    DISPOSALS,
    VIEWS,
    EntriesQuery,
    encode_index_cursor,
    note_reading,
    parse_index_cursor,
    read_entries,
    read_views,
)
from verifier.web.pages.auditor import DestroyedPage, EntriesPage, EntryRow, Filters, StoredPage, ViewsPage
from verifier.web.pages.common import FieldError, StaffShell
from verifier.web.principals import PagePrincipal
from verifier.web.rooms import StaffRooms, StaffRoomsDep
from verifier.web.staff_receipts import ReceiptForm, show_receipt_of
from verifier.web.staff_route import StaffRoute, show
from verifier.web.staff_views import staff_shell

router: Final = APIRouter(tags=["auditor"], route_class=StaffRoute, include_in_schema=False)

_ROWS: Final = 50
_EXPORT: Final = "/v1/audit/export"

Tab = Literal["stored", "destroyed", "views", "entries"]
Text = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]


class AuditQuery(BaseModel):
    """Which tab, where it begins, and what the log is narrowed to."""

    tab: Tab = "stored"
    cursor: Text | None = None
    kind: Text = ""
    verification: Text = ""
    document: Text = ""
    actor: Text = ""
    from_day: Text = Field("", alias="from")
    to_day: Text = Field("", alias="to")


@router.get("/audit")
def show_audit(
    request: Request, query: Annotated[AuditQuery, Query()], principal: PagePrincipal, rooms: StaffRoomsDep
) -> Response:
    """One of the four tabs."""
    shell, cursor = staff_shell(request, principal, rooms=rooms, current="audit"), query.cursor
    match query.tab:
        case "stored":
            verify_may(principal, Action.RETENTION_READ)
            return show(_read_stored(rooms, shell, cursor=cursor))
        case "destroyed":
            verify_may(principal, Action.RETENTION_READ)
            return show(_read_destroyed(rooms, principal, shell, cursor=cursor))
        case "views":
            verify_may(principal, Action.AUDIT_READ)
            return show(_read_views(rooms, principal, shell, cursor=cursor))
        case "entries":
            verify_may(principal, Action.AUDIT_READ)
            filters = Filters(
                kind=query.kind,
                verification=query.verification,
                document=query.document,
                actor=query.actor,
                from_day=query.from_day,
                to_day=query.to_day,
            )
            page = _read_entries(rooms, principal, shell, filters=filters, cursor=cursor)
            return show(page, status=422 if page.errors else 200)
        case _:
            assert_never(query.tab)


def _read_stored(rooms: StaffRooms, shell: StaffShell, *, cursor: str | None) -> StoredPage:
    after = None if cursor is None else parse_cursor("stored", cursor)
    with rooms.database.read() as session:
        now = rooms.clock.now(session)
        found = read_everything(session, now, after=after, limit=_ROWS + 1)
        count, kept = count_stored(session, now), count_kept(session, now)
        log = read_log_head(session, log_key=rooms.log_key)
        solved = count_solved(session, since=now - timedelta(days=LAST_DAYS))
    rows = found[:_ROWS]
    following = encode_cursor("stored", *place_of(rows[-1])) if len(found) > _ROWS else None
    return StoredPage(
        shell=shell,
        log=log,
        rows=tuple(tell_stored(row, policies=rooms.policies) for row in rows),
        total=count.stored,
        overdue=count.overdue + kept.overdue,
        next_url=None if following is None else f"/audit?cursor={following}",
        kept=kept.kept,
        solved=tell_solved(solved),
    )


def _read_destroyed(rooms: StaffRooms, principal: Principal, shell: StaffShell, *, cursor: str | None) -> DestroyedPage:
    before = None if cursor is None else parse_index_cursor("destroyed", cursor)
    note_reading(rooms, principal, DISPOSALS)
    with rooms.database.read() as session:
        found = read_disposed(session, before=before, limit=_ROWS + 1)
        log = read_log_head(session, log_key=rooms.log_key)
    rows = found[:_ROWS]
    return DestroyedPage(
        shell=shell,
        log=log,
        rows=tuple(map(tell_destroyed, rows)),
        next_url=_next_url("destroyed", rows[-1].index) if len(found) > _ROWS else None,
    )


def _read_views(rooms: StaffRooms, principal: Principal, shell: StaffShell, *, cursor: str | None) -> ViewsPage:
    before = None if cursor is None else parse_index_cursor("views", cursor)
    note_reading(rooms, principal, VIEWS)
    with rooms.database.read() as session:
        found = read_views(session, before=before, limit=_ROWS + 1)
        rows = tell_views(session, found[:_ROWS])
        log = read_log_head(session, log_key=rooms.log_key)
    following = _next_url("views", found[_ROWS - 1].index) if len(found) > _ROWS else None
    return ViewsPage(shell=shell, log=log, rows=rows, next_url=following)


def _next_url(tab: Tab, index: int) -> str:
    return f"/audit?tab={tab}&cursor={encode_index_cursor(tab, index)}"


def _read_entries(
    rooms: StaffRooms, principal: Principal, shell: StaffShell, *, filters: Filters, cursor: str | None
) -> EntriesPage:
    query = parse_filters(filters, limit=_ROWS, cursor=cursor)
    errors: tuple[FieldError, ...] = ()
    rows: tuple[EntryRow, ...] = ()
    following = None
    if isinstance(query, EntriesQuery):
        note_reading(rooms, principal, query.to_filter())
    with rooms.database.read() as session:
        if isinstance(query, EntriesQuery):
            found = read_entries(session, query)
            rows, following = tell_entries(session, found.entries), found.next_cursor
        else:
            errors = query
        log = read_log_head(session, log_key=rooms.log_key)
    return EntriesPage(
        errors=errors,
        shell=shell,
        log=log,
        filters=filters,
        kinds=tuple(EntryKind),
        rows=rows,
        export_url=None if log.checkpoint is None else _EXPORT,
        next_url=None if following is None else f"/audit?{_write_query(filters, cursor=following)}",
    )


def _write_query(filters: Filters, *, cursor: str) -> str:
    named = {
        "tab": "entries",
        "kind": filters.kind,
        "verification": filters.verification,
        "document": filters.document,
        "actor": filters.actor,
        "from": filters.from_day,
        "to": filters.to_day,
        "cursor": cursor,
    }
    return urlencode({name: value for name, value in named.items() if value})


@router.get("/audit/receipts/{document}")
def show_receipt(
    request: Request,
    document: str,
    principal: PagePrincipal,
    rooms: StaffRoomsDep,
    format_: ReceiptForm = "page",
) -> Response:
    """The deletion receipt of one document: to read and print, or the file that tools check."""
    verify_may(principal, Action.RECEIPT_READ)

    def find(session: Session) -> DocumentRow:
        found = session.get(DocumentRow, document)
        if found is None:
            raise UnknownDocumentError
        return found

    back = "/audit?tab=destroyed"
    return show_receipt_of(
        request, principal, find, rooms=rooms, form=format_, current="audit", base_url="/audit", back_url=back
    )
