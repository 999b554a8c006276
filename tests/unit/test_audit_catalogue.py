"""The closed catalogue: every kind has its example, and nothing else gets in."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from policies.access import Role, Scope
from verifier import ids
from verifier.audit.catalogue import CATALOGUE, EntryKind
from verifier.audit.errors import EntryRefusedError
from verifier.audit.forms import format_time
from verifier.audit.leaf import Statement, parse_leaf
from verifier.retention.service import Rule
from verifier.verifications.life import VerificationState

NOW: Final = datetime(2026, 11, 21, 9, 5, 7, 42, tzinfo=UTC)
TIME: Final = "2026-11-21T09:05:07.000042Z"
VER: Final = ids.new_verification_id()
DOC: Final = ids.new_document_id()
STAFF: Final = ids.new_staff_id()
DIGEST: Final = "0123456789abcdef" * 4
OF_CHECK: Final = {"verification": VER, "check": ids.new_check_id()}
OF_DOCUMENT: Final = {"verification": VER, "document": DOC}

EXAMPLES: Final[dict[EntryKind, dict[str, Any]]] = {
    EntryKind.VERIFICATION_CREATED: {
        "verification": VER,
        "policy": "account-recovery",
        "policy_version": f"sha256:{DIGEST}",
        "actor": ids.new_api_key_id(),
    },
    EntryKind.LINK_ISSUED: {"verification": VER, "generation": 1, "actor": STAFF},
    EntryKind.LINK_SHOWN: {"verification": VER, "actor": STAFF},
    EntryKind.LINK_OPENED: {"verification": VER, "generation": 2},
    EntryKind.VERIFICATION_MOVED: {
        "verification": VER,
        "from_state": "requested",
        "to_state": "submitted",
        "actor": "customer",
        "reasons": [],
    },
    EntryKind.DOCUMENT_SEALED: {
        **OF_DOCUMENT,
        "copy": "original",
        "actor": "customer",
        "ciphertext_digest": DIGEST,
        "ciphertext_bytes": 4_000_000,
    },
    EntryKind.DOCUMENT_READY: {
        **OF_DOCUMENT,
        "pages": 2,
        "copies": [{"copy": f"page-{n}", "ciphertext_digest": DIGEST} for n in (1, 2)],
    },
    EntryKind.DOCUMENT_REFUSED: {**OF_DOCUMENT, "code": "image_bomb"},
    EntryKind.COPY_REMOVED: {**OF_DOCUMENT, "copy": ids.new_copy_id(), "seen_absent_at": TIME},
    EntryKind.COPY_LATE: {**OF_DOCUMENT, "copy": "page-1"},
    EntryKind.DOCUMENT_DISPOSED: {
        **OF_DOCUMENT,
        "rule": "decided",
        "copies": ["original", "page-1"],
        "key": "destroyed",
        "seen_absent_at": TIME,
    },
    EntryKind.DOCUMENT_DISPOSED_AGAIN: {**OF_DOCUMENT, "seen_absent_at": TIME},
    EntryKind.VERIFICATION_SHREDDED: {"verification": VER, "seen_absent_at": TIME},
    EntryKind.HOLD_PLACED: {"verification": VER, "class": "documents", "reason": "law-1", "ends_at": TIME},
    EntryKind.HOLD_ENDED: {"verification": VER, "class": "contact_points", "reason": "accounting-act"},
    EntryKind.CLAIM_TAKEN: {"verification": VER, "actor": STAFF, "claimed_until": TIME},
    EntryKind.CLAIM_RELEASED: {"verification": VER, "actor": STAFF},
    EntryKind.PAGE_VIEWED: {**OF_DOCUMENT, "page": 1, "actor": STAFF},
    EntryKind.EXPECTED_VIEWED: {"verification": VER, "actor": STAFF},
    EntryKind.DETAILS_GIVEN: {"verification": VER, "details": ["paid_hash"], "captions": ["screenshot.first"]},
    EntryKind.DETAILS_VIEWED: {"verification": VER, "actor": STAFF},
    EntryKind.CONTACT_CHECK_BEGUN: {**OF_CHECK, "contact": "email", "method": "code", "actor": "customer"},
    EntryKind.CONTACT_CHECK_JUDGED: {
        **OF_CHECK,
        "contact": "domain",
        "method": "dns",
        "outcome": "unconfirmed",
        "reasons": ["challenge_missing"],
    },
    EntryKind.CONTACT_CHECK_LAPSED: {**OF_CHECK, "contact": "email", "method": "code", "from_state": "confirmed"},
    EntryKind.CODE_SENT: {**OF_CHECK, "channel": "sms", "number": 2},
    EntryKind.OTHER_TOLD: {"verification": VER, "channels": ["email", "sms"]},
    EntryKind.OTHER_NOT_TOLD: {"verification": VER, "channels": ["sms"]},
    EntryKind.EXIT_USED: {"verification": VER, "state": "requested"},
    EntryKind.PROOF_OFFERED: {
        "verification": VER,
        "lines": [1, 2],
        "skipped": [{"line": 0, "why": "no_contact_point"}],
    },
    EntryKind.PROOF_CHOSEN: {"verification": VER, "line": 1, "skipped": []},
    EntryKind.DECISION_MADE: {
        "verification": VER,
        "outcome": "resubmit",
        "reasons": ["unreadable"],
        "documents": [DOC],
        "actor": STAFF,
    },
    EntryKind.LOG_READ: {"actor": STAFF, "query": DIGEST},
    EntryKind.LOG_EXPORTED: {"actor": "operator", "from_index": 0, "to_index": 7},
    EntryKind.STAFF_INVITED: {"staff": STAFF, "roles": ["agent", "reviewer"], "actor": "operator"},
    EntryKind.STAFF_SIGNED_IN: {"staff": STAFF},
    EntryKind.STAFF_DISABLED: {"staff": STAFF, "actor": "operator"},
    EntryKind.API_KEY_CREATED: {
        "api_key": ids.new_api_key_id(),
        "role": "agent",
        "scopes": ["verifications:write"],
        "actor": "operator",
    },
    EntryKind.API_KEY_REVOKED: {"api_key": ids.new_api_key_id(), "actor": "operator"},
    EntryKind.ORPHAN_REMOVED: {"store": "objects", "verification": VER},
    EntryKind.ALARM_RAISED: {"alarm": "still_present", "store": "keys"},
    EntryKind.INSTALLATION_CREATED: {"installation": ids.new_installation_id()},
    EntryKind.INSTALLATION_RESTORED: {"backup_made_at": TIME},
    EntryKind.LOG_BEGUN_ANEW: {
        "origin": "verify.example.org/log",
        "size": 7,
        "root": "ab" * 32,
        "log_key": "verify.example.org/log+0123abcd+AQ==",
    },
    EntryKind.ROOT_KEY_BEGUN: {"root": "1020778"},
    EntryKind.ROOT_KEY_DESTROYED: {"root": "1"},
}

# What a customer might be called, live at, send or be known by. None of it fits into any field.
PERSONAL: Final = [
    "Zoë Q. Canary",
    "zoe@example.com",
    "+44 20 7946 0958",
    "IMG_0001.jpg",
    "12 High Street",
    "ZC-4711/9",
]


def test_every_kind_stands_in_the_catalogue_and_has_an_example() -> None:
    assert set(CATALOGUE) == set(EntryKind) == set(EXAMPLES)


def test_the_words_of_the_house_fit_their_fields() -> None:
    moved, key = EXAMPLES[EntryKind.VERIFICATION_MOVED], EXAMPLES[EntryKind.API_KEY_CREATED]
    for state in VerificationState:
        Statement(EntryKind.VERIFICATION_MOVED, NOW, {**moved, "to_state": state.value}).encode()
    for role in Role:
        Statement(EntryKind.API_KEY_CREATED, NOW, {**key, "role": role.value}).encode()
    for scope in Scope:
        Statement(EntryKind.API_KEY_CREATED, NOW, {**key, "scopes": [scope.value]}).encode()
    for rule in Rule:
        disposed = EXAMPLES[EntryKind.DOCUMENT_DISPOSED] | {"rule": rule.value}
        Statement(EntryKind.DOCUMENT_DISPOSED, NOW, disposed).encode()


@pytest.mark.parametrize("kind", EntryKind)
def test_a_leaf_is_canonical_json_and_comes_back(kind: EntryKind) -> None:
    leaf = Statement(kind, NOW, EXAMPLES[kind]).encode()
    assert leaf == rfc8785.dumps({"v": 1, "kind": kind.value, "at": TIME, **EXAMPLES[kind]})
    assert parse_leaf(leaf) == Statement(kind, NOW, EXAMPLES[kind])


@pytest.mark.parametrize("kind", EntryKind)
def test_no_field_may_be_missing_added_or_personal(kind: EntryKind) -> None:
    example = EXAMPLES[kind]
    for name in example.keys() - CATALOGUE[kind].optional:
        with pytest.raises(EntryRefusedError, match="lacks"):
            Statement(kind, NOW, {key: value for key, value in example.items() if key != name}).encode()
    with pytest.raises(EntryRefusedError, match="does not know") as refusal:
        Statement(kind, NOW, {**example, "zoe_canary": 1}).encode()
    assert "zoe" not in str(refusal.value)
    for name, value in example.items():
        for personal in PERSONAL:
            bads: list[Any] = [personal, [personal], {personal: 1}, [{"copy": personal}], None, 1.5, True, f"{value}\n"]
            for bad in bads:
                with pytest.raises(EntryRefusedError) as refusal:
                    Statement(kind, NOW, {**example, name: bad}).encode()
                assert personal not in str(refusal.value)


@pytest.mark.parametrize("kind", EntryKind)
def test_no_field_takes_the_envelope_s_place(kind: EntryKind) -> None:
    assert not CATALOGUE[kind].fields.keys() & {"v", "kind", "at"}


@pytest.mark.parametrize("kind", EntryKind)
def test_every_flipped_bit_of_a_leaf_is_refused_or_says_something_else(kind: EntryKind) -> None:
    leaf = Statement(kind, NOW, EXAMPLES[kind]).encode()
    whole = parse_leaf(leaf)
    for at in range(len(leaf) * 8):
        flipped = bytearray(leaf)
        flipped[at // 8] ^= 1 << at % 8
        try:
            assert parse_leaf(bytes(flipped)) != whole
        except EntryRefusedError:
            continue


@given(st.binary() | st.text().map(str.encode))
def test_whatever_the_bytes_parsing_raises_nothing_but_its_error(data: bytes) -> None:
    with pytest.raises(EntryRefusedError):
        parse_leaf(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["v", "kind", "at", "verification", "actor"]), JSON | st.just(1)), JSON)
def test_whatever_the_json_parsing_raises_nothing_but_its_error(content: dict[str, Any], other: Any) -> None:
    for each in (content, other, {**content, "v": 1, "kind": "claim.released", "at": TIME}):
        with pytest.raises(EntryRefusedError):
            parse_leaf(json.dumps(each).encode())


@pytest.mark.parametrize("depth", [10, 100_000])
def test_nesting_without_end_is_refused(depth: int) -> None:
    with pytest.raises(EntryRefusedError):
        parse_leaf(b"[" * depth)


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-21T09:05:07Z",
        "2026-11-21T09:05:07.000042+00:00",
        "2026-11-21 09:05:07.000042Z",
        "2026-11-21",
        "now",
        "",
    ],
)
def test_a_time_has_one_form(time: str) -> None:
    with pytest.raises(EntryRefusedError):
        Statement(EntryKind.CLAIM_TAKEN, NOW, {**EXAMPLES[EntryKind.CLAIM_TAKEN], "claimed_until": time}).encode()


def test_times_are_written_in_utc_with_microseconds() -> None:
    assert format_time(NOW) == TIME
    assert format_time(NOW.astimezone(timezone(timedelta(hours=5)))) == TIME
    assert format_time(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000000Z"


def test_an_entry_that_would_not_fit_a_bundle_is_refused() -> None:
    copies = [{"copy": f"page-{n}", "ciphertext_digest": DIGEST} for n in range(1, 1_000)]
    with pytest.raises(EntryRefusedError, match="at most 65535 bytes"):
        Statement(EntryKind.DOCUMENT_READY, NOW, {**OF_DOCUMENT, "pages": 999, "copies": copies}).encode()
