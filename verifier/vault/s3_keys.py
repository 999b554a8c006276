"""Key records in a bucket of their own: the key store of many machines.

Guarantees what the seam in `verifier.vault.key_store` asks for. Leaves to others: that the bucket has no versions, no
replicas and is not the documents' (`s3_probe`), and what the store may keep of a deleted record; the root key that
wrapped it is destroyed in its turn.
"""

from collections.abc import Iterator
from typing import Final

from verifier.ids import InstallationId, VerificationId
from verifier.vault.aws import service_errors
from verifier.vault.errors import KeyExistsError, KeyMissingError, UnsafeNameError
from verifier.vault.names import verify_id
from verifier.vault.s3_bucket import Bucket, NameTakenError


class S3Keys:
    """A `KeyStore` in a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket: Final = bucket

    def put(self, verification: VerificationId, record: bytes) -> None:
        try:
            self._bucket.put_once(_name(self._bucket.get_mark(), verification), record)
        except NameTakenError as error:
            raise KeyExistsError from error

    def get(self, verification: VerificationId) -> bytes:
        body = self._bucket.open(_name(self._bucket.get_mark(), verification))
        if body is None:
            # A lost key ends a verification: this is said only of a store that is ours.
            body = self._bucket.open(_name(self._bucket.verify_mark(), verification))
        if body is None:
            raise KeyMissingError
        with service_errors():
            return body.read()

    def delete(self, verification: VerificationId) -> None:
        self._bucket.remove(_name(self._bucket.verify_mark(), verification))

    def is_absent(self, verification: VerificationId) -> bool:
        return not self._bucket.has(_name(self._bucket.verify_mark(), verification))

    def list(self) -> Iterator[VerificationId]:
        prefix = f"{self._bucket.verify_mark()}/"
        for found in self._bucket.list_names(f"{prefix}ver_"):
            name = found.name.removeprefix(prefix)
            if _is_ours(name):
                yield VerificationId(name)

    def read_installation(self) -> InstallationId | None:
        return self._bucket.read_installation()

    def write_installation(self, installation: InstallationId) -> None:
        self._bucket.write_installation(installation)


def _name(installation: InstallationId, verification: VerificationId) -> str:
    verify_id(verification, prefix="ver")
    return f"{installation}/{verification}"


def _is_ours(name: str) -> bool:
    try:
        verify_id(name, prefix="ver")
    except UnsafeNameError:
        return False
    return True
