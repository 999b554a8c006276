"""A folder that belongs to one installation, and says so: what `FileObjects` and `FileKeys` lie in.

`<folder>/installation` holds the id; names lie in `<folder>/<installation>/<shard>/`, so that looking for one name
reads a small part of all. The shards are made and synced when the store is marked: no later write has a folder to
make, and so none can lose one in a power cut.

Guarantees: whoever asks about a name is answered from a folder with the right mark, or gets an error. An empty mount
point, a typing mistake or another installation's folder is never "nothing there".
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from verifier.ids import InstallationId, VerificationId, is_id
from verifier.vault.errors import StoreUnavailableError, WrongInstallationError, storage_errors
from verifier.vault.names import verify_id
from verifier.vault.private_files import PrivateFolder, make_private_folder

_MARK: Final = "installation"
_SHARDS: Final = "abcdefghijklmnopqrstuvwxyz234567"  # the alphabet of ids: the first sign of a verification's
_SHARD_AT: Final = len("ver_")


class MarkedFolder:
    """One store's folder, by its path."""

    def __init__(self, path: Path) -> None:
        self._path: Final = path

    def read_installation(self) -> InstallationId | None:
        """The id in the mark; `None` where the folder or its mark is absent."""
        try:
            with storage_errors(), PrivateFolder.open(self._path) as folder:
                return _read_mark(folder)
        except StoreUnavailableError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise

    def write_installation(self, installation: InstallationId) -> None:
        """Make the folder and mark it; the mark comes last. Raises `WrongInstallationError`."""
        verify_id(installation, prefix="ins")
        with storage_errors():
            make_private_folder(self._path)
            with PrivateFolder.open(self._path) as folder:
                if not folder.has(_MARK):
                    _make_shards(folder, installation)
                    with suppress(FileExistsError):  # another process was first; whose mark it is, we read below
                        folder.write_once(_MARK, f"{installation}\n".encode("ascii"))
                found = _read_mark(folder)
        if found != installation:
            raise WrongInstallationError

    def open_shard(self, verification: VerificationId, installation: InstallationId | None = None) -> PrivateFolder:
        """The folder where this verification's names lie; the caller closes it.

        Raises `WrongInstallationError` unless the mark is `installation` (where one is given), and
        `StoreUnavailableError` where there is no mark.
        """
        verify_id(verification, prefix="ver")
        with storage_errors(), PrivateFolder.open(self._path) as folder:
            found = _read_mark(folder)
            if installation is not None and found != installation:
                raise WrongInstallationError
            with folder.open_inner(found) as own:
                return own.open_inner(verification[_SHARD_AT])

    def shards(self, installation: InstallationId | None = None) -> Iterator[PrivateFolder]:
        """Every shard in turn, open while it is used. Raises as `open_shard`."""
        for sign in _SHARDS:
            with self.open_shard(VerificationId("ver_" + sign * 26), installation) as shard:
                yield shard


def _read_mark(folder: PrivateFolder) -> InstallationId:
    text = folder.read(_MARK).decode("ascii", "replace").removesuffix("\n")
    if not (is_id(text) and text.startswith("ins_")):
        raise WrongInstallationError
    return InstallationId(text)


def _make_shards(folder: PrivateFolder, installation: InstallationId) -> None:
    folder.make_inner(installation)
    with folder.open_inner(installation) as own:
        for sign in _SHARDS:
            own.make_inner(sign)
        own.sync()
