"""Deletion receipts: pending until both ends are proved, and then checked by anyone, offline."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from verifier import ids
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.disposal.errors import NotDisposedError, ReceiptBrokenError
from verifier.disposal.receipt import Receipt, get_receipt, verify_receipt, verify_receipt_file
from verifier.evidence.errors import UnknownDocumentError
from verifier.ids import DocumentId, VerificationId
from verifier.translog.checkpoint import LogSigner

if TYPE_CHECKING:
    from tests.unit.conftest import AuditLog

Content = dict[str, Any]


def refuse(log: "AuditLog", verification: VerificationId, document: DocumentId) -> None:
    with log.database.write() as session:
        fields = {"verification": verification, "document": document, "code": "image_bomb"}
        record(session, log.clock.now(session), EntryKind.DOCUMENT_REFUSED, fields)


def dispose(log: "AuditLog", verification: VerificationId, document: DocumentId, *, key: str) -> None:
    with log.database.write() as session:
        now = log.clock.now(session)
        record(
            session,
            now,
            EntryKind.DOCUMENT_DISPOSED,
            {
                "verification": verification,
                "document": document,
                "rule": "decided",
                "copies": ["original", "page-1"],
                "key": key,
                "seen_absent_at": now,
            },
        )


def shred(log: "AuditLog", verification: VerificationId) -> None:
    with log.database.write() as session:
        now = log.clock.now(session)
        record(
            session,
            now,
            EntryKind.VERIFICATION_SHREDDED,
            {"verification": verification, "seen_absent_at": now},
        )


def ask(log: "AuditLog", document: DocumentId) -> Receipt:
    with log.database.read() as session:
        return get_receipt(session, document, log_key=log.log_key)


def complete(log: "AuditLog") -> Receipt:
    verification, document = log.write_entries(3), ids.new_document_id()
    shred(log, verification)
    dispose(log, verification, document, key="destroyed")
    log.sequencer.run_once()
    return ask(log, document)


def test_a_document_that_the_log_never_heard_of_has_no_receipt(audit_log: "AuditLog") -> None:
    with pytest.raises(UnknownDocumentError):
        ask(audit_log, ids.new_document_id())


def test_a_document_that_is_still_there_has_no_receipt(audit_log: "AuditLog") -> None:
    document = ids.new_document_id()
    refuse(audit_log, ids.new_verification_id(), document)
    with pytest.raises(NotDisposedError):
        ask(audit_log, document)


def test_a_receipt_is_pending_until_the_disposal_and_the_key_s_end_are_proved(audit_log: "AuditLog") -> None:
    verification, document = audit_log.write_entries(3), ids.new_document_id()

    def check() -> tuple[str, bool, bool | None]:
        receipt = ask(audit_log, document)
        report = verify_receipt(receipt.to_bytes(), log_key=audit_log.log_key)
        assert report.status == receipt.status
        key_end = None if report.key_end is None else report.key_end.inclusion is not None
        return report.status, report.disposal.inclusion is not None, key_end

    dispose(audit_log, verification, document, key="ends_with_verification")
    assert check() == ("pending", False, None)
    audit_log.sequencer.run_once()
    assert check() == ("pending", True, None)
    shred(audit_log, verification)
    assert check() == ("pending", True, False)
    audit_log.sequencer.run_once()
    assert check() == ("complete", True, True)


def test_the_key_s_end_of_another_verification_completes_nothing(audit_log: "AuditLog") -> None:
    document = ids.new_document_id()
    dispose(audit_log, ids.new_verification_id(), document, key="ends_with_verification")
    shred(audit_log, ids.new_verification_id())
    audit_log.sequencer.run_once()
    assert ask(audit_log, document).status == "pending"


def test_a_receipt_says_what_the_log_says(audit_log: "AuditLog", tmp_path: Path) -> None:
    receipt = complete(audit_log)
    content = json.loads(receipt.to_bytes())
    assert content["status"] == "complete"
    assert json.loads(base64.b64decode(content["leaf"])) == content["statement"]
    assert content["statement"]["document"] == content["document"] == receipt.document
    assert content["proof"].startswith("c2sp.org/tlog-proof@v1\nindex 4\n")
    assert content["key_end"]["statement"]["kind"] == "verification.shredded"
    file = tmp_path / "receipt.json"
    file.write_bytes(receipt.to_bytes())
    assert verify_receipt_file(file, log_key=audit_log.log_key).document == receipt.document


def test_a_receipt_survives_other_tools_that_write_json(audit_log: "AuditLog") -> None:
    content = json.loads(complete(audit_log).to_bytes())
    other = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    assert verify_receipt(other, log_key=audit_log.log_key).status == "complete"


def test_a_receipt_under_another_log_key_is_refused(audit_log: "AuditLog") -> None:
    receipt = complete(audit_log)
    other = LogSigner.generate("example.com/log").verifier.to_text()
    with pytest.raises(ReceiptBrokenError, match="another log than the given key"):
        verify_receipt(receipt.to_bytes(), log_key=other)
    relabelled = receipt.to_bytes().replace(audit_log.log_key.encode(), other.encode())
    with pytest.raises(ReceiptBrokenError, match="the disposal is not proved"):
        verify_receipt(relabelled, log_key=other)
    with pytest.raises(ReceiptBrokenError, match="the given log key is none"):
        verify_receipt(receipt.to_bytes(), log_key="nonsense")


def test_every_flipped_bit_changes_nothing_that_is_said_or_is_found(audit_log: "AuditLog") -> None:
    data = complete(audit_log).to_bytes()
    whole = json.loads(data)
    taken = 0
    for at in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        try:
            verify_receipt(bytes(flipped), log_key=audit_log.log_key)
        except ReceiptBrokenError:
            continue
        taken += 1
        assert json.loads(flipped) == whole, "only white space, or the case of an escape, may differ"
    assert taken < len(data)


def test_every_cut_is_found(audit_log: "AuditLog") -> None:
    data = complete(audit_log).to_bytes()
    for end in range(len(data) - 1):  # the last newline is white space
        with pytest.raises(ReceiptBrokenError):
            verify_receipt(data[:end], log_key=audit_log.log_key)


def _set(**changes: object) -> Callable[[Content], Content]:
    return lambda content: content | changes


def _say(**changes: object) -> Callable[[Content], Content]:
    return lambda content: content | {"statement": content["statement"] | changes}


def _end(**changes: object) -> Callable[[Content], Content]:
    return lambda content: content | {"key_end": content["key_end"] | changes}


def _swap(content: Content) -> Content:
    return {**content, **content["key_end"]}


@pytest.mark.parametrize(
    ("bend", "sentence"),
    [
        (_set(format="x"), "the file is no"),
        (_set(more=1), "does not have its fields"),
        (_set(status="pending"), "status is not complete"),
        (_set(status=None), "status is not complete"),
        (_set(document=ids.new_document_id()), "another document"),
        (_set(leaf=7), "leaf of the disposal is no text"),
        (_set(leaf="AAA"), "leaf of the disposal is not base64"),
        (_set(leaf="AAAA"), "leaf of the disposal is refused"),
        (_say(rule="forgotten"), "do not say what its leaf says"),
        (_say(v=True), "do not say what its leaf says"),
        (_say(more=1), "do not say what its leaf says"),
        (_set(statement=None), "do not say what its leaf says"),
        (_set(proof=None), "status is not pending"),
        (_set(proof=7), "proof of the disposal is no text"),
        (_set(proof=""), "the disposal is not proved"),
        (_set(proof="\ud800"), "the disposal is not proved"),
        (_set(key_end=None), "status is not pending"),
        (_set(key_end=7), "key's end is no record"),
        (_set(key_end={}), "key's end does not have its fields"),
        (_end(proof=None), "status is not pending"),
        (_end(leaf="AAAA"), "leaf of the key's end is refused"),
        (_swap, "leaf of the disposal is no document.disposed"),
        (
            lambda content: content | {"key_end": {name: content[name] for name in content["key_end"]}},
            "no verification.",
        ),
    ],
)
def test_the_first_thing_that_is_wrong_is_named(
    audit_log: "AuditLog", bend: Callable[[Content], Content], sentence: str
) -> None:
    bent = bend(json.loads(complete(audit_log).to_bytes()))
    with pytest.raises(ReceiptBrokenError, match=sentence):
        verify_receipt(json.dumps(bent).encode(), log_key=audit_log.log_key)


def test_the_proofs_of_two_receipts_cannot_be_mixed(audit_log: "AuditLog") -> None:
    first, second = (json.loads(complete(audit_log).to_bytes()) for _ in range(2))
    with pytest.raises(ReceiptBrokenError, match="another verification"):
        verify_receipt(json.dumps(first | {"key_end": second["key_end"]}).encode(), log_key=audit_log.log_key)
    later = json.loads(ask(audit_log, first["document"]).to_bytes())
    with pytest.raises(ReceiptBrokenError, match="two checkpoints"):
        verify_receipt(json.dumps(first | {"key_end": later["key_end"]}).encode(), log_key=audit_log.log_key)
    with pytest.raises(ReceiptBrokenError, match="the disposal is not proved"):
        verify_receipt(json.dumps(first | {"proof": second["proof"]}).encode(), log_key=audit_log.log_key)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"format": NaN}',
        b'{"format":1,"format":1}',
        b" " * 2_000_000,
    ],
)
def test_what_is_no_receipt_is_only_broken(text: bytes) -> None:
    with pytest.raises(ReceiptBrokenError):
        verify_receipt(text, log_key=LogSigner.generate("example.com/log").verifier.to_text())


def test_however_deep_a_receipt_is_nested_it_is_only_broken(audit_log: "AuditLog") -> None:
    content = json.loads(complete(audit_log).to_bytes())
    for depth in range(800, 1_000):
        bent = json.dumps(content | {"statement": "@"}).replace('"@"', "[" * depth + "]" * depth)
        with pytest.raises(ReceiptBrokenError):
            verify_receipt(bent.encode(), log_key=audit_log.log_key)


def test_a_receipt_is_not_shown_before_its_checkpoint_is_published(audit_log: "AuditLog") -> None:
    verification, document = ids.new_verification_id(), ids.new_document_id()
    shred(audit_log, verification)
    dispose(audit_log, verification, document, key="destroyed")
    audit_log.published.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="Not a directory"):
        audit_log.sequencer.run_once()
    assert ask(audit_log, document).status == "pending"
