"""A deletion receipt as a page, and as the file that tools check."""

from datetime import datetime

from fastapi import Response

from verifier.audit.forms import parse_time
from verifier.audit.leaf import parse_leaf
from verifier.disposal.receipt import ProvedLeaf, Receipt
from verifier.translog.checkpoint import LogVerifier
from verifier.translog.proof import LogProof
from verifier.web.pages.common import CustomerShell, StaffShell
from verifier.web.pages.customer import ReceiptPage


def answer_receipt_file(receipt: Receipt) -> Response:
    """The receipt's exact file, to keep."""
    return Response(
        receipt.to_bytes(),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="deletion-receipt-{receipt.document}.json"'},
    )


def tell_receipt(
    receipt: Receipt, *, shell: CustomerShell | StaffShell, reference: str, label: str, base_url: str
) -> ReceiptPage:
    """The page of a receipt; `base_url` is the verification's own page."""
    statement = parse_leaf(receipt.disposal.leaf)
    proof = None if receipt.disposal.proof is None else LogProof.parse(receipt.disposal.proof)
    copies = statement.fields["copies"]
    assert isinstance(copies, list)
    return ReceiptPage(
        shell=shell,
        reference=reference,
        document=receipt.document,
        label=label,
        destroyed_at=_seen_absent_at(receipt.disposal),
        key_destroyed_at=None if receipt.key_end is None else _seen_absent_at(receipt.key_end),
        rule=str(statement.fields["rule"]),
        copies=len(copies),
        is_complete=receipt.status == "complete",
        log_index=None if proof is None else proof.index,
        log_size=None if proof is None else _size_of(proof, log_key=receipt.log_key),
        checkpoint=None if proof is None else proof.checkpoint,
        log_key=receipt.log_key,
        json_url=f"{base_url}/receipts/{receipt.document}?format=json",
        back_url=base_url,
    )


def _size_of(proof: LogProof, *, log_key: str) -> int:
    return LogVerifier.parse(log_key).open_checkpoint(proof.checkpoint).size


def _seen_absent_at(proved: ProvedLeaf) -> datetime:
    return parse_time(str(parse_leaf(proved.leaf).fields["seen_absent_at"]), name="seen_absent_at")
