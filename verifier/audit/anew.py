"""Begins the log anew where the database holds less than was published, and somebody has accepted the loss.

A log that signed a tree must never sign another one that does not extend it. So the old log ends where it was
published, and its name and key sign nothing more; a new one begins under the next name (`…/2`, then `…/3`) with a key
of its own. Its first entry names the last checkpoint of the old one; then follow all entries that the database still
has, in their order. Whoever kept a checkpoint or a receipt of the old log can check it as before, with the old key.

Guarantees: safe to repeat after a crash anywhere, also where nothing of what was published is left. The rows change
first, then the key; with the rows it is written that the old key's log has ended, and from then on that key signs
nothing, whoever still holds it. Leaves to others: that nothing else runs meanwhile.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from verifier import faults
from verifier.audit.catalogue import EntryKind
from verifier.audit.custody import load_or_create_signing_key
from verifier.audit.errors import LogEndedError, LogForkedError, LogShortError, PublicationLostError
from verifier.audit.extension import has_ended, verify_extends_published
from verifier.audit.forms import Field
from verifier.audit.leaf import Statement
from verifier.audit.publish import open_publisher
from verifier.audit.sequencer import Sequencer
from verifier.audit.tables import EntryRow, LogHeadRow, LogTileRow
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.locks import put_in_place
from verifier.durability import sync_folder
from verifier.translog.checkpoint import Checkpoint, LogSigner, LogVerifier
from verifier.translog.errors import BadCheckpointError
from verifier.translog.merkle import EMPTY_ROOT

_NUMBERED: Final = re.compile(r"(.*)/([1-9][0-9]*)")


@dataclass(frozen=True)
class LogPlace:
    """Where the log's key lies, where it is published, and the name that the settings give it."""

    signing_key_file: Path
    published_folder: Path
    origin: str


Shortfall = LogShortError | PublicationLostError | LogEndedError


def find_shortfall(database: Database, place: LogPlace) -> Shortfall | None:
    """Why the log cannot go on; `None` where it can. Raises `LogForkedError`, which no loss explains."""
    signer = load_or_create_signing_key(place.signing_key_file, place.origin)
    note = open_publisher(place.published_folder, signer, place.origin).read_checkpoint()
    try:
        with database.read() as session:
            verify_extends_published(session, note, verifier=signer.verifier)
    except (LogShortError, PublicationLostError, LogEndedError) as error:
        return error
    return None


def begin_log_anew(database: Database, clock: Clock, place: LogPlace) -> str:
    """End the log that falls short, begin the next, and publish it; the new log's name. Raises `LogForkedError`."""
    old = load_or_create_signing_key(place.signing_key_file, place.origin)
    old_publisher = open_publisher(place.published_folder, old, place.origin)
    with database.write() as session:
        if not has_ended(session.get(LogHeadRow, 1), old.verifier):  # else a crash came before the key was changed
            last = _find_last(session, old_publisher.read_checkpoint(), verifier=old.verifier)
            _put_first(session, clock, last, old.verifier)
            _forget_tree(session, ended=old.verifier)
    faults.hit("anew.rows_changed")
    new = _change_key(place, old)
    faults.hit("anew.key_changed")
    new_publisher = open_publisher(place.published_folder, new, place.origin)
    new_publisher.note_ended(sorted(old_publisher.read_ended()))
    Sequencer(database, clock, new, new_publisher).run_once()
    return new.origin


def _find_last(session: Session, note: str | None, *, verifier: LogVerifier) -> Checkpoint:
    """The largest checkpoint that is known to have been published."""
    head = session.get(LogHeadRow, 1)
    notes = [each for each in (note, None if head is None else head.published_checkpoint) if each is not None]
    try:
        known = [verifier.open_checkpoint(each) for each in notes]
    except BadCheckpointError as error:
        raise LogForkedError("What was published is not by this log's key. Put the right key file back.") from error
    if not known:
        raise LogForkedError("Nothing was ever published, so there is nothing to begin anew.")
    return max(known, key=lambda checkpoint: checkpoint.size)


def _forget_tree(session: Session, *, ended: LogVerifier) -> None:
    """Entries stay, in their order, and wait for a place in another tree, which the key `ended` does not sign."""
    session.execute(delete(LogTileRow))
    empty = {"size": 0, "root": EMPTY_ROOT, "checkpoint": None}
    unpublished = {"published_size": 0, "published_checkpoint": None, "published_at": None}
    # Not deleted: whoever waits for this row to sign something finds in it that its key may not.
    put_in_place(session, LogHeadRow, {"id": 1, **empty, **unpublished, "ended_key": ended.to_text()})
    session.execute(update(EntryRow).values(log_index=None))


def _put_first(session: Session, clock: Clock, last: Checkpoint, verifier: LogVerifier) -> None:
    now = clock.now(session)
    key = verifier.to_text()
    fields: dict[str, Field] = {"origin": last.origin, "size": last.size, "root": last.root.hex(), "log_key": key}
    first_id = session.scalars(select(EntryRow.id).order_by(EntryRow.id).limit(1)).one()
    leaf = Statement(EntryKind.LOG_BEGUN_ANEW, now, fields).encode()
    # Before all others: the sequencer takes entries by their ids.
    session.add(EntryRow(id=min(first_id, 1) - 1, kind=EntryKind.LOG_BEGUN_ANEW.value, recorded_at=now, leaf=leaf))


def _change_key(place: LogPlace, old: LogSigner) -> LogSigner:
    """Put the next log's key in the place of the old one, which is kept beside it, and signs nothing more."""
    path = place.signing_key_file
    waiting = path.with_name(f"{path.name}.next")
    waiting.unlink(missing_ok=True)
    new = load_or_create_signing_key(waiting, _name_after(old.origin, place.origin))
    kept = path.with_name(f"{path.name}.{old.verifier.key_id.hex()}")
    if not kept.exists():
        os.link(path, kept)
    waiting.replace(path)
    sync_folder(path.parent)
    return new


def _name_after(current: str, base: str) -> str:
    numbered = _NUMBERED.fullmatch(current) if current != base else None
    return f"{base}/{int(numbered[2]) + 1 if numbered else 2}"
