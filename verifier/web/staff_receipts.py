"""A deletion receipt on the pages of staff: to read and print, or the file that tools check."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from sqlalchemy.orm import Session

from verifier.disposal.reading import find_document_receipt
from verifier.evidence.tables import DocumentRow
from verifier.staff.principal import Principal
from verifier.verifications.moves import get_policy, get_verification
from verifier.web.receipt_views import answer_receipt_file, tell_receipt
from verifier.web.rooms import StaffRooms
from verifier.web.staff_route import show
from verifier.web.staff_views import label_document, staff_shell

ReceiptForm = Annotated[Literal["page", "json"], Query(alias="format")]


def show_receipt_of(
    request: Request,
    principal: Principal,
    find: Callable[[Session], DocumentRow],
    *,
    rooms: StaffRooms,
    form: ReceiptForm,
    current: str,
    base_url: str,
    back_url: str,
) -> Response:
    """The receipt of the document that `find` gives; what it raises goes on. `base_url` is above the receipts."""
    with rooms.database.read() as session:
        found = find(session)
        row = get_verification(session, found.verification_id)
        receipt = find_document_receipt(session, found.id, log_key=rooms.log_key)
        label, reference = label_document(get_policy(session, row), found), row.reference or row.id
    if form == "json":
        return answer_receipt_file(receipt)
    shell = staff_shell(request, principal, rooms=rooms, current=current)
    page = tell_receipt(receipt, shell=shell, reference=reference, label=label, base_url=base_url)
    return show(replace(page, back_url=back_url))
