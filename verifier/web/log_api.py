"""The transparency log over HTTP: checkpoint, tiles and key for everyone; proofs for auditors.

Guarantees: shows nothing beyond the published checkpoint; tiles are addressed as C2SP tlog-tiles has it, so any tool
that speaks it can read the log here. Checkpoint, tiles and key are public (DESIGN section 7): they hold hashes only.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from policies.access import Action
from verifier.audit.errors import UnknownIndexError
from verifier.audit.proofs import get_checkpoint, get_consistency, get_inclusion, get_published_head, get_tile
from verifier.staff.principal import verify_may
from verifier.translog.encoding import encode_base64
from verifier.translog.errors import BadTileError
from verifier.translog.proof import LogProof
from verifier.translog.tiles import Tile
from verifier.web.errors import UnknownFieldError
from verifier.web.principals import AnyPrincipal
from verifier.web.rooms import StaffRoomsDep

router: Final = APIRouter(prefix="/v1", tags=["auditor"])

LARGEST_INDEX: Final = (1 << 53) - 1
_NEVER_CHANGES: Final = "public, max-age=31536000, immutable"

Index = Annotated[int, Field(ge=0, le=LARGEST_INDEX)]
Size = Annotated[int, Field(ge=1, le=LARGEST_INDEX)]


def verify_no_query(request: Request) -> None:
    """Raise `UnknownFieldError` where a call without parameters is sent one."""
    if request.query_params:
        raise UnknownFieldError


NoQuery = Annotated[None, Depends(verify_no_query)]


class InclusionQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    index: Index = Field(description="the place of the entry in the log, from 0")
    size: Size | None = Field(None, description="the size of the tree; that of the latest checkpoint, if left out")


class ConsistencyQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: Size = Field(description="the size of the checkpoint that you kept")
    new: Size | None = Field(None, description="the size to compare with; that of the latest checkpoint, if left out")


class InclusionAnswer(BaseModel):
    """That an entry is in the tree of `size` (RFC 6962, section 2.1.1)."""

    index: int
    size: int
    hashes: list[str] = Field(description="the audit path from the leaf up, base64")
    proof: str | None = Field(description="the same as C2SP tlog-proof, where `size` is that of the latest checkpoint")


class ConsistencyAnswer(BaseModel):
    """That the tree of `new` begins with the tree of `old` (RFC 6962, section 2.1.2)."""

    old: int
    new: int
    hashes: list[str] = Field(description="the consistency path, base64")


@router.get("/audit/checkpoint", response_class=PlainTextResponse)
def read_checkpoint(rooms: StaffRoomsDep, _: NoQuery) -> PlainTextResponse:
    """The latest published checkpoint, a C2SP signed note. Public."""
    with rooms.database.read() as session:
        return PlainTextResponse(get_checkpoint(session))


@router.get("/audit/key", response_class=PlainTextResponse)
def read_log_key(rooms: StaffRoomsDep, _: NoQuery) -> PlainTextResponse:
    """The log's public key, a C2SP signed-note verifier key. Public; compare it with what you were given elsewhere."""
    return PlainTextResponse(f"{rooms.log_key}\n")


@router.get(
    "/audit/tile/{level}/{path:path}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "hashes of 32 bytes, in order"}},
)
def read_tile(level: str, path: str, rooms: StaffRoomsDep, _: NoQuery) -> Response:
    """One tile of the tree by its C2SP tlog-tiles address, such as `0/x001/234` or `1/000.p/7`. Public."""
    try:
        tile = Tile.parse(f"tile/{level}/{path}")
    except BadTileError as error:
        raise UnknownIndexError from error
    with rooms.database.read() as session:
        hashes = get_tile(session, tile.level, tile.index, tile.width)
    return Response(hashes, media_type="application/octet-stream", headers={"Cache-Control": _NEVER_CHANGES})


@router.get("/audit/inclusion")
def prove_inclusion(
    query: Annotated[InclusionQuery, Query()], principal: AnyPrincipal, rooms: StaffRoomsDep
) -> InclusionAnswer:
    """Prove that an entry is in the log."""
    verify_may(principal, Action.AUDIT_PROOF)
    with rooms.database.read() as session:
        head = get_published_head(session)
        size = head.size if query.size is None else query.size
        hashes = get_inclusion(session, query.index, size)
    proof = LogProof(query.index, tuple(hashes), head.checkpoint).to_text() if size == head.size else None
    return InclusionAnswer(index=query.index, size=size, hashes=_to_text(hashes), proof=proof)


@router.get("/audit/consistency")
def prove_consistency(
    query: Annotated[ConsistencyQuery, Query()], principal: AnyPrincipal, rooms: StaffRoomsDep
) -> ConsistencyAnswer:
    """Prove that the log still begins with what it said at an earlier size."""
    verify_may(principal, Action.AUDIT_PROOF)
    with rooms.database.read() as session:
        new = get_published_head(session).size if query.new is None else query.new
        hashes = get_consistency(session, query.old, new)
    return ConsistencyAnswer(old=query.old, new=new, hashes=_to_text(hashes))


def _to_text(hashes: list[bytes]) -> list[str]:
    return [encode_base64(each) for each in hashes]
