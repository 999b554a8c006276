"""What several unit tests stand on: an audit log with its sequencer, publisher and key, an outbox, and a small disk."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.outbox import Outbox, open_outbox
from verifier.audit.catalogue import EntryKind
from verifier.audit.publish import FolderPublisher
from verifier.audit.sequencer import Sequencer
from verifier.audit.service import record
from verifier.db.base import Base
from verifier.db.clock import MovedClock
from verifier.db.engine import Database
from verifier.db.opening import open_database
from verifier.ids import VerificationId, new_verification_id
from verifier.settings import Settings
from verifier.translog.checkpoint import LogSigner


@dataclass
class AuditLog:
    """One log, as the embedded form has it."""

    folder: Path
    database: Database
    clock: MovedClock
    signer: LogSigner
    publisher: FolderPublisher
    sequencer: Sequencer

    @property
    def log_key(self) -> str:
        return self.signer.verifier.to_text()

    @property
    def published(self) -> Path:
        return self.folder / "published"

    def write_entries(self, count: int) -> VerificationId:
        """Write `count` entries about one verification, which wait to be sequenced."""
        verification = new_verification_id()
        with self.database.write() as session:
            now = self.clock.now(session)
            for generation in range(1, count + 1):
                record(session, now, EntryKind.LINK_OPENED, {"verification": verification, "generation": generation})
        return verification

    def grow(self, count: int) -> VerificationId:
        """Write `count` entries and sequence them."""
        verification = self.write_entries(count)
        self.sequencer.run_once()
        return verification


@pytest.fixture
def audit_log(tmp_path: Path) -> Iterator[AuditLog]:
    database = open_database(Settings(home=tmp_path))
    Base.metadata.create_all(database.engine)
    clock, signer = MovedClock(), LogSigner.generate("example.com/log")
    publisher = FolderPublisher(tmp_path / "published")
    yield AuditLog(tmp_path, database, clock, signer, publisher, Sequencer(database, clock, signer, publisher))
    database.close()


@pytest.fixture
def outbox(tmp_path: Path, clock: MovedClock) -> Iterator[Outbox]:
    with open_outbox(tmp_path / "home", clock) as opened:
        yield opened


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "none", disk], check=False)
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small disk: a full one was not tried")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)
