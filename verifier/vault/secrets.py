"""Secrets of the installation that are not anybody's data: the link key, digest keys, and the files of root keys.

Guarantees: 32 random bytes, written once and synced before use, in a file and folder that nobody else on the machine
can read; a file that others can read is refused, for they may have it already. Leaves to others: what each secret is
for; `keyed_digest` keeps the purposes apart.
"""

import hashlib
import hmac
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from verifier.passwords import is_open_to_others
from verifier.vault.errors import ReadableByOthersError, StoreUnavailableError, storage_errors
from verifier.vault.names import verify_name
from verifier.vault.private_files import PrivateFolder, make_private_folder

SECRET_BYTES: Final = 32


def load_or_create_secret(folder: Path, name: str) -> bytes:
    """The secret of that name, made if this is the first time. Raises `ReadableByOthersError`."""
    verify_name(name)
    with storage_errors(), open_or_make_secret_folder(folder) as opened:
        write_secret_once(opened, name)
        return read_secret(opened, name)


def keyed_digest(key: bytes, purpose: str, text: str) -> str:
    """HMAC-SHA-256 in hex; digests of one purpose say nothing about those of another, even of the same text."""
    # A name holds no NUL, so where the purpose ends is never in doubt.
    verify_name(purpose)
    message = b"verifier/v1/digest/" + purpose.encode("ascii") + b"\0" + text.encode("utf-8")
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def open_secret_folder(path: Path) -> PrivateFolder:
    """Open the folder; the caller closes it. Raises `ReadableByOthersError`, `OSError`."""
    folder = PrivateFolder.open(path)
    try:
        _verify_private(folder.stat(), path)
    except BaseException:
        folder.close()
        raise
    return folder


def open_or_make_secret_folder(path: Path) -> PrivateFolder:
    """Open the folder, made 0700 if it is absent; the caller closes it. Raises as `open_secret_folder`."""
    if not path.exists():
        make_private_folder(path)
    return open_secret_folder(path)


def write_secret_once(folder: PrivateFolder, name: str) -> None:
    """Make the secret, unless it is there already; on the medium when this returns."""
    if not folder.has(name):
        with suppress(FileExistsError):  # another process was first; theirs stays
            folder.write_once(name, os.urandom(SECRET_BYTES))
    folder.sync()  # another process may have made it and not have synced yet


def read_secret(folder: PrivateFolder, name: str) -> bytes:
    """The secret's bytes. Raises `FileNotFoundError`, `ReadableByOthersError`, `StoreUnavailableError`."""
    _verify_private(folder.stat(name), Path(name))
    secret = folder.read(name)
    if len(secret) != SECRET_BYTES:
        raise StoreUnavailableError({"reason": "wrong_length"})
    return secret


def _verify_private(about: os.stat_result, path: Path) -> None:
    if is_open_to_others(about.st_mode) or about.st_uid != os.geteuid():
        raise ReadableByOthersError(
            f"{path} can be read by other users. Make it yours (chown) and private (chmod u=rwX,go=), "
            "and replace the secret if others may have read it."
        )
