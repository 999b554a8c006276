"""What whoever only puts documents must not be able to do in their bucket, tried for real with their credentials.

Guarantees: each attempt is made against an object that is there, so that "not allowed" cannot be mistaken for "not
found"; nothing of anybody's is read, changed or deleted. The object tried with, `<installation>/canary`, holds one word
and stays. Leaves to others: what follows from what succeeded.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from verifier.errors import VerifierError
from verifier.ids import InstallationId
from verifier.vault.aws import DENIED, code_of, service_errors
from verifier.vault.s3_bucket import TAKEN

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# To what nobody may do, a store says that it does not know how; that is as good as not being allowed.
_DENIED: Final = DENIED | {"MethodNotAllowed"}
_WORD: Final = b"canary"
# The only store of which we know that a bucket's policy can ask for If-None-Match (`s3:if-none-match`).
_ASKS_FOR_CONDITIONS: Final = (".amazonaws.com", ".amazonaws.com.cn")


class Replacing(Enum):
    """Whether an object can be put over another by whoever may put at all."""

    REFUSED = auto()
    TAKEN = auto()
    """And the store has no policy that could refuse it."""
    TAKEN_THOUGH_REFUSABLE = auto()
    """And a statement in the bucket's policy could refuse it."""


def find_allowed(client: "S3Client", bucket: str, installation: InstallationId) -> Iterator[str]:
    """What was allowed of it, in words.

    Raises `StoreUnavailableError` where the store gives no answer, or does not take what is tried with.
    """
    name = f"{installation}/canary"
    _put_canary(client, bucket, name)
    for what, attempt in _attempts(client, bucket, name).items():
        if _is_allowed(attempt):
            yield what


def find_replacing(client: "S3Client", bucket: str, installation: InstallationId) -> Replacing:
    """Try to put the canary over itself: nobody's object, and the same word. Raises `StoreUnavailableError`."""
    name = f"{installation}/canary"
    _put_canary(client, bucket, name)
    if not _is_allowed(lambda: client.put_object(Bucket=bucket, Key=name, Body=_WORD)):
        return Replacing.REFUSED
    return Replacing.TAKEN_THOUGH_REFUSABLE if can_refuse_replacing(client) else Replacing.TAKEN


def can_refuse_replacing(client: "S3Client") -> bool:
    """Whether a policy of this client's store can refuse a put without `If-None-Match`."""
    return (urlsplit(client.meta.endpoint_url).hostname or "").endswith(_ASKS_FOR_CONDITIONS)


def _put_canary(client: "S3Client", bucket: str, name: str) -> None:
    """Let it be there. Not by `Bucket.put_once`, which asks whose it is: whoever only puts may not ask."""
    with service_errors():
        try:
            client.put_object(Bucket=bucket, Key=name, Body=_WORD, IfNoneMatch="*")
        except ClientError as error:
            if code_of(error) not in TAKEN:  # without it, "not found" would be taken for "not allowed"
                raise


def _attempts(client: "S3Client", bucket: str, name: str) -> Mapping[str, Callable[[], Any]]:
    missing = "0123456789abcdef"
    return {
        "read a document": lambda: client.get_object(Bucket=bucket, Key=name),
        "look at a document": lambda: client.head_object(Bucket=bucket, Key=name),
        "copy a document": lambda: client.copy_object(
            Bucket=bucket, Key=f"{name}-copy", CopySource={"Bucket": bucket, "Key": name}
        ),
        "list documents": lambda: client.list_objects_v2(Bucket=bucket, MaxKeys=1),
        "list versions": lambda: client.list_object_versions(Bucket=bucket, MaxKeys=1),
        "list open uploads": lambda: client.list_multipart_uploads(Bucket=bucket, MaxUploads=1),
        "delete a document": lambda: client.delete_object(Bucket=bucket, Key=name),
        "delete a version": lambda: client.delete_object(Bucket=bucket, Key=name, VersionId=missing),
        "read who may what": lambda: client.get_bucket_policy(Bucket=bucket),
        "read the rules of the bucket": lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket),
        "open a document to others": lambda: client.put_object_acl(Bucket=bucket, Key=name, ACL="private"),
    }


def _is_allowed(attempt: Callable[[], object]) -> bool:
    """Whether the store let us: any answer but "not allowed", for then only the thing was missing, not the right."""
    try:
        with service_errors():
            attempt()
    except VerifierError as error:
        cause = error.__cause__
        if isinstance(cause, ClientError):
            return code_of(cause) not in _DENIED
        raise
    return True
