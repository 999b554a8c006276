"""P2, attacked: with the customers' tier's credentials for the bucket, nothing but putting is allowed."""

import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.servers.radosgw import add_user
from tests.servers.store import Store
from verifier.ids import InstallationId, new_document_id, new_installation_id, new_verification_id
from verifier.vault.aws import Access, open_s3
from verifier.vault.errors import ObjectExistsError, StoreUnavailableError
from verifier.vault.objects import ObjectKey
from verifier.vault.s3_bucket import Bucket
from verifier.vault.s3_objects import S3Objects
from verifier.vault.s3_spool import SpoolRoom
from verifier.vault.s3_trial import find_allowed

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


@pytest.fixture(scope="module")
def clients(real_s3: Store) -> Clients:
    files = [add_user(real_s3, f"verifier-{part}") for part in ("customer", "staff")]
    opened = [open_s3(Access("VERIFIER_DOCUMENTS", endpoint=real_s3.url, credentials_file=file)) for file in files]
    return Clients(real_s3.open_client(), *opened)


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


def put(store: S3Objects, key: ObjectKey, data: bytes) -> None:
    writer = store.create(key)
    writer.write(data)
    writer.commit()
