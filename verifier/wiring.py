"""The only place that chooses implementations: settings in, a wired house out.

Guarantees: database, documents and keys carry one installation id, checked before anything else happens; a database
that is empty beside stores that are not is refused, because to it everything would be an orphan.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from policies.loading import load_policies
from policies.model import Policy
from verifier.audit.catalogue import EntryKind
from verifier.audit.custody import load_or_create_signing_key
from verifier.audit.publish import FolderPublisher
from verifier.audit.sequencer import Sequencer
from verifier.audit.service import record
from verifier.broker.address import verify_broker
from verifier.broker.wakeups import BrokerWakeups
from verifier.contacts.codes import Codes
from verifier.contacts.collecting import Collector, choose_mailbox
from verifier.contacts.delivery import Delivery
from verifier.contacts.effects import Effects
from verifier.contacts.ending import GoOn
from verifier.contacts.findings import Findings
from verifier.contacts.forgetting import forget_contacts
from verifier.contacts.judging import Judge
from verifier.contacts.letters import Letters
from verifier.contacts.telling import Telling
from verifier.contacts.tools import Tools, choose_tools, find_unreachable
from verifier.db.clock import Clock, DatabaseClock
from verifier.db.engine import Database
from verifier.db.installation import begin_installation, find_installation
from verifier.db.locks import lock_name
from verifier.db.opening import open_database
from verifier.db.schema import upgrade_schema
from verifier.db.tables import InstallationRow
from verifier.disposal.service import Disposer
from verifier.disposal.shred import Shredder
from verifier.disposal.sweep import Sweep
from verifier.errors import ConfigurationError
from verifier.evidence.check import Checker, DecoderLimits
from verifier.evidence.upload import Uploads
from verifier.ids import InstallationId, new_installation_id
from verifier.metrics.exposition import BacklogCollector, expose
from verifier.metrics.heartbeat import DeadMansSwitch
from verifier.notices.kinds import Channel
from verifier.notices.limits import SendLimits
from verifier.notices.senders import choose_senders
from verifier.notices.sending import Sender
from verifier.notices.service import Notifier
from verifier.proofs.offers import Means, find_current_line
from verifier.proofs.requests import Requests
from verifier.proofs.service import carry_on
from verifier.reviews.decisions import Decisions
from verifier.reviews.views import Views
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.stores import choose_stores, probe_stores
from verifier.translog.checkpoint import LogSigner
from verifier.vault.counted import CountedKeys, CountedObjects, CountedRoots
from verifier.vault.key_store import KeyStore
from verifier.vault.objects import ObjectStore
from verifier.vault.roots import RootKeys
from verifier.vault.secrets import keyed_digest, load_or_create_secret
from verifier.vault.service import Vault
from verifier.verifications.links import LinkKey
from verifier.verifications.service import Verifications
from verifier.verifications.tables import VerificationRow

_SECRETS: Final = ("digest", "form", "link", "code", "contact-digest")


@dataclass(frozen=True)
class Seams:
    """The parts that an installation chooses, and that a test may replace by others of the same contract."""

    clock: Clock
    objects: ObjectStore
    keys: KeyStore
    roots: RootKeys


@dataclass(frozen=True)
class House:
    """Everything that the doors need, wired once at start."""

    settings: Settings
    database: Database
    clock: Clock
    vault: Vault
    policies: Mapping[str, Policy]
    signer: LogSigner
    form_key: bytes
    digest_key: bytes
    senders: Mapping[Channel, Sender]
    send_limits: SendLimits
    tools: Tools
    means: Means
    verifications: Verifications
    requests: Requests
    uploads: Uploads
    views: Views
    decisions: Decisions
    wakeups: BrokerWakeups | None

    @property
    def log_key(self) -> str:
        """The log's public key, as a C2SP signed-note verifier key."""
        return self.signer.verifier.to_text()

    def close(self) -> None:
        self.uploads.close()
        if self.wakeups is not None:
            self.wakeups.close()
        self.database.close()


def choose_seams(settings: Settings) -> Seams:
    """The database's clock, and the stores that the settings name."""
    stores = choose_stores(settings)
    return Seams(clock=DatabaseClock(), objects=stores.objects, keys=stores.keys, roots=stores.roots)


def open_house(settings: Settings, *, seams: Seams | None = None) -> House:
    """Open the installation that the settings name, setting it up the first time.

    Raises:
        ConfigurationError: with what to change.
        WrongInstallationError, StoreUnavailableError: the stores are not this database's.
    """
    chosen = seams or choose_seams(settings)
    database = open_database(settings)
    try:
        return _open_on(database, settings, chosen)
    except BaseException:
        database.close()
        raise


def _open_on(database: Database, settings: Settings, chosen: Seams) -> House:
    senders = choose_senders(settings)
    wakeups = _choose_wakeups(settings)
    if wakeups is not None:
        database.tell = wakeups.tell
    upgrade_schema(database)
    installation = _find_or_begin(database, chosen)
    _keep_secrets(settings, installation)
    digest_key = load_or_create_secret(settings.secrets_folder, "digest")
    form_key = load_or_create_secret(settings.secrets_folder, "form")
    signer = load_or_create_signing_key(settings.signing_key_file, settings.log_origin)
    vault = _open_vault(settings, database, chosen, installation)
    policies = load_policies(settings.policies_folder)
    clock = chosen.clock
    tools = _choose_tools(settings, digest_key)
    means = Means(not_offered=tools.find_missing(), unreachable=find_unreachable(senders))
    requests = _open_requests(settings, database, clock, vault, policies=policies, digest_key=digest_key, means=means)
    return House(
        settings=settings,
        database=database,
        clock=clock,
        vault=vault,
        policies=policies,
        signer=signer,
        form_key=form_key,
        digest_key=digest_key,
        senders=senders,
        send_limits=SendLimits(digest_key),
        tools=tools,
        means=means,
        verifications=requests.verifications,
        requests=requests,
        uploads=_open_uploads(settings, database, clock, vault),
        views=Views(database, clock=clock, vault=vault),
        decisions=Decisions(database, clock=clock, vault=vault),
        wakeups=wakeups,
    )


def _choose_wakeups(settings: Settings) -> BrokerWakeups | None:
    """Who tells the workers of what a commit left to be done; without a broker they look by their own clock."""
    verify_broker(settings)
    return BrokerWakeups(settings) if settings.broker_url else None


def _open_uploads(settings: Settings, database: Database, clock: Clock, vault: Vault) -> Uploads:
    return Uploads(
        database,
        clock=clock,
        vault=vault,
        bytes_in_total=settings.stored_bytes_in_total,
        intake_closes_after=settings.intake_closes_after,
        free_bytes=lambda: shutil.disk_usage(settings.home).free,
        reserve_bytes=settings.reserve_bytes,
    )


def _choose_tools(settings: Settings, digest_key: bytes) -> Tools:
    return choose_tools(
        settings,
        account_digest=lambda account: keyed_digest(digest_key, "account", account),
        replay_digest=lambda seen: keyed_digest(digest_key, "replay", seen),
    )


def _open_requests(
    settings: Settings,
    database: Database,
    clock: Clock,
    vault: Vault,
    *,
    policies: Mapping[str, Policy],
    digest_key: bytes,
    means: Means,
) -> Requests:
    link_key = LinkKey(load_or_create_secret(settings.secrets_folder, "link"))
    verifications = Verifications(
        database,
        clock=clock,
        vault=vault,
        policies=policies,
        link_key=link_key,
        digest_key=digest_key,
        intake_closes_after=settings.intake_closes_after,
    )
    return Requests(database, clock=clock, vault=vault, verifications=verifications, link_key=link_key, means=means)


def _keep_secrets(settings: Settings, installation: InstallationRow) -> None:
    """All are made before the stores are marked, whoever needs them later: from then on a missing one is a lost one.

    A new one beside an old database would give dead links, contact points that match no digest of the desk's, or a log
    that nobody's key verifies.
    """
    if installation.stores_marked_at is None:
        for name in _SECRETS:
            load_or_create_secret(settings.secrets_folder, name)
        return
    files = [settings.secrets_folder / name for name in _SECRETS]
    for file in (*files, settings.signing_key_file):
        if not file.is_file():
            raise ConfigurationError(
                f"The secret {file.name} of this installation is missing in {file.parent}. Mount or restore that "
                "folder; a new secret is not made beside an old database."
            )


def _open_vault(settings: Settings, database: Database, seams: Seams, installation: InstallationRow) -> Vault:
    vault = Vault(
        installation=InstallationId(installation.id),
        objects=CountedObjects(seams.objects),
        keys=CountedKeys(seams.keys),
        roots=CountedRoots(seams.roots),
    )
    if installation.stores_marked_at is None:
        probe_stores(settings)  # before anything is written there that would have to be destroyed
        vault.mark_stores()
        with database.write() as session:
            session.execute(update(InstallationRow).values(stores_marked_at=seams.clock.now(session)))
    vault.verify_stores()
    return vault


def _find_or_begin(database: Database, seams: Seams) -> InstallationRow:
    with database.read() as session:
        found = find_installation(session)
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


@dataclass(frozen=True)
class Workshop:
    """What the jobs need beside the house."""

    house: House
    checker: Checker
    shredder: Shredder
    disposer: Disposer
    sequencer: Sequencer
    sweep: Sweep
    notifier: Notifier
    judge: Judge
    collector: Collector
    switch: DeadMansSwitch
    decoder: Decoder

    def close(self) -> None:
        self.decoder.close()


def open_workshop(house: House, *, decoder: Decoder | None = None) -> Workshop:
    """Wire the jobs; starts the decoder's keyless parent, unless one is handed in."""
    settings, parts = house.settings, (house.database, house.clock, house.vault)
    database, clock, vault = parts
    mailbox = choose_mailbox(settings)
    decoder = decoder or Decoder(children=settings.decoder_children)
    return Workshop(
        house=house,
        checker=Checker(
            database,
            clock=clock,
            vault=vault,
            decoder=decoder,
            limits=DecoderLimits(memory_bytes=settings.decoder_memory_bytes, wall_for=settings.decoder_for),
        ),
        shredder=Shredder(database, clock=clock, vault=vault, forget=forget_contacts),
        disposer=Disposer(database, clock=clock, vault=vault),
        sequencer=Sequencer(database, clock, house.signer, FolderPublisher(settings.published_folder)),
        sweep=Sweep(database, clock=clock, vault=vault, orphans_after=settings.orphans_after),
        notifier=Notifier(
            database, clock=clock, vault=vault, senders=house.senders, when_closed=Delivery(go_on=_go_on_in(house))
        ),
        judge=_open_judge(house),
        collector=Collector(database, clock=clock, vault=vault, access=mailbox, rules=house.tools.rules),
        switch=_open_switch(house),
        decoder=decoder,
    )


def _open_switch(house: House) -> DeadMansSwitch:
    settings = house.settings
    return DeadMansSwitch(
        house.database,
        clock=house.clock,
        url=settings.heartbeat_url,
        sweep_every=settings.sweep_every,
        every=settings.heartbeat_every,
    )


def open_figures(house: House) -> Callable[[], bytes]:
    """What writes this process's figures, for `metrics_on`."""
    settings = house.settings
    return expose(
        BacklogCollector(
            house.database,
            clock=house.clock,
            intake_closes_after=settings.intake_closes_after,
            sweep_every=settings.sweep_every,
        )
    )


def load_contact_key(settings: Settings) -> bytes:
    """The key with which a desk digests the contact points that it does not hand over."""
    return load_or_create_secret(settings.secrets_folder, "contact-digest")


def _open_judge(house: House) -> Judge:
    """The judge has what no door has: the key of the codes, and that of the desk's digests."""
    settings, vault, limits = house.settings, house.vault, house.send_limits
    letters = Letters(desk=settings.desk_name, public_url=settings.public_url)
    code_key = load_or_create_secret(settings.secrets_folder, "code")

    go_on = _go_on_in(house)
    return Judge(
        house.database,
        clock=house.clock,
        vault=vault,
        findings=Findings(house.tools),
        effects=Effects(
            vault,
            codes=Codes(vault, key=code_key, limits=limits, letters=letters),
            telling=Telling(vault, limits=limits, letters=letters, find_line=find_current_line),
            contact_key=load_contact_key(settings),
            go_on=go_on,
        ),
        go_on=go_on,
    )


def _go_on_in(house: House) -> GoOn:
    """What follows from the end of a check, and from the end of a notice that it waited for."""

    def go_on(session: Session, now: datetime, row: VerificationRow) -> None:
        carry_on(session, now, row, means=house.means)

    return go_on
