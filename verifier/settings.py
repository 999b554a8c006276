"""Settings, validated once at start; an unsafe production is refused with a sentence that says what to change.

Every setting is read from the environment as `VERIFIER_<NAME>`; an empty one is as one that is not there. The embedded
form needs none: everything lies in `VERIFIER_HOME` (`./var`), in folders beside each other, because keys must not lie
under the data.
"""

import json
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from verifier.errors import ConfigurationError
from verifier.locales import UNNAMED

_MEGABYTE: Final = 1_000_000
SIGNING_KEY: Final = "log/signing"
"""The log's signing key, below the folder of secrets."""

Tier = Literal["all", "customer", "staff"]
_BUCKET: Final = r"^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"


def _read_list(value: object) -> object:
    """A list as the environment has it. Read here, so that one that is none is told of by the name of its setting."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise PydanticCustomError("list", 'Write a list, such as ["one", "two"]')
    return found


_Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_read_list)]


class Settings(BaseSettings):
    """What an operator may set. Sizes are bytes, durations are ISO 8601, such as PT20S."""

    model_config = SettingsConfigDict(env_prefix="VERIFIER_", env_ignore_empty=True, frozen=True, extra="forbid")

    home: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str = "http://127.0.0.1:8080"
    # Where tiers run apart, `verifier serve` is one of them, and staff have a host of their own.
    tier: Tier = "all"
    staff_url: str = ""
    desk_name: str = Field(default=UNNAMED, min_length=1, max_length=60)
    log_origin: str = Field(default="verifier.localhost/log", pattern=r"[a-z0-9.-]+(/[a-z0-9._/-]+)?")
    case_url: str = ""
    policies_folder: Path | None = None
    trusted_proxies: _Names = ()

    # Where documents and keys lie: in folders of the home, or in buckets; `verifier.stores` says what goes together.
    documents_bucket: str = Field(default="", pattern=_BUCKET)
    documents_endpoint: str = ""
    documents_region: str = ""
    documents_credentials_file: Path | None = None
    keys_bucket: str = Field(default="", pattern=_BUCKET)
    keys_endpoint: str = ""
    keys_region: str = ""
    keys_credentials_file: Path | None = None
    root_custody: Literal["file", "kms"] = "file"
    kms_key: str = ""
    kms_endpoint: str = ""
    kms_region: str = ""
    kms_credentials_file: Path | None = None

    # The database: a file of SQLite in the home, or PostgreSQL. `verifier.db.postgres` says what it must keep.
    database_url: str = ""
    database_password_file: Path | None = None

    stored_bytes_in_total: int = Field(default=20_000 * _MEGABYTE, gt=0)
    reserve_bytes: int = Field(default=200 * _MEGABYTE, ge=0)
    decoder_children: int = Field(default=2, ge=1, le=64)
    decoder_memory_bytes: int = Field(default=1_000 * _MEGABYTE, ge=256 * _MEGABYTE)
    decoder_for: timedelta = Field(default=timedelta(seconds=20), gt=timedelta(0), le=timedelta(seconds=20))
    sweep_every: timedelta = timedelta(seconds=20)
    compare_every: timedelta = timedelta(hours=1)
    orphans_after: timedelta = timedelta(hours=24)
    intake_closes_after: timedelta = timedelta(minutes=10)
    # Watching: ports for Prometheus, each of one process, and a sign of life to somebody outside. None: there is none.
    metrics_host: str = Field(default="127.0.0.1", min_length=1)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    worker_metrics_port: int | None = Field(default=None, ge=0, le=65535)
    heartbeat_url: str = ""
    heartbeat_every: timedelta = Field(default=timedelta(minutes=1), gt=timedelta(0))

    requests_a_minute_per_link: int = Field(default=240, gt=0)
    requests_a_minute_per_key: int = Field(default=1200, gt=0)
    requests_a_minute_per_network: int = Field(default=1200, gt=0)

    # Sending; a channel without a server is not offered. `verifier.notices.senders` says what goes together.
    smtp_host: str = ""
    smtp_port: int | None = Field(default=None, gt=0, le=65535)
    smtp_tls: Literal["", "starttls", "tls", "none"] = ""
    smtp_ca_file: Path | None = None
    smtp_from: str = ""
    smtp_user: str = ""
    smtp_password_file: Path | None = None
    sms_url: str = ""
    sms_adapter: Literal["json", "form"] = "json"
    sms_from: str = Field(default="", max_length=40)
    sms_user: str = ""
    sms_password_file: Path | None = None

    # Without a broker, `verifier serve` starts a worker. `verifier.broker.address` says what goes together.
    broker_url: str = ""
    broker_password_file: Path | None = None
    broker_ca_file: Path | None = None
    broker_visibility_timeout: timedelta = Field(default=timedelta(minutes=30), gt=timedelta(0))
    look_every: timedelta = Field(default=timedelta(milliseconds=500), gt=timedelta(0), le=timedelta(minutes=1))

    # Contact checks; a method without what it needs is not offered. `verifier.contacts.tools` says what goes together.
    dns_servers: _Names = ()
    message_forwarders: _Names = ()
    message_recipients: _Names = ()
    mailbox_host: str = ""
    mailbox_port: int | None = Field(default=None, gt=0, le=65535)
    mailbox_tls: Literal["tls", "starttls"] = "tls"
    mailbox_ca_file: Path | None = None
    mailbox_user: str = ""
    mailbox_password_file: Path | None = None
    mailbox_folder: str = Field(default="INBOX", min_length=1, max_length=200)
    mailbox_every: timedelta = Field(default=timedelta(seconds=30), gt=timedelta(0))
    attestation_issuer: str = ""
    attestation_keys_file: Path | None = None
    attestation_keys_url: str = ""
    attestation_keys_ca: Path | None = None
    wallet_signatures: bool = False
    loopback_files_port: int | None = Field(default=None, gt=0, le=65535)
    loopback_files_ca: Path | None = None

    @field_validator("public_url", "staff_url")
    @classmethod
    def _strip_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def staff_address(self) -> str:
        """The address that staff and their programs open."""
        return self.staff_url or self.public_url

    @property
    def own_address(self) -> str:
        """The address that people open to reach this tier."""
        return self.staff_address if self.tier == "staff" else self.public_url

    @property
    def database_file(self) -> Path:
        return self.home / "data" / "verifier.sqlite"

    @property
    def objects_folder(self) -> Path:
        return self.home / "data" / "objects"

    @property
    def spool_folder(self) -> Path:
        """Where sealed bytes wait for a bucket, in files without names."""
        return self.home / "data" / "spool"

    @property
    def keys_folder(self) -> Path:
        return self.home / "keys"

    @property
    def roots_folder(self) -> Path:
        return self.home / "roots"

    @property
    def secrets_folder(self) -> Path:
        return self.home / "secrets"

    @property
    def signing_key_file(self) -> Path:
        return self.secrets_folder / SIGNING_KEY

    @property
    def published_folder(self) -> Path:
        return self.home / "published"

    @property
    def is_https(self) -> bool:
        return urlsplit(self.public_url).scheme == "https"

    @property
    def is_production(self) -> bool:
        """Whether people outside this machine are served: then nothing unsafe is let through."""
        return self.is_https


def is_loopback_host(host: str) -> bool:
    """Whether `host` names this machine only (RFC 6761, section 6.3; 127.0.0.0/8; ::1)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def find_origin(text: str) -> SplitResult | None:
    """Scheme, host and perhaps a port of an http address, in its parts; `None` where it is none, or says more."""
    url = _find_address(text)
    return url if url is not None and not url.path and not set(text) & set("?#\\") else None


def _find_address(text: str) -> SplitResult | None:
    """An http address in its parts, with a host and without a name or password; `None` where it is none."""
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port  # a port that is no number raises here, and not at the first call
    except ValueError:
        return None
    is_plain = text.isascii() and text.isprintable() and " " not in text
    return url if is_plain and url.scheme in {"http", "https"} and host and url.username is None else None


def verify_settings(settings: Settings) -> None:
    """Raise `ConfigurationError` where a setting would break a promise."""
    _verify_address(settings.public_url, "VERIFIER_PUBLIC_URL")
    _verify_tiers(settings)
    if not is_loopback_host(settings.host) and "public_url" not in settings.model_fields_set:
        raise ConfigurationError(
            "VERIFIER_HOST opens the service to other machines, but VERIFIER_PUBLIC_URL does not say at which address "
            "people reach it. Set it to the https address of your proxy."
        )
    if settings.is_production and not settings.trusted_proxies:
        raise ConfigurationError(
            "VERIFIER_PUBLIC_URL is https, so a proxy stands in front, but VERIFIER_TRUSTED_PROXIES does not name it: "
            'all customers would share one limit. Set it to the proxy\'s addresses, such as ["127.0.0.1"].'
        )
    _verify_watching(settings)


def _verify_address(address: str, setting: str) -> None:
    url = find_origin(address)
    if url is None:
        raise ConfigurationError(
            f"{setting} must be the address that people open, such as https://verify.example.org, "
            "without a path. Write it so."
        )
    if url.scheme == "http" and not is_loopback_host(url.hostname or ""):
        raise ConfigurationError(
            f"{setting} is http on a public host ({url.hostname}): links and cookies could be read on the "
            "way. Put a TLS proxy in front and write https."
        )


def _verify_tiers(settings: Settings) -> None:
    if settings.staff_url:
        _verify_address(settings.staff_url, "VERIFIER_STAFF_URL")
        customers, staff = urlsplit(settings.public_url), urlsplit(settings.staff_url)
        is_shared = customers.hostname == staff.hostname
        if customers.scheme != staff.scheme or settings.staff_url == settings.public_url:
            raise ConfigurationError(
                "VERIFIER_STAFF_URL and VERIFIER_PUBLIC_URL must be two addresses, both https (or both http on this "
                "machine). Write the one that staff open into VERIFIER_STAFF_URL."
            )
        if settings.is_production and is_shared:
            raise ConfigurationError(
                "VERIFIER_STAFF_URL and VERIFIER_PUBLIC_URL name one host: cookies know no ports, so a page of one "
                "tier could act in the other. Give staff a host name of their own."
            )
    if settings.tier != "all" and not (settings.staff_url and "public_url" in settings.model_fields_set):
        raise ConfigurationError(
            f"VERIFIER_TIER is {settings.tier}, so tiers run apart: VERIFIER_PUBLIC_URL must name the host of "
            "customers, and VERIFIER_STAFF_URL that of staff. Set both, for both tiers."
        )


def _verify_watching(settings: Settings) -> None:
    ports = [settings.port, settings.metrics_port, settings.worker_metrics_port]
    fixed = [port for port in ports if port]
    if len(set(fixed)) < len(fixed):
        raise ConfigurationError(
            "VERIFIER_PORT, VERIFIER_METRICS_PORT and VERIFIER_WORKER_METRICS_PORT name one port twice. Figures have "
            "ports of their own, one a process, which no proxy of the pages leads to: choose different ones."
        )
    if settings.heartbeat_url and not _is_heartbeat_url(settings.heartbeat_url):
        raise ConfigurationError(
            "VERIFIER_HEARTBEAT_URL must be an https address with a host and without a name or password in it, such as "
            "https://watch.example.org/ping/verifier; http is for this machine only. Write it so, or leave it empty."
        )


def _is_heartbeat_url(text: str) -> bool:
    url = _find_address(text)
    return url is not None and not url.fragment and (url.scheme == "https" or is_loopback_host(url.hostname or ""))


def load_settings(*, tier: Tier | None = None) -> Settings:
    """Read the environment and verify it; `tier` is for whoever named it otherwise.

    Raises:
        ConfigurationError: with the setting's name and what to write instead, never its value.
    """
    from pydantic import ValidationError

    try:
        settings = Settings() if tier is None else Settings(tier=tier)
    except ValidationError as error:
        names = sorted({f"VERIFIER_{str(part['loc'][0]).upper()}: {part['msg']}" for part in error.errors()})
        raise ConfigurationError(f"These settings cannot be used. {'; '.join(names)}") from None
    verify_settings(settings)
    return settings
