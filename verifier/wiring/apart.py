"""What the settings of a part must and must not name, before anything is opened.

Guarantees: a customers' tier whose environment names a key, a broker or a password of staff or workers does not start:
what it cannot name it cannot lose. Leaves to others: trying what its credentials can do (`verifier.wiring.trial`).
"""

from typing import Final

from verifier.errors import ConfigurationError
from verifier.settings import Settings
from verifier.wiring.parts import Part, Rights

_NOT_FOR_CUSTOMERS: Final = (
    *("keys_bucket", "keys_endpoint", "keys_region", "keys_credentials_file"),
    *("kms_key", "kms_endpoint", "kms_region", "kms_credentials_file"),
    *("broker_url", "broker_password_file", "broker_ca_file"),
    *("smtp_password_file", "sms_password_file", "mailbox_password_file"),
)


def verify_part_settings(settings: Settings, rights: Rights) -> None:
    """Raise `ConfigurationError` where the settings do not suit the parts that this process is."""
    if rights.has_all_parts:
        return
    if rights.parts & {Part.CUSTOMER, Part.STAFF} and not settings.database_url:
        raise ConfigurationError(
            f"VERIFIER_TIER is {settings.tier}, but VERIFIER_DATABASE_URL names no database: a file of SQLite has no "
            "roles, so tiers cannot run apart on it. Name a PostgreSQL, with this tier's own user."
        )
    if Part.CUSTOMER in rights.parts:
        _verify_customer_settings(settings)


def _verify_customer_settings(settings: Settings) -> None:
    named = [name for name in _NOT_FOR_CUSTOMERS if getattr(settings, name)]
    if named or settings.root_custody != "file":
        found = ", ".join(f"VERIFIER_{name.upper()}" for name in named or ["root_custody"])
        raise ConfigurationError(
            f"The customers' tier must not know of keys, broker or passwords, but its environment sets {found}. Unset "
            "that here; the staff's tier and the workers have it."
        )
    if not settings.documents_bucket:
        raise ConfigurationError(
            "VERIFIER_TIER is customer, but VERIFIER_DOCUMENTS_BUCKET names no bucket: who can write into a folder can "
            "read and delete there. Name a bucket, with credentials that may only put."
        )
