"""Root keys as files in their own folder: the default custody.

Only `current` makes the folder: where it is missing, roots are unavailable and not lost.

Guarantees: a root is 32 random bytes in a file that only our user can read, or nothing is wrapped or unwrapped with
it; a root is on the medium before it wraps; wrapping is AES-256-GCM with the context authenticated. Leaves to others:
that the folder is apart from keys and documents, and in no backup.
"""

import re
from datetime import date
from pathlib import Path
from typing import Final

from verifier.vault.errors import RootMissingError, StillPresentError, storage_errors
from verifier.vault.private_files import PrivateFolder
from verifier.vault.roots import RootNumber, day_and_turn, find_newest, number_after, root_number_on
from verifier.vault.secrets import open_or_make_secret_folder, open_secret_folder, read_secret, write_secret_once
from verifier.vault.wrapping import unwrap_key, verify_wrapped, wrap_key

_FILE_NAME: Final = re.compile(r"root-([1-9][0-9]{0,9})")


class FileRoots:
    """`RootKeys` in `folder`, 0700 and 0600."""

    def __init__(self, folder: Path) -> None:
        self._path: Final = folder

    def current(self, now: date) -> RootNumber:
        with storage_errors(), open_or_make_secret_folder(self._path) as folder:
            number = find_newest(_numbers(folder), now) or root_number_on(now)
            write_secret_once(folder, _file_name(number))
        return number

    def begin(self, now: date) -> RootNumber:
        number = number_after(self.current(now))
        with storage_errors(), open_or_make_secret_folder(self._path) as folder:
            write_secret_once(folder, _file_name(number))
        return number

    def wrap(self, number: RootNumber, plaintext: bytes, *, context: bytes) -> bytes:
        return wrap_key(self._read(number), plaintext, context=context)

    def unwrap(self, number: RootNumber, wrapped: bytes, *, context: bytes) -> bytes:
        verify_wrapped(wrapped)
        return unwrap_key(self._read(number), wrapped, context=context)

    def destroy(self, number: RootNumber) -> None:
        with storage_errors(), open_secret_folder(self._path) as folder:
            folder.remove(_file_name(number))
            if number in _numbers(folder):
                raise StillPresentError

    def list(self) -> list[RootNumber]:
        with storage_errors(), open_secret_folder(self._path) as folder:
            return _numbers(folder)

    def _read(self, number: RootNumber) -> bytes:
        with storage_errors(), open_secret_folder(self._path) as folder:
            try:
                return read_secret(folder, _file_name(number))
            except FileNotFoundError as error:
                raise RootMissingError from error

    def __repr__(self) -> str:
        return "<FileRoots>"


def _file_name(number: RootNumber) -> str:
    return f"root-{number}"


def _numbers(folder: PrivateFolder) -> list[RootNumber]:
    matches = (_FILE_NAME.fullmatch(entry.name) for entry in folder.entries())
    return sorted({RootNumber(int(match[1])) for match in matches if match}, key=day_and_turn)
