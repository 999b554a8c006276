"""The audit log's entries over HTTP: found by what they are about, or exported whole.

Guarantees: who reads or exports is in the log before the first byte leaves; memory does not grow with the log, and no
transaction is open while it is sent.
"""

import base64
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from policies.access import Action
from verifier.audit.catalogue import EntryKind
from verifier.audit.export import export_lines
from verifier.audit.proofs import get_published_head
from verifier.audit.service import SequencedEntry, record
from verifier.staff.principal import Principal, verify_may
from verifier.web.log_api import Index
from verifier.web.log_reading import EntriesQuery, note_reading, read_entries
from verifier.web.principals import AnyPrincipal
from verifier.web.rooms import StaffRooms, StaffRoomsDep

router: Final = APIRouter(prefix="/v1", tags=["auditor"])

JSON_LINES: Final = "application/jsonl"
_BLOCK_BYTES: Final = 64 * 1024
_FIELDS: Final = TypeAdapter(dict[str, JsonValue])


class ExportQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    from_index: Index = Field(0, description="the first entry, from 0")
    to_index: Index | None = Field(None, description="the entry before which it ends; the published end, if left out")


class EntryAnswer(BaseModel):
    """One entry of the audit log."""

    index: int = Field(description="its place in the log, from 0")
    at: datetime = Field(description="when it was recorded")
    kind: EntryKind = Field(description="what happened")
    fields: dict[str, JsonValue] = Field(description="the other fields of its kind")
    leaf: str = Field(description="the exact bytes that the log's tree holds, base64")


class EntriesAnswer(BaseModel):
    entries: list[EntryAnswer]
    next_cursor: str | None = Field(description="where the next page begins; null on the last")


@router.get("/audit/entries")
def list_entries(
    query: Annotated[EntriesQuery, Query()], principal: AnyPrincipal, rooms: StaffRoomsDep
) -> EntriesAnswer:
    """Entries of the audit log, newest first. Reading them is an entry itself, once in 15 minutes for each query."""
    verify_may(principal, Action.AUDIT_READ)
    note_reading(rooms, principal, query.to_filter())
    with rooms.database.read() as session:
        page = read_entries(session, query)
    return EntriesAnswer(entries=[_describe(entry) for entry in page.entries], next_cursor=page.next_cursor)


def _describe(entry: SequencedEntry) -> EntryAnswer:
    return EntryAnswer(
        index=entry.index,
        at=entry.statement.at,
        kind=entry.statement.kind,
        fields=_FIELDS.validate_python(entry.statement.fields),
        leaf=base64.b64encode(entry.leaf).decode("ascii"),
    )


@router.get(
    "/audit/export",
    response_class=StreamingResponse,
    responses={200: {"content": {JSON_LINES: {}}, "description": "a header, one line an entry, the checkpoint"}},
)
def export_log(
    query: Annotated[ExportQuery, Query()], principal: AnyPrincipal, rooms: StaffRoomsDep
) -> StreamingResponse:
    """The log as JSON Lines, which `verifier audit verify` checks offline. Each export is an entry of its own."""
    verify_may(principal, Action.AUDIT_EXPORT)
    return respond_with_export(rooms, principal, from_index=query.from_index, to_index=query.to_index)


def respond_with_export(
    rooms: StaffRooms, principal: Principal, *, from_index: int, to_index: int | None
) -> StreamingResponse:
    """The lines of `[from_index, to_index)` as an answer. Raises `UnknownIndexError`, `LogEmptyError`."""
    with rooms.database.read() as session:
        end = get_published_head(session).size if to_index is None else to_index
    # Refuses what is not published before the entry says that it was exported.
    lines = export_lines(rooms.database, from_index, end, log_key=rooms.log_key)
    with rooms.database.write() as session:
        fields: dict[str, str | int] = {"actor": principal.actor, "from_index": from_index, "to_index": end}
        record(session, rooms.clock.now(session), EntryKind.LOG_EXPORTED, fields)
    name = f"audit-log-{from_index}-{end}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_join_lines(lines), media_type=JSON_LINES, headers=headers)


def _join_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    # Each block costs a change of threads: line by line, that would be most of the time.
    block = bytearray()
    for line in lines:
        block += line
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    yield bytes(block)
