"""SIGKILL between taking a submission up and closing it: the next worker comes to the same end, and counts once.

A real worker process; each dies at its point, and another one takes over.
"""

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from policies.parts import CheckMethod, ContactKind
from tests.contact_desk import another_code, find_code, open_sinks, sending_settings
from tests.warm import run_program
from verifier.audit.tables import EntryRow
from verifier.contacts.life import CheckState, Result
from verifier.contacts.registered import GivenContact
from verifier.contacts.submissions import CUSTOMER, Door, note_opened
from verifier.contacts.tables import ContactCheckRow, ContactSubmissionRow
from verifier.db.clock import MovedClock
from verifier.demo.sinks import MailSink, SmsSink
from verifier.ids import SubmissionId, VerificationId
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import get_verification, lock_verification
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.service import NewVerification
from verifier.wiring import House, Workshop, open_house, open_workshop

_WORKER: Final = """
from verifier import faults
from verifier.settings import load_settings
from verifier.wiring import open_house, open_workshop

faults.arm_from_environment()
open_workshop(open_house(load_settings()), decoder=object()).judge.judge_next()
"""
_AGENT: Final = "operator"

Sinks = tuple[MailSink, SmsSink]


@pytest.fixture
def sinks() -> Iterator[Sinks]:
    with open_sinks() as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path, sinks: Sinks) -> Settings:
    return sending_settings(tmp_path / "home", *sinks)


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    opened = open_house(settings)
    yield opened
    opened.close()


class Case:
    """One verification whose customer hands things in, and workers that judge them."""

    def __init__(self, house: House, decoder: Decoder) -> None:
        self.house: Final = house
        self._decoder: Final = decoder
        given = [GivenContact(ContactKind.EMAIL, value="jo@example.org"), _phone()]
        asked = NewVerification(reference="CASE-1", policy="host-change")
        self.id: Final[VerificationId] = house.requests.create(asked, actor=_AGENT, once=EVERY_TIME, contacts=given).id

    def begin(self) -> SubmissionId:
        with self.house.database.write() as session:
            return self._door(session).begin(ContactKind.EMAIL, CheckMethod.CODE, network="192.0.2.0/24", locale="en")

    def guess(self, code: str) -> SubmissionId:
        with self.house.database.write() as session:
            return self._door(session).guess(self.check().id, code)

    def open(self) -> None:
        with self.house.database.write() as session:
            note_opened(session, self.house.clock.now(session), self.id)

    def _door(self, session: Session) -> Door:
        row = lock_verification(session, self.id)
        return Door(session, self.house.clock.now(session), self.house.vault, row, source=CUSTOMER)

    def worker(self, *, later: timedelta = timedelta(0)) -> Workshop:
        """A worker whose clock is that much later."""
        clock = MovedClock()
        clock.offset += later
        house = self.house
        other = House(house.settings, house.database, clock, house.vault, rights=house.rights)
        return open_workshop(other, decoder=self._decoder)

    def judge(self, *, later: timedelta = timedelta(0)) -> int:
        judge, count = self.worker(later=later).judge, 0
        while judge.judge_next():
            count += 1
        return count

    def send(self) -> None:
        notifier = self.worker(later=timedelta(minutes=1)).notifier
        while notifier.notify_next():
            pass

    def check(self) -> ContactCheckRow:
        with self.house.database.read() as session:
            return session.scalars(select(ContactCheckRow)).one()

    def result(self, submission: SubmissionId) -> Result:
        with self.house.database.read() as session:
            return session.get_one(ContactSubmissionRow, submission).result

    def state(self) -> VerificationState:
        with self.house.database.read() as session:
            return get_verification(session, self.id).state

    def count(self, kind: str) -> int:
        with self.house.database.read() as session:
            return len(session.scalars(select(EntryRow.id).where(EntryRow.kind == kind)).all())


def _phone() -> GivenContact:
    return GivenContact(ContactKind.PHONE, value="+420601123456")


@pytest.fixture
def case(house: House, shared_decoder: Decoder) -> Case:
    return Case(house, shared_decoder)


def die_at(point: str, settings: Settings, tmp_path: Path) -> None:
    """Let one worker process die at a point."""
    fuse = tmp_path / "fuse"
    fuse.write_text(point)
    environment = {
        "VERIFIER_HOME": str(settings.home),
        "VERIFIER_POLICIES_FOLDER": str(settings.policies_folder),
        "VERIFIER_SMTP_HOST": settings.smtp_host,
        "VERIFIER_SMTP_PORT": str(settings.smtp_port),
        "VERIFIER_SMTP_FROM": settings.smtp_from,
        "VERIFIER_SMS_URL": settings.sms_url,
        "VERIFIER_SMS_FROM": settings.sms_from,
        "VERIFIER_FAULT_FUSE": str(fuse),
    }
    died = run_program(_WORKER, env=environment)
    assert died.returncode == -signal.SIGKILL, died
    assert not fuse.exists()


_IN_A_JUDGING: Final = ("judge.leased", "judge.opened", "judge.looked", "judge.before_commit", "judge.closed")


@pytest.mark.parametrize("point", ["code.issued", *_IN_A_JUDGING])
def test_a_death_while_a_code_is_issued_sends_one_code(
    case: Case, settings: Settings, sinks: Sinks, tmp_path: Path, point: str
) -> None:
    submission = case.begin()
    die_at(point, settings, tmp_path)
    assert case.judge(later=timedelta(seconds=31)) == (0 if point == "judge.closed" else 1)
    case.send()
    assert case.result(submission) is Result.CODE_SENT
    assert len(sinks[0].mails) == 1
    assert (case.check().sends, case.count("code.sent"), case.count("contact_check.begun")) == (1, 1, 1)


@pytest.mark.parametrize("point", _IN_A_JUDGING)
@pytest.mark.parametrize("is_right", [True, False])
def test_a_death_while_a_guess_is_judged_counts_it_once(
    case: Case, settings: Settings, sinks: Sinks, tmp_path: Path, point: str, is_right: bool
) -> None:
    case.begin()
    case.judge()
    case.send()
    code = find_code(sinks[0].mails[-1].message.get_content())
    guess = case.guess(code if is_right else another_code(code))
    die_at(point, settings, tmp_path)
    case.judge(later=timedelta(seconds=31))
    check = case.check()
    if is_right:
        assert (check.state, case.state()) == (CheckState.CONFIRMED, VerificationState.APPROVED)
        assert (case.count("contact_check.judged"), case.count("verification.moved")) == (1, 1)
    else:
        assert (check.state, check.tries, case.result(guess)) == (CheckState.OPEN, 1, Result.WRONG_CODE)


@pytest.mark.parametrize("point", ["other.told", *_IN_A_JUDGING])
def test_a_death_while_the_other_one_is_told_tells_them_once(
    case: Case, settings: Settings, sinks: Sinks, tmp_path: Path, point: str
) -> None:
    case.open()
    die_at(point, settings, tmp_path)
    case.judge(later=timedelta(seconds=31))
    case.send()
    assert [message.to for message in sinks[1].messages] == ["+420601123456"]
    assert case.count("other.told") == 1


def test_judging_twice_comes_to_the_same_end(case: Case, sinks: Sinks) -> None:
    case.begin()
    assert case.judge() == 1
    case.send()
    guess = case.guess(find_code(sinks[0].mails[-1].message.get_content()))
    assert case.judge() == 1
    with case.house.database.write() as session:  # as if it had been taken up once more meanwhile
        again = update(ContactSubmissionRow).where(ContactSubmissionRow.id == guess)
        session.execute(again.values(leased_until=None, attempts=0))
    assert case.judge() == 0, "what is judged is not taken up again"
    assert (case.state(), case.count("contact_check.judged")) == (VerificationState.APPROVED, 1)


def test_a_submission_that_nobody_can_open_is_thrown_away(case: Case) -> None:
    submission = case.begin()
    with case.house.database.write() as session:
        session.execute(
            update(ContactSubmissionRow).where(ContactSubmissionRow.id == submission).values(sealed=b"vsealed1" * 200)
        )
    assert case.judge() == 1
    assert case.result(submission) is Result.MOOT


def test_a_submission_after_the_end_is_thrown_away(case: Case) -> None:
    submission = case.begin()
    case.house.verifications.cancel(case.id, actor=_AGENT, once=EVERY_TIME)
    assert case.judge() == 1
    assert case.result(submission) is Result.MOOT
    with case.house.database.read() as session:
        assert session.get_one(ContactSubmissionRow, submission).sealed is None
