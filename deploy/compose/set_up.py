"""Sets the installation of compose.yaml up, and again at each upgrade: buckets, database, roles, each part's secrets.

Guarantees: safe to repeat; each part's folder gets the secrets that its rights name, and no others. Runs in the image,
as the operator, with all credentials; the parts start after it.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from verifier.settings import Settings, load_settings
from verifier.vault.aws import Access, open_s3
from verifier.wiring.parts import Part, rights_of

_PARTS: Final = Path("/parts")
_RULES: Final = Path("/rules")
_OWN: Final = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


def main() -> int:
    settings = load_settings()
    for store, file in (("documents", settings.documents_credentials_file), ("keys", settings.keys_credentials_file)):
        make_bucket(settings, store, file)
    for command in ("setup", "roles"):
        subprocess.run((sys.executable, "-m", "verifier", command), check=True)
    hand_out(settings.secrets_folder, _PARTS)
    return 0


def make_bucket(settings: Settings, store: str, credentials: Path | None) -> None:
    """A bucket, and the rules of who may do what there."""
    endpoint = {"documents": settings.documents_endpoint, "keys": settings.keys_endpoint}[store]
    client = open_s3(Access(f"VERIFIER_{store.upper()}", endpoint=endpoint, credentials_file=credentials))
    try:
        client.create_bucket(Bucket=store)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _OWN:
            raise
    client.put_bucket_policy(Bucket=store, Policy=json.dumps(load_rules(_RULES, store)))


def load_rules(folder: Path, store: str) -> dict[str, Any]:
    """The rules that we ship, as Versity's gateway names users: by their access keys."""
    text = (folder / f"{store}.json").read_text(encoding="utf-8")
    named = text.replace("arn:aws:iam::ACCOUNT:user/verifier-", f"{store}-").replace("BUCKET", store)
    rules: dict[str, Any] = json.loads(named)
    return rules


def hand_out(secrets: Path, parts: Path) -> None:
    """Copy to each part's folder the secrets that its rights name; take away what they do not."""
    for part in Part:
        folder = parts / part.value / "secrets"
        shutil.rmtree(folder, ignore_errors=True)
        for secret in rights_of({part}).secrets:
            file = folder / secret.value
            for each in (folder, file.parent):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_bytes((secrets / secret.value).read_bytes())


if __name__ == "__main__":
    raise SystemExit(main())
