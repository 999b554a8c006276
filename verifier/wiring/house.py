"""The house: every room that doors and jobs need, each made once, of what this process may have."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Final

from policies.loading import load_policies
from policies.model import Policy
from verifier.audit.custody import load_or_create_signing_key
from verifier.broker.address import verify_broker
from verifier.broker.wakeups import BrokerWakeups
from verifier.contacts.tools import Tools, choose_tools, find_unreachable
from verifier.db.clock import Clock, DatabaseClock
from verifier.db.engine import Database
from verifier.db.opening import open_database
from verifier.errors import ConfigurationError
from verifier.evidence.upload import Uploads
from verifier.notices.kinds import Channel
from verifier.notices.limits import SendLimits
from verifier.notices.senders import choose_senders, find_channels
from verifier.notices.sending import Sender
from verifier.proofs.offers import Means
from verifier.proofs.requests import Requests
from verifier.reviews.decisions import Decisions
from verifier.reviews.views import Views
from verifier.safety import verify_safe
from verifier.settings import Settings
from verifier.space import count_free_bytes, find_written_places
from verifier.stores import choose_stores
from verifier.translog.checkpoint import LogSigner
from verifier.vault.secrets import keyed_digest, load_or_create_secret
from verifier.vault.service import Vault
from verifier.verifications.links import LinkKey
from verifier.verifications.service import Verifications
from verifier.wiring.apart import verify_part_settings
from verifier.wiring.installing import Seams, read_log_key, settle, verify_given
from verifier.wiring.parts import ALL_PARTS, Part, Rights, Secret, rights_of


class House:
    """The rooms of this installation. One that needs what this process is not given refuses to be made.

    A room is made when it is first asked for; `open_house` asks for all that belong to the process's parts, so that
    whatever is wrong with them is told at the start.
    """

    def __init__(self, settings: Settings, database: Database, clock: Clock, vault: Vault, *, rights: Rights) -> None:
        self.settings: Final = settings
        self.database: Final = database
        self.clock: Final = clock
        self.vault: Final = vault
        self.rights: Final = rights
        self.wakeups: Final = BrokerWakeups(settings) if settings.broker_url and rights.has_broker else None
        self._ends: Final[list[Callable[[], None]]] = []

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        return load_policies(self.settings.policies_folder)

    @cached_property
    def signer(self) -> LogSigner:
        verify_given(self.rights, Secret.SIGNING)
        return load_or_create_signing_key(self.settings.signing_key_file, self.settings.log_origin)

    @cached_property
    def log_key(self) -> str:
        """The log's public key, as a C2SP signed-note verifier key."""
        if Secret.SIGNING in self.rights.secrets:
            return self.signer.verifier.to_text()
        return read_log_key(self.database)

    @cached_property
    def form_key(self) -> bytes:
        return self.read_secret(Secret.FORM)

    @cached_property
    def digest_key(self) -> bytes:
        return self.read_secret(Secret.DIGEST)

    @cached_property
    def senders(self) -> Mapping[Channel, Sender]:
        if not self.rights.sends:
            raise ConfigurationError(
                "This process sends nothing: the passwords of mail and SMS are for the workers of the zone notify."
            )
        return choose_senders(self.settings)

    @cached_property
    def send_limits(self) -> SendLimits:
        return SendLimits(self.digest_key)

    @cached_property
    def tools(self) -> Tools:
        key = self.digest_key
        return choose_tools(
            self.settings,
            account_digest=lambda account: keyed_digest(key, "account", account),
            replay_digest=lambda seen: keyed_digest(key, "replay", seen),
        )

    @cached_property
    def means(self) -> Means:
        return Means(not_offered=self.tools.find_missing(), unreachable=find_unreachable(find_channels(self.settings)))

    @cached_property
    def link_key(self) -> LinkKey:
        return LinkKey(self.read_secret(Secret.LINK))

    @cached_property
    def verifications(self) -> Verifications:
        return Verifications(
            self.database,
            clock=self.clock,
            vault=self.vault,
            policies=self.policies,
            link_key=self.link_key,
            digest_key=self.digest_key,
            intake_closes_after=self.settings.intake_closes_after,
        )

    @cached_property
    def requests(self) -> Requests:
        return Requests(
            self.database,
            clock=self.clock,
            vault=self.vault,
            verifications=self.verifications,
            link_key=self.link_key,
            means=self.means,
        )

    @cached_property
    def uploads(self) -> Uploads:
        settings, places = self.settings, find_written_places(self.settings)
        uploads = Uploads(
            self.database,
            clock=self.clock,
            vault=self.vault,
            bytes_in_total=settings.stored_bytes_in_total,
            intake_closes_after=settings.intake_closes_after,
            free_bytes=lambda: count_free_bytes(places),
            reserve_bytes=settings.reserve_bytes,
        )
        self._ends.append(uploads.close)
        return uploads

    @cached_property
    def views(self) -> Views:
        return Views(self.database, clock=self.clock, vault=self.vault)

    @cached_property
    def decisions(self) -> Decisions:
        return Decisions(self.database, clock=self.clock, vault=self.vault)

    def read_secret(self, secret: Secret) -> bytes:
        """One of the installation's own secrets. Raises `ConfigurationError` where this process is not given it."""
        verify_given(self.rights, secret)
        return load_or_create_secret(self.settings.secrets_folder, secret.value)

    def close(self) -> None:
        for end in self._ends:
            end()
        if self.wakeups is not None:
            self.wakeups.close()
        self.database.close()


def choose_seams(settings: Settings, *, parts: AbstractSet[Part] = ALL_PARTS) -> Seams:
    """The database's clock, and the stores that the settings name, as far as these parts are given any."""
    stores = choose_stores(settings, rights_of(parts).stores)
    return Seams(clock=DatabaseClock(), objects=stores.objects, keys=stores.keys, roots=stores.roots)


def open_house(
    settings: Settings,
    *,
    seams: Seams | None = None,
    parts: AbstractSet[Part] = ALL_PARTS,
    open_database: Callable[[Settings], Database] = open_database,
) -> House:
    """Open the installation that the settings name, for a process that is these parts of it.

    Whoever is all of them sets it up the first time. `open_database` is for whoever keeps everybody else out.

    Raises:
        ConfigurationError: with what to change.
        WrongInstallationError, StoreUnavailableError: the stores are not this database's.
    """
    rights = rights_of(parts)
    verify_safe(settings)
    verify_part_settings(settings, rights)
    if rights.has_broker:
        verify_broker(settings)
    chosen = seams or choose_seams(settings, parts=parts)
    database = open_database(settings)
    try:
        vault = settle(settings, database, chosen, rights)
        house = House(settings, database, chosen.clock, vault, rights=rights)
        _open_rooms(house)
    except BaseException:
        database.close()
        raise
    if house.wakeups is not None:
        database.tell = house.wakeups.tell
    return house


def _open_rooms(house: House) -> None:
    """Make what the doors of these parts need; what the jobs need, `open_workshop` asks for."""
    parts = house.rights.parts
    if parts & {Part.CUSTOMER, Part.STAFF}:
        _ = house.uploads, house.log_key
    if Part.STAFF in parts:
        _ = house.form_key, house.requests, house.views, house.decisions
    if Part.NOTIFY in parts:
        _ = house.senders, house.send_limits, house.means


def load_contact_key(settings: Settings) -> bytes:
    """The key with which a desk digests the contact points that it does not hand over."""
    return load_or_create_secret(settings.secrets_folder, Secret.CONTACT_DIGEST.value)
