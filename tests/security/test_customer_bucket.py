"""P2, attacked: with the customers' tier's credentials for the bucket, nothing but putting is allowed."""

import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.security.prey import Prey
from tests.servers.databases import as_part
from tests.servers.faulty_s3 import after, is_put, refuse, run_faulty
from tests.servers.radosgw import add_user
from tests.servers.store import Store
from verifier.doctor import examine
from verifier.ids import InstallationId, new_document_id, new_installation_id, new_verification_id
from verifier.settings import Settings
from verifier.vault.aws import Access, open_s3
from verifier.vault.errors import ObjectExistsError, StoreUnavailableError
from verifier.vault.objects import ObjectKey
from verifier.vault.s3_bucket import Bucket
from verifier.vault.s3_objects import S3Objects
from verifier.vault.s3_rules import RULES_OF_DOCUMENTS, Candidate, ClosedError, verify_rules
from verifier.vault.s3_spool import SpoolRoom
from verifier.vault.s3_trial import Replacing, can_refuse_replacing, find_allowed, find_replacing
from verifier.wiring import Part, open_house, tell_weakness, verify_customer_cannot

POLICIES: Final = Path(__file__).parents[2] / "deploy" / "s3"


@pytest.fixture(scope="module")
def bucket(real_s3: Store) -> str:
    """A bucket whose policy is the one that we hand out."""
    name = real_s3.make_bucket()
    text = (POLICIES / "documents.json").read_text().replace("BUCKET", name).replace("ACCOUNT", "")
    real_s3.open_client().put_bucket_policy(Bucket=name, Policy=text)
    return name


@dataclass(frozen=True)
class Clients:
    """Who comes into the store, each with credentials of their own."""

    owner: Any
    customer: Any
    staff: Any
    customers_file: Path


@pytest.fixture(scope="module")
def clients(real_s3: Store) -> Clients:
    files = [add_user(real_s3, f"verifier-{part}") for part in ("customer", "staff")]
    opened = [open_s3(Access("VERIFIER_DOCUMENTS", endpoint=real_s3.url, credentials_file=file)) for file in files]
    return Clients(real_s3.open_client(), opened[0], opened[1], customers_file=files[0])


@pytest.fixture
def installation(bucket: str, clients: Clients) -> InstallationId:
    """Whose bucket it is now."""
    marked = new_installation_id()
    clients.owner.put_object(Bucket=bucket, Key="installation", Body=f"{marked}\n".encode())
    return marked


def test_in_the_bucket_nothing_but_putting_is_allowed(
    bucket: str, clients: Clients, installation: InstallationId
) -> None:
    assert list(find_allowed(clients.customer, bucket, installation)) == []
    assert {"read a document", "look at a document"} <= set(find_allowed(clients.staff, bucket, installation))
    by_owner = set(find_allowed(clients.owner, bucket, installation))
    assert {"list documents", "list versions", "delete a document"} <= by_owner, "the attempts were real"


def test_what_was_put_is_neither_read_nor_replaced(
    bucket: str, clients: Clients, installation: InstallationId, tmp_path: Path
) -> None:
    client, store = clients.customer, S3Objects(Bucket(clients.customer, bucket), SpoolRoom(tmp_path))
    key = ObjectKey(installation, new_verification_id(), new_document_id(), "original")
    put(store, key, b"first")
    with pytest.raises((ObjectExistsError, StoreUnavailableError)):
        put(store, key, b"second")
    for forbidden in (store.read, store.is_absent, store.delete):
        with pytest.raises(StoreUnavailableError):
            forbidden(key)
    signed = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key.to_text()})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(signed)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_object_acl(Bucket=bucket, Key=key.to_text(), ACL="public-read")
    assert clients.staff.get_object(Bucket=bucket, Key=key.to_text())["Body"].read() == b"first"


def test_the_policy_that_we_hand_out_lets_staff_read_the_rules_and_not_the_customers_tier(
    bucket: str, clients: Clients
) -> None:
    verify_rules(Candidate("VERIFIER_DOCUMENTS_BUCKET", clients.staff, bucket), RULES_OF_DOCUMENTS)
    with pytest.raises(ClosedError, match="s3:GetBucketObjectLockConfiguration"):
        verify_rules(Candidate("VERIFIER_DOCUMENTS_BUCKET", clients.customer, bucket), RULES_OF_DOCUMENTS)


def test_what_the_store_cannot_refuse_is_told_at_start_and_by_the_doctor(
    prey: Prey, real_s3: Store, bucket: str, clients: Clients, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = prey.house.vault.installation
    clients.owner.put_object(Bucket=bucket, Key="installation", Body=f"{ours}\n".encode())
    settings = Settings(
        home=tmp_path / "home",
        tier="customer",
        public_url="http://localhost:8000",
        staff_url="http://127.0.0.1:8001",
        database_url=as_part(prey.url, "customer"),
        database_password_file=prey.databases.server.password_file,
        documents_bucket=bucket,
        documents_endpoint=real_s3.url,
        documents_credentials_file=clients.customers_file,
    )
    house = open_house(settings, parts={Part.CUSTOMER})
    verify_customer_cannot(house)
    [told] = tell_weakness(house)
    house.close()
    assert "replace an object" in told
    assert "no policy against it" in told
    assert '"event": "tier.may_replace"' in capsys.readouterr().err
    [tier] = [each for each in examine(settings) if each.check == "tier"]
    assert tier.is_ok
    assert told in tier.sentence


def test_putting_again_is_tried_with_nobodys_object(
    bucket: str, clients: Clients, installation: InstallationId, tmp_path: Path
) -> None:
    key = ObjectKey(installation, new_verification_id(), new_document_id(), "original")
    put(S3Objects(Bucket(clients.customer, bucket), SpoolRoom(tmp_path)), key, b"first")
    before = {each["Key"] for each in clients.owner.list_objects_v2(Bucket=bucket)["Contents"]}
    assert find_replacing(clients.customer, bucket, installation) is Replacing.TAKEN
    after_it = {each["Key"] for each in clients.owner.list_objects_v2(Bucket=bucket)["Contents"]}
    assert after_it - before == {f"{installation}/canary"}
    assert clients.staff.get_object(Bucket=bucket, Key=key.to_text())["Body"].read() == b"first"


def test_a_store_that_refuses_to_put_again_leaves_nothing_to_tell(moto: Store) -> None:
    with run_faulty(moto) as (rules, store):
        name = store.make_bucket()
        rules.add(is_put, after(lambda: None), times=1)
        rules.add(is_put, refuse(403, "AccessDenied"))
        assert find_replacing(store.open_client(), name, new_installation_id()) is Replacing.REFUSED


def test_only_where_a_policy_could_refuse_it_is_there_something_to_change(moto: Store) -> None:
    at_amazon = Access("VERIFIER_DOCUMENTS", region="eu-central-1", credentials_file=moto.credentials_file)
    assert can_refuse_replacing(open_s3(at_amazon))
    assert not can_refuse_replacing(moto.open_client())


def put(store: S3Objects, key: ObjectKey, data: bytes) -> None:
    writer = store.create(key)
    writer.write(data)
    writer.commit()
