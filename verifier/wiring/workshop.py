"""The workshop: what the jobs need beside the house, each made once, of what this process may have."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Final

from sqlalchemy.orm import Session

from verifier.audit.publish import open_publisher
from verifier.audit.sequencer import Sequencer
from verifier.contacts.codes import Codes
from verifier.contacts.collecting import Collector, choose_mailbox
from verifier.contacts.delivery import Delivery
from verifier.contacts.effects import Effects
from verifier.contacts.findings import Findings
from verifier.contacts.forgetting import forget_contacts
from verifier.contacts.judging import Judge
from verifier.contacts.letters import Letters
from verifier.contacts.telling import Telling
from verifier.disposal.late import SecondLook
from verifier.disposal.service import Disposer
from verifier.disposal.shred import Shredder
from verifier.disposal.sweep import Sweep
from verifier.evidence.check import Checker, DecoderLimits
from verifier.metrics.exposition import BacklogCollector, expose
from verifier.metrics.heartbeat import DeadMansSwitch
from verifier.notices.service import Notifier
from verifier.proofs.offers import find_current_line
from verifier.proofs.service import carry_on
from verifier.sanitise.decoder import Decoder
from verifier.verifications.expiry import Expiry
from verifier.verifications.tables import VerificationRow
from verifier.wiring.house import House
from verifier.wiring.parts import Part, Secret


class Workshop:
    """The rooms of the jobs; like those of the house, each is made when it is first asked for."""

    def __init__(self, house: House, *, decoder: Decoder | None) -> None:
        self.house: Final = house
        self._decoder = decoder

    @property
    def decoder(self) -> Decoder:
        """The decoder's keyless parent, which runs from here on."""
        if self._decoder is None:
            self._decoder = Decoder(children=self.house.settings.decoder_children)
        return self._decoder

    @cached_property
    def checker(self) -> Checker:
        house, settings = self.house, self.house.settings
        limits = DecoderLimits(memory_bytes=settings.decoder_memory_bytes, wall_for=settings.decoder_for)
        return Checker(house.database, clock=house.clock, vault=house.vault, decoder=self.decoder, limits=limits)

    @cached_property
    def shredder(self) -> Shredder:
        house = self.house
        return Shredder(house.database, clock=house.clock, vault=house.vault, forget=forget_contacts)

    @cached_property
    def disposer(self) -> Disposer:
        return Disposer(self.house.database, clock=self.house.clock, vault=self.house.vault)

    @cached_property
    def second_look(self) -> SecondLook:
        return SecondLook(self.house.database, clock=self.house.clock, vault=self.house.vault)

    @cached_property
    def expiry(self) -> Expiry:
        return Expiry(self.house.database, self.house.clock)

    @cached_property
    def sweep(self) -> Sweep:
        house = self.house
        orphans_after = house.settings.orphans_after
        return Sweep(house.database, clock=house.clock, vault=house.vault, orphans_after=orphans_after)

    @cached_property
    def sequencer(self) -> Sequencer:
        house = self.house
        publisher = open_publisher(house.settings.published_folder, house.signer, house.settings.log_origin)
        return Sequencer(house.database, house.clock, house.signer, publisher)

    @cached_property
    def notifier(self) -> Notifier:
        house = self.house
        closing = Delivery(go_on=self._go_on)
        return Notifier(
            house.database, clock=house.clock, vault=house.vault, senders=house.senders, when_closed=closing
        )

    @cached_property
    def judge(self) -> Judge:
        """The judge has what no door has: the key of the codes, and that of the desk's digests."""
        house, vault, limits = self.house, self.house.vault, self.house.send_limits
        letters = Letters(desk=house.settings.desk_name, public_url=house.settings.public_url)
        return Judge(
            house.database,
            clock=house.clock,
            vault=vault,
            findings=Findings(house.tools),
            effects=Effects(
                vault,
                codes=Codes(vault, key=house.read_secret(Secret.CODE), limits=limits, letters=letters),
                telling=Telling(vault, limits=limits, letters=letters, find_line=find_current_line),
                contact_key=house.read_secret(Secret.CONTACT_DIGEST),
                go_on=self._go_on,
            ),
            go_on=self._go_on,
        )

    @cached_property
    def collector(self) -> Collector:
        house = self.house
        access = choose_mailbox(house.settings)
        return Collector(house.database, clock=house.clock, vault=house.vault, access=access, rules=house.tools.rules)

    @cached_property
    def switch(self) -> DeadMansSwitch:
        settings = self.house.settings
        return DeadMansSwitch(
            self.house.database,
            clock=self.house.clock,
            url=settings.heartbeat_url,
            sweep_every=settings.sweep_every,
            every=settings.heartbeat_every,
        )

    def _go_on(self, session: Session, now: datetime, row: VerificationRow) -> None:
        """What follows from the end of a check, and from the end of a notice that it waited for."""
        carry_on(session, now, row, means=self.house.means)

    def close(self) -> None:
        if self._decoder is not None:
            self._decoder.close()


def open_workshop(house: House, *, decoder: Decoder | None = None) -> Workshop:
    """Wire the jobs of the house's parts; starts the decoder's keyless parent where they need it and none is given."""
    workshop, parts = Workshop(house, decoder=decoder), house.rights.parts
    if Part.SANITISE in parts:
        _ = workshop.checker
    if Part.DISPOSE in parts:
        _ = workshop.shredder, workshop.disposer, workshop.second_look, workshop.expiry, workshop.sweep
    if Part.LOG in parts:
        _ = workshop.sequencer
    if Part.NOTIFY in parts:
        _ = workshop.notifier, workshop.judge, workshop.collector, workshop.switch
    return workshop


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
