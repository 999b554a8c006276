"""Checks a deletion receipt without any database, and names the first thing that is wrong.

Guarantees: trusts nothing in the file but what the given log key signed; each readable field says what the signed leaf
says. White space between the fields is free, so a receipt may pass through other tools; everything else is exact.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from verifier.audit.catalogue import EntryKind
from verifier.audit.errors import EntryRefusedError
from verifier.audit.leaf import Statement, parse_leaf
from verifier.disposal.errors import ReceiptBrokenError
from verifier.translog.checkpoint import LogVerifier
from verifier.translog.encoding import parse_base64
from verifier.translog.errors import EvidenceError
from verifier.translog.proof import VerifiedInclusion, verify_log_proof

RECEIPT_FORMAT: Final = "verifier-deletion-receipt/v1"

Status = Literal["pending", "complete"]

_MAX_RECEIPT_BYTES: Final = 1 << 20
_PROVED: Final = frozenset({"statement", "leaf", "proof"})
_RECEIPT: Final = frozenset({"format", "status", "document", "key_end", "log_key"}) | _PROVED


@dataclass(frozen=True)
class ProvedStatement:
    """What a leaf of the receipt says, and where it stands in the log; `None` while that is not proved."""

    statement: Statement
    inclusion: VerifiedInclusion | None


@dataclass(frozen=True)
class ReceiptReport:
    """What a deletion receipt proves. While `status` is `pending`, something is not proved yet."""

    status: Status
    document: str
    disposal: ProvedStatement
    key_end: ProvedStatement | None


def verify_receipt_file(path: Path, *, log_key: str) -> ReceiptReport:
    """As `verify_receipt`, for the file at `path`."""
    with path.open("rb") as file:
        return verify_receipt(file.read(_MAX_RECEIPT_BYTES + 1), log_key=log_key)


def verify_receipt(text: bytes, *, log_key: str) -> ReceiptReport:
    """Raise `ReceiptBrokenError`, naming the first thing that is wrong, unless `text` is a receipt of this log."""
    verifier = _open_key(log_key)
    # 1. The file has the form of a receipt.
    content = _parse(text)
    # 2. It is of the log that the reader trusts.
    if content["log_key"] != log_key:
        raise ReceiptBrokenError("the receipt is of another log than the given key")
    # 3. The leaf is a disposal, says what the readable fields say, and is in the log.
    disposal = _verify_part(content, EntryKind.DOCUMENT_DISPOSED, verifier, what="the disposal")
    # 4. It is of the document that the receipt is for.
    document = disposal.statement.fields["document"]
    if not isinstance(document, str) or content["document"] != document:
        raise ReceiptBrokenError("the disposal is of another document than the receipt")
    # 5. The key's end, where it is there, is of the same verification and under the same checkpoint.
    key_end = _verify_key_end(content["key_end"], disposal, verifier)
    # 6. The status says what is proved, no more and no less.
    status = _derive_status(disposal, key_end)
    if content["status"] != status:
        raise ReceiptBrokenError(f"the receipt's status is not {status}, which is all that it proves")
    return ReceiptReport(status, document, disposal, key_end)


def _open_key(log_key: str) -> LogVerifier:
    try:
        return LogVerifier.parse(log_key)
    except EvidenceError as error:
        raise ReceiptBrokenError(f"the given log key is none: {error}") from error


def _parse(text: bytes) -> dict[str, object]:
    if len(text) > _MAX_RECEIPT_BYTES:
        raise ReceiptBrokenError("the file is too long for a receipt")
    try:
        content = json.loads(text.decode(), object_pairs_hook=_refuse_doubles)
    except (ValueError, RecursionError) as error:
        raise ReceiptBrokenError("the file is not JSON, or says something twice") from error
    if not isinstance(content, dict) or content.get("format") != RECEIPT_FORMAT:
        raise ReceiptBrokenError(f"the file is no {RECEIPT_FORMAT}")
    _verify_fields(content, _RECEIPT, "the receipt")
    return content


def _refuse_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a field stands twice")
    return content


def _verify_fields(content: dict[str, object], fields: frozenset[str], what: str) -> None:
    if content.keys() != fields:
        raise ReceiptBrokenError(f"{what} does not have its fields")


def _verify_part(content: dict[str, object], kind: EntryKind, verifier: LogVerifier, *, what: str) -> ProvedStatement:
    leaf = _parse_leaf_field(content["leaf"], what)
    try:
        statement = parse_leaf(leaf)
    except EntryRefusedError as error:
        raise ReceiptBrokenError(f"the leaf of {what} is refused: {error}") from error
    if statement.kind is not kind:
        raise ReceiptBrokenError(f"the leaf of {what} is no {kind.value}")
    if not _is_same(statement.to_json(), content["statement"]):
        raise ReceiptBrokenError(f"the readable fields of {what} do not say what its leaf says")
    return ProvedStatement(statement, _verify_proof(content["proof"], leaf, verifier, what))


def _is_same(ours: object, theirs: object) -> bool:
    # Compared as text: to Python, true == 1 == 1.0.
    return json.dumps(ours, sort_keys=True) == json.dumps(theirs, sort_keys=True)


def _parse_leaf_field(value: object, what: str) -> bytes:
    try:
        if isinstance(value, str):
            return parse_base64(value)
    except ValueError as error:
        raise ReceiptBrokenError(f"the leaf of {what} is not base64") from error
    raise ReceiptBrokenError(f"the leaf of {what} is no text")


def _verify_proof(value: object, leaf: bytes, verifier: LogVerifier, what: str) -> VerifiedInclusion | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ReceiptBrokenError(f"the proof of {what} is no text")
    try:
        return verify_log_proof(value, leaf, verifier=verifier)
    except EvidenceError as error:
        raise ReceiptBrokenError(f"{what} is not proved: {error}") from error


def _verify_key_end(value: object, disposal: ProvedStatement, verifier: LogVerifier) -> ProvedStatement | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ReceiptBrokenError("the key's end is no record")
    _verify_fields(value, _PROVED, "the key's end")
    key_end = _verify_part(value, EntryKind.VERIFICATION_SHREDDED, verifier, what="the key's end")
    if key_end.statement.fields["verification"] != disposal.statement.fields["verification"]:
        raise ReceiptBrokenError("the key's end is of another verification than the document")
    first, second = disposal.inclusion, key_end.inclusion
    if first is not None and second is not None and first.checkpoint != second.checkpoint:
        raise ReceiptBrokenError("the key's end and the disposal are proved under two checkpoints")
    return key_end


def _derive_status(disposal: ProvedStatement, key_end: ProvedStatement | None) -> Status:
    if disposal.inclusion is None or key_end is None or key_end.inclusion is None:
        return "pending"
    return "complete"
