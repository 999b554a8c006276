"""Parts that run apart read the rules of their buckets when they start, and refuse with the doctor's sentence."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.servers.faulty_s3 import Choice, Faulty, asks, is_put, refuse, run_faulty, say
from tests.servers.store import Store, write_credentials
from verifier.doctor.machine import examine_stores
from verifier.errors import ConfigurationError
from verifier.settings import Settings
from verifier.stores import get_probes
from verifier.wiring import Part, open_house

_LOCKED: Final = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
_REPLICATED: Final = (
    b"<ReplicationConfiguration><Role>any</Role><Rule><Status>Enabled</Status><Destination><Bucket>elsewhere</Bucket>"
    b"</Destination></Rule></ReplicationConfiguration>"
)
_MFA: Final = (
    b"<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>"
)
_VERSIONED: Final = b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"


@pytest.fixture
def faulty(moto: Store) -> Iterator[tuple[Faulty, Store]]:
    with run_faulty(moto) as proxied:
        yield proxied


@pytest.fixture
def settings(faulty: tuple[Faulty, Store], tmp_path: Path) -> Settings:
    """An installation in two buckets, set up by somebody who could."""
    _, store = faulty
    files = [write_credentials(tmp_path / name, access_key="any", secret_key="any") for name in ("documents", "keys")]
    made = Settings(
        home=tmp_path / "home",
        documents_bucket=store.make_bucket(),
        documents_endpoint=store.url,
        documents_credentials_file=files[0],
        keys_bucket=store.make_bucket(),
        keys_endpoint=store.url,
        keys_credentials_file=files[1],
    )
    open_house(made).close()
    return made


def _in(bucket: str, question: str) -> Choice:
    return lambda request: asks(question)(request) and request.path.strip("/").startswith(bucket)


@pytest.mark.parametrize(
    ("database_kind", "part", "kept_in", "question", "answer", "said"),
    [
        pytest.param("sqlite", Part.DISPOSE, "documents", "object-lock", _LOCKED, "has object lock", id="locked"),
        pytest.param("sqlite", Part.SANITISE, "documents", "replication", _REPLICATED, "is replicated", id="copied"),
        pytest.param("sqlite", Part.DISPOSE, "documents", "versioning", _MFA, "MFA delete", id="second factor"),
        pytest.param("postgresql", Part.STAFF, "key bucket", "versioning", _VERSIONED, "never had", id="versions"),
        pytest.param(
            "sqlite", Part.SANITISE, "key bucket", "object-lock", _LOCKED, "has object lock", id="keys locked"
        ),
        pytest.param(
            "sqlite", Part.NOTIFY, "key bucket", "replication", _REPLICATED, "is replicated", id="keys copied"
        ),
    ],
    indirect=["database_kind"],
)
def test_a_part_does_not_start_on_a_bucket_that_could_keep_what_is_deleted(
    faulty: tuple[Faulty, Store], settings: Settings, part: Part, kept_in: str, question: str, answer: bytes, said: str
) -> None:
    rules, _ = faulty
    open_house(settings, parts={part}).close()
    rules.seen.clear()
    bucket = settings.documents_bucket if kept_in == "documents" else settings.keys_bucket
    rules.add(_in(bucket, question), say(200, answer))
    with pytest.raises(ConfigurationError, match=said) as refusal:
        open_house(settings, parts={part})
    assert not [request for request in rules.seen if is_put(request)], "nothing was written"
    with pytest.raises(ConfigurationError) as doctors:
        get_probes(settings)[kept_in]()
    assert doctors.value.advice == refusal.value.advice


def test_a_part_does_not_start_where_both_names_lead_to_one_bucket(settings: Settings) -> None:
    elsewhere = settings.keys_endpoint.replace("127.0.0.1", "localhost")
    one = settings.model_copy(update={"keys_bucket": settings.documents_bucket, "keys_endpoint": elsewhere})
    with pytest.raises(ConfigurationError, match="documents' bucket by another name"):
        open_house(one, parts={Part.DISPOSE})


def test_the_doctor_of_the_staffs_tier_reads_and_writes_nothing(
    faulty: tuple[Faulty, Store], settings: Settings
) -> None:
    rules, _ = faulty
    rules.seen.clear()
    found = {each.check: each for each in examine_stores(settings.model_copy(update={"tier": "staff"}))}
    assert [found[name].is_ok for name in ("documents", "key bucket")] == [True, True]
    assert not [request for request in rules.seen if is_put(request)]


def test_what_may_not_be_read_is_told_and_the_rest_is_looked_at(
    faulty: tuple[Faulty, Store], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    rules, _ = faulty
    rules.add(_in(settings.documents_bucket, "object-lock"), refuse(403, "AccessDenied"))
    open_house(settings, parts={Part.DISPOSE}).close()
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["store"] for line in told if line["event"] == "store.rules_unread"] == ["documents"]
    rules.add(_in(settings.documents_bucket, "replication"), say(200, _REPLICATED))
    with pytest.raises(ConfigurationError, match="is replicated"):
        open_house(settings, parts={Part.DISPOSE})


def test_who_has_no_store_asks_for_no_rules(faulty: tuple[Faulty, Store], settings: Settings) -> None:
    rules, _ = faulty
    rules.seen.clear()
    open_house(settings, parts={Part.LOG}).close()
    assert rules.seen == []
