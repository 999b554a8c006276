"""Custody of the log's signing key: one file, readable by its owner only, in a folder of its own.

Guarantees: two processes that start at once end with the same key; a file is never seen half written; a key that
others can read is refused with a sentence that says what to change.
"""

import os
import re
import secrets
from pathlib import Path
from typing import Final

from verifier.durability import sync_folder
from verifier.errors import ConfigurationError
from verifier.passwords import is_open_to_others
from verifier.translog.checkpoint import LogSigner
from verifier.translog.errors import BadCheckpointError

_MAX_KEY_BYTES: Final = 4096


def load_or_create_signing_key(path: Path, origin: str) -> LogSigner:
    """The signer in `path` for the log `origin`, made there if there is none.

    Raises `ConfigurationError` if others can read it, or if it is the key of another log.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.path.lexists(path):
        _create(path, LogSigner.generate(origin))
    signer = _load(path)
    if not is_of_log(signer.origin, origin):
        raise ConfigurationError(f"{path} is the signing key of another log. Give this log a key file of its own.")
    return signer


def is_of_log(found: str, origin: str) -> bool:
    """Whether a key's name is the log's own, or of one that it was begun anew as (`verifier.audit.anew`)."""
    return re.fullmatch(rf"{re.escape(origin)}(/[1-9][0-9]*)?", found) is not None


def _create(path: Path, signer: LogSigner) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{signer.to_secret_text()}\n")
            file.flush()
            os.fsync(file.fileno())
        # Linking, unlike renaming, fails where another process was first: then its key is the one.
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def _load(path: Path) -> LogSigner:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be opened as the log's signing key, or is a link.") from error
    with os.fdopen(descriptor, "rb") as file:
        for name, mode in ((path, os.fstat(file.fileno()).st_mode), (path.parent, path.parent.stat().st_mode)):
            if is_open_to_others(mode):
                raise ConfigurationError(f"{name} is open to others. Take their rights away: chmod go= {name}")
        content = file.read(_MAX_KEY_BYTES)
    try:
        return LogSigner.parse(content.decode().removesuffix("\n"))
    except (UnicodeDecodeError, BadCheckpointError) as error:
        raise ConfigurationError(f"{path} is not a log's signing key. Restore it from where you keep it.") from error
