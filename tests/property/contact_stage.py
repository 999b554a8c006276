"""An installation whose policies are drawn, for random orders of events over contact checks: the real services.

Whatever faces the customer or the desk is watched here: it begins no check, ends none, and approves nothing.
"""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.model import Policy
from policies.parts import ContactKind
from tests.apart import run_apart
from tests.attesting_desk import AttestingDesk
from tests.contact_desk import find_code, sending_settings
from tests.faults.contact_looks import look_at_contacts
from tests.property.attempts import attempt
from tests.property.drawn_policies import TYPED, Drawn, written
from tests.property.papers import Sender, photo_for
from tests.property.proved import MIXED
from tests.servers.databases import prepare_sqlite
from tests.workers_by_hand import Work
from verifier.contacts.life import CheckState
from verifier.contacts.submissions import CUSTOMER, Door
from verifier.contacts.tables import ContactCheckRow
from verifier.db.clock import MovedClock
from verifier.demo.sinks import MailSink, SmsSink
from verifier.ids import VerificationId
from verifier.proofs.details import Typed, give_details
from verifier.sanitise.decoder import Decoder
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import get_policy, lock_verification
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.tables import VerificationRow
from verifier.wiring import choose_seams, open_house, open_workshop

DRAWN: Final = ("drawn-0", "drawn-1")
_TYPED: Final = {"symbol": "12345678", **TYPED}


class ContactStage(RuleBasedStateMachine):
    """What stands before anything happens, and how whoever acts reaches it."""

    def __init__(self, decoder: Decoder, sinks: tuple[MailSink, SmsSink], ways: Counter[str]) -> None:
        super().__init__()
        self._ways = ways
        self._folder = Path(tempfile.mkdtemp(prefix="contact-lives-"))
        self._mails, self._messages = sinks
        self._attesting = AttestingDesk(datetime.now(UTC))
        self._decoder = decoder
        self._clock = MovedClock()
        self._verifications: list[VerificationId] = []
        self._accounts: dict[VerificationId, str] = {}
        self._states: dict[VerificationId, VerificationState] = {}

    def _open(self, ladders: Sequence[Drawn]) -> None:
        """An installation that has the ladders for policies, `DRAWN` by name, beside those that are always there."""
        keys = self._folder / "desk-keys.json"
        keys.write_text(json.dumps({"keys": self._attesting.jwks()}), encoding="utf-8")
        attested = {"attestation_issuer": self._attesting.issuer, "attestation_keys_file": keys}
        chosen = sending_settings(self._folder / "home", self._mails, self._messages, **attested)
        texts = {"mixed": MIXED, **{name: written(each, name=name) for name, each in zip(DRAWN, ladders, strict=True)}}
        for name, text in texts.items():
            (self._folder / "policies" / f"{name}.yaml").write_text(text, encoding="utf-8")
        prepare_sqlite(chosen)
        self._house = open_house(chosen, seams=replace(choose_seams(chosen), clock=self._clock))
        self._work = Work(open_workshop(self._house, decoder=self._decoder), self._clock)

    def _pick(self, index: int) -> VerificationId:
        return self._verifications[index % len(self._verifications)]

    def _read_now(self) -> datetime:
        with self._house.database.read() as session:
            return self._house.clock.now(session)

    def _get_policy(self, which: int) -> Policy:
        with self._house.database.read() as session:
            return get_policy(session, session.get_one(VerificationRow, self._pick(which)))

    def _read_checks(self) -> dict[str, tuple[CheckState, int, int]]:
        with self._house.database.read() as session:
            rows = session.scalars(select(ContactCheckRow)).all()
        return {row.id: (row.state, row.tries, row.sends) for row in rows}

    @contextmanager
    def _without_a_verdict(self) -> Iterator[None]:
        """Whatever faces the customer or the desk begins no check, ends none, and approves nothing."""
        checks, approved = self._read_checks(), self._count_approved()
        yield
        assert self._read_checks() == checks
        assert self._count_approved() == approved

    def _count_approved(self) -> int:
        with self._house.database.read() as session:
            rows = session.scalars(
                select(VerificationRow.id).where(VerificationRow.state == VerificationState.APPROVED)
            )
            return len(rows.all())

    def _write(self, act: Callable[[Session, datetime], Any]) -> None:
        def run() -> None:
            with self._house.database.write() as session:
                act(session, self._house.clock.now(session))

        with self._without_a_verdict():
            attempt(run)

    def _hand_in(self, which: int, act: Callable[[Door], Any], *, source: str = CUSTOMER) -> None:
        def run(session: Session, now: datetime) -> None:
            act(Door(session, now, self._house.vault, lock_verification(session, self._pick(which)), source=source))

        self._write(run)

    def _find_sent(self, which: int, contact: ContactKind) -> str:
        """The last code that was sent to a contact point of this verification."""
        number = self._verifications.index(self._pick(which))
        if contact is ContactKind.EMAIL:
            to = (f"c{number}@example.org",)
            texts = [mail.message.get_content() for mail in self._mails.mails if mail.recipients == to]
        else:
            texts = [sms.text for sms in self._messages.messages if sms.to == f"+420601{number:06d}"]
        return next((find_code(text) for text in reversed(texts) if "/n/" not in text), "000000")

    def _send(self, which: int, place: tuple[str, str]) -> None:
        with self._without_a_verdict():
            attempt(lambda: run_apart(self._house.uploads.receive(Sender(self._pick(which)), photo_for(place))))

    def _type(self, which: int, fields: Sequence[str]) -> None:
        typed = Typed(details={field: _TYPED[field] for field in fields}, captions={})
        self._write(
            lambda session, now: give_details(
                session,
                now,
                lock_verification(session, self._pick(which)),
                typed,
                vault=self._house.vault,
                intake_closes_after=timedelta(hours=1),
            )
        )

    def teardown(self) -> None:
        try:
            for verification in self._verifications:
                cancel = partial(self._house.verifications.cancel, verification)
                attempt(partial(cancel, actor="operator", once=EVERY_TIME))
            self._work.pass_time(timedelta(seconds=40))
            self._work.settle()
            assert list(look_at_contacts(self._house)) == []
        finally:
            self._house.close()
            shutil.rmtree(self._folder)
