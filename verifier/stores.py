"""Chooses where documents, keys and roots lie: in folders, or in S3 and KMS where the settings name them.

Guarantees: settings that contradict each other, or that would put keys beside documents, are refused before anything is
opened; `probe_stores` tries for real what was chosen, `verify_rules_of_stores` only reads its rules. Leaves to others:
whose the stores are (`Vault.verify_stores`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from verifier.errors import ConfigurationError
from verifier.ids import InstallationId
from verifier.settings import Settings, find_origin, is_loopback_host
from verifier.telemetry import get_log
from verifier.vault.given import GivenKeys, GivenObjects, GivenRoots
from verifier.vault.key_files import FileKeys
from verifier.vault.key_store import KeyStore
from verifier.vault.object_files import FileObjects
from verifier.vault.objects import ObjectStore
from verifier.vault.root_files import FileRoots
from verifier.vault.roots import RootKeys

if TYPE_CHECKING:
    from verifier.vault.aws import Access
    from verifier.vault.s3_rules import Candidate
    from verifier.vault.s3_trial import Replacing

_DOCUMENTS: Final = "documents"
_KEYS: Final = "keys"
_KMS: Final = "kms"


@dataclass(frozen=True)
class Stores:
    """Where everything lies that the vault keeps."""

    objects: ObjectStore
    keys: KeyStore
    roots: RootKeys


@dataclass(frozen=True)
class Wanted:
    """Which of the stores a process may open at all."""

    objects: bool = True
    keys: bool = True
    roots: bool = True


_ALL: Final = Wanted()


def choose_stores(settings: Settings, wanted: Wanted = _ALL) -> Stores:
    """Open what the settings name, making folders. Raises `ConfigurationError`, with the setting and what to write."""
    verify_store_settings(settings)
    for folder, bucket, is_wanted in (
        (settings.objects_folder, settings.documents_bucket, wanted.objects),
        (settings.keys_folder, settings.keys_bucket, wanted.keys),
        (settings.roots_folder, settings.keys_bucket if settings.root_custody == "kms" else "", wanted.roots),
    ):
        if is_wanted and not bucket:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return open_stores(settings, wanted)


def open_stores(settings: Settings, wanted: Wanted = _ALL) -> Stores:
    """Open what the settings name, and make nothing. Raises as `choose_stores`."""
    verify_store_settings(settings)
    keys: KeyStore = GivenKeys(None, frozenset())
    roots: RootKeys = GivenRoots(None, frozenset())
    if wanted.keys or wanted.roots:
        opened, days = _open_keys(settings)
        keys = opened if wanted.keys else keys
        roots = _around(settings, days) if wanted.roots else roots
    objects = _open_objects(settings) if wanted.objects else GivenObjects(None, frozenset())
    return Stores(objects=objects, keys=keys, roots=roots)


def open_documents(settings: Settings) -> ObjectStore:
    """The documents' store alone."""
    return open_stores(settings, Wanted(keys=False, roots=False)).objects


def _open_objects(settings: Settings) -> ObjectStore:
    if not settings.documents_bucket:
        return FileObjects(settings.objects_folder)
    from verifier.vault.aws import open_s3
    from verifier.vault.s3_bucket import Bucket
    from verifier.vault.s3_objects import S3Objects
    from verifier.vault.s3_spool import SpoolRoom

    bucket = Bucket(open_s3(_access(settings, _DOCUMENTS)), settings.documents_bucket)
    return S3Objects(bucket, SpoolRoom(settings.spool_folder))


def _open_keys(settings: Settings) -> tuple[KeyStore, RootKeys]:
    """The key store, and the days' roots: beside it only where KMS stands around them."""
    if settings.keys_bucket:
        from verifier.vault.aws import open_s3
        from verifier.vault.s3_bucket import Bucket
        from verifier.vault.s3_keys import S3Keys
        from verifier.vault.s3_roots import S3Roots

        bucket = Bucket(open_s3(_access(settings, _KEYS)), settings.keys_bucket)
        if settings.root_custody == "kms":
            return S3Keys(bucket), S3Roots(bucket)
        keys: KeyStore = S3Keys(bucket)
    else:
        keys = FileKeys(settings.keys_folder)
    return keys, FileRoots(settings.roots_folder)


def _around(settings: Settings, days: RootKeys) -> RootKeys:
    if settings.root_custody == "file":
        return days
    from verifier.vault.aws import open_kms
    from verifier.vault.kms_roots import KmsRoots

    return KmsRoots(open_kms(_access(settings, _KMS)), settings.kms_key, days=days)


def probe_stores(settings: Settings) -> None:
    """Try for real what the settings name. Raises `ConfigurationError`, `StoreUnavailableError`."""
    for probe in get_probes(settings).values():
        probe()


def get_probes(settings: Settings) -> Mapping[str, Callable[[], None]]:
    """What there is to try, by name; nothing where all lies in folders. Each raises as `probe_stores`."""
    verify_store_settings(settings)
    probes: dict[str, Callable[[], None]] = {}
    if settings.documents_bucket:
        probes["documents"] = partial(_probe_documents, settings)
    if settings.keys_bucket:
        probes["key bucket"] = partial(_probe_keys, settings)
    if settings.root_custody == "kms":
        probes["kms"] = partial(_probe_custody, settings)
    return probes


def _probe_documents(settings: Settings) -> None:
    from verifier.vault.s3_probe import probe_documents

    probe_documents(_candidate(settings, _DOCUMENTS, settings.documents_bucket))


def _probe_keys(settings: Settings) -> None:
    from verifier.vault.s3_probe import probe_keys

    is_apart = not settings.documents_bucket
    documents = None if is_apart else _candidate(settings, _DOCUMENTS, settings.documents_bucket)
    probe_keys(_candidate(settings, _KEYS, settings.keys_bucket), documents=documents)


def _probe_custody(settings: Settings) -> None:
    from verifier.vault.aws import open_kms
    from verifier.vault.kms_probe import probe_kms

    probe_kms(open_kms(_access(settings, _KMS)), settings.kms_key)


def verify_rules_of_stores(settings: Settings, wanted: Wanted) -> None:
    """Read the rules of the buckets that this process is given, as far as it may: what it may not read, the log says.

    Raises `ConfigurationError`, with what to change; `StoreUnavailableError`.
    """
    looks = get_looks(settings, wanted)
    if not looks:
        return
    from verifier.vault.s3_rules import ClosedError

    for name, look in looks.items():
        try:
            look()
        except ClosedError:
            get_log().warning("store.rules_unread", store=name.replace(" ", "_"))


def get_looks(settings: Settings, wanted: Wanted) -> Mapping[str, Callable[[], None]]:
    """What there is to look at without writing, by name. Each raises as `verify_rules_of_stores`, and `ClosedError`."""
    verify_store_settings(settings)
    looks: dict[str, Callable[[], None]] = {}
    if settings.documents_bucket and wanted.objects:
        looks["documents"] = partial(_look_at_documents, settings)
    if settings.keys_bucket and wanted.keys:
        looks["key bucket"] = partial(_look_at_keys, settings, has_documents="documents" in looks)
    return looks


def _look_at_documents(settings: Settings) -> None:
    from verifier.vault.s3_rules import RULES_OF_DOCUMENTS, verify_rules

    verify_rules(_candidate(settings, _DOCUMENTS, settings.documents_bucket), RULES_OF_DOCUMENTS)


def _look_at_keys(settings: Settings, *, has_documents: bool) -> None:
    from verifier.vault.s3_rules import RULES_OF_KEYS, verify_not_documents, verify_rules

    rules = RULES_OF_KEYS
    if has_documents:
        documents = _candidate(settings, _DOCUMENTS, settings.documents_bucket)
        rules = (partial(verify_not_documents, documents), *rules)
    verify_rules(_candidate(settings, _KEYS, settings.keys_bucket), rules)


def find_allowed_with_documents(settings: Settings, installation: InstallationId) -> Iterator[str]:
    """What may be done in the documents' bucket beside putting them. Raises `StoreUnavailableError`."""
    from verifier.vault.aws import open_s3
    from verifier.vault.s3_trial import find_allowed

    yield from find_allowed(open_s3(_access(settings, _DOCUMENTS)), settings.documents_bucket, installation)


def find_replacing_of_documents(settings: Settings, installation: InstallationId) -> "Replacing":
    """Whether another object can be put over a sealed copy. Raises `StoreUnavailableError`."""
    from verifier.vault.aws import open_s3
    from verifier.vault.s3_trial import find_replacing

    return find_replacing(open_s3(_access(settings, _DOCUMENTS)), settings.documents_bucket, installation)


def _candidate(settings: Settings, part: str, bucket: str) -> "Candidate":
    from verifier.vault.aws import open_s3
    from verifier.vault.s3_rules import Candidate

    return Candidate(f"VERIFIER_{part.upper()}_BUCKET", open_s3(_access(settings, part)), bucket)


def _access(settings: Settings, part: str) -> "Access":
    from verifier.vault.aws import Access

    endpoint, region, credentials_file = {
        _DOCUMENTS: (settings.documents_endpoint, settings.documents_region, settings.documents_credentials_file),
        _KEYS: (settings.keys_endpoint, settings.keys_region, settings.keys_credentials_file),
        _KMS: (settings.kms_endpoint, settings.kms_region, settings.kms_credentials_file),
    }[part]
    return Access(f"VERIFIER_{part.upper()}", endpoint=endpoint, region=region, credentials_file=credentials_file)


def verify_store_settings(settings: Settings) -> None:
    """Raise `ConfigurationError` where the settings of the stores do not go together."""
    for part, is_used, chooser in (
        (_DOCUMENTS, bool(settings.documents_bucket), "VERIFIER_DOCUMENTS_BUCKET names no bucket"),
        (_KEYS, bool(settings.keys_bucket), "VERIFIER_KEYS_BUCKET names no bucket"),
        (_KMS, settings.root_custody == "kms", "VERIFIER_ROOT_CUSTODY is not kms"),
    ):
        _verify_used(settings, part, is_used=is_used, chooser=chooser)
        _verify_endpoint(part, _access(settings, part).endpoint)
    if settings.root_custody == "kms" and not settings.kms_key:
        raise ConfigurationError(
            "VERIFIER_ROOT_CUSTODY is kms, but VERIFIER_KMS_KEY names no key. Write its ARN or alias."
        )
    if settings.kms_key and settings.root_custody != "kms":
        raise ConfigurationError(
            "VERIFIER_KMS_KEY names a key, but VERIFIER_ROOT_CUSTODY is not kms, so it would not be used. Set that."
        )
    where = (settings.documents_bucket, settings.documents_endpoint.rstrip("/"))
    if settings.keys_bucket and where == (settings.keys_bucket, settings.keys_endpoint.rstrip("/")):
        raise ConfigurationError(
            "VERIFIER_KEYS_BUCKET is the documents' bucket: a backup of it would hold both. Name a bucket "
            "of its own, with credentials of its own."
        )


def _verify_used(settings: Settings, part: str, *, is_used: bool, chooser: str) -> None:
    for kind in ("endpoint", "region", "credentials_file"):
        name = f"{part}_{kind}"
        if not is_used and name in settings.model_fields_set and getattr(settings, name):
            raise ConfigurationError(
                f"VERIFIER_{name.upper()} is set, but {chooser}, so it would not be used. Set that too, or unset this."
            )


def _verify_endpoint(part: str, endpoint: str) -> None:
    if not endpoint:
        return
    setting, url = f"VERIFIER_{part.upper()}_ENDPOINT", find_origin(endpoint.rstrip("/"))
    if url is None:
        raise ConfigurationError(
            f"{setting} must be the address of a service, such as https://s3.example.org, without a path. Write it so."
        )
    if url.scheme == "http" and not is_loopback_host(url.hostname or ""):
        raise ConfigurationError(
            f"{setting} is http to another machine ({url.hostname}): answers could be forged on the way, and what is "
            "gone could look as if it were not, or the other way round. Write https."
        )
