"""The customers' tier tries what it must not be able to do, with its own credentials, and does not start if it can.

Guarantees: whatever succeeds is named, all of it at once. Leaves to others: what its settings must not even name
(`verifier.wiring.apart`), and the same for the whole of an environment, which `tests/security` attacks.
"""

from collections.abc import Iterator

from verifier.db.engine import Database
from verifier.db.trial import find_allowed
from verifier.errors import ConfigurationError
from verifier.ids import InstallationId
from verifier.settings import Settings
from verifier.stores import find_allowed_with_documents
from verifier.wiring.house import House


def verify_customer_cannot(house: House) -> None:
    """Raise `ConfigurationError` where this customers' tier can do anything that P2 forbids."""
    allowed = list(find_allowed_here(house.settings, house.database, house.vault.installation))
    if allowed:
        raise ConfigurationError(
            f"The customers' tier could do what it must not: {'; '.join(allowed)}. Give it a user of the database that "
            "is a member of verifier_customer alone (verifier roles), credentials that may only put objects "
            "(deploy/s3/documents.json), and a home without keys and secrets."
        )


def find_allowed_here(settings: Settings, database: Database, installation: InstallationId) -> Iterator[str]:
    """What this process could do of that."""
    for folder in (settings.keys_folder, settings.roots_folder, settings.secrets_folder):
        if folder.is_dir() and any(folder.iterdir()):
            yield f"read {folder}"
    yield from find_allowed(database)
    yield from find_allowed_with_documents(settings, installation)
