"""Clients of S3 and KMS: how they are reached, what they may cost in time, and what their errors mean to us.

Guarantees: every call ends (time-outs, a bounded number of attempts); checksums are sent only where the protocol asks
for them, because many stores refuse the others; whatever a service or the way to it says is one of the vault's errors,
with at most the service's own word for it. Leaves to others: which call is safe to repeat; here, each one is.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from verifier.errors import ConfigurationError
from verifier.passwords import WELL_KNOWN, read_private_text
from verifier.vault.errors import NoSpaceError, StoreUnavailableError

if TYPE_CHECKING:
    from boto3 import Session
    from types_boto3_kms import KMSClient
    from types_boto3_s3 import S3Client

CONNECT_WITHIN_S: Final = 2.0
ANSWER_WITHIN_S: Final = 5.0
ATTEMPTS: Final = 3
_CONNECTIONS: Final = 32
_ANY_REGION: Final = "us-east-1"  # a store of one's own has no regions; the signature needs a word
_NO_SPACE: Final = frozenset({"QuotaExceeded", "InsufficientStorage", "InsufficientCapacity", "XMinioStorageFull"})
_WORD: Final = re.compile(r"[A-Za-z0-9.]{1,60}")
_CREDENTIALS: Final = frozenset({"access_key_id", "secret_access_key"})
DENIED: Final = frozenset({"AccessDenied", "AllAccessDisabled", "Forbidden", "403"})
"""What a store says to whoever may not."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a service is reached. `name` begins the names of its settings, such as `VERIFIER_KEYS`."""

    name: str
    endpoint: str = ""
    region: str = ""
    credentials_file: Path | None = None


def open_s3(access: Access) -> "S3Client":
    """A client, safe for many threads; connects when it is first used. Raises `ConfigurationError`."""
    with _leading_somewhere(access):
        return _open_session(access).client("s3", endpoint_url=access.endpoint or None, config=_configure(access))


def open_kms(access: Access) -> "KMSClient":
    """A client, safe for many threads; connects when it is first used. Raises `ConfigurationError`."""
    with _leading_somewhere(access):
        return _open_session(access).client("kms", endpoint_url=access.endpoint or None, config=_configure(access))


def _open_session(access: Access) -> "Session":
    import boto3

    found = _read_credentials(access)
    return boto3.Session(
        aws_access_key_id=found.get("access_key_id"),
        aws_secret_access_key=found.get("secret_access_key"),
        region_name=access.region or (_ANY_REGION if access.endpoint else None),
    )


def _configure(access: Access) -> Config:
    return Config(
        connect_timeout=CONNECT_WITHIN_S,
        read_timeout=ANSWER_WITHIN_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=_CONNECTIONS,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if access.endpoint else "auto"},
    )


@contextmanager
def _leading_somewhere(access: Access) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(
            f"{access.name}_ENDPOINT and {access.name}_REGION do not lead anywhere ({type(error).__name__}). Write the "
            "endpoint's address, or leave it out for AWS and name the region."
        ) from error


def _read_credentials(access: Access) -> dict[str, str]:
    """What the file says; nothing where there is none: then the SDK looks where it always does."""
    if access.credentials_file is None:
        return {}
    setting = f"{access.name}_CREDENTIALS_FILE"
    try:
        found = json.loads(read_private_text(access.credentials_file, setting))
    except ValueError:
        found = None
    if not isinstance(found, dict) or set(found) != _CREDENTIALS or not all(isinstance(v, str) for v in found.values()):
        raise ConfigurationError(
            f'{setting} names a file that is not {{"access_key_id": "...", "secret_access_key": "..."}}. Write it so.'
        )
    if found["secret_access_key"].strip().lower() in WELL_KNOWN:
        raise ConfigurationError(
            f"{setting} names a file that holds a key which products come with, so everybody knows it. Make a random "
            "one at the store, and write that."
        )
    return {name: str(value).strip() for name, value in found.items()}


@contextmanager
def service_errors() -> Iterator[None]:
    """Turn what a service, or the way to it, says into our errors; the word for it is all that is kept."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        facts = {"reason": code if _WORD.fullmatch(code) else "unknown"}
        if code in _NO_SPACE or _status_of(error) == 507:
            raise NoSpaceError(facts) from error
        raise StoreUnavailableError(facts) from error
    except ParamValidationError:
        raise  # a fault of ours
    except (BotoCoreError, TimeoutError) as error:  # the latter from a body that may no longer be sent (`s3_spool`)
        raise StoreUnavailableError({"reason": type(error).__name__}) from error


def code_of(error: ClientError) -> str:
    """The service's word for what went wrong; the status where it gave no word (to HEAD it cannot)."""
    return str(error.response.get("Error", {}).get("Code") or _status_of(error) or "unknown")


def _status_of(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
