"""Tries a bucket for real before anything is entrusted to it: writes, versions, conditional writes, deletion, listings.

Guarantees: a bucket from which a deletion could be undone, delayed or only pretended is refused, with what to change;
what the probe wrote is taken away again. Leaves to others: that nobody changes the bucket later; every deletion is
looked at anyway.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from verifier.errors import VerifierError
from verifier.vault.aws import service_errors
from verifier.vault.s3_bucket import NameTakenError
from verifier.vault.s3_rules import (
    RULES_OF_DOCUMENTS,
    RULES_OF_KEYS,
    Candidate,
    ask,
    read_versioning,
    refuse,
    refuse_one_bucket,
    verify_rules,
)


def probe_documents(candidate: Candidate) -> None:
    """Raise `ConfigurationError` unless documents that lie in this bucket can be destroyed."""
    verify_rules(candidate, RULES_OF_DOCUMENTS)
    with _trial(candidate) as name:
        _verify_written_once(candidate, name)
        if read_versioning(candidate):
            _add_versions(candidate, name)
        _verify_uploads_seen(candidate, name)
        _verify_removed(candidate, name)


def probe_keys(candidate: Candidate, *, documents: Candidate | None) -> None:
    """Raise `ConfigurationError` unless keys that lie in this bucket can be destroyed, apart from the documents."""
    verify_rules(candidate, RULES_OF_KEYS)
    with _trial(candidate) as name:
        _verify_written_once(candidate, name)
        if documents is not None and ask(documents, "s3:ListBucketVersions", lambda: documents.bucket.has(name)):
            raise refuse_one_bucket(candidate)
        _verify_removed(candidate, name)


def _verify_written_once(candidate: Candidate, name: str) -> None:
    ask(candidate, "s3:PutObject", lambda: candidate.bucket.put_once(name, b"first"))
    try:
        ask(candidate, "s3:PutObject", lambda: candidate.bucket.put_once(name, b"second"))
    except NameTakenError:
        pass
    else:
        raise refuse(
            candidate,
            "lies in a store that takes no notice of If-None-Match here, so that one copy could silently replace "
            "another. Use a bucket without versioning if the store keeps to it there, or a newer or another store.",
        )
    body = ask(candidate, "s3:GetObject", lambda: candidate.bucket.open(name))
    with service_errors():
        content = None if body is None else body.read()
    if content != b"first":
        raise refuse(candidate, "does not give back what was written. Use another store.")


def _add_versions(candidate: Candidate, name: str) -> None:
    """One version more, and a delete marker: what years of use may leave."""
    client = candidate.client
    ask(candidate, "s3:PutObject", lambda: client.put_object(Bucket=candidate.name, Key=name, Body=b"third"))
    ask(candidate, "s3:DeleteObject", lambda: client.delete_object(Bucket=candidate.name, Key=name))
    if not ask(candidate, "s3:ListBucketVersions", lambda: any(candidate.bucket.list_names(name))):
        raise refuse(candidate, "keeps versions, and does not list them. Use a bucket without versioning.")


def _verify_uploads_seen(candidate: Candidate, name: str) -> None:
    bucket = candidate.bucket
    ask(candidate, "s3:PutObject", lambda: bucket.begin_upload(name))
    uploads = ask(candidate, "s3:ListBucketMultipartUploads", lambda: list(bucket.list_uploads(name)))
    if not uploads:
        raise refuse(candidate, "lies in a store that does not list open uploads. Use another store.")


def _verify_removed(candidate: Candidate, name: str) -> None:
    permissions = "s3:DeleteObject, s3:DeleteObjectVersion and s3:AbortMultipartUpload"
    ask(candidate, permissions, lambda: candidate.bucket.remove(name))
    if ask(candidate, "s3:ListBucket", lambda: candidate.bucket.has(name)):
        raise refuse(
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
