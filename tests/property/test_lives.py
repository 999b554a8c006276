"""Random orders of events over the real services, with a clock that moves: what must hold after every one of them.

Refusals are part of life here: each must be one that the table of answers knows. The end is the same for every order:
every verification ends, every document earns exactly one deletion receipt, the stores are empty, the log verifies.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.apart import run_apart
from tests.case_policies import CASE_POLICIES, FOLDER
from tests.journey import make_jpeg
from tests.property.attempts import attempt
from tests.property.reach import document_slots, reach_of
from tests.servers.databases import prepare_sqlite
from tests.workers_by_hand import Work
from verifier.audit.catalogue import EntryKind
from verifier.audit.export import export_lines
from verifier.audit.offline import verify_export
from verifier.audit.service import EntryFilter, find_entries
from verifier.db.clock import MovedClock
from verifier.evidence import life as documents_life
from verifier.evidence.documents import Announced, begin
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.evidence.upload import Body
from verifier.ids import DocumentId, VerificationId, new_document_id
from verifier.proofs.service import read_documents, remove_document, submit
from verifier.reviews.claims import claim, claim_next, release
from verifier.reviews.decisions import Decision, Outcome
from verifier.reviews.tables import PageViewRow
from verifier.reviews.views import Viewer
from verifier.sanitise.decoder import Decoder
from verifier.sanitise.formats import MediaType
from verifier.settings import Settings
from verifier.verifications import life as verifications_life
from verifier.verifications.errors import AlreadyDecidedError
from verifier.verifications.life import VerificationState, is_terminal
from verifier.verifications.moves import get_policy, lock_verification, withdraw
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.service import NewVerification
from verifier.verifications.tables import VerificationRow
from verifier.wiring import House, choose_seams, open_house, open_workshop

_JPEG: Final = make_jpeg(width=24, height=18)
_REVIEWERS: Final = ("stf_" + "a" * 26, "stf_" + "b" * 26, "stf_" + "c" * 26)
_DEEDS: Final = settings(
    max_examples=14,
    stateful_step_count=45,
    phases=(Phase.generate,),  # making a failing order shorter would take longer than reading it
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@dataclass(frozen=True)
class _Sender:
    """Who may send: the one whom the door let in."""

    verification: VerificationId
    actor: str = "customer"

    def note_slot(self, slot: str) -> None:
        """No page to mark."""

    def admit(self, session: Session, form_token: str) -> VerificationId:
        return self.verification

    def lock(self, session: Session, now: datetime) -> VerificationRow:
        return lock_verification(session, self.verification)


class _Once:
    """No Idempotency-Key."""

    def find(self, session: Session, now: datetime) -> VerificationId | None:
        return None

    def keep(self, session: Session, now: datetime, made: VerificationId) -> None:
        return None


def _form(slot: str, data: bytes, *, replaces: str) -> bytes:
    fields = {"slot": slot} | ({"replaces": replaces} if replaces else {})
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    head = "".join(parts) + '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    return head.encode() + data + b"\r\n--b--\r\n"


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body


class Lives(RuleBasedStateMachine):
    """A desk, its customers, three reviewers and the workers, in any order."""

    policies_folder: ClassVar = FOLDER

    def __init__(self, decoder: Decoder, ways: Counter[VerificationState]) -> None:
        super().__init__()
        self._ways = ways
        self._folder = Path(tempfile.mkdtemp(prefix="lives-"))
        clock = MovedClock()
        chosen = Settings(home=self._folder / "home", policies_folder=self.policies_folder)
        prepare_sqlite(chosen)
        self._house: House = open_house(chosen, seams=replace(choose_seams(chosen), clock=clock))
        self._work = Work(open_workshop(self._house, decoder=decoder), clock)
        self._verifications: list[VerificationId] = []
        self._seen: dict[VerificationId, VerificationState] = {}
        self._documents: dict[DocumentId, DocumentState] = {}

    # What is drawn is an index, so that every draw means something whatever there is by then.

    def _pick(self, index: int) -> VerificationId:
        return self._verifications[index % len(self._verifications)]

    def _pick_document(self, verification: VerificationId, index: int) -> DocumentId:
        with self._house.database.read() as session:
            rows = read_documents(session, verification)
        return rows[index % len(rows)].id if rows else new_document_id()

    def _write(self, act: Callable[[Session, datetime], Any]) -> None:
        def run() -> None:
            with self._house.database.write() as session:
                act(session, self._house.clock.now(session))

        attempt(run)

    @initialize(steps=st.integers(0, 2))
    def begin(self, steps: int) -> None:
        for name in CASE_POLICIES:
            self.ask(reference=0, policy=name)
        self.every_step_is_one_of_the_tables()
        for _ in range(steps):
            self.go_further(0, _REVIEWERS[0], Outcome.APPROVE)
            self.every_step_is_one_of_the_tables()

    @rule(reference=st.integers(0, 3), policy=st.sampled_from(sorted(CASE_POLICIES)))
    def ask(self, reference: int, policy: str) -> None:
        asked = NewVerification(f"CASE-{reference}", policy, expected={"full_name": "Jo"})
        created = attempt(lambda: self._house.verifications.create(asked, actor="operator", once=_Once()))
        if created is not None and created.id not in self._verifications:
            self._verifications.append(created.id)

    @rule(which=st.integers(0, 9), slot=st.integers(0, 1), good=st.integers(0, 4), replaces=st.booleans())
    def upload(self, which: int, slot: int, good: int, replaces: bool) -> None:
        verification = self._pick(which)
        with self._house.database.read() as session:
            row = session.get_one(VerificationRow, verification)
            places = get_policy(session, row).slots()
        place = places[slot % len(places)]
        data = _JPEG if good else _JPEG[:120]
        old = self._pick_document(verification, which) if replaces else ""
        body = _form(f"{place.document}.{place.slot}", data, replaces=old)
        sent = Body(_chunks(body), boundary=b"b", declared_bytes=len(body))
        attempt(lambda: run_apart(self._house.uploads.receive(_Sender(verification), sent)))

    @rule(which=st.integers(0, 9))
    def upload_and_die(self, which: int) -> None:
        verification = self._pick(which)

        def announce(session: Session, now: datetime) -> None:
            row = lock_verification(session, verification)
            policy = get_policy(session, row)
            place = policy.slots()[0]
            announced = Announced(place.document, place.slot, None, MediaType.JPEG, 9_000)
            begin(session, now, row, announced, policy=policy, actor="customer", bytes_in_total=10**9)

        self._write(announce)

    @rule(which=st.integers(0, 9))
    def hand_in(self, which: int) -> None:
        self._write(lambda session, now: submit(session, now, lock_verification(session, self._pick(which))))

    @rule(which=st.integers(0, 9), document=st.integers(0, 5))
    def remove(self, which: int, document: int) -> None:
        verification = self._pick(which)
        chosen = self._pick_document(verification, document)
        self._write(lambda s, now: remove_document(s, now, lock_verification(s, verification), chosen))

    @rule(who=st.sampled_from(_REVIEWERS))
    def take_next(self, who: str) -> None:
        self._write(lambda session, now: claim_next(session, now, actor=who))

    @rule(which=st.integers(0, 9), who=st.sampled_from(_REVIEWERS), keep=st.integers(0, 3))
    def take(self, which: int, who: str, keep: int) -> None:
        act = claim if keep else release
        self._write(lambda session, now: act(session, now, self._pick(which), actor=who))

    @rule(which=st.integers(0, 9), who=st.sampled_from(_REVIEWERS))
    def look(self, which: int, who: str) -> None:
        verification = self._pick(which)
        viewer = Viewer(actor=who, name="R")
        attempt(lambda: self._house.views.view_expected(verification, viewer=viewer))
        with self._house.database.read() as session:
            rows = read_documents(session, verification)
        for row in rows:
            attempt(lambda document=row.id: self._house.views.view_page(document, 1, viewer=viewer))  # type: ignore[misc]

    @rule(
        which=st.integers(0, 9),
        who=st.sampled_from(_REVIEWERS),
        outcome=st.sampled_from(Outcome),
        document=st.integers(0, 5),
    )
    def decide(self, which: int, who: str, outcome: Outcome, document: int) -> None:
        verification = self._pick(which)
        named = (self._pick_document(verification, document),) if outcome is Outcome.RESUBMIT else ()
        reasons = ("unreadable",) if outcome in {Outcome.REJECT, Outcome.RESUBMIT} else ()
        decision = Decision(outcome, reasons=reasons, documents=named, note="n")
        before = self._seen[verification]
        to = attempt(lambda: self._house.decisions.decide(verification, decision, actor=who, once=EVERY_TIME))
        if to is VerificationState.APPROVED:
            assert outcome is Outcome.APPROVE
            assert before in {VerificationState.SUBMITTED, VerificationState.SECOND_REVIEW}
            self._was_proved(verification, who)

    def _was_proved(self, verification: VerificationId, who: str) -> None:
        """P7: one whole line of the policy was ready, and this reviewer fetched every page of it."""
        with self._house.database.read() as session:
            policy = get_policy(session, session.get_one(VerificationRow, verification))
            rows = [row for row in read_documents(session, verification) if row.state is DocumentState.READY]
            ready = {(row.document, row.slot) for row in rows}
            lines = [document_slots(line) for line in policy.ladder]
            assert any(line <= ready for line in lines)
            for row in rows:
                assert session.get(PageViewRow, (row.id, 1, who)) is not None

    @rule(which=st.integers(0, 9), how=st.integers(0, 5))
    def end_or_renew(self, which: int, how: int) -> None:
        leave, verification = withdraw, self._pick(which)
        if how == 0:
            self._write(lambda session, now: leave(session, now, verification, reason="not_me"))
        else:
            act = self._house.verifications.cancel if how == 1 else self._house.requests.renew_link
            attempt(partial(act, verification, actor="operator", once=EVERY_TIME))

    @rule(which=st.integers(0, 9), who=st.sampled_from(_REVIEWERS), outcome=st.sampled_from(Outcome))
    def go_further(self, which: int, who: str, outcome: Outcome) -> None:
        """What people do who do everything right: chance alone seldom comes as far as a decision."""
        verification = self._pick(which)
        if self._seen[verification] is VerificationState.REQUESTED:
            for slot in (0, 1):
                self.upload(which, slot, good=1, replaces=False)
            while self._work.run("check"):
                pass
            self.hand_in(which)
        elif not is_terminal(self._seen[verification]):
            self._work.run("sequence")
            self.take(which, who, keep=1)
            self.look(which, who)
            self.decide(which, who, outcome, document=which)

    @rule(by=st.sampled_from((1, 25, 700, 1000, 86_400, 8 * 86_400)))
    def pass_time(self, by: int) -> None:
        self._work.run("sequence")
        clock = self._house.clock
        assert isinstance(clock, MovedClock)
        clock.offset += timedelta(seconds=by)

    @rule(job=st.sampled_from(("check", "shred", "dispose", "expire", "end_unfinished", "forget", "tidy", "compare")))
    def work(self, job: str) -> None:
        self._work.run(job)

    @rule()
    def work_on(self) -> None:
        for job in ("check", "check", "sequence", "expire"):
            self._work.run(job)

    @invariant()
    def every_step_is_one_of_the_tables(self) -> None:
        with self._house.database.read() as session:
            for row in session.scalars(select(VerificationRow)):
                before = self._seen.setdefault(row.id, row.state)
                assert row.state is before or row.state in verifications_life.NEXT[before]
                if row.state is not before and is_terminal(row.state):
                    self._ways[row.state] += 1
                self._seen[row.id] = row.state
            for document in session.scalars(select(DocumentRow)):
                was = self._documents.setdefault(document.id, DocumentState.RECEIVING)
                assert document.state in reach_of(documents_life.NEXT, was)
                self._documents[document.id] = document.state

    @precondition(lambda self: any(is_terminal(state) for state in self._seen.values()))
    @invariant()
    def nothing_of_an_ended_verification_opens(self) -> None:
        ended = [verification for verification, state in self._seen.items() if is_terminal(state)]
        with self._house.database.read() as session:
            rows = [row.id for verification in ended for row in read_documents(session, verification)]
        for document, who in product(rows, _REVIEWERS):
            with pytest.raises(AlreadyDecidedError):
                self._house.views.view_page(document, 1, viewer=Viewer(actor=who, name="R"))

    def teardown(self) -> None:
        try:
            for verification in self._verifications:
                attempt(partial(self._house.verifications.cancel, verification, actor="operator", once=EVERY_TIME))
            self._work.pass_time(timedelta(seconds=25))
            self._work.settle()
            self._everything_is_gone()
        finally:
            self._house.close()
            shutil.rmtree(self._folder)

    def _everything_is_gone(self) -> None:
        with self._house.database.read() as session:
            documents = {row.id: row.state for row in session.scalars(select(DocumentRow))}
            disposed = find_entries(session, EntryFilter(kind=EntryKind.DOCUMENT_DISPOSED), limit=1000)
            shredded = find_entries(session, EntryFilter(kind=EntryKind.VERIFICATION_SHREDDED), limit=1000)
        assert set(documents.values()) <= {DocumentState.DISPOSED}
        assert Counter(entry.statement.fields["document"] for entry in disposed) == Counter(documents.keys())
        assert Counter(entry.statement.fields["verification"] for entry in shredded) == Counter(self._verifications)
        vault = self._house.vault
        assert list(vault.objects.list(installation=vault.installation)) == []
        assert list(vault.keys.list()) == []
        lines = export_lines(self._house.database, log_key=self._house.log_key)
        verify_export(lines, log_key=self._house.log_key, since_checkpoint=None)


def test_whatever_happens_in_whatever_order_ends_in_receipts_and_nothing_else(shared_decoder: Decoder) -> None:
    ways: Counter[VerificationState] = Counter()
    run_state_machine_as_test(_lives_with(shared_decoder, ways), settings=_DEEDS)
    assert VerificationState.APPROVED in ways, "without an approval P7 was not tried"


@pytest.mark.soak
def test_many_more_orders_end_in_the_same_way(shared_decoder: Decoder) -> None:
    many = settings(_DEEDS, max_examples=600, stateful_step_count=60, derandomize=False)
    run_state_machine_as_test(_lives_with(shared_decoder, Counter()), settings=many)


def _lives_with(decoder: Decoder, ways: Counter[VerificationState]) -> type[Lives]:
    class Furnished(Lives):
        def __init__(self) -> None:
            super().__init__(decoder, ways)

    return Furnished
