"""A desk, customers, a reviewer and workers, for random orders of events over any policy: the real services.

After every event: only the worker has changed a check; what is approved has one whole line of its policy, by a reading
of the rows that asks neither `policies.ask` nor `proofs`; of a check no more than five guesses count.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from secrets import token_hex
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import select

from policies.model import Slot
from policies.parts import CheckMethod, ContactKind, ContactRequirement
from tests.contact_desk import another_code
from tests.property.attempts import attempt
from tests.property.contact_stage import DRAWN, ContactStage
from tests.property.drawn_policies import GIVEN_BY_HAND, Check, Drawn, ladders, list_parts
from tests.property.proved import find_whole_lines
from verifier.contacts.code import MOST_TRIES
from verifier.contacts.exits import leave
from verifier.contacts.life import CheckState
from verifier.contacts.registered import GivenContact
from verifier.contacts.submissions import CUSTOMER, note_opened
from verifier.contacts.tables import ContactCheckRow
from verifier.demo.sinks import MailSink, SmsSink
from verifier.evidence.tables import DocumentRow
from verifier.notices.kinds import NoticeKind
from verifier.notices.standing import is_waiting
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

_REVIEWER: Final = "stf_" + "a" * 26
_RECENTLY: Final = timedelta(days=1)
_POLICIES: Final = ("host-change", "seen-by-person", "mixed", *DRAWN)
_ASKED_AS_DRAWN: Final = tuple(_POLICIES.index(name) for name in DRAWN)
"""Which verifications are, with no other before them."""
_KINDS: Final = (ContactKind.EMAIL, ContactKind.PHONE)
_FLAWS: Final[Sequence[Mapping[str, str]]] = (
    {},
    {"sub": "account-9"},
    {"aud": "https://elsewhere.example"},
    {"action": "another"},
    {"jti": "one-that-was-seen-before"},
)


class ContactLives(ContactStage):
    """A desk, customers who guess, hand in and leave, a reviewer, and workers, in any order."""

    # What is drawn is an index, so that every draw means something whatever there is by then.

    @initialize(drawn=st.tuples(*(ladders() for _ in DRAWN)))
    def begin(self, drawn: tuple[Drawn, ...]) -> None:
        self._open(drawn)
        for number, name in enumerate(_POLICIES):
            self.ask(reference=number, policy=name, recent=0)

    @rule(reference=st.integers(0, 3), policy=st.sampled_from(_POLICIES), recent=st.integers(0, 3))
    def ask(self, reference: int, policy: str, recent: int) -> None:
        """`recent`: one bit for each contact point that changed yesterday."""
        yesterday = self._read_now() - _RECENTLY
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
            created = attempt(
                lambda: self._house.requests.create(asked, actor="operator", once=EVERY_TIME, contacts=given)
            )
        if created is not None and created.id not in self._verifications:
            self._verifications.append(created.id)
            self._accounts[created.id] = f"account-{reference}"

    @rule(which=st.integers(0, 9))
    def open(self, which: int) -> None:
        self._write(lambda session, now: note_opened(session, now, self._pick(which)))

    @rule(which=st.integers(0, 9), check=st.sampled_from(GIVEN_BY_HAND), by_agent=st.booleans())
    def ask_for_a_check(self, which: int, check: Check, by_agent: bool) -> None:
        source = "operator" if by_agent else CUSTOMER
        self._hand_in(which, lambda door: door.begin(*check, network="192.0.2.0/24", locale="en"), source=source)

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

    @rule(which=st.integers(0, 9), whose=st.integers(0, 9), flaw=st.sampled_from(_FLAWS))
    def attest(self, which: int, whose: int, flaw: Mapping[str, str]) -> None:
        """The desk signs what is asked of `whose`, rightly or not, and hands it in for `which`."""
        asked = self._pick(whose)
        of_it = (ContactCheckRow.verification_id == asked, ContactCheckRow.challenge.is_not(None))
        with self._house.database.read() as session:
            checks = session.scalars(select(ContactCheckRow).where(*of_it).order_by(ContactCheckRow.created_at)).all()
        if not checks:
            return
        right = {
            "sub": self._accounts[asked],
            "aud": self._house.settings.public_url,
            "nonce": checks[-1].challenge,
            "verification": asked,
            "action": self._get_policy(whose).name,
            "jti": token_hex(16),
        }
        self._attesting.now = self._read_now()
        token = self._attesting.sign(**{**right, **flaw})
        self._hand_in(which, lambda door: door.hand_in_attestation(token), source="operator")

    @rule(which=st.integers(0, 9), place=st.integers(0, 3))
    def upload(self, which: int, place: int) -> None:
        slots = self._get_policy(which).slots() or (Slot("letter", "page"),)
        slot = slots[place % len(slots)]
        self._send(which, (slot.document, slot.slot))

    @rule(which=st.integers(0, 9), left_out=st.integers(0, 3))
    def type_details(self, which: int, left_out: int) -> None:
        self._type(which, [field for at, field in enumerate(self._get_policy(which).fields()) if at != left_out])

    @rule(which=st.integers(0, 9), line=st.integers(0, 4))
    def take_another_line(self, which: int, line: int) -> None:
        self._write(lambda session, now: choose_line(session, now, lock_verification(session, self._pick(which)), line))

    @rule(which=st.integers(0, 9))
    def submit(self, which: int) -> None:
        self._write(lambda session, now: submit(session, now, lock_verification(session, self._pick(which))))

    @rule(which=st.integers(0, 9), how=st.integers(0, 5))
    def end(self, which: int, how: int) -> None:
        verification = self._pick(which)
        if how == 0:
            attempt(lambda: self._house.verifications.cancel(verification, actor="operator", once=EVERY_TIME))
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
            attempt(lambda document=document: self._house.views.view_page(document, 1, viewer=viewer))  # type: ignore[misc]
        attempt(lambda: self._house.views.view_details(verification, viewer=viewer))
        reasons = ("unreadable",) if outcome is Outcome.REJECT else ()
        decision = Decision(outcome, reasons=reasons, documents=(), note="n")
        attempt(lambda: self._house.decisions.decide(verification, decision, actor=_REVIEWER, once=EVERY_TIME))

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

    @rule(which=st.sampled_from(_ASKED_AS_DRAWN), line=st.integers(0, 4), left_out=st.integers(0, 9))
    def prove_as_drawn(self, which: int, line: int, left_out: int) -> None:
        self.prove(which, line, left_out)

    @rule(which=st.integers(0, 9), line=st.integers(0, 4), left_out=st.integers(0, 9))
    def prove(self, which: int, line: int, left_out: int) -> None:
        """What people do who do everything right, or all but one thing: chance alone seldom comes as far as a verdict.

        Nothing is left out where the line has fewer things than `left_out` says.
        """
        ladder = self._get_policy(which).ladder
        asked = [part for at, part in enumerate(list_parts(ladder[line % len(ladder)])) if at != left_out]
        self._type(which, [part for part in asked if isinstance(part, str)])
        for part in asked:
            match part:
                case ContactRequirement():
                    self._prove_contact(which, (part.contact, part.by))
                case (document, slot):
                    self._send(which, (document, slot))
        self.work_on()
        self.submit(which)
        self.nothing_is_approved_unproved()  # so that it is seen as handed in
        self.review(which, Outcome.APPROVE)

    def _prove_contact(self, which: int, check: Check) -> None:
        self.ask_for_a_check(which, check, by_agent=False)
        self.pass_time(31)
        self.work_on()
        if check[1] is CheckMethod.ATTESTATION:
            self.attest(which, which, {})
        else:
            self.guess(which, check[0], is_right=True, times=1)
        self.work_on()

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
                way = "alone" if before is VerificationState.REQUESTED else "by a person"
                self._ways.update({way, f"{way}, as drawn"} if row.policy in DRAWN else {way})

    @invariant()
    def no_more_than_five_guesses_count(self) -> None:
        assert all(tries <= MOST_TRIES for _, tries, _ in self._read_checks().values())

    @invariant()
    def nothing_ends_while_somebody_is_to_be_told(self) -> None:
        with self._house.database.read() as session:
            for verification, state in self._states.items():
                if is_terminal(state):
                    assert not is_waiting(session, verification, NoticeKind.OPENED_ELSEWHERE)


def lives_with(decoder: Decoder, sinks: tuple[MailSink, SmsSink], ways: Counter[str]) -> type[ContactLives]:
    class Furnished(ContactLives):
        def __init__(self) -> None:
            sinks[0].mails.clear()
            sinks[1].messages.clear()
            super().__init__(decoder, sinks, ways)

    return Furnished
