"""What each process of the stack is told: its settings, and nothing that is another's.

Guarantees: each part has its own user of the database and its own credentials for buckets. The customers' tier has its
own folder, and names no key, no broker and no password of anybody's. Leaves to others: starting them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from verifier.wiring.parts import Part, rights_of

DOCUMENTS: Final = "documents"
KEYS: Final = "keys"
OWNER: Final = "owner"


@dataclass(frozen=True)
class Setting:
    """Where everything is, as the stack found or made it."""

    folder: Path
    address: str
    staff_address: str
    database_urls: Mapping[str, str]
    """By part; `owner` is who migrates."""

    password_file: Path
    store_url: str
    credentials: Mapping[str, Path] = field(repr=False)
    """By bucket and part, such as `keys-staff`, or `keys-owner`."""

    broker_url: str
    broker_password_file: Path
    sending: Mapping[str, str] = field(repr=False)
    """Mail, SMS and the desk's key."""

    @property
    def inner_home(self) -> Path:
        """The folder of everybody but the customers' tier: secrets and root keys."""
        return self.folder / "house"


def operator_environment(setting: Setting) -> dict[str, str]:
    """Everything, for the commands that set up, let people in, and check."""
    return {
        **_common(setting, user=OWNER, home=setting.inner_home),
        **_documents(setting, user=OWNER),
        **_keys(setting, user=OWNER),
        **setting.sending,
    }


def tier_environment(setting: Setting, part: Part) -> dict[str, str]:
    """One tier. Its port is that of its address."""
    address = setting.address if part is Part.CUSTOMER else setting.staff_address
    own = {"VERIFIER_TIER": part.value, "VERIFIER_PORT": address.rpartition(":")[2]}
    if part is Part.CUSTOMER:
        home = setting.folder / "customer"
        return _common(setting, user=part, home=home) | _documents(setting, user=part) | own
    return zone_environment(setting, part) | own


def zone_environment(setting: Setting, part: Part) -> dict[str, str]:
    """The worker of one zone: the stores that its rights name, and no others."""
    rights = rights_of({part})
    environment = _common(setting, user=part, home=setting.inner_home) | _broker(setting)
    if rights.stores.objects:
        environment |= _documents(setting, user=part)
    if rights.stores.keys:
        environment |= _keys(setting, user=part)
    return environment | dict(setting.sending if part in {Part.STAFF, Part.NOTIFY} else {})


def beat_environment(setting: Setting) -> dict[str, str]:
    """Beat publishes wake-ups: it needs the broker, and nothing else."""
    return {"VERIFIER_HOME": str(setting.folder / "beat"), "VERIFIER_PUBLIC_URL": setting.address} | _broker(setting)


def _common(setting: Setting, *, user: str, home: Path) -> dict[str, str]:
    return {
        "VERIFIER_HOME": str(home),
        "VERIFIER_PUBLIC_URL": setting.address,
        "VERIFIER_STAFF_URL": setting.staff_address,
        "VERIFIER_DATABASE_URL": setting.database_urls[user],
        "VERIFIER_DATABASE_PASSWORD_FILE": str(setting.password_file),
    }


def _documents(setting: Setting, *, user: str) -> dict[str, str]:
    return _bucket(setting, DOCUMENTS, user=user)


def _keys(setting: Setting, *, user: str) -> dict[str, str]:
    return _bucket(setting, KEYS, user=user)


def _bucket(setting: Setting, name: str, *, user: str) -> dict[str, str]:
    prefix = f"VERIFIER_{name.upper()}"
    return {
        f"{prefix}_BUCKET": name,
        f"{prefix}_ENDPOINT": setting.store_url,
        f"{prefix}_CREDENTIALS_FILE": str(setting.credentials[f"{name}-{user}"]),
    }


def _broker(setting: Setting) -> dict[str, str]:
    return {
        "VERIFIER_BROKER_URL": setting.broker_url,
        "VERIFIER_BROKER_PASSWORD_FILE": str(setting.broker_password_file),
    }
