"""The outbox under many hands: each notice is sent by one worker and closed once, whoever is late or fails."""

import asyncio
import threading
from datetime import timedelta

import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests.outbox import Follower, Outbox, refuse
from verifier.db.clock import MovedClock
from verifier.demo.sinks import Mail
from verifier.notices.service import ClosedNotice


def test_many_workers_at_once_send_each_notice_once(outbox: Outbox) -> None:
    notices = [outbox.queue(to=f"jo{number}@example.org") for number in range(12)]
    begin = threading.Barrier(4)

    def work() -> None:
        begin.wait()
        while outbox.notifier().notify_next():
            pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(mail.recipients[0] for mail in outbox.mail.mails) == sorted(
        f"jo{number}@example.org" for number in range(len(notices))
    )
    assert all(outbox.row(notice).attempts == 1 for notice in notices)


def test_a_worker_that_lost_its_lease_closes_nothing(outbox: Outbox, clock: MovedClock) -> None:
    def overtake() -> None:
        clock.offset += timedelta(seconds=31)
        outbox.mail.answer = refuse("250 ok")
        assert outbox.notifier().notify_next()

    async def be_overtaken(_server: SMTP, _mail: Mail) -> str:
        await asyncio.to_thread(overtake)
        return "550 and the first one is refused"

    outbox.mail.answer = be_overtaken
    notice = outbox.queue()
    assert outbox.notifier().notify_next()

    row = outbox.row(notice)
    assert (row.attempts, row.failure) == (2, None)
    assert row.sent_at is not None


def test_a_commit_that_fails_after_the_sending_sends_again_under_the_same_id(outbox: Outbox, clock: MovedClock) -> None:
    notice = outbox.queue()
    with outbox.house.database.write() as session:
        session.execute(
            text(
                "CREATE TRIGGER broken BEFORE UPDATE OF sent_at ON notices WHEN NEW.sent_at IS NOT NULL "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        )
    with pytest.raises(SQLAlchemyError):
        outbox.notifier().notify_next()
    with outbox.house.database.write() as session:
        session.execute(text("DROP TRIGGER broken"))
    clock.offset += timedelta(seconds=31)

    assert outbox.notifier().notify_next()
    first, second = outbox.mail.mails
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert outbox.row(notice).sent_at is not None


def test_a_failing_follower_takes_the_closing_back(outbox: Outbox) -> None:
    def fail(_closed: ClosedNotice) -> None:
        raise RuntimeError("the follower failed")

    notice = outbox.queue()
    with pytest.raises(RuntimeError):
        outbox.notifier(when_closed=Follower(fail)).notify_next()
    assert outbox.row(notice).sent_at is None


def test_a_forged_wake_up_finds_nothing_to_do(outbox: Outbox) -> None:
    assert not any(outbox.notifier().notify_next() for _ in range(5))
    outbox.queue()
    assert sum(outbox.notifier().notify_next() for _ in range(5)) == 1
    assert len(outbox.mail.mails) == 1
