"""One bucket that belongs to one installation and says so: what `S3Objects`, `S3Keys` and `S3Roots` lie in.

The object `installation` holds the id; every other name begins with it. A write is conditional (`If-None-Match: *`)
and carries a random token, so that a repeated attempt whose first answer was lost knows its own work again.

Guarantees: a name is written once; `remove` asks for every version, delete marker and open upload by its own id, and
`has` looks for all three; whoever asks what a deletion may rest on is answered from a bucket with the right mark, or
gets an error. Leaves to others: that the store keeps to these rules, which `s3_probe` tries.
"""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from verifier.ids import InstallationId, is_id
from verifier.vault.aws import code_of, service_errors
from verifier.vault.errors import StoreUnavailableError, WrongInstallationError
from verifier.vault.names import verify_id

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import DeleteMarkerEntryTypeDef, ObjectVersionTypeDef, PaginatorConfigTypeDef

MARK: Final = "installation"
_PUT: Final = "put"
# 409 is what AWS answers while another conditional write of the same name is under way.
TAKEN: Final = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})
_NO_OBJECT: Final = frozenset({"NoSuchKey", "404"})


class NameTakenError(Exception):
    """Something is stored under this name already, and it is not what we were writing."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a listing names: a version of an object, a delete marker (size 0), or an open upload (size 0)."""

    name: str
    size: int
    modified_at: datetime
    upload: str = ""
    version: str = ""


class Bucket:
    """A bucket by its name, through a client that many threads share."""

    def __init__(self, client: "S3Client", name: str, *, page_names: int = 1000) -> None:
        self._client: Final = client
        self._name: Final = name
        self._pages: Final[PaginatorConfigTypeDef] = {"PageSize": page_names}  # so many names an answer, at most
        self._seen_mark: InstallationId | None = None

    def read_installation(self) -> InstallationId | None:
        """The id in the mark; `None` where there is none. Raises `StoreUnavailableError` where there is no bucket."""
        body = self.open(MARK)
        if body is None:
            return None
        with service_errors():
            text = body.read().decode("ascii", "replace").removesuffix("\n")
        if not (is_id(text) and text.startswith("ins_")):
            raise WrongInstallationError
        return InstallationId(text)

    def read_mark_token(self) -> str:
        """What tells this bucket's mark from any other of the same installation; "" where somebody else put it."""
        with service_errors():
            return self._client.head_object(Bucket=self._name, Key=MARK)["Metadata"].get(_PUT, "")

    def write_installation(self, installation: InstallationId) -> None:
        """Mark the bucket, once. Raises `WrongInstallationError` where it is another's."""
        verify_id(installation, prefix="ins")
        if self.read_installation() is None:
            with suppress(NameTakenError):  # another process was first; whose mark it is, we read below
                self.put_once(MARK, f"{installation}\n".encode("ascii"))
        self.verify_mark(installation)

    def verify_mark(self, installation: InstallationId | None = None) -> InstallationId:
        """Read the mark. Raises `StoreUnavailableError` where there is none, `WrongInstallationError` if another's."""
        found = self._seen_mark = self.read_installation()
        if found is None:
            raise StoreUnavailableError({"reason": "unmarked"})
        if installation is not None and found != installation:
            raise WrongInstallationError
        return found

    def get_mark(self, installation: InstallationId | None = None) -> InstallationId:
        """The mark as it was read last: for what is no reason to delete anything. Raises as `verify_mark`."""
        seen = self._seen_mark
        if seen is None or (installation is not None and seen != installation):
            return self.verify_mark(installation)
        return seen

    def put_once(self, name: str, body: bytes | IO[bytes]) -> str:
        """Store; the version's id, or "" where there are no versions. Raises `NameTakenError`.

        After `StoreUnavailableError` nobody knows whether it is there.
        """
        token = secrets.token_hex(16)
        with service_errors():
            try:
                answer = self._client.put_object(
                    Bucket=self._name, Key=name, Body=body, IfNoneMatch="*", Metadata={_PUT: token}
                )
            except ClientError as error:
                if code_of(error) not in TAKEN:
                    raise
                return self._get_own_version(name, token)
        return answer.get("VersionId", "")

    def _get_own_version(self, name: str, token: str) -> str:
        """The name is taken: by an attempt of ours whose answer was lost, or by somebody else."""
        try:
            about = self._client.head_object(Bucket=self._name, Key=name)
        except ClientError as error:
            if code_of(error) not in _NO_OBJECT:
                raise
            raise StoreUnavailableError({"reason": "conflict"}) from error
        if about["Metadata"].get(_PUT) != token:
            raise NameTakenError
        return about.get("VersionId", "")

    def open(self, name: str) -> "StreamingBody | None":
        """The object's bytes; `None` where there is none."""
        with service_errors():
            try:
                return self._client.get_object(Bucket=self._name, Key=name)["Body"]
            except ClientError as error:
                if code_of(error) != "NoSuchKey":  # never for a missing bucket
                    raise
                return None

    def begin_upload(self, name: str) -> str:
        """Open a multipart upload of the name; its id."""
        with service_errors():
            return self._client.create_multipart_upload(Bucket=self._name, Key=name)["UploadId"]

    def end_upload(self, name: str, upload: str) -> bool:
        """Take the open upload away; whether it was still there."""
        with service_errors():
            try:
                self._client.abort_multipart_upload(Bucket=self._name, Key=name, UploadId=upload)
            except ClientError as error:
                if code_of(error) not in {"NoSuchUpload", "404"}:
                    raise
                return False
        return True

    def remove_version(self, name: str, version: str) -> None:
        """Remove this version and no other; "" is the object of a bucket without versions."""
        with service_errors():
            if version:
                self._client.delete_object(Bucket=self._name, Key=name, VersionId=version)
            else:
                self._client.delete_object(Bucket=self._name, Key=name)

    def remove(self, name: str) -> None:
        """Remove open uploads first, for then their writers know; then every version and delete marker."""
        for found in list(self.list_uploads(name)):
            if found.name == name:
                self.end_upload(name, found.upload)
        for version in list(self._list_versions(name)):
            if version.name == name:
                self.remove_version(name, version.version)

    def has(self, name: str) -> bool:
        """Whether a look finds a version, a delete marker, an open upload, or an object that no listing shows."""
        return (
            any(found.name == name for found in self._list_versions(name))
            or any(found.name == name for found in self.list_uploads(name))
            or self._has_object(name)
        )

    def _has_object(self, name: str) -> bool:
        with service_errors():
            try:
                self._client.head_object(Bucket=self._name, Key=name)
            except ClientError as error:
                if code_of(error) not in _NO_OBJECT:
                    raise
                return False
        return True

    def list_names(self, prefix: str) -> Iterator[Found]:
        """Every name that has a version or a delete marker, once."""
        last = ""
        for found in self._list_versions(prefix):
            if found.name != last:
                yield found
            last = found.name

    def list_uploads(self, prefix: str) -> Iterator[Found]:
        """Every open upload."""
        with service_errors():
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._name, Prefix=prefix, PaginationConfig=self._pages):
                for upload in page.get("Uploads", []):
                    yield Found(upload["Key"], 0, upload["Initiated"], upload=upload["UploadId"])

    def _list_versions(self, prefix: str) -> Iterator[Found]:
        """Every version and delete marker, by name."""
        with service_errors():
            pages = self._client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=self._name, Prefix=prefix, PaginationConfig=self._pages):
                found = [
                    *(_found(each, each["Size"]) for each in page.get("Versions", [])),
                    *(_found(each, 0) for each in page.get("DeleteMarkers", [])),
                ]
                yield from sorted(found, key=lambda each: each.name)  # stable: a version comes before a marker

    def __repr__(self) -> str:
        return "<Bucket>"


def _found(each: "ObjectVersionTypeDef | DeleteMarkerEntryTypeDef", size: int) -> Found:
    return Found(each["Key"], size, each["LastModified"], version=each["VersionId"])
