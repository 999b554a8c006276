"""Sets an installation up the first time, and afterwards makes sure that everything that is opened belongs to it.

Guarantees: the secrets are made before the stores are marked; from then on a missing one is a lost one. Only a process
that is all parts of the house sets one up; any other needs what its parts use, and no more.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update

from verifier.audit.catalogue import EntryKind
from verifier.audit.custody import load_or_create_signing_key
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.installation import begin_installation, find_installation
from verifier.db.locks import lock_name
from verifier.db.schema import upgrade_schema
from verifier.db.tables import InstallationRow
from verifier.errors import ConfigurationError
from verifier.ids import InstallationId, new_installation_id
from verifier.settings import Settings
from verifier.stores import probe_stores, verify_rules_of_stores
from verifier.vault.counted import CountedKeys, CountedObjects, CountedRoots
from verifier.vault.given import GivenKeys, GivenObjects, GivenRoots
from verifier.vault.key_store import KeyStore
from verifier.vault.objects import ObjectStore
from verifier.vault.roots import RootKeys
from verifier.vault.secrets import load_or_create_secret
from verifier.vault.service import Vault
from verifier.wiring.parts import Rights, Secret

_SET_UP: Final = "Run `verifier setup` once, as a user who has all of its credentials, and start this again."


@dataclass(frozen=True)
class Seams:
    """The parts that an installation chooses, and that a test may replace by others of the same contract."""

    clock: Clock
    objects: ObjectStore
    keys: KeyStore
    roots: RootKeys


def settle(settings: Settings, database: Database, seams: Seams, rights: Rights) -> Vault:
    """The vault of this installation, which is set up where there is none and this process is all of it.

    Raises:
        ConfigurationError: with what to change.
        WrongInstallationError, StoreUnavailableError: the stores are not this database's.
    """
    upgrade_schema(database)
    installation = _find_or_begin(database, seams, rights)
    _keep_secrets(settings, installation, rights)
    vault = _open_vault(settings, database, seams, installation, rights=rights)
    if Secret.SIGNING in rights.secrets:
        _publish_log_key(settings, database, installation)
    return vault


def verify_given(rights: Rights, secret: Secret) -> None:
    """Raise `ConfigurationError` where this process is not given a secret."""
    if secret not in rights.secrets:
        here = ", ".join(sorted(rights.parts))
        raise ConfigurationError(
            f"The secret {secret} is not for this process, which is: {here}. Do this where that secret is."
        )


def read_log_key(database: Database) -> str:
    """The log's public key, as whoever has the signing key left it in the database."""
    with database.read() as session:
        key: str | None = session.scalar(select(InstallationRow.log_key))
    if key is None:
        raise ConfigurationError(f"The database does not say yet which key signs the log. {_SET_UP}")
    return key


def _publish_log_key(settings: Settings, database: Database, installation: InstallationRow) -> None:
    """For the tiers, which have no signing key and show receipts."""
    key = load_or_create_signing_key(settings.signing_key_file, settings.log_origin).verifier.to_text()
    if installation.log_key != key:
        with database.write() as session:
            session.execute(update(InstallationRow).values(log_key=key))


def _keep_secrets(settings: Settings, installation: InstallationRow, rights: Rights) -> None:
    """All are made before the stores are marked, whoever needs them later: from then on a missing one is a lost one.

    A new one beside an old database would give dead links, contact points that match no digest of the desk's, or a log
    that nobody's key verifies.
    """
    if installation.stores_marked_at is None:
        for secret in Secret:
            if secret is Secret.SIGNING:
                load_or_create_signing_key(settings.signing_key_file, settings.log_origin)
            else:
                load_or_create_secret(settings.secrets_folder, secret.value)
        return
    for secret in sorted(rights.secrets):
        file = settings.secrets_folder / secret.value
        if not file.is_file():
            raise ConfigurationError(
                f"The secret {file.name} of this installation is missing in {file.parent}. Mount or restore that "
                "folder; a new secret is not made beside an old database."
            )


def _open_vault(
    settings: Settings, database: Database, seams: Seams, installation: InstallationRow, *, rights: Rights
) -> Vault:
    vault = Vault(
        installation=InstallationId(installation.id),
        objects=GivenObjects(CountedObjects(seams.objects), rights.objects),
        keys=GivenKeys(CountedKeys(seams.keys), rights.keys),
        roots=GivenRoots(CountedRoots(seams.roots), rights.roots),
    )
    if installation.stores_marked_at is None:
        probe_stores(settings)  # before anything is written there that would have to be destroyed
        vault.mark_stores()
        with database.write() as session:
            session.execute(update(InstallationRow).values(stores_marked_at=seams.clock.now(session)))
    vault.verify_stores()
    if not rights.has_all_parts:  # whoever has tries them for real: `verifier setup`, `verifier serve`
        verify_rules_of_stores(settings, rights.looks)
    return vault


def _find_or_begin(database: Database, seams: Seams, rights: Rights) -> InstallationRow:
    with database.read() as session:
        found = find_installation(session)
    if not rights.has_all_parts and (found is None or found.stores_marked_at is None):
        raise ConfigurationError(f"This installation was not set up yet. {_SET_UP}")
    if found is not None:
        return found
    if seams.objects.read_installation() is not None or seams.keys.read_installation() is not None:
        raise ConfigurationError(
            "The database is empty, but the stores of documents or keys belong to an installation. Point "
            "VERIFIER_HOME or VERIFIER_DATABASE_URL at its database, restore it, or choose empty stores for a new "
            "installation."
        )
    with database.write() as session:
        lock_name(session, "installation")
        now = seams.clock.now(session)
        if find_installation(session) is None:
            installation = new_installation_id()
            begin_installation(session, now, installation)
            record(session, now, EntryKind.INSTALLATION_CREATED, {"installation": installation})
    with database.read() as session:
        begun = find_installation(session)
    assert begun is not None
    return begun
