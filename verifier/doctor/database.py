"""The doctor inside the database: whether it is whole, and what it says of stores, clock, disposal and log."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from verifier.audit.aside import list_set_aside
from verifier.audit.custody import load_or_create_signing_key
from verifier.audit.errors import LogBehindError
from verifier.audit.extension import GO_ON, has_ended
from verifier.audit.proofs import find_published_head
from verifier.audit.publish import open_publisher
from verifier.audit.service import verify_log_keeps_up
from verifier.audit.tables import LogHeadRow
from verifier.db.clock import DatabaseClock
from verifier.db.engine import Database
from verifier.db.installation import ClockBehindError, find_installation, verify_clock
from verifier.db.opening import open_database
from verifier.db.schema import find_version, is_undamaged
from verifier.doctor.findings import NOT_YET, Finding, WrongError, check
from verifier.errors import ConfigurationError
from verifier.ids import InstallationId
from verifier.retention.reading import OVERDUE_AFTER
from verifier.settings import Settings
from verifier.stores import open_stores
from verifier.verifications.intake import find_due_since
from verifier.verifications.key_loss import find_lost

_MOST_NAMED: Final = 5


class _Store(Protocol):
    def read_installation(self) -> InstallationId | None: ...


def examine_database(settings: Settings) -> Iterator[Finding]:
    if not (settings.database_url or settings.database_file.exists()):
        yield Finding("database", is_ok=True, sentence=NOT_YET)
        return
    yield from open_and_look(settings, partial(_look_inside, settings))


def open_and_look(settings: Settings, look: Callable[[Database], Iterator[Finding]]) -> Iterator[Finding]:
    """What `look` finds inside the database, or why it cannot be opened."""
    try:
        database = open_database(settings)
    except ConfigurationError as error:
        yield Finding("database", is_ok=False, sentence=error.advice)
        return
    try:
        yield from look(database)
    finally:
        database.close()


def _look_inside(settings: Settings, database: Database) -> Iterator[Finding]:
    if _is_new(database):
        yield Finding("database", is_ok=True, sentence=NOT_YET)
        return
    yield check("database", partial(see_database, database))
    yield check("objects", lambda: see_mark(open_stores(settings).objects, place_of_objects(settings), database))
    yield check("key store", partial(_see_key_store, settings, database))
    yield check("clock", partial(see_inside, see_clock, database))
    yield check("disposal", partial(see_inside, _see_disposal, database))
    yield check("log", partial(see_inside, see_log, database))
    yield check("published", partial(_see_published, settings, database))


def _is_new(database: Database) -> bool:
    try:
        return find_version(database) is None
    except SQLAlchemyError:
        return False  # each check of it will say so


def place_of_objects(settings: Settings) -> Path | str:
    return settings.documents_bucket or settings.objects_folder


def _place_of_keys(settings: Settings) -> Path | str:
    return settings.keys_bucket or settings.keys_folder


def see_inside(look: Callable[[Session, datetime], str], database: Database) -> str:
    with database.read() as session:
        return look(session, DatabaseClock().now(session))


def see_database(database: Database) -> str:
    with database.write() as session:  # takes the lock that writing needs, and writes nothing
        if find_installation(session) is None:
            return NOT_YET
        if not is_undamaged(session):
            raise WrongError("SQLite finds the file damaged. Restore it, with the deletion log kept as it is.")
    return "it is whole and can be written"


def see_mark(store: _Store, place: Path | str, database: Database) -> str:
    with database.read() as session:
        installation = find_installation(session)
    if installation is None or installation.stores_marked_at is None:
        return NOT_YET
    found = store.read_installation()
    if found is None:
        raise WrongError(f"{place} carries no installation's mark. Mount, name or restore the one that belongs there.")
    if found != installation.id:
        raise WrongError(f"{place} belongs to another installation. Point the settings at the one that you mean.")
    if isinstance(place, str):
        return f"the bucket {place} is this installation's"
    with tempfile.TemporaryFile(dir=place):
        return f"{place} is this installation's and can be written"


def _see_key_store(settings: Settings, database: Database) -> str:
    keys = open_stores(settings).keys
    sentence = see_mark(keys, _place_of_keys(settings), database)
    lost = [] if sentence == NOT_YET else find_lost(database, keys)
    if lost:
        raise WrongError(
            f"the keys of open verifications are missing there: {len(lost)}. Mount the store that belongs here; if it "
            "is lost, stop everything and run verifier restore --accept-loss."
        )
    return sentence


def see_clock(session: Session, now: datetime) -> str:
    try:
        verify_clock(session, now)
    except ClockBehindError as error:
        raise WrongError(
            "it fell below what it showed before, so nothing is taken in. Set this machine's clock."
        ) from error
    return f"it says {now:%Y-%m-%d %H:%M:%S} UTC, and has not gone back"


def _see_disposal(session: Session, now: datetime) -> str:
    since = find_due_since(session, now)
    if since is None:
        return "nothing waits to be destroyed"
    waited = now - since
    if waited > OVERDUE_AFTER:
        seconds = f"{waited.total_seconds():.0f} s"
        raise WrongError(f"something has waited for {seconds} to be destroyed. Start verifier serve; see its log.")
    return "what is due is being destroyed"


def see_log(session: Session, now: datetime) -> str:
    try:
        verify_log_keeps_up(session, now)
    except LogBehindError as error:
        raise WrongError(
            "entries wait to be sequenced. Start verifier serve, or see its log for log.stopped."
        ) from error
    aside = list_set_aside(session, limit=_MOST_NAMED)
    if aside:
        raise WrongError(
            "it keeps up, but these rows of the table entries are none, and were set aside: "
            f"{', '.join(map(str, aside))}. Somebody wrote past us into the database: find out who, then see "
            "docs/how-to/watch-it.md."
        )
    return "it keeps up"


def _see_published(settings: Settings, database: Database) -> str:
    with database.read() as session:
        head, signed = find_published_head(session), session.get(LogHeadRow, 1)
    if signed is None:
        return NOT_YET
    folder, key_file = settings.published_folder, settings.signing_key_file
    if not key_file.exists():
        raise WrongError(f"the log's signing key is gone. Restore {key_file} from where you keep it.")
    signer = load_or_create_signing_key(key_file, settings.log_origin)
    if has_ended(signed, signer.verifier):
        raise WrongError(GO_ON)
    if head is None:
        return NOT_YET
    note = open_publisher(folder, signer, settings.log_origin).read_checkpoint()
    if note is None:
        raise WrongError(f"{folder} holds no checkpoint, but one was published. Restore the folder.")
    published = signer.verifier.open_checkpoint(note)
    if not head.size <= published.size <= signed.size:
        raise WrongError(
            f"{folder} ends at entry {published.size}, the log at {signed.size}. Restore whichever is from a backup."
        )
    with tempfile.TemporaryFile(dir=folder):
        return f"{folder} holds the checkpoint of {published.size} entries"
