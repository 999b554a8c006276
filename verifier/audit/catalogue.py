"""The closed catalogue: every kind of entry, and exactly which fields it has.

Guarantees: an entry that is not in this table cannot be written, and no field can hold free text; so nothing that
identifies a customer enters the log (P5). To add a kind, add a member to `EntryKind` and its line to `CATALOGUE`: a
test fails while one of them is missing. A kind that was ever written is never changed or removed, or old entries could
no longer be read.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from verifier.audit.forms import Form, ListOf, Number, Record, Text, Time, Word


class EntryKind(StrEnum):
    """What an entry says happened."""

    VERIFICATION_CREATED = "verification.created"
    LINK_ISSUED = "link.issued"
    LINK_SHOWN = "link.shown"
    LINK_OPENED = "link.opened"
    VERIFICATION_MOVED = "verification.moved"
    DOCUMENT_SEALED = "document.sealed"
    DOCUMENT_READY = "document.ready"
    DOCUMENT_REFUSED = "document.refused"
    COPY_REMOVED = "copy.removed"
    COPY_LATE = "copy.late"
    DOCUMENT_DISPOSED = "document.disposed"
    DOCUMENT_DISPOSED_AGAIN = "document.disposed_again"
    VERIFICATION_SHREDDED = "verification.shredded"
    HOLD_PLACED = "hold.placed"
    HOLD_ENDED = "hold.ended"
    CLAIM_TAKEN = "claim.taken"
    CLAIM_RELEASED = "claim.released"
    PAGE_VIEWED = "page.viewed"
    EXPECTED_VIEWED = "expected.viewed"
    DETAILS_GIVEN = "details.given"
    DETAILS_VIEWED = "details.viewed"
    CONTACT_CHECK_BEGUN = "contact_check.begun"
    CONTACT_CHECK_JUDGED = "contact_check.judged"
    CONTACT_CHECK_LAPSED = "contact_check.lapsed"
    CODE_SENT = "code.sent"
    OTHER_TOLD = "other.told"
    OTHER_NOT_TOLD = "other.not_told"
    EXIT_USED = "exit.used"
    PROOF_OFFERED = "proof.offered"
    PROOF_CHOSEN = "proof.chosen"
    DECISION_MADE = "decision.made"
    LOG_READ = "log.read"
    LOG_EXPORTED = "log.exported"
    STAFF_INVITED = "staff.invited"
    STAFF_SIGNED_IN = "staff.signed_in"
    STAFF_DISABLED = "staff.disabled"
    API_KEY_CREATED = "api_key.created"
    API_KEY_REVOKED = "api_key.revoked"
    ORPHAN_REMOVED = "orphan.removed"
    ALARM_RAISED = "alarm.raised"
    INSTALLATION_CREATED = "installation.created"
    INSTALLATION_RESTORED = "installation.restored"
    LOG_BEGUN_ANEW = "log.begun_anew"
    ROOT_KEY_BEGUN = "root_key.begun"
    ROOT_KEY_DESTROYED = "root_key.destroyed"


def _id(prefix: str) -> Text:
    return Text(rf"{prefix}_[a-z2-7]{{26}}")


_VERIFICATION: Final = _id("ver")
_DOCUMENT: Final = _id("doc")
_COPY: Final = Text(r"original|page-[1-9][0-9]{0,3}|cpy_[a-z2-7]{26}")
_STAFF: Final = _id("stf")
_API_KEY: Final = _id("key")
_ACTOR: Final = Text(r"(stf|key)_[a-z2-7]{26}|customer|worker|operator")
_CODE: Final = Text(r"[a-z][a-z0-9_-]{0,63}")
_SLOT: Final = Text(r"[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}")
_SCOPE: Final = Word(
    "verifications:write", "verifications:read", "documents:write", "reviews", "audit:read", "contacts:write"
)
_ROOT: Final = Text(r"[a-z0-9][a-z0-9_.-]{0,63}")
_DIGEST: Final = Text(r"[0-9a-f]{64}")
_ORIGIN: Final = Text(r"[a-z0-9.-]+(/[a-z0-9._/-]+)?")
_LOG_KEY: Final = Text(r"[a-z0-9._/-]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+")
_POLICY_VERSION: Final = Text(r"sha256:[0-9a-f]{64}")
_ROLE: Final = Word("agent", "reviewer", "auditor", "operator")
_STORE: Final = Word("objects", "keys")
_TIME: Final = Time()
_CLASS: Final = Word("documents", "details", "contact_points")
_KEY_END: Final = Word("destroyed", "ends_with_verification", "held")
_GENERATION: Final = Number(1, 1_000_000)
_PAGE: Final = Number(1, 9_999)
_INDEX: Final = Number(0)
_STATE: Final = Word(
    "requested", "submitted", "second_review", "approved", "rejected", "cancelled", "withdrawn", "expired"
)
_OUTCOME: Final = Word("approve", "reject", "resubmit", "escalate")
_CHECK: Final = _id("chk")
_CONTACT: Final = Word("email", "phone", "account", "domain", "wallet")
_METHOD: Final = Word("code", "message", "attestation", "dns", "file", "signature")
_CHECK_STANDING: Final = Word("open", "confirmed")
_CHECK_OUTCOME: Final = Word("confirmed", "mismatch", "unconfirmed", "failed")
_CHANNEL: Final = Word("email", "sms")
_LINE: Final = Number(0, 99)
_SKIPPED_LINE: Final = Record({"line": _LINE, "why": _CODE})
_SEALED_COPY: Final = Record({"copy": _COPY, "ciphertext_digest": _DIGEST})


def _of_document(**fields: Form) -> Record:
    return Record({"verification": _VERIFICATION, "document": _DOCUMENT, **fields})


def _of_verification(**fields: Form) -> Record:
    return Record({"verification": _VERIFICATION, **fields})


CATALOGUE: Final[Mapping[EntryKind, Record]] = {
    EntryKind.VERIFICATION_CREATED: _of_verification(policy=_CODE, policy_version=_POLICY_VERSION, actor=_ACTOR),
    EntryKind.LINK_ISSUED: _of_verification(generation=_GENERATION, actor=_ACTOR),
    EntryKind.LINK_SHOWN: _of_verification(actor=_ACTOR),
    EntryKind.LINK_OPENED: _of_verification(generation=_GENERATION),
    EntryKind.VERIFICATION_MOVED: _of_verification(
        from_state=_STATE, to_state=_STATE, actor=_ACTOR, reasons=ListOf(_CODE)
    ),
    EntryKind.DOCUMENT_SEALED: _of_document(
        copy=_COPY, actor=_ACTOR, ciphertext_digest=_DIGEST, ciphertext_bytes=Number(0)
    ),
    EntryKind.DOCUMENT_READY: _of_document(pages=_PAGE, copies=ListOf(_SEALED_COPY)),
    EntryKind.DOCUMENT_REFUSED: _of_document(code=_CODE),
    EntryKind.COPY_REMOVED: _of_document(copy=_COPY, seen_absent_at=_TIME),
    EntryKind.COPY_LATE: _of_document(copy=_COPY),
    EntryKind.DOCUMENT_DISPOSED: _of_document(rule=_CODE, copies=ListOf(_COPY), key=_KEY_END, seen_absent_at=_TIME),
    EntryKind.DOCUMENT_DISPOSED_AGAIN: _of_document(seen_absent_at=_TIME),
    EntryKind.VERIFICATION_SHREDDED: _of_verification(seen_absent_at=_TIME),
    EntryKind.HOLD_PLACED: Record({"verification": _VERIFICATION, "class": _CLASS, "reason": _CODE, "ends_at": _TIME}),
    EntryKind.HOLD_ENDED: Record({"verification": _VERIFICATION, "class": _CLASS, "reason": _CODE}),
    EntryKind.CLAIM_TAKEN: _of_verification(actor=_ACTOR, claimed_until=_TIME),
    EntryKind.CLAIM_RELEASED: _of_verification(actor=_ACTOR),
    EntryKind.PAGE_VIEWED: _of_document(page=_PAGE, actor=_ACTOR),
    EntryKind.EXPECTED_VIEWED: _of_verification(actor=_ACTOR),
    EntryKind.DETAILS_GIVEN: _of_verification(details=ListOf(_CODE), captions=ListOf(_SLOT)),
    EntryKind.DETAILS_VIEWED: _of_verification(actor=_ACTOR),
    EntryKind.CONTACT_CHECK_BEGUN: _of_verification(check=_CHECK, contact=_CONTACT, method=_METHOD, actor=_ACTOR),
    EntryKind.CONTACT_CHECK_JUDGED: _of_verification(
        check=_CHECK, contact=_CONTACT, method=_METHOD, outcome=_CHECK_OUTCOME, reasons=ListOf(_CODE)
    ),
    EntryKind.CONTACT_CHECK_LAPSED: _of_verification(
        check=_CHECK, contact=_CONTACT, method=_METHOD, from_state=_CHECK_STANDING
    ),
    EntryKind.CODE_SENT: _of_verification(check=_CHECK, channel=_CHANNEL, number=Number(1, 99)),
    EntryKind.OTHER_TOLD: _of_verification(channels=ListOf(_CHANNEL)),
    EntryKind.OTHER_NOT_TOLD: _of_verification(channels=ListOf(_CHANNEL)),
    EntryKind.EXIT_USED: _of_verification(state=_STATE),
    EntryKind.PROOF_OFFERED: _of_verification(lines=ListOf(_LINE), skipped=ListOf(_SKIPPED_LINE)),
    EntryKind.PROOF_CHOSEN: _of_verification(line=_LINE, skipped=ListOf(_SKIPPED_LINE)),
    EntryKind.DECISION_MADE: Record(
        {
            "verification": _VERIFICATION,
            "outcome": _OUTCOME,
            "reasons": ListOf(_CODE),
            "documents": ListOf(_DOCUMENT),
            "details": ListOf(_CODE),  # only where details were asked for again
            "actor": _ACTOR,
        },
        optional=frozenset({"details"}),
    ),
    EntryKind.LOG_READ: Record({"actor": _ACTOR, "query": _DIGEST}),
    EntryKind.LOG_EXPORTED: Record({"actor": _ACTOR, "from_index": _INDEX, "to_index": _INDEX}),
    EntryKind.STAFF_INVITED: Record({"staff": _STAFF, "roles": ListOf(_ROLE), "actor": _ACTOR}),
    EntryKind.STAFF_SIGNED_IN: Record({"staff": _STAFF}),
    EntryKind.STAFF_DISABLED: Record({"staff": _STAFF, "actor": _ACTOR}),
    EntryKind.API_KEY_CREATED: Record({"api_key": _API_KEY, "role": _ROLE, "scopes": ListOf(_SCOPE), "actor": _ACTOR}),
    EntryKind.API_KEY_REVOKED: Record({"api_key": _API_KEY, "actor": _ACTOR}),
    EntryKind.ORPHAN_REMOVED: _of_verification(store=_STORE),
    EntryKind.ALARM_RAISED: Record({"alarm": _CODE, "store": _STORE}, optional=frozenset({"store"})),
    EntryKind.INSTALLATION_CREATED: Record({"installation": _id("ins")}),
    # `backup_made_at`: what happened after it is not in the rows that came back.
    EntryKind.INSTALLATION_RESTORED: Record({"backup_made_at": _TIME}),
    # The last checkpoint of the log before: its origin, size and root, and the key that signed it.
    EntryKind.LOG_BEGUN_ANEW: Record({"origin": _ORIGIN, "size": _INDEX, "root": _DIGEST, "log_key": _LOG_KEY}),
    EntryKind.ROOT_KEY_BEGUN: Record({"root": _ROOT}),
    EntryKind.ROOT_KEY_DESTROYED: Record({"root": _ROOT}),
}
