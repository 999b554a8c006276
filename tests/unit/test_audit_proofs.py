"""Proofs and tiles out of the database hold for whoever has the log's key, up to what is published."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from verifier.audit.errors import LogEmptyError, UnknownIndexError
from verifier.audit.proofs import get_checkpoint, get_consistency, get_inclusion, get_log_proof, get_tile
from verifier.audit.tables import EntryRow
from verifier.translog.merkle import hash_leaf, verify_consistency, verify_inclusion
from verifier.translog.proof import verify_log_proof

if TYPE_CHECKING:
    from tests.unit.conftest import AuditLog


def test_every_entry_is_proved_under_the_published_checkpoint(audit_log: "AuditLog") -> None:
    audit_log.grow(3)
    audit_log.grow(299)
    with audit_log.database.read() as session:
        checkpoint = audit_log.signer.verifier.open_checkpoint(get_checkpoint(session))
        for index, leaf in session.execute(select(EntryRow.log_index, EntryRow.leaf)).all():
            assert index is not None
            proof = get_inclusion(session, index, checkpoint.size)
            verify_inclusion(hash_leaf(leaf), index=index, size=302, proof=proof, root=checkpoint.root)
            text = get_log_proof(session, index).to_text()
            assert verify_log_proof(text, leaf, verifier=audit_log.signer.verifier).checkpoint == checkpoint


def test_every_published_checkpoint_is_proved_to_be_the_beginning_of_the_last(audit_log: "AuditLog") -> None:
    kept = []
    for count in (1, 6, 249, 1, 300):
        audit_log.grow(count)
        with audit_log.database.read() as session:
            kept.append(audit_log.signer.verifier.open_checkpoint(get_checkpoint(session)))
    with audit_log.database.read() as session:
        for old in kept:
            proof = get_consistency(session, old.size, kept[-1].size)
            verify_consistency(old=old.size, new=kept[-1].size, old_root=old.root, new_root=kept[-1].root, proof=proof)


def test_tiles_are_given_as_narrow_as_they_were(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    narrow = (audit_log.published / "tile/0/000.p/5").read_bytes()
    audit_log.grow(295)
    with audit_log.database.read() as session:
        assert get_tile(session, 0, 0, 5) == narrow == get_tile(session, 0, 0)[:160]
        assert len(get_tile(session, 0, 0)) == 8_192
        assert len(get_tile(session, 1, 0, 1)) == 32
        for level, index, width in ((0, 1, 45), (0, 1, 256), (0, 2, 1), (1, 0, 2), (2, 0, 1), (0, -1, 1), (0, 0, 0)):
            with pytest.raises(UnknownIndexError):
                get_tile(session, level, index, width)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 4), (0, 0)])
def test_no_inclusion_is_given_beyond_what_is_published(audit_log: "AuditLog", index: int, size: int) -> None:
    audit_log.grow(3)
    audit_log.write_entries(9)
    with audit_log.database.read() as session, pytest.raises(UnknownIndexError):
        get_inclusion(session, index, size)


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (0, 3), (3, 2), (3, 4), (0, 0)])
def test_no_consistency_is_given_beyond_what_is_published(audit_log: "AuditLog", old: int, new: int) -> None:
    audit_log.grow(3)
    audit_log.write_entries(9)
    with audit_log.database.read() as session, pytest.raises(UnknownIndexError):
        get_consistency(session, old, new)


def test_an_empty_log_has_no_checkpoint_and_proves_nothing(audit_log: "AuditLog") -> None:
    with audit_log.database.read() as session:
        for ask in (get_checkpoint, lambda s: get_inclusion(s, 0, 1), lambda s: get_tile(s, 0, 0, 1)):
            with pytest.raises(LogEmptyError):
                ask(session)
