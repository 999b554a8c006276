"""The sequencer: every entry once, one history, whatever dies and whoever else runs."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from sqlalchemy import delete, event, select, text, update

from tests.servers.databases import ON_BOTH
from verifier import ids
from verifier.audit.aside import find_written, list_set_aside, set_aside
from verifier.audit.catalogue import EntryKind
from verifier.audit.ended import digest_ended
from verifier.audit.errors import LogForkedError, LogShortError, PublicationLostError
from verifier.audit.forms import Field
from verifier.audit.leaf import Statement
from verifier.audit.proofs import StoredTiles, find_published_head, get_checkpoint
from verifier.audit.publish import FolderPublisher
from verifier.audit.sequencer import Sequencer
from verifier.audit.service import IS_WAITING, EntryFilter, find_entries, get_oldest_waiting, record
from verifier.audit.tables import EntryRow, LogHeadRow, LogTileRow
from verifier.settings import Settings
from verifier.translog.checkpoint import Checkpoint, LogSigner
from verifier.translog.frontier import Frontier
from verifier.translog.merkle import hash_leaf
from verifier.translog.tiles import list_new_tiles

if TYPE_CHECKING:
    from tests.unit.conftest import AuditLog


def open_published(log: "AuditLog") -> Checkpoint:
    note = log.publisher.read_checkpoint()
    assert note is not None
    return log.signer.verifier.open_checkpoint(note)


def verify_whole(log: "AuditLog", size: int) -> None:
    """One consistent log of `size` entries: indexes, tree, published checkpoint and published tiles agree."""
    with log.database.read() as session:
        rows = session.execute(select(EntryRow.log_index, EntryRow.leaf).order_by(EntryRow.log_index)).all()
        assert [index for index, _ in rows] == list(range(size))
        frontier = Frontier()
        for _, leaf in rows:
            frontier.append(hash_leaf(leaf))
        assert open_published(log) == Checkpoint(log.signer.origin, size, frontier.compute_root())
        assert get_checkpoint(session) == log.publisher.read_checkpoint()
        for tile in list_new_tiles(0, size):
            published = (log.published / tile.to_path()).read_bytes()
            assert published == StoredTiles(session).read_tile(tile.level, tile.index)


def test_an_empty_log_has_nothing_to_publish(audit_log: "AuditLog") -> None:
    assert audit_log.sequencer.run_once() == 0
    assert audit_log.publisher.read_checkpoint() is None
    with audit_log.database.read() as session:
        assert find_published_head(session) is None


@ON_BOTH
def test_entries_get_their_places_in_the_order_of_their_writing(audit_log: "AuditLog") -> None:
    total = 0
    for count in (1, 2, 250, 4, 4_100):
        audit_log.write_entries(count)
        assert audit_log.sequencer.run_once() == count
        assert audit_log.sequencer.run_once() == 0
        total += count
        verify_whole(audit_log, total)
    with audit_log.database.read() as session:
        assert session.scalars(select(EntryRow.id).order_by(EntryRow.log_index)).all() == list(range(1, total + 1))


@ON_BOTH
def test_an_entry_that_commits_late_is_not_lost(audit_log: "AuditLog") -> None:
    audit_log.grow(3)
    with audit_log.database.write() as session:  # as if its id had been given long before its commit
        now = audit_log.clock.now(session)
        record(session, now, EntryKind.STAFF_SIGNED_IN, {"staff": ids.new_staff_id()})
        session.execute(update(EntryRow).where(EntryRow.log_index.is_(None)).values(id=-5))
    assert audit_log.sequencer.run_once() == 1
    verify_whole(audit_log, 4)


@ON_BOTH
@pytest.mark.parametrize(
    "point", ["sequence.hashed", "sequence.committed", "sequence.tiles_published", "sequence.published"]
)
def test_a_sequencer_that_is_killed_anywhere_is_finished_by_the_next(audit_log: "AuditLog", point: str) -> None:
    audit_log.grow(300)
    audit_log.write_entries(2_500)
    key = audit_log.folder / "key"
    key.write_text(audit_log.signer.to_secret_text())
    program = f"""
from pathlib import Path
from verifier import faults
from verifier.audit.publish import FolderPublisher
from verifier.audit.publish import FolderPublisher
from verifier.audit.sequencer import Sequencer
from verifier.db.clock import DatabaseClock
from verifier.db.opening import open_database
from verifier.settings import Settings
from verifier.translog.checkpoint import LogSigner
folder = Path({str(audit_log.folder)!r})
faults.arm_from_environment()
signer = LogSigner.parse((folder / "key").read_text())
publisher = FolderPublisher(folder / "published")
Sequencer(open_database(Settings(home=folder)), DatabaseClock(), signer, publisher).run_once()
"""
    fuse = audit_log.folder / "fuse"
    fuse.write_text(point)
    died = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"VERIFIER_FAULT_FUSE": str(fuse)},
        check=False,
    )
    assert died.returncode == -9
    before = open_published(audit_log)
    audit_log.sequencer.run_once()
    verify_whole(audit_log, 2_800)
    assert open_published(audit_log).size >= before.size
    assert audit_log.sequencer.run_once() == 0


@ON_BOTH
def test_many_sequencers_and_writers_at_once_make_one_log(audit_log: "AuditLog") -> None:
    failures: list[Exception] = []

    def run(work: "threading.Barrier", sequence: bool) -> None:
        own = Sequencer(audit_log.database, audit_log.clock, audit_log.signer, audit_log.publisher)
        work.wait()
        try:
            for _ in range(12):
                if sequence:
                    own.run_once()
                else:
                    audit_log.write_entries(40)
        except Exception as error:
            failures.append(error)
            raise

    barrier = threading.Barrier(5)
    threads = [threading.Thread(target=run, args=(barrier, at < 3)) for at in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    audit_log.sequencer.run_once()
    verify_whole(audit_log, 2 * 12 * 40)


def test_nothing_leaves_the_process_when_the_commit_fails(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    before = audit_log.publisher.read_checkpoint()
    audit_log.write_entries(5)

    def fail(_connection: object) -> None:
        raise OSError("the disk is full")

    event.listen(audit_log.database.engine, "commit", fail)
    with pytest.raises(OSError, match="disk is full"):
        audit_log.sequencer.run_once()
    event.remove(audit_log.database.engine, "commit", fail)
    assert audit_log.publisher.read_checkpoint() == before
    assert audit_log.sequencer.run_once() == 5
    verify_whole(audit_log, 10)


def test_a_publisher_that_fails_is_published_to_later(audit_log: "AuditLog") -> None:
    audit_log.published.write_text("a file where the folder should be")
    audit_log.write_entries(5)
    with pytest.raises(OSError, match="Not a directory"):
        audit_log.sequencer.run_once()
    with audit_log.database.read() as session:
        assert find_published_head(session) is None, "what is not published is not shown"
    audit_log.published.unlink()
    assert audit_log.sequencer.run_once() == 5
    verify_whole(audit_log, 5)


def test_a_restored_older_database_signs_nothing(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    audit_log.database.truncate_wal()
    file = Settings(home=audit_log.folder).database_file
    shutil.copy(file, audit_log.folder / "backup.db")
    audit_log.grow(5)
    audit_log.database.close()
    for suffix in ("-wal", "-shm"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)
    shutil.copy(audit_log.folder / "backup.db", file)
    audit_log.write_entries(9)
    before = audit_log.publisher.read_checkpoint()
    with pytest.raises(LogShortError, match="10 entries were published, the database holds 5"):
        audit_log.sequencer.run_once()
    assert audit_log.publisher.read_checkpoint() == before
    with audit_log.database.read() as session:
        assert session.scalar(select(LogHeadRow.size)) == 5


def test_another_history_is_not_extended(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    audit_log.publisher.write_checkpoint(audit_log.signer.sign(size=3, root=hash_leaf(b"another")))
    audit_log.write_entries(1)
    with pytest.raises(LogForkedError, match="another history"):
        audit_log.sequencer.run_once()


def test_a_published_checkpoint_of_another_key_stops_the_log(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    checkpoint = open_published(audit_log)
    other = LogSigner.generate(checkpoint.origin)
    for note in (other.sign(size=5, root=checkpoint.root), "", "\udcff", "nonsense\n"):
        (audit_log.published / "checkpoint").write_text(note, errors="surrogateescape")
        with pytest.raises(LogForkedError, match="not by this log's key"):
            audit_log.sequencer.run_once()


def test_a_publication_that_vanished_stops_the_log(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    shutil.rmtree(audit_log.published)
    with pytest.raises(PublicationLostError):
        audit_log.sequencer.run_once()


def test_a_publication_that_fell_back_is_caught_up(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    shutil.copytree(audit_log.published, audit_log.folder / "older")
    audit_log.grow(300)
    shutil.rmtree(audit_log.published)
    shutil.copytree(audit_log.folder / "older", audit_log.published)
    assert audit_log.sequencer.run_once() == 0
    verify_whole(audit_log, 305)


@pytest.mark.parametrize(
    "edit",
    [
        update(LogHeadRow).values(size=4),
        update(LogHeadRow).values(root=hash_leaf(b"another")),
        update(LogHeadRow).values(checkpoint=None),
        update(LogHeadRow).values(checkpoint="nonsense"),
        update(LogTileRow).where(LogTileRow.level == 0).values(hashes=hash_leaf(b"another") * 10),
        update(LogTileRow).values(hashes=b""),
        delete(LogTileRow),
    ],
)
def test_an_edited_head_or_tile_is_never_signed_over(audit_log: "AuditLog", edit: object) -> None:
    audit_log.grow(10)
    before = audit_log.publisher.read_checkpoint()
    with audit_log.database.write() as session:
        session.execute(edit)  # type: ignore[call-overload]  # each is a statement
    audit_log.write_entries(1)
    with pytest.raises((LogForkedError, LogShortError)):
        audit_log.sequencer.run_once()
    assert audit_log.publisher.read_checkpoint() == before


@pytest.mark.parametrize("waiting", [0, 1])
def test_a_tile_that_was_edited_before_it_was_published_is_not_published(audit_log: "AuditLog", waiting: int) -> None:
    audit_log.grow(10)
    partials = audit_log.published / "tile/0/000.p"
    shutil.rmtree(partials)
    partials.write_text("a file where the folder should be")
    audit_log.write_entries(10)
    with pytest.raises(OSError, match=r"exists|directory"):
        audit_log.sequencer.run_once()
    with audit_log.database.write() as session:
        tile = session.scalars(select(LogTileRow)).one()
        tile.hashes = tile.hashes[:-32] + hash_leaf(b"another")
    partials.unlink()
    audit_log.write_entries(waiting)
    with pytest.raises(LogForkedError, match="do not lead to the log's root"):
        audit_log.sequencer.run_once()
    assert open_published(audit_log).size == 10


def test_finding_what_waits_does_not_read_the_log(audit_log: "AuditLog") -> None:
    audit_log.grow(50)
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT entries.id, entries.leaf"):
            asked.append(statement.replace("?", "2000"))

    event.listen(audit_log.database.engine, "before_cursor_execute", note)
    with audit_log.database.read() as session:
        assert find_written(session, IS_WAITING, limit=2_000) == []
        event.remove(audit_log.database.engine, "before_cursor_execute", note)
        [question] = asked
        steps = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {question}")).all()]
    assert len(steps) == 1, "no sorting"
    assert steps[0].startswith("SEARCH entries USING INDEX")


_LINK: Final[Mapping[str, Field]] = {"verification": ids.new_verification_id(), "generation": 1}


def _leaf(at: datetime) -> bytes:
    return Statement(EntryKind.LINK_OPENED, at, _LINK).encode()


@ON_BOTH
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda row: row | {"leaf": b"what nobody can read"}, id="no entry"),
        pytest.param(lambda row: row | {"leaf": row["leaf"].replace(b",", b", ")}, id="not canonical"),
        pytest.param(lambda row: row | {"leaf": row["leaf"].replace(b"link.opened", b"link.eaten")}, id="no such kind"),
        pytest.param(lambda row: row | {"kind": EntryKind.API_KEY_REVOKED.value}, id="found as another kind"),
        pytest.param(lambda row: row | {"verification_id": ids.new_verification_id()}, id="found under another name"),
    ],
)
def test_what_is_no_entry_is_set_aside_and_told_and_the_others_go_on(
    audit_log: "AuditLog", spoil: Callable[[dict[str, Any]], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    audit_log.grow(3)
    with audit_log.database.write() as session:
        now = audit_log.clock.now(session)
        verification = _LINK["verification"]
        row = {"kind": "link.opened", "verification_id": verification, "recorded_at": now, "leaf": _leaf(now)}
        session.add(EntryRow(**spoil(row)))
    audit_log.write_entries(2)
    assert audit_log.sequencer.run_once() == 3, "two entries, and the alarm"
    assert audit_log.sequencer.run_once() == 0
    assert '"event": "log.entry_set_aside"' in capsys.readouterr().err
    with audit_log.database.read() as session:
        assert list_set_aside(session, limit=9) == [4]
        assert get_oldest_waiting(session) is None
        signed = find_entries(session, EntryFilter(), limit=99)
        assert [entry.index for entry in signed] == [5, 4, 3, 2, 1, 0]
        assert signed[0].statement.fields == {"alarm": "entry_set_aside"}
    assert open_published(audit_log).size == 6


def test_what_only_an_older_version_did_not_know_is_sequenced_by_the_next(audit_log: "AuditLog") -> None:
    audit_log.write_entries(1)
    with audit_log.database.write() as session:
        set_aside(session, audit_log.clock.now(session), find_written(session, IS_WAITING, limit=9))
    assert audit_log.sequencer.run_once() == 2
    with audit_log.database.read() as session:
        assert list_set_aside(session, limit=9) == []


def test_an_end_is_listed_before_it_can_be_proved(audit_log: "AuditLog") -> None:
    key = ids.new_api_key_id()
    with audit_log.database.write() as session:
        now = audit_log.clock.now(session)
        record(session, now, EntryKind.API_KEY_REVOKED, {"api_key": key, "actor": "operator"})
    listed_at_publication: list[frozenset[str]] = []

    class Watching(FolderPublisher):
        def write_checkpoint(self, text: str) -> None:
            listed_at_publication.append(self.read_ended())
            super().write_checkpoint(text)

    publisher = Watching(audit_log.published)
    Sequencer(audit_log.database, audit_log.clock, audit_log.signer, publisher).run_once()
    assert listed_at_publication == [{digest_ended(key)}]
