"""P2, attacked: the customers' tier adds no entry to the log that says what only others say."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.security.prey import Prey, is_done
from tests.unit.test_audit_catalogue import EXAMPLES
from verifier.audit.catalogue import EntryKind
from verifier.audit.leaf import Statement
from verifier.db.base import EPOCH
from verifier.ids import new_copy_id, new_document_id
from verifier.verifications.life import VerificationState

pytestmark = pytest.mark.usefixtures("unchanged")


def say(kind: EntryKind, at: datetime, fields: Mapping[str, Any]) -> bytes:
    return Statement(kind, at, fields).encode()


def write_entry(of: str, kind: str, leaf: bytes, *, at: datetime | int, document: str = "", actor: str = "") -> str:
    """The statement that writes an entry, whatever it says."""
    recorded = at if isinstance(at, int) else (at - EPOCH) // timedelta(microseconds=1)
    named = [f"'{value}'" if value else "NULL" for value in (kind, of, document, actor)]
    return (
        "INSERT INTO entries (kind, verification_id, document_id, actor, recorded_at, leaf) "
        f"VALUES ({', '.join(named)}, {recorded}, '\\x{leaf.hex()}')"
    )


def find_own_document(prey: Prey) -> str:
    found = prey.attacker.execute("SELECT id FROM documents WHERE verification_id = %s", (prey.asked,)).fetchone()
    prey.attacker.rollback()
    assert found is not None
    return str(found[0])


@pytest.mark.parametrize("kind", EntryKind)
def test_no_entry_of_the_log_is_forged(prey: Prey, kind: EntryKind) -> None:
    """What is logged is the leaf: neither its row nor its leaf may say what only others say."""
    allowed = {"link.opened", "document.sealed", "details.given", "exit.used", "proof.chosen"}
    document, example = find_own_document(prey), EXAMPLES[kind]
    own = {"verification": prey.asked, "document": document, "actor": "customer", "details": [],
           "captions": ["diploma.all_pages"], "copy": new_copy_id()}  # fmt: skip
    fields = example | {name: value for name, value in own.items() if name in example}

    def write(said: str, **changed: str) -> bool:
        at = datetime.now(UTC)
        says = fields | changed
        leaf = say(kind, at, says)
        named = {name: str(says[name]) for name in ("document", "actor") if name in says}
        return is_done(prey, write_entry(prey.asked, said, leaf, at=at, **named))

    assert write(kind) == (kind in allowed)
    assert not write("link.opened") or kind == "link.opened"
    if "verification" in fields:
        assert not write(kind, verification=prey.decided)
    if "actor" in fields:
        assert not write(kind, actor="stf_" + "a" * 26)
    if "document" in fields:
        assert not write(kind, document=new_document_id())
    for to in VerificationState if "to_state" in fields else ():
        assert not write(kind, to_state=to), "it did not move there"


def test_a_leaf_is_to_the_letter_what_the_catalogue_has(prey: Prey) -> None:
    at = datetime.now(UTC)
    opened = say(EntryKind.LINK_OPENED, at, {"verification": prey.asked, "generation": 1})

    def tell(leaf: bytes, *, kind: str = "link.opened", recorded: datetime | int = at) -> bool:
        return is_done(prey, write_entry(prey.asked, kind, leaf, at=recorded))

    assert tell(opened)
    for forged in (
        opened.replace(b'"kind"', b'"jan_novak":1,"kind"'),
        opened.replace(b":1,", b": 1,"),
        opened + b" ",
        opened.replace(b'"generation":1', b'"generation":0'),
        opened.replace(b'"generation":1', b'"generation":"1"'),
        json.dumps(dict(reversed(json.loads(opened).items())), separators=(",", ":")).encode(),
        opened[:-1] + b"," * 70_000 + b"}",
    ):
        assert forged != opened
        assert not tell(forged)
    for other in (at - timedelta(minutes=2), at + timedelta(minutes=2), at + timedelta(seconds=1), 4 * 10**18, 0):
        assert not tell(opened, recorded=other), other
    given = say(EntryKind.DETAILS_GIVEN, at, {"verification": prey.asked, "details": ["jan_novak"], "captions": []})
    assert not tell(given, kind="details.given"), "no word of the policy"
