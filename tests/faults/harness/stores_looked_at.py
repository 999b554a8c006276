"""What buckets really hold: every version, delete marker and open upload; beside what the product's own list says.

What that list tells is judged by the rows (`tests.faults.looks`): a worker that died leaves an open upload of a page,
which a row knows, and which goes with its document.
"""

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
    listed = list_objects(stage.house)
    whole = {item.key.to_text() for item in listed if not item.is_unfinished}
    unfinished = {item.key.to_text() for item in listed if item.is_unfinished}
    yield from _look(client, settings.documents_bucket, whole, unfinished)
    keys = {f"{stage.house.vault.installation}/{each}" for each in stage.house.vault.keys.list()}
    yield from _look(client, settings.keys_bucket, keys, set())


def _look(client: "S3Client", bucket: str, known: set[str], unfinished: set[str]) -> Iterator[str]:
    found: list[str] = []
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found += [version["Key"] for version in page.get("Versions", [])]
        yield from (f"{bucket} keeps a delete marker of {marker['Key']}" for marker in page.get("DeleteMarkers", []))
    names = [name for name in found if name.startswith(("ins_", "doc_", "ver_")) and not name.endswith(_MARK)]
    yield from (f"{bucket} keeps {name}, which nobody lists" for name in names if name not in known)
    yield from (f"{bucket} keeps {names.count(name)} versions of {name}" for name in known if names.count(name) > 1)
    yield from (f"{bucket} lacks {name}" for name in known if name not in names)
    for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        if upload["Key"] not in unfinished:
            yield f"{bucket} keeps an open upload of {upload['Key']}, which nobody lists"
