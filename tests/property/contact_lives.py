"""A desk, customers, a reviewer and workers, for random orders of events over contact checks: the real services.

After every event: only the worker has changed a check; what is approved has one whole line of its policy, by a reading
of the rows that asks neither `policies.ask` nor `proofs`; of a check no more than five guesses count.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.parts import CheckMethod, ContactKind
from tests.apart import run_apart
from tests.contact_desk import another_code, find_code, sending_settings
from tests.faults.contact_looks import look_at_contacts
from tests.journey import make_jpeg
from tests.property.proved import MIXED, find_whole_lines
from tests.servers.databases import prepare_sqlite
from tests.workers_by_hand import Work
from verifier.contacts.code import MOST_TRIES
from verifier.contacts.exits import leave
from verifier.contacts.life import CheckState
from verifier.contacts.registered import GivenContact
from verifier.contacts.submissions import CUSTOMER, Door, note_opened
from verifier.contacts.tables import ContactCheckRow
from verifier.db.clock import MovedClock
from verifier.demo.sinks import MailSink, SmsSink
from verifier.errors import VerifierError
from verifier.evidence.documents import verify_takes_documents
from verifier.evidence.tables import DocumentRow
from verifier.evidence.upload import Body
from verifier.ids import VerificationId
from verifier.notices.kinds import NoticeKind
from verifier.notices.standing import is_waiting
from verifier.proofs.details import Typed, give_details
from verifier.proofs.offers import choose_line
from verifier.proofs.service import submit
from verifier.reviews.claims import claim
from verifier.reviews.decisions import Decision, Outcome
from verifier.reviews.views import Viewer
from verifier.sanitise.decoder import Decoder
from verifier.vault.secrets import load_or_create_secret
from verifier.verifications.life import VerificationState, is_terminal
from verifier.verifications.links import LinkKey
from verifier.verifications.moves import lock_verification, withdraw
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.service import NewVerification
from verifier.verifications.tables import VerificationRow
from verifier.web.answers import ANSWERS
from verifier.wiring import House, choose_seams, open_house, open_workshop

_JPEG: Final = make_jpeg(width=24, height=18)
_REVIEWER: Final = "stf_" + "a" * 26
_RECENTLY: Final = timedelta(days=1)
_POLICIES: Final = ("host-change", "seen-by-person", "mixed")
_KINDS: Final = (ContactKind.EMAIL, ContactKind.PHONE)


class _Sender:
    """Who may send: the one whom the door let in."""

    actor = CUSTOMER

    def __init__(self, verification: VerificationId) -> None:
        self._verification: Final = verification

    def note_slot(self, slot: str) -> None:
        """No page to mark."""

    def admit(self, session: Session, form_token: str) -> VerificationId:
        return self._verification

    def lock(self, session: Session, now: datetime) -> VerificationRow:
        row = lock_verification(session, self._verification)
        verify_takes_documents(row, now)
        return row


async def _photo() -> AsyncIterator[bytes]:
    head = b'--b\r\nContent-Disposition: form-data; name="slot"\r\n\r\nletter.page\r\n'
    yield head + b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + _JPEG + b"\r\n--b--\r\n"


class ContactLives(RuleBasedStateMachine):
    """A desk, customers who guess, hand in and leave, a reviewer, and workers, in any order."""

    def __init__(self, decoder: Decoder, sinks: tuple[MailSink, SmsSink], ways: Counter[str]) -> None:
        super().__init__()
        self._ways = ways
        self._folder = Path(tempfile.mkdtemp(prefix="contact-lives-"))
        self._mails, self._messages = sinks
        clock = MovedClock()
        chosen = sending_settings(self._folder / "home", *sinks)
        (self._folder / "policies" / "mixed.yaml").write_text(MIXED, encoding="utf-8")
        prepare_sqlite(chosen)
        self._house: House = open_house(chosen, seams=replace(choose_seams(chosen), clock=clock))
        self._work = Work(open_workshop(self._house, decoder=decoder), clock)
        self._clock = clock
        self._verifications: list[VerificationId] = []
        self._states: dict[VerificationId, VerificationState] = {}

    # What is drawn is an index, so that every draw means something whatever there is by then.

    def _pick(self, index: int) -> VerificationId:
        return self._verifications[index % len(self._verifications)]

    def _try(self, act: Callable[[], Any]) -> Any:
        """Do it, or be refused in words that the table of answers has."""
        try:
            return act()
        except VerifierError as error:
            if error.code not in ANSWERS:
                raise
            return None

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
            self._try(run)

    def _hand_in(self, which: int, act: Callable[[Door], Any], *, source: str = CUSTOMER) -> None:
        def run(session: Session, now: datetime) -> None:
            act(Door(session, now, self._house.vault, lock_verification(session, self._pick(which)), source=source))

        self._write(run)

    @initialize()
    def begin(self) -> None:
        for number, name in enumerate(_POLICIES):
            self.ask(reference=number, policy=name, recent=0)

    @rule(reference=st.integers(0, 3), policy=st.sampled_from(_POLICIES), recent=st.integers(0, 3))
    def ask(self, reference: int, policy: str, recent: int) -> None:
        """`recent`: one bit for each contact point that changed yesterday."""
        with self._house.database.read() as session:
            yesterday = self._house.clock.now(session) - _RECENTLY
        changed = {kind: yesterday if recent & (1 << bit) else None for bit, kind in enumerate(_KINDS)}
        # Each has addresses of its own, so that what was sent says for whom.
        name = f"c{len(self._verifications)}"
        given = (
            GivenContact(ContactKind.EMAIL, value=f"{name}@example.org", changed_at=changed[ContactKind.EMAIL]),
            GivenContact(
                ContactKind.PHONE, value=f"+420601{len(self._verifications):06d}", changed_at=changed[ContactKind.PHONE]
            ),
        )
        asked = NewVerification(f"CASE-{reference}", policy, account=f"account-{reference}")
        with self._without_a_verdict():
            created = self._try(
                lambda: self._house.requests.create(asked, actor="operator", once=EVERY_TIME, contacts=given)
            )
        if created is not None and created.id not in self._verifications:
            self._verifications.append(created.id)

    @rule(which=st.integers(0, 9))
    def open(self, which: int) -> None:
        self._write(lambda session, now: note_opened(session, now, self._pick(which)))

    @rule(which=st.integers(0, 9), contact=st.sampled_from(_KINDS), by_agent=st.booleans())
    def ask_for_a_code(self, which: int, contact: ContactKind, by_agent: bool) -> None:
        source = "operator" if by_agent else CUSTOMER
        self._hand_in(
            which,
            lambda door: door.begin(contact, CheckMethod.CODE, network="192.0.2.0/24", locale="en"),
            source=source,
        )

    def _find_sent(self, which: int, contact: ContactKind) -> str:
        """The last code that was sent to a contact point of this verification."""
        number = self._verifications.index(self._pick(which))
        if contact is ContactKind.EMAIL:
            to = (f"c{number}@example.org",)
            texts = [mail.message.get_content() for mail in self._mails.mails if mail.recipients == to]
        else:
            texts = [sms.text for sms in self._messages.messages if sms.to == f"+420601{number:06d}"]
        return next((find_code(text) for text in reversed(texts) if "/n/" not in text), "000000")

    @rule(which=st.integers(0, 9), contact=st.sampled_from(_KINDS), is_right=st.booleans(), times=st.integers(1, 3))
    def guess(self, which: int, contact: ContactKind, is_right: bool, times: int) -> None:
        code = self._find_sent(which, contact)
        for _ in range(1 if is_right else times):
            self._hand_in(which, lambda door: door.guess_for(contact, code if is_right else another_code(code)))

    @rule(which=st.integers(0, 9), other=st.integers(0, 9), contact=st.sampled_from(_KINDS))
    def guess_with_the_code_of_another(self, which: int, other: int, contact: ContactKind) -> None:
        code = self._find_sent(other, contact)
        self._hand_in(which, lambda door: door.guess_for(contact, code))

    @rule(which=st.integers(0, 9))
    def hand_in_a_message(self, which: int) -> None:
        mail = b"From: c0@example.org\r\nTo: help@desk.example\r\nSubject: It is me\r\n\r\nIt is me.\r\n"
        self._hand_in(which, lambda door: door.hand_in_message(mail), source="operator")

    @rule(which=st.integers(0, 9))
    def upload(self, which: int) -> None:
        sent = Body(_photo(), boundary=b"b", declared_bytes=None)
        with self._without_a_verdict():
            self._try(lambda: run_apart(self._house.uploads.receive(_Sender(self._pick(which)), sent)))

    @rule(which=st.integers(0, 9))
    def type_details(self, which: int) -> None:
        typed = Typed(details={"symbol": "12345678"}, captions={})
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

    @rule(which=st.integers(0, 9), line=st.integers(0, 3))
    def take_another_line(self, which: int, line: int) -> None:
        self._write(lambda session, now: choose_line(session, now, lock_verification(session, self._pick(which)), line))

    @rule(which=st.integers(0, 9))
    def submit(self, which: int) -> None:
        self._write(lambda session, now: submit(session, now, lock_verification(session, self._pick(which))))

    @rule(which=st.integers(0, 9), how=st.integers(0, 5))
    def end(self, which: int, how: int) -> None:
        verification = self._pick(which)
        if how == 0:
            self._try(lambda: self._house.verifications.cancel(verification, actor="operator", once=EVERY_TIME))
        elif how == 1:
            self._write(lambda session, now: withdraw(session, now, verification, reason="rather_not"))
        elif how == 2:
            key = LinkKey(load_or_create_secret(self._house.settings.secrets_folder, "link"))
            self._write(lambda session, now: leave(session, now, key.derive_exit_token(verification)))

    @rule(which=st.integers(0, 9), how=st.integers(0, 3))
    def renew(self, which: int, how: int) -> None:
        """A link that somebody else had: nothing of what was shown by then is left."""
        verification, approved = self._pick(which), self._count_approved()
        if how or is_terminal(self._states[verification]):
            return
        self._house.requests.renew_link(verification, actor="operator", once=EVERY_TIME)
        assert self._count_approved() == approved
        with self._house.database.read() as session:
            of_it = select(ContactCheckRow.state).where(ContactCheckRow.verification_id == verification)
            assert {CheckState.OPEN, CheckState.CONFIRMED}.isdisjoint(session.scalars(of_it))

    @rule(which=st.integers(0, 9), outcome=st.sampled_from((Outcome.APPROVE, Outcome.REJECT)))
    def review(self, which: int, outcome: Outcome) -> None:
        verification = self._pick(which)
        self._work.run("sequence")
        self._write(lambda session, now: claim(session, now, verification, actor=_REVIEWER))
        viewer = Viewer(actor=_REVIEWER, name="R")
        with self._house.database.read() as session:
            rows = session.scalars(select(DocumentRow.id).where(DocumentRow.verification_id == verification)).all()
        for document in rows:
            self._try(lambda document=document: self._house.views.view_page(document, 1, viewer=viewer))  # type: ignore[misc]
        reasons = ("unreadable",) if outcome is Outcome.REJECT else ()
        decision = Decision(outcome, reasons=reasons, documents=(), note="n")
        self._try(lambda: self._house.decisions.decide(verification, decision, actor=_REVIEWER, once=EVERY_TIME))

    @rule(by=st.sampled_from((1, 31, 130, 620, 86_400, 4 * 86_400)))
    def pass_time(self, by: int) -> None:
        self._work.run("sequence")
        self._clock.offset += timedelta(seconds=by)

    @rule(
        job=st.sampled_from(
            ("judge", "look_up", "notify", "check", "expire", "end_unfinished", "shred", "dispose", "forget")
        )
    )
    def work(self, job: str) -> None:
        self._work.run(job)

    @rule()
    def work_on(self) -> None:
        for job in ("judge", "judge", "look_up", "notify", "notify", "check", "judge", "notify", "sequence"):
            self._work.run(job)

    @rule(which=st.integers(0, 9), contact=st.sampled_from(_KINDS))
    def prove(self, which: int, contact: ContactKind) -> None:
        """What people do who do everything right: chance alone seldom comes as far as a verdict."""
        self.ask_for_a_code(which, contact, by_agent=False)
        self.pass_time(31)
        self.work_on()
        self.guess(which, contact, is_right=True, times=1)
        self.work_on()

    @rule(which=st.integers(0, 9))
    def prove_by_papers(self, which: int) -> None:
        self.upload(which)
        self.type_details(which)
        self.work_on()
        self.submit(which)
        self.nothing_is_approved_unproved()  # so that it is seen as handed in
        self.review(which, Outcome.APPROVE)

    @invariant()
    def nothing_is_approved_unproved(self) -> None:
        with self._house.database.read() as session:
            for row in session.scalars(select(VerificationRow)):
                before, self._states[row.id] = self._states.get(row.id), row.state
                if row.state is before or row.state is not VerificationState.APPROVED:
                    continue
                lines = list(find_whole_lines(session, row))
                assert lines, "no line of the policy is whole"
                if before is VerificationState.REQUESTED:
                    assert any(lines), "only contact checks may decide alone, and none that changed recently"
                self._ways["alone" if before is VerificationState.REQUESTED else "by a person"] += 1

    @invariant()
    def no_more_than_five_guesses_count(self) -> None:
        assert all(tries <= MOST_TRIES for _, tries, _ in self._read_checks().values())

    @invariant()
    def nothing_ends_while_somebody_is_to_be_told(self) -> None:
        with self._house.database.read() as session:
            for verification, state in self._states.items():
                if is_terminal(state):
                    assert not is_waiting(session, verification, NoticeKind.OPENED_ELSEWHERE)

    def teardown(self) -> None:
        try:
            for verification in self._verifications:
                cancel = partial(self._house.verifications.cancel, verification)
                self._try(partial(cancel, actor="operator", once=EVERY_TIME))
            self._work.pass_time(timedelta(seconds=40))
            self._work.settle()
            assert list(look_at_contacts(self._house)) == []
        finally:
            self._house.close()
            shutil.rmtree(self._folder)


def lives_with(decoder: Decoder, sinks: tuple[MailSink, SmsSink], ways: Counter[str]) -> type[ContactLives]:
    class Furnished(ContactLives):
        def __init__(self) -> None:
            sinks[0].mails.clear()
            sinks[1].messages.clear()
            super().__init__(decoder, sinks, ways)

    return Furnished
