"""Makes a backup: the database, and the documents sealed as they are. Never a key, a root or a secret.

Guarantees: the database is copied first, so every document that its rows name was there when the copying of documents
began; one that was destroyed meanwhile is left out. The manifest is written last: a folder without one is no backup.
Readable by this user only. While it is made, everybody goes on working.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from verifier.audit.forms import format_time
from verifier.db.clock import Clock
from verifier.db.dumping import dump_database, kind_of
from verifier.db.engine import Database
from verifier.db.installation import find_installation
from verifier.db.schema import find_version
from verifier.durability import sync_folder
from verifier.errors import ConfigurationError
from verifier.recovery.manifest import DATABASE, DOCUMENTS, MANIFEST, Manifest, Part
from verifier.settings import Settings
from verifier.vault.errors import ObjectMissingError
from verifier.vault.objects import ObjectKey
from verifier.vault.service import Vault

_STEP_BYTES: Final = 1 << 20


def make_backup(
    folder: Path, *, settings: Settings, database: Database, clock: Clock, vault: Vault, key: bytes
) -> Manifest:
    """Make a backup in a new or empty folder; `key` seals it.

    Raises:
        ConfigurationError: with what to change.
        StoreUnavailableError: documents could not be read; what was written is no backup.
    """
    _verify_place(folder, settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _verify_is_ours(folder)
    with database.read() as session:
        made_at, installation = clock.now(session), find_installation(session)
        assert installation is not None  # the house is open
        row = (installation.id, format_time(installation.created_at), format_time(installation.clock_high_at))
    file = folder / DATABASE
    dump_database(settings, file)
    manifest = Manifest(
        installation=row[0],
        made_at=format_time(made_at),
        created_at=row[1],
        clock_high_at=row[2],
        kind=kind_of(settings),
        schema=find_version(database) or "",
        database=_measure(file, DATABASE),
        documents=tuple(_copy_documents(folder, vault)),
    )
    _write(folder / MANIFEST, [manifest.to_text(key).encode("ascii")])
    _sync(folder)
    return manifest


def _verify_place(folder: Path, settings: Settings) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"{folder} is not empty. Name a new folder, or an empty one.")
    place = folder.resolve()
    for private in (settings.keys_folder, settings.roots_folder, settings.secrets_folder):
        if place.is_relative_to(private.resolve()):
            raise ConfigurationError(f"{folder} lies in {private}. Keep backups and keys apart: name another folder.")


def _verify_is_ours(folder: Path) -> None:
    """Whoever else may write there could swap what is written, or lead it elsewhere; whoever reads has the database."""
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise ConfigurationError(
            f"{folder} is open to others, or belongs to another user. Give it to the user that makes backups, and to "
            "nobody else (chmod 700), or name a folder that is not there yet."
        )


def _copy_documents(folder: Path, vault: Vault) -> Iterator[Part]:
    for found in vault.objects.list(installation=vault.installation):
        if found.is_unfinished:
            continue
        part = _copy(folder, vault, found.key)
        if part is not None:
            yield part


def _copy(folder: Path, vault: Vault, key: ObjectKey) -> Part | None:
    path = f"{DOCUMENTS}/{key.to_text()}"
    target = folder / path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _write(target, vault.objects.read(key))
    except ObjectMissingError:  # destroyed since the listing
        target.unlink(missing_ok=True)
        return None
    return _measure(target, path)


def _write(target: Path, steps: Iterable[bytes]) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for step in steps:
            file.write(step)
        file.flush()
        os.fsync(file.fileno())


def _measure(file: Path, path: str) -> Part:
    length, digest = measure(file)
    return Part(path=path, length=length, digest=digest)


def measure(file: Path) -> tuple[int, str]:
    """Length and SHA-256 of a file, read in steps."""
    digest, length = hashlib.sha256(), 0
    with file.open("rb") as opened:
        while step := opened.read(_STEP_BYTES):
            digest.update(step)
            length += len(step)
    return length, digest.hexdigest()


def _sync(folder: Path) -> None:
    for path in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
        sync_folder(path)
