"""The customers' tier tries what it must not be able to do, with its own credentials, and does not start if it can.

Guarantees: whatever succeeds is named, all of it at once. One thing no store but AWS can refuse to whoever may put: to
put again. It opens nothing and brings nobody's bytes to light, so it is told, and does not keep the tier from starting.
Leaves to others: what its settings must not even name (`verifier.wiring.apart`), and the same for the whole of an
environment, which `tests/security` attacks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from verifier.db.engine import Database
from verifier.db.trial import find_allowed
from verifier.errors import ConfigurationError
from verifier.ids import InstallationId
from verifier.settings import Settings
from verifier.stores import find_allowed_with_documents, find_replacing_of_documents
from verifier.telemetry import get_log
from verifier.wiring.house import House

_PUTS_AGAIN: Final = (
    "This tier's credentials can replace an object: put other bytes over a sealed copy. Nobody would open these, for "
    "their digest is not the one in the row; but what was sent would have to be asked for again."
)
_MEND: Final = "Add the statement of deploy/s3/written-once-on-aws.json to the bucket's policy."
_NO_MEND: Final = "This store has no policy against it: give the credentials to nothing but this tier."


@dataclass(frozen=True)
class Weakness:
    """What this tier could do and should not, though it may start; `is_mendable` where something can be changed."""

    sentence: str
    is_mendable: bool


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


def find_weakness_here(settings: Settings, installation: InstallationId) -> Weakness | None:
    """What this process could do that only some stores can refuse. Raises `StoreUnavailableError`."""
    from verifier.vault.s3_trial import Replacing  # brings an SDK, which is there only where buckets are

    found = find_replacing_of_documents(settings, installation)
    if found is Replacing.REFUSED:
        return None
    is_mendable = found is Replacing.TAKEN_THOUGH_REFUSABLE
    return Weakness(f"{_PUTS_AGAIN} {_MEND if is_mendable else _NO_MEND}", is_mendable=is_mendable)


def tell_weakness(house: House) -> tuple[str, ...]:
    """At start: what there is of it, for the log and for whoever starts it."""
    weakness = find_weakness_here(house.settings, house.vault.installation)
    if weakness is None:
        return ()
    get_log().warning("tier.may_replace", store="objects")
    return (weakness.sentence,)
