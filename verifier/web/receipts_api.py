"""Deletion receipts over HTTP, for agents and auditors.

Guarantees: the file that is handed out is exactly the receipt, byte for byte; until a document was seen absent there
is none.
"""

from datetime import datetime
from typing import Final, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from policies.access import Action
from verifier.disposal.reading import DocumentReceipt, ReceiptStatus, find_document_receipt, read_receipts
from verifier.evidence.errors import UnknownDocumentError
from verifier.ids import DocumentId, VerificationId, is_id
from verifier.staff.principal import verify_may
from verifier.verifications.errors import UnknownVerificationError
from verifier.web.log_api import NoQuery
from verifier.web.principals import AnyPrincipal
from verifier.web.receipt_views import answer_receipt_file
from verifier.web.rooms import StaffRooms, StaffRoomsDep

router: Final = APIRouter(prefix="/v1", tags=["agent", "auditor"])


class DocumentReceiptAnswer(BaseModel):
    """How far the deletion receipt of one document has come."""

    document: str
    slot: str = Field(description="the policy's document and slot, such as `identity.front`")
    status: ReceiptStatus = Field(
        description="`pending` until both the disposal and the end of the key are proved under a checkpoint; "
        "`before_restore` where it was given before a backup brought the document back"
    )
    rule: str | None = Field(description="why it was destroyed")
    disposed_at: datetime | None
    path: str | None = Field(description="where its receipt is; null while there is none")


class ReceiptsAnswer(BaseModel):
    """The deletion receipts of one verification, in the order in which its documents arrived."""

    verification: str
    status: Literal["pending", "complete"] = Field(description="`complete` once every receipt is")
    receipts: list[DocumentReceiptAnswer]


@router.get("/verifications/{verification}/receipts")
def list_receipts(verification: str, principal: AnyPrincipal, rooms: StaffRoomsDep, _: NoQuery) -> ReceiptsAnswer:
    """Which documents of a verification have a deletion receipt. 409 `not_disposed` while none has."""
    verify_may(principal, Action.RECEIPT_READ)
    if not is_id(verification):
        raise UnknownVerificationError
    with rooms.database.read() as session:
        found = read_receipts(session, VerificationId(verification), log_key=rooms.log_key)
    is_complete = all(each.status in {"complete", "before_restore"} for each in found)
    return ReceiptsAnswer(
        verification=verification,
        status="complete" if is_complete else "pending",
        receipts=[_describe(each) for each in found],
    )


def _describe(receipt: DocumentReceipt) -> DocumentReceiptAnswer:
    return DocumentReceiptAnswer(
        document=receipt.document,
        slot=receipt.slot,
        status=receipt.status,
        rule=receipt.rule,
        disposed_at=receipt.disposed_at,
        path=None if receipt.status in {"not_disposed", "before_restore"} else f"/v1/receipts/{receipt.document}",
    )


@router.get(
    "/receipts/{document}",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "the deletion receipt's file"}},
)
def read_receipt(document: str, principal: AnyPrincipal, rooms: StaffRoomsDep, _: NoQuery) -> Response:
    """One deletion receipt, as a file that `verifier receipts verify` checks offline. 409 until it is disposed of."""
    verify_may(principal, Action.RECEIPT_READ)
    return respond_with_receipt(rooms, document)


def respond_with_receipt(rooms: StaffRooms, document: str) -> Response:
    """The receipt's file as an answer. Raises `UnknownDocumentError`, `NotDisposedError`."""
    if not is_id(document):
        raise UnknownDocumentError
    with rooms.database.read() as session:
        receipt = find_document_receipt(session, DocumentId(document), log_key=rooms.log_key)
    return answer_receipt_file(receipt)
