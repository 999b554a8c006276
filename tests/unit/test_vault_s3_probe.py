"""A bucket from which a deletion could be undone, delayed or only pretended is refused, with what to change."""

from collections.abc import Callable, Iterator

import pytest

from tests.servers.faulty_s3 import (
    Act,
    Choice,
    Faulty,
    asks,
    is_delete,
    is_put,
    refuse,
    run_faulty,
    say,
    without_header,
)
from tests.servers.store import Store
from verifier.errors import ConfigurationError
from verifier.vault.aws import Access, open_kms, open_s3
from verifier.vault.errors import StoreUnavailableError
from verifier.vault.kms_probe import probe_kms
from verifier.vault.s3_probe import probe_documents, probe_keys
from verifier.vault.s3_rules import Candidate

_REPLICATION = {
    "Role": "arn:aws:iam::123456789012:role/any",
    "Rules": [
        {
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": "arn:aws:s3:::elsewhere"},
        }
    ],
}


@pytest.fixture
def faulty(moto: Store) -> Iterator[tuple[Faulty, Store]]:
    with run_faulty(moto) as proxied:
        yield proxied


def documents_in(store: Store, bucket: str) -> Candidate:
    return Candidate("VERIFIER_DOCUMENTS_BUCKET", store.open_client(), bucket)


def keys_in(store: Store, bucket: str) -> Candidate:
    return Candidate("VERIFIER_KEYS_BUCKET", store.open_client(), bucket)


def refusal_of(probe: Callable[[], None]) -> str:
    with pytest.raises(ConfigurationError) as refusal:
        probe()
    return refusal.value.advice


def what_lies_in(candidate: Candidate) -> list[str]:
    everything = [*candidate.bucket.list_names(""), *candidate.bucket.list_uploads("")]
    return [found.name for found in everything]


@pytest.mark.parametrize(("server", "is_versioned"), [("moto", False), ("moto", True), ("real_s3", False)])
def test_a_good_bucket_passes_and_is_as_empty_as_before(
    request: pytest.FixtureRequest, server: str, is_versioned: bool
) -> None:
    store: Store = request.getfixturevalue(server)
    documents = documents_in(store, store.make_bucket(is_versioned=is_versioned))
    keys = keys_in(store, store.make_bucket())
    probe_documents(documents)
    probe_keys(keys, documents=documents)
    assert what_lies_in(documents) == []
    assert what_lies_in(keys) == []


def test_a_store_that_ignores_conditional_writes_in_a_versioned_bucket_is_refused(real_s3: Store) -> None:
    documents = documents_in(real_s3, real_s3.make_bucket(is_versioned=True))
    said = refusal_of(lambda: probe_documents(documents))
    assert "If-None-Match" in said
    assert "VERIFIER_DOCUMENTS_BUCKET" in said
    assert what_lies_in(documents) == []


@pytest.mark.parametrize("server", ["moto", "real_s3"])
def test_object_lock_is_refused(request: pytest.FixtureRequest, server: str) -> None:
    store: Store = request.getfixturevalue(server)
    bucket = store.make_bucket(is_locked=True)
    assert "has object lock" in refusal_of(lambda: probe_documents(documents_in(store, bucket)))


def test_replication_is_refused(moto: Store) -> None:
    bucket = moto.make_bucket(is_versioned=True)
    moto.open_client().put_bucket_replication(Bucket=bucket, ReplicationConfiguration=_REPLICATION)  # type: ignore[arg-type]
    assert "is replicated" in refusal_of(lambda: probe_documents(documents_in(moto, bucket)))


@pytest.mark.parametrize("server", ["moto", "real_s3"])
@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_a_key_bucket_that_has_or_had_versions_is_refused(
    request: pytest.FixtureRequest, server: str, status: str
) -> None:
    store: Store = request.getfixturevalue(server)
    bucket = store.make_bucket(is_versioned=True)
    store.open_client().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})  # type: ignore[typeddict-item]
    assert "never had versioning" in refusal_of(lambda: probe_keys(keys_in(store, bucket), documents=None))


@pytest.mark.parametrize("server", ["moto", "real_s3"])
def test_a_key_bucket_that_is_the_documents_by_another_name_is_refused(
    request: pytest.FixtureRequest, server: str
) -> None:
    store: Store = request.getfixturevalue(server)
    bucket = store.make_bucket()
    elsewhere = Access("any", store.url.replace("127.0.0.1", "localhost"), credentials_file=store.credentials_file)
    documents = Candidate("VERIFIER_DOCUMENTS_BUCKET", open_s3(elsewhere), bucket)
    keys = keys_in(store, bucket)
    assert "documents' bucket by another name" in refusal_of(lambda: probe_keys(keys, documents=documents))
    assert what_lies_in(keys) == []


def is_delete_of_version(request: object) -> bool:
    return is_delete(request) and "versionId" in request.query  # type: ignore[arg-type, attr-defined]


_NO_UPLOADS = b"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"
_MFA = b"<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>"


@pytest.mark.parametrize(
    ("choice", "act", "said"),
    [
        pytest.param(is_delete_of_version, refuse(403, "AccessDenied"), "s3:DeleteObjectVersion", id="no right"),
        pytest.param(is_put, without_header("If-None-Match"), "If-None-Match", id="ignores conditions"),
        pytest.param(is_delete, say(204), "keeps what was deleted", id="lies about deletion"),
        pytest.param(asks("uploads"), say(200, _NO_UPLOADS), "does not list open uploads", id="hides uploads"),
        pytest.param(asks("versioning"), say(200, _MFA), "MFA delete", id="second factor"),
        pytest.param(asks("versioning"), refuse(403, "AccessDenied"), "s3:GetBucketVersioning", id="not told versions"),
        pytest.param(asks("object-lock"), refuse(403, "AccessDenied"), "ObjectLock", id="not told the lock"),
        pytest.param(asks("replication"), refuse(403, "AccessDenied"), "Replication", id="not told replicas"),
        pytest.param(is_put, refuse(403, "AccessDenied"), "s3:PutObject", id="no right to write"),
        pytest.param(is_put, refuse(403, "InvalidAccessKeyId"), "Renew them", id="unknown credentials"),
    ],
)
def test_what_a_store_may_do_wrong_is_refused_with_what_to_change(
    faulty: tuple[Faulty, Store], choice: Choice, act: Act, said: str
) -> None:
    rules, store = faulty
    documents = documents_in(store, store.make_bucket(is_versioned=True))
    rules.add(choice, act)
    assert said in refusal_of(lambda: probe_documents(documents))


@pytest.mark.parametrize("question", ["versions", "uploads"])
@pytest.mark.parametrize("code", ["NotImplemented", "MethodNotAllowed"])
def test_a_store_that_cannot_say_what_is_left_is_refused(
    faulty: tuple[Faulty, Store], question: str, code: str
) -> None:
    rules, store = faulty
    documents, keys = documents_in(store, store.make_bucket()), keys_in(store, store.make_bucket())
    rules.add(asks(question), refuse(501, code))
    assert "Use another store" in refusal_of(lambda: probe_documents(documents))
    assert "Use another store" in refusal_of(lambda: probe_keys(keys, documents=None))


@pytest.mark.parametrize("server", ["moto", "real_s3"])
def test_a_bucket_that_does_not_exist_is_named(request: pytest.FixtureRequest, server: str) -> None:
    store: Store = request.getfixturevalue(server)
    assert "does not exist" in refusal_of(lambda: probe_documents(documents_in(store, "nobody-made-it")))


def test_wrong_credentials_are_told(real_s3: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("wrong") / "credentials.json"
    file.touch(mode=0o600)
    file.write_text('{"access_key_id": "nobody", "secret_access_key": "nothing"}')
    client = open_s3(Access("VERIFIER_DOCUMENTS", real_s3.url, credentials_file=file))
    candidate = Candidate("VERIFIER_DOCUMENTS_BUCKET", client, real_s3.make_bucket())
    assert "does not know these credentials" in refusal_of(lambda: probe_documents(candidate))


def test_a_store_that_is_down_is_no_fault_of_the_bucket(faulty: tuple[Faulty, Store]) -> None:
    rules, store = faulty
    documents = documents_in(store, store.make_bucket())
    rules.add(lambda _: True, refuse(503, "SlowDown"))
    with pytest.raises(StoreUnavailableError):
        probe_documents(documents)


def test_a_key_of_kms_that_encrypts_passes(moto: Store) -> None:
    client = open_kms(moto.get_access("VERIFIER_KMS"))
    probe_kms(client, client.create_key()["KeyMetadata"]["Arn"])


def test_a_key_of_kms_that_does_not_exist_is_refused(moto: Store) -> None:
    client = open_kms(moto.get_access("VERIFIER_KMS"))
    assert "does not exist" in refusal_of(lambda: probe_kms(client, "alias/nobody-made-it"))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("DisabledException", "Enable it"),
        ("KMSInvalidStateException", "Cancel its deletion"),
        ("InvalidKeyUsageException", "symmetric key"),
        ("AccessDeniedException", "kms:Decrypt"),
        ("UnrecognizedClientException", "Renew them"),
    ],
)
def test_a_key_of_kms_that_does_not_work_is_refused(faulty: tuple[Faulty, Store], code: str, said: str) -> None:
    rules, through = faulty
    rules.add(lambda _: True, say(400, f'{{"__type": "{code}"}}'.encode()))
    client = open_kms(through.get_access("VERIFIER_KMS"))
    assert said in refusal_of(lambda: probe_kms(client, "alias/any"))


def test_a_kms_that_does_not_answer_is_no_fault_of_the_key(faulty: tuple[Faulty, Store]) -> None:
    rules, through = faulty
    rules.add(lambda _: True, say(400, b'{"__type": "ThrottlingException"}'))
    with pytest.raises(StoreUnavailableError):
        probe_kms(open_kms(through.get_access("VERIFIER_KMS")), "alias/any")
