"""Puts a backup back: everything is looked at before anything is written, and the database comes last.

Guarantees: refuses a backup that is damaged, not ours or of a newer version; an installation that runs; a database or a
store of documents that is not empty; a key store of somebody else. Keys, roots and secrets are never written: what was
shredded since the backup stays unreadable, and so does what was lost. Nobody else opens the database before the end:
links and sessions of before are revoked by then, and what had ended is ended again (`verifier.recovery.revival`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verifier.audit.anew import LogPlace, begin_log_anew, find_shortfall
from verifier.audit.publish import FolderPublisher
from verifier.db.clock import Clock
from verifier.db.dumping import is_empty, kind_of, load_dump
from verifier.db.engine import Database
from verifier.db.opening import alone_with_database, open_database_alone
from verifier.db.schema import NEWEST, upgrade_schema
from verifier.disposal.orphans import remove_orphans
from verifier.errors import ConfigurationError
from verifier.recovery.backup import measure
from verifier.recovery.manifest import DOCUMENTS, Manifest, Part
from verifier.recovery.revival import Revived, revive
from verifier.settings import Settings
from verifier.vault.key_store import KeyStore
from verifier.vault.objects import ObjectKey, ObjectStore
from verifier.vault.roots import RootKeys
from verifier.vault.service import Vault
from verifier.verifications.key_loss import end_lost, find_lost

_STEP_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Target:
    """Where a backup is put back to."""

    settings: Settings
    clock: Clock
    objects: ObjectStore
    keys: KeyStore
    roots: RootKeys
    keeps_documents: bool = False
    """The store of documents was not lost: it stays as it is."""
    accepts_loss: bool = False
    """A key store that is gone is begun anew, and so is a log that falls short."""


@dataclass(frozen=True)
class Accepted:
    """What followed from accepting the loss. `log`: the name of the log that was begun anew, if one had to be."""

    lost_keys: int
    orphans: int
    log: str | None


@dataclass(frozen=True)
class Restored:
    """What came back.

    `knows_ends`: whether what was published is there, and so the list of what had ended. `lost_keys`: how many
    verifications ended for want of theirs. `shortfall`: why the log stops.
    """

    revived: Revived
    knows_ends: bool
    accepted: "Accepted | None"
    lost_keys: int
    shortfall: str | None


def verify_backup(folder: Path, manifest: Manifest) -> None:
    """Raise `ConfigurationError` unless every part is there, byte for byte."""
    for part in (manifest.database, *manifest.documents):
        try:
            found = measure(folder / part.path)
        except OSError as error:
            raise ConfigurationError(f"{folder / part.path} is missing, so this backup is damaged.") from error
        if found != (part.length, part.digest):
            raise ConfigurationError(f"{folder / part.path} is not what was written there: this backup is damaged.")


def restore(folder: Path, manifest: Manifest, target: Target) -> Restored:
    """Put the backup back. Raises `ConfigurationError` with what to change; `StoreUnavailableError`."""
    settings = target.settings
    _verify_suits(manifest, settings)
    with alone_with_database(settings):  # until the end: a supervisor may start a process again at any moment
        _verify_empty(settings)
        verify_backup(folder, manifest)
        _verify_targets(manifest, target)
        if not target.keeps_documents:
            _put_documents(folder, manifest, target.objects)
        if target.keys.read_installation() is None:
            target.keys.write_installation(manifest.installation)
        load_dump(settings, folder / manifest.database.path)
        database = open_database_alone(settings)
        try:
            return _finish(database, manifest, target)
        finally:
            database.close()


def accept_loss(database: Database, clock: Clock, vault: Vault, *, place: LogPlace) -> Accepted:
    """Let go of all that the backup lacks: end every verification whose key is not there, however many; take away what
    no row knows; begin the log anew if it falls short. Raises `LogForkedError`, `StoreUnavailableError`.
    """
    lost = _end_all_lost(database, clock, vault)
    log = begin_log_anew(database, clock, place) if find_shortfall(database, place) else None
    return Accepted(lost, remove_orphans(database, clock, vault), log)


def place_of_log(settings: Settings) -> LogPlace:
    return LogPlace(settings.signing_key_file, settings.published_folder, settings.log_origin)


def _verify_suits(manifest: Manifest, settings: Settings) -> None:
    if manifest.kind != kind_of(settings):
        raise ConfigurationError(
            f"This backup is of a {manifest.kind} database, and VERIFIER_DATABASE_URL names another kind. Restore it "
            "to its own kind."
        )
    if manifest.schema > NEWEST:
        raise ConfigurationError("A newer version of Verifier made this backup. Restore it with that one, or a later.")


def _verify_empty(settings: Settings) -> None:
    if not settings.database_url:
        file = settings.database_file
        if file.exists() and file.stat().st_size:
            raise ConfigurationError(f"There is a database in {file}. Move it away; a restore overwrites nothing.")
        return
    database = open_database_alone(settings)
    try:
        if not is_empty(database):
            raise ConfigurationError(
                "The database that VERIFIER_DATABASE_URL names is not empty. Name a new one: a restore overwrites "
                "nothing."
            )
    finally:
        database.close()


def _verify_targets(manifest: Manifest, target: Target) -> None:
    ours = manifest.installation
    for found, what in ((target.objects.read_installation(), "documents"), (target.keys.read_installation(), "keys")):
        if found not in {None, ours}:
            raise ConfigurationError(f"The store of {what} is another installation's. Name the one of this backup.")
    if target.keys.read_installation() is None and not target.accepts_loss:
        raise ConfigurationError(
            "The key store carries no mark: it is not there, or it is lost. Mount or name it. If it is lost, run this "
            "again with --accept-loss: then every verification that is still open ends, and customers are told."
        )
    if target.objects.read_installation() is None:
        if target.keeps_documents:
            raise ConfigurationError("The store of documents carries no mark, so there is nothing to keep there.")
        return
    if not target.keeps_documents and next(iter(target.objects.list(installation=ours)), None) is not None:
        raise ConfigurationError(
            "The store of documents is not empty. If it was not lost, keep it: --keep-documents. Otherwise empty it."
        )


def _put_documents(folder: Path, manifest: Manifest, objects: ObjectStore) -> None:
    objects.write_installation(manifest.installation)
    for part in manifest.documents:
        _put(folder, part, objects)


def _put(folder: Path, part: Part, objects: ObjectStore) -> None:
    writer = objects.create(ObjectKey.parse(part.path.removeprefix(f"{DOCUMENTS}/")))
    try:
        with (folder / part.path).open("rb") as file:
            while step := file.read(_STEP_BYTES):
                writer.write(step)
        writer.commit()
    finally:
        writer.abort()


def _finish(database: Database, manifest: Manifest, target: Target) -> Restored:
    upgrade_schema(database)
    place = place_of_log(target.settings)
    with database.write() as session:
        revived = revive(session, target.clock.now(session), manifest, ended=_read_ended(place.published_folder))
    vault = Vault(
        installation=manifest.installation, objects=target.objects, keys=target.keys, roots=target.roots
    )  # fmt: skip
    knows_ends = FolderPublisher(place.published_folder).read_checkpoint() is not None
    lost = _end_all_lost(database, target.clock, vault)
    accepted = accept_loss(database, target.clock, vault, place=place) if target.accepts_loss else None
    shortfall = find_shortfall(database, place)
    return Restored(revived, knows_ends, accepted, lost, None if shortfall is None else str(shortfall))


def _end_all_lost(database: Database, clock: Clock, vault: Vault) -> int:
    return sum(end_lost(database, clock, verification) for verification in find_lost(database, vault.keys))


def _read_ended(published: Path) -> frozenset[str]:
    """What every log of this installation lists: the first one's, and those of the ones that were begun anew."""
    folders = [published, *(each for each in published.glob("[0-9]*") if each.is_dir())]
    return frozenset().union(*(FolderPublisher(each).read_ended() for each in folders))
