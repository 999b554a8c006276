"""Sealed copies in a bucket: the object store of many machines.

An upload is announced by opening a multipart upload of its key, which no byte is ever put into: it shows in a look, and
whoever deletes the key takes it away. The bytes wait in the spool and go in one conditional PUT; then the announcement
is taken back. If it is gone by then, the key was deleted meanwhile, and what was put is removed again
(docs/decisions/0020).

Guarantees what the seam in `verifier.vault.objects` asks for. Leaves to others: what the store itself may keep of a
deleted object; the shredded key makes that unreadable.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from verifier.ids import InstallationId
from verifier.vault.aws import service_errors
from verifier.vault.errors import ObjectExistsError, ObjectMissingError, UnsafeNameError, UploadRemovedError
from verifier.vault.objects import ObjectKey, StoredObject
from verifier.vault.s3_bucket import Bucket, Found, NameTakenError
from verifier.vault.s3_spool import Spool, SpoolRoom

if TYPE_CHECKING:
    from botocore.response import StreamingBody

_STEP_BYTES: Final = 256 * 1024


class S3Objects:
    """An `ObjectStore` in a bucket."""

    def __init__(self, bucket: Bucket, room: SpoolRoom) -> None:
        self._bucket: Final = bucket
        self._room: Final = room

    def create(self, key: ObjectKey) -> "S3Writer":
        self._bucket.get_mark(key.installation)
        name = key.to_text()
        return S3Writer(self._bucket, name, upload=self._bucket.begin_upload(name), spool=self._room.open())

    def read(self, key: ObjectKey) -> Iterator[bytes]:
        self._bucket.get_mark(key.installation)
        body = self._bucket.open(key.to_text())
        if body is None:
            self._bucket.verify_mark(key.installation)  # missing is said only of a store that is ours
            raise ObjectMissingError
        steps = _steps(body)
        next(steps)  # begun here, so that a reader that is dropped closes its connection
        return steps

    def delete(self, key: ObjectKey) -> None:
        self._bucket.verify_mark(key.installation)
        self._bucket.remove(key.to_text())

    def is_absent(self, key: ObjectKey) -> bool:
        self._bucket.verify_mark(key.installation)
        return not self._bucket.has(key.to_text())

    def list(self, *, installation: InstallationId) -> Iterator[StoredObject]:
        self._bucket.verify_mark(installation)
        for found in self._bucket.list_names(f"{installation}/"):
            yield from _stored_object(found)
        for found in self._bucket.list_uploads(f"{installation}/"):
            yield from _stored_object(found)

    def read_installation(self) -> InstallationId | None:
        return self._bucket.read_installation()

    def write_installation(self, installation: InstallationId) -> None:
        self._bucket.write_installation(installation)


class S3Writer:
    """An upload into a bucket."""

    def __init__(self, bucket: Bucket, name: str, *, upload: str, spool: Spool) -> None:
        self._bucket: Final = bucket
        self._name: Final = name
        self._upload: Final = upload
        self._spool: Final = spool
        self._is_open = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._verify_open()
        self._spool.write(data)

    def fill(self, most: int, put: Callable[[memoryview], int]) -> None:
        room = memoryview(bytearray(most))
        self.write(room[: put(room)])

    def commit(self) -> None:
        self._verify_open()
        try:
            version = self._bucket.put_once(self._name, self._spool.get_body())
        except NameTakenError as error:
            self.abort()
            raise ObjectExistsError from error
        is_announced = self._bucket.end_upload(self._name, self._upload)
        self._close()
        if not is_announced:
            self._bucket.remove_version(self._name, version)
            raise UploadRemovedError

    def abort(self) -> None:
        if not self._is_open:
            return
        self._close()
        self._bucket.end_upload(self._name, self._upload)

    def _close(self) -> None:
        self._is_open = False
        self._spool.close()

    def _verify_open(self) -> None:
        if not self._is_open:
            raise ValueError("this upload has ended")


def _steps(body: "StreamingBody") -> Iterator[bytes]:
    with service_errors():
        try:
            yield b""
            yield from body.iter_chunks(_STEP_BYTES)
        finally:
            body.close()


def _stored_object(found: Found) -> Iterator[StoredObject]:
    try:
        key = ObjectKey.parse(found.name)
    except UnsafeNameError:
        return  # not ours, whatever it is
    yield StoredObject(key, found.size, found.modified_at, is_unfinished=bool(found.upload))
