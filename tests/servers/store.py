"""Where a test's S3 store answers, and how it is reached."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from verifier.ids import new_installation_id
from verifier.vault.aws import Access, open_s3

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass(frozen=True)
class Store:
    """One S3 store on loopback."""

    url: str
    credentials_file: Path

    def get_access(self, name: str = "VERIFIER_DOCUMENTS") -> Access:
        return Access(name, endpoint=self.url, credentials_file=self.credentials_file)

    def open_client(self) -> "S3Client":
        """A client as the product has it, opened once: that takes a second."""
        return _open_client(self)

    def make_bucket(self, *, is_versioned: bool = False, is_locked: bool = False) -> str:
        """A new, empty bucket; its name."""
        client, name = self.open_client(), new_installation_id().replace("_", "-")
        client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=is_locked)
        if is_versioned:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name


@cache
def _open_client(store: Store) -> "S3Client":
    return open_s3(store.get_access())


def write_credentials(file: Path, *, access_key: str, secret_key: str) -> Path:
    """A credentials file as the settings want it: JSON, 0600."""
    file.touch(mode=0o600)
    file.write_text(json.dumps({"access_key_id": access_key, "secret_access_key": secret_key}))
    return file


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with a path so short that sockets can lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="s3-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
