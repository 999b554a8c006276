"""Tries a bucket for real before anything is entrusted to it: writes, versions, conditional writes, deletion, listings.

Guarantees: a bucket from which a deletion could be undone, delayed or only pretended is refused, with what to change;
what the probe wrote is taken away again. Leaves to others: that nobody changes the bucket later; every deletion is
looked at anyway.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import ClientError

from verifier.errors import ConfigurationError, VerifierError
from verifier.vault.aws import DENIED, code_of, service_errors
from verifier.vault.s3_bucket import Bucket, NameTakenError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

T = TypeVar("T")

_UNKNOWN_CREDENTIALS: Final = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"})
_NOT_SET: Final = frozenset(
    {
        *("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"),
        *("ReplicationConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed"),
    }
)


@dataclass(frozen=True)
class Candidate:
    """A bucket that a setting names."""

    setting: str
    client: "S3Client" = field(repr=False)
    name: str

    @property
    def bucket(self) -> Bucket:
        return Bucket(self.client, self.name)


def probe_documents(candidate: Candidate) -> None:
    """Raise `ConfigurationError` unless documents that lie in this bucket can be destroyed."""
    _verify_not_kept(candidate)
    with _trial(candidate) as name:
        _verify_written_once(candidate, name)
        if _read_versioning(candidate):
            _add_versions(candidate, name)
        _verify_uploads_seen(candidate, name)
        _verify_removed(candidate, name)


def probe_keys(candidate: Candidate, *, documents: Candidate | None) -> None:
    """Raise `ConfigurationError` unless keys that lie in this bucket can be destroyed, apart from the documents."""
    if _read_versioning(candidate):
        raise _refusal(
            candidate,
            "keeps versions, or kept them once: a key that was destroyed could be brought back. Use a new bucket that "
            "never had versioning.",
        )
    _verify_not_kept(candidate)
    with _trial(candidate) as name:
        _verify_written_once(candidate, name)
        if documents is not None and _ask(documents, "s3:ListBucketVersions", lambda: documents.bucket.has(name)):
            raise _refusal(
                candidate,
                "is the documents' bucket by another name: a backup of it would hold documents and keys. Use a bucket "
                "of its own, with credentials of its own.",
            )
        _verify_removed(candidate, name)


def _verify_not_kept(candidate: Candidate) -> None:
    client, name = candidate.client, candidate.name
    lock = _ask(
        candidate, "s3:GetBucketObjectLockConfiguration", lambda: client.get_object_lock_configuration(Bucket=name)
    )
    if lock is not None and lock.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled":
        raise _refusal(
            candidate,
            "has object lock, which can keep what must be destroyed. It cannot be switched off: use a new bucket "
            "without it.",
        )
    replication = _ask(candidate, "s3:GetReplicationConfiguration", lambda: client.get_bucket_replication(Bucket=name))
    if replication is not None and replication.get("ReplicationConfiguration", {}).get("Rules"):
        raise _refusal(
            candidate,
            "is replicated, and a deletion does not reach the replicas' versions. Remove its replication rules, and "
            "empty the replicas.",
        )


def _read_versioning(candidate: Candidate) -> bool:
    """Whether it has versions, or may have some from before."""
    found = _ask(
        candidate,
        "s3:GetBucketVersioning",
        lambda: candidate.client.get_bucket_versioning(Bucket=candidate.name),
    )
    if found is None:
        return False
    if found.get("MFADelete") == "Enabled":
        raise _refusal(
            candidate,
            "deletes versions only with a second factor (MFA delete), which no program has. Switch MFA delete off.",
        )
    return found.get("Status") in {"Enabled", "Suspended"}


def _verify_written_once(candidate: Candidate, name: str) -> None:
    _ask(candidate, "s3:PutObject", lambda: candidate.bucket.put_once(name, b"first"))
    try:
        _ask(candidate, "s3:PutObject", lambda: candidate.bucket.put_once(name, b"second"))
    except NameTakenError:
        pass
    else:
        raise _refusal(
            candidate,
            "lies in a store that takes no notice of If-None-Match here, so that one copy could silently replace "
            "another. Use a bucket without versioning if the store keeps to it there, or a newer or another store.",
        )
    body = _ask(candidate, "s3:GetObject", lambda: candidate.bucket.open(name))
    with service_errors():
        content = None if body is None else body.read()
    if content != b"first":
        raise _refusal(candidate, "does not give back what was written. Use another store.")


def _add_versions(candidate: Candidate, name: str) -> None:
    """One version more, and a delete marker: what years of use may leave."""
    client = candidate.client
    _ask(candidate, "s3:PutObject", lambda: client.put_object(Bucket=candidate.name, Key=name, Body=b"third"))
    _ask(candidate, "s3:DeleteObject", lambda: client.delete_object(Bucket=candidate.name, Key=name))
    if not _ask(candidate, "s3:ListBucketVersions", lambda: any(candidate.bucket.list_names(name))):
        raise _refusal(candidate, "keeps versions, and does not list them. Use a bucket without versioning.")


def _verify_uploads_seen(candidate: Candidate, name: str) -> None:
    bucket = candidate.bucket
    _ask(candidate, "s3:PutObject", lambda: bucket.begin_upload(name))
    uploads = _ask(candidate, "s3:ListBucketMultipartUploads", lambda: list(bucket.list_uploads(name)))
    if not uploads:
        raise _refusal(candidate, "lies in a store that does not list open uploads. Use another store.")


def _verify_removed(candidate: Candidate, name: str) -> None:
    permissions = "s3:DeleteObject, s3:DeleteObjectVersion and s3:AbortMultipartUpload"
    _ask(candidate, permissions, lambda: candidate.bucket.remove(name))
    if _ask(candidate, "s3:ListBucket", lambda: candidate.bucket.has(name)):
        raise _refusal(
            candidate,
            "lies in a store that answers a deletion and keeps what was deleted. Look for lifecycle or retention "
            "rules, or use another store.",
        )


@contextmanager
def _trial(candidate: Candidate) -> Iterator[str]:
    """A name to try with, which is empty again afterwards as far as the store lets us."""
    name = f"probe/{secrets.token_hex(16)}"
    try:
        yield name
    finally:
        with suppress(VerifierError):  # what could not be removed was refused above, or the store went away
            candidate.bucket.remove(name)


def _ask(candidate: Candidate, permission: str, call: Callable[[], T]) -> T | None:
    """What the store answers; `None` where it does not know the question, or nothing is set.

    Raises `ConfigurationError` where it refuses us, `StoreUnavailableError` where it does not answer.
    """
    try:
        with service_errors():
            return call()
    except VerifierError as error:
        cause = error.__cause__
        code = code_of(cause) if isinstance(cause, ClientError) else ""
        if code in _NOT_SET:
            return None
        if code == "NoSuchBucket":
            raise _refusal(candidate, "does not exist. Create it, or correct its name.") from error
        if code in _UNKNOWN_CREDENTIALS:
            raise _refusal(candidate, "lies in a store that does not know these credentials. Renew them.") from error
        if code in DENIED:
            raise _refusal(candidate, f"is closed to these credentials. Allow them {permission} on it.") from error
        raise


def _refusal(candidate: Candidate, sentence: str) -> ConfigurationError:
    return ConfigurationError(f"The bucket {candidate.name} ({candidate.setting}) {sentence}")
