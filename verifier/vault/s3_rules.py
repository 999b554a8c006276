"""The rules of a bucket that could keep, copy or bring back what is deleted there: read, and refused.

Guarantees: nothing is written, so whoever may only read or delete can look too; each refusal says what to change; every
rule is looked at, also where the credentials do not let us read another. Leaves to others: what a store does in spite
of its rules, which `s3_probe` tries, and that nobody changes them later.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import ClientError

from verifier.errors import ConfigurationError, VerifierError
from verifier.vault.aws import DENIED, code_of, service_errors
from verifier.vault.s3_bucket import Bucket

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


class ClosedError(ConfigurationError):
    """These credentials may not do what was asked; `advice` names the permission."""


class UnansweredError(ConfigurationError):
    """The store does not know the question, or nothing is set that it asks for."""


@dataclass(frozen=True)
class Candidate:
    """A bucket that a setting names."""

    setting: str
    client: "S3Client" = field(repr=False)
    name: str

    @property
    def bucket(self) -> Bucket:
        return Bucket(self.client, self.name)


Rule = Callable[[Candidate], None]
"""Raises `ConfigurationError` where the bucket has the rule, `ClosedError` where that may not be read."""


def verify_rules(candidate: Candidate, rules: Sequence[Rule]) -> None:
    """Look at all of them. Raises as the first that is wrong, and only then as one that may not be read."""
    closed: ClosedError | None = None
    for rule in rules:
        try:
            rule(candidate)
        except ClosedError as error:
            closed = closed or error
    if closed is not None:
        raise closed


def verify_no_lock(candidate: Candidate) -> None:
    client, name = candidate.client, candidate.name
    lock = find_rule(
        candidate, "s3:GetBucketObjectLockConfiguration", lambda: client.get_object_lock_configuration(Bucket=name)
    )
    if lock is not None and lock.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled":
        raise refuse(
            candidate,
            "has object lock, which can keep what must be destroyed. It cannot be switched off: use a new bucket "
            "without it.",
        )


def verify_no_replication(candidate: Candidate) -> None:
    client, name = candidate.client, candidate.name
    replication = find_rule(
        candidate, "s3:GetReplicationConfiguration", lambda: client.get_bucket_replication(Bucket=name)
    )
    if replication is not None and replication.get("ReplicationConfiguration", {}).get("Rules"):
        raise refuse(
            candidate,
            "is replicated, and a deletion does not reach the replicas' versions. Remove its replication rules, and "
            "empty the replicas.",
        )


def verify_no_second_factor(candidate: Candidate) -> None:
    read_versioning(candidate)


def verify_no_versions(candidate: Candidate) -> None:
    if read_versioning(candidate):
        raise refuse(
            candidate,
            "keeps versions, or kept them once: a key that was destroyed could be brought back. Use a new bucket that "
            "never had versioning.",
        )


RULES_OF_DOCUMENTS: Final[Sequence[Rule]] = (verify_no_lock, verify_no_replication, verify_no_second_factor)
RULES_OF_KEYS: Final[Sequence[Rule]] = (verify_no_versions, verify_no_lock, verify_no_replication)


def read_versioning(candidate: Candidate) -> bool:
    """Whether it has versions, or may have some from before."""
    found = find_rule(
        candidate,
        "s3:GetBucketVersioning",
        lambda: candidate.client.get_bucket_versioning(Bucket=candidate.name),
    )
    if found is None:
        return False
    if found.get("MFADelete") == "Enabled":
        raise refuse(
            candidate,
            "deletes versions only with a second factor (MFA delete), which no program has. Switch MFA delete off.",
        )
    return found.get("Status") in {"Enabled", "Suspended"}


def verify_not_documents(documents: Candidate, keys: Candidate) -> None:
    """Raise `ConfigurationError` where both lead to one bucket: each mark was written once, with a token of its own."""
    tokens = [ask(each, "s3:GetObject", each.bucket.read_mark_token) for each in (documents, keys)]
    if tokens[0] and tokens[0] == tokens[1]:
        raise refuse_one_bucket(keys)


def refuse_one_bucket(keys: Candidate) -> ConfigurationError:
    return refuse(
        keys,
        "is the documents' bucket by another name: a backup of it would hold documents and keys. Use a bucket "
        "of its own, with credentials of its own.",
    )


def find_rule(candidate: Candidate, permission: str, call: Callable[[], T]) -> T | None:
    """The rule that the store tells; `None` where none is set, or it knows no such rules. Raises as `ask`."""
    try:
        return ask(candidate, permission, call)
    except UnansweredError:
        return None


def ask(candidate: Candidate, permission: str, call: Callable[[], T]) -> T:
    """What the store answers.

    Raises `ConfigurationError` where it refuses us or does not know how, `StoreUnavailableError` where it is away.
    """
    try:
        with service_errors():
            return call()
    except VerifierError as error:
        cause = error.__cause__
        code = code_of(cause) if isinstance(cause, ClientError) else ""
        if code in _NOT_SET:
            sentence = f"lies in a store that does not know how to do what {permission} allows. Use another store."
            raise UnansweredError(refuse(candidate, sentence).advice) from error
        if code == "NoSuchBucket":
            raise refuse(candidate, "does not exist. Create it, or correct its name.") from error
        if code in _UNKNOWN_CREDENTIALS:
            raise refuse(candidate, "lies in a store that does not know these credentials. Renew them.") from error
        if code in DENIED:
            sentence = f"is closed to these credentials. Allow them {permission} on it."
            raise ClosedError(refuse(candidate, sentence).advice) from error
        raise


def refuse(candidate: Candidate, sentence: str) -> ConfigurationError:
    """What the caller raises."""
    return ConfigurationError(f"The bucket {candidate.name} ({candidate.setting}) {sentence}")
