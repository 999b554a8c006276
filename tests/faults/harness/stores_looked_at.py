"""What buckets really hold: every version, delete marker and open upload; beside what the product's own list says."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.faults.harness.stage import Stage
from tests.faults.looks import list_objects

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_MARK = "installation"


def look_at_buckets(stage: Stage) -> Iterator[str]:
    """Both buckets hold one version of what lives, and nothing else: no old version, no marker, no open upload."""
    if stage.parts_ is None:
        return
    client, settings = stage.parts.store.open_client(), stage.house.settings
    known = {item.key.to_text() for item in list_objects(stage.house)}
    yield from _look(client, settings.documents_bucket, known)
    keys = {f"{stage.house.vault.installation}/{each}" for each in stage.house.vault.keys.list()}
    yield from _look(client, settings.keys_bucket, keys)


def _look(client: "S3Client", bucket: str, known: set[str]) -> Iterator[str]:
    found: list[str] = []
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found += [version["Key"] for version in page.get("Versions", [])]
        yield from (f"{bucket} keeps a delete marker of {marker['Key']}" for marker in page.get("DeleteMarkers", []))
    names = [name for name in found if name.startswith(("ins_", "doc_", "ver_")) and not name.endswith(_MARK)]
    yield from (f"{bucket} keeps {name}, which nobody lists" for name in names if name not in known)
    yield from (f"{bucket} keeps {names.count(name)} versions of {name}" for name in known if names.count(name) > 1)
    yield from (f"{bucket} lacks {name}" for name in known if name not in names)
    for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        yield f"{bucket} keeps an open upload of {upload['Key']}"
