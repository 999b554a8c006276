"""The outbox: sealed until it is sent, sent by one worker, closed once, dropped with its verification."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import literal, select, text

from tests.outbox import CODE, NUMBER, TO, Outbox, refuse
from verifier import telemetry
from verifier.db.base import EPOCH
from verifier.db.clock import MovedClock
from verifier.db.leases import Lease
from verifier.ids import VerificationId
from verifier.notices.kinds import Channel, Failure, NoticeKind
from verifier.notices.outbox import drop_notices, find_status, forget_notices
from verifier.notices.senders import choose_senders
from verifier.notices.service import _Task
from verifier.notices.tables import NoticeRow
from verifier.verifications.moves import select_live


def test_what_is_due_goes_out_once_and_leaves_no_trace_of_itself(outbox: Outbox) -> None:
    mail, sms = outbox.queue(), outbox.queue(Channel.SMS)
    notifier = outbox.notifier()

    assert [notifier.notify_next() for _ in range(3)] == [True, True, False]
    assert [sent.recipients for sent in outbox.mail.mails] == [(TO,)]
    assert [sent.to for sent in outbox.sms.messages] == [NUMBER]
    for notice in (mail, sms):
        row = outbox.row(notice)
        assert row.sealed is None
        assert row.sent_at is not None
        assert row.failure is None
    assert [(closed.id, closed.failure) for closed in outbox.closed] == [(mail, None), (sms, None)]


def test_nothing_goes_out_before_its_time_or_before_its_commit(outbox: Outbox, clock: MovedClock) -> None:
    later = outbox.queue(not_before=outbox.now() + timedelta(minutes=2))
    with pytest.raises(RuntimeError, match="the caller failed"):
        outbox.queue_and_fail()

    assert not outbox.notifier().notify_next()
    clock.offset += timedelta(minutes=2, seconds=1)
    assert outbox.notifier().notify_next()
    assert outbox.row(later).sent_at is not None
    assert len(outbox.mail.mails) == 1


def test_not_now_is_tried_again_with_growing_rests_until_its_time_is_over(outbox: Outbox, clock: MovedClock) -> None:
    outbox.mail.answer = refuse("451 not now")
    notice, notifier = outbox.queue(), outbox.notifier()
    tries, rests, last = 0, [], outbox.now()
    while outbox.row(notice).failure is None:
        if notifier.notify_next():
            tries += 1
            rests.append(outbox.now() - last)
            last = outbox.now()
        clock.offset += timedelta(seconds=1)

    assert outbox.row(notice).failure is Failure.UNREACHABLE
    assert outbox.row(notice).sealed is None
    assert [closed.failure for closed in outbox.closed] == [Failure.UNREACHABLE]
    assert 10 <= tries <= 21
    assert rests[2] > rests[1]
    assert outbox.mail.mails == []


def test_not_now_and_then_yes_is_sent(outbox: Outbox, clock: MovedClock) -> None:
    outbox.mail.answer = refuse("451 greylisted")
    notice, notifier = outbox.queue(), outbox.notifier()
    assert notifier.notify_next()
    assert not notifier.notify_next()
    outbox.mail.answer = refuse("250 ok")
    clock.offset += timedelta(seconds=5)

    assert notifier.notify_next()
    assert outbox.row(notice).sent_at is not None


def test_what_is_refused_fails_at_once_and_says_so(outbox: Outbox) -> None:
    outbox.mail.answer_recipient = lambda _address: "550 nobody"
    outbox.sms.answer = lambda _sms: 500
    mail, sms = outbox.queue(), outbox.queue(Channel.SMS)
    notifier = outbox.notifier()
    assert notifier.notify_next()
    assert notifier.notify_next()

    with outbox.house.database.read() as session:
        found = [find_status(session, notice) for notice in (mail, sms)]
    assert [status and status.failure for status in found] == [Failure.REFUSED, Failure.UNANSWERED]
    assert [closed.failure for closed in outbox.closed] == [Failure.REFUSED, Failure.UNANSWERED]
    assert outbox.row(mail).sealed is None
    assert outbox.row(sms).sealed is None


def test_a_code_that_would_come_too_late_is_not_sent(outbox: Outbox, clock: MovedClock) -> None:
    notice = outbox.queue()
    clock.offset += timedelta(minutes=10, seconds=1)

    assert outbox.notifier().notify_next()
    assert outbox.row(notice).failure is Failure.UNREACHABLE
    assert outbox.mail.mails == []


def test_a_channel_that_is_not_offered_any_more_fails(outbox: Outbox) -> None:
    notice = outbox.queue()

    assert outbox.notifier(senders={}).notify_next()
    assert outbox.row(notice).failure is Failure.NOT_OFFERED


def test_an_ended_verification_sends_nothing_more(outbox: Outbox) -> None:
    sent, waits = outbox.queue(), outbox.queue(not_before=outbox.now() + timedelta(minutes=1))
    assert outbox.notifier().notify_next()
    with outbox.house.database.write() as session:
        drop_notices(session, outbox.now(), outbox.verification)

    assert outbox.row(waits).failure is Failure.DROPPED
    assert outbox.row(waits).sealed is None
    assert outbox.row(sent).failure is None
    assert not outbox.notifier().notify_next()


def test_without_its_key_it_is_not_sent_and_is_cleared(outbox: Outbox) -> None:
    notice = outbox.queue()
    outbox.house.vault.shred(outbox.verification)

    assert outbox.notifier().notify_next()
    assert outbox.row(notice).failure is Failure.UNREADABLE
    assert outbox.row(notice).sealed is None
    assert outbox.mail.mails == []


def test_what_was_sealed_for_one_notice_does_not_open_as_another(outbox: Outbox) -> None:
    one, other = outbox.queue(), outbox.queue(to="eve@example.com")
    with outbox.house.database.write() as session:
        session.execute(
            text("UPDATE notices SET sealed = (SELECT sealed FROM notices WHERE id = :other) WHERE id = :one"),
            {"one": one, "other": other},
        )

    while outbox.notifier().notify_next():
        pass
    assert outbox.row(one).failure is Failure.UNREADABLE
    assert [mail.recipients for mail in outbox.mail.mails] == [("eve@example.com",)]


@pytest.mark.parametrize(
    ("channel", "others"),
    [
        (Channel.EMAIL, {"to": "nobody"}),
        (Channel.EMAIL, {"to": "a@b.org\r\nBcc: eve@example.com"}),
        (Channel.EMAIL, {"to": "a@bücher.example"}),
        (Channel.EMAIL, {"subject": "x\nBcc: eve@example.com"}),
        (Channel.EMAIL, {"subject": ""}),
        (Channel.EMAIL, {"body": ""}),
        (Channel.SMS, {"to": "0601 987 123"}),
        (Channel.SMS, {"to": "+4206019871230000"}),
        (Channel.SMS, {"body": "a" * 307}),
    ],
)
def test_what_cannot_be_sent_is_not_queued(outbox: Outbox, channel: Channel, others: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^(to|subject|body): ") as refused:
        outbox.queue(channel, **others)
    assert not any(value and value in str(refused.value) for value in others.values())


def test_notices_are_forgotten_a_week_after_their_end_and_open_ones_are_not(outbox: Outbox, clock: MovedClock) -> None:
    done = outbox.queue(not_before=outbox.now() + timedelta(days=6))
    clock.offset += timedelta(days=6)
    assert outbox.notifier().notify_next()
    outbox.queue(not_before=outbox.now() + timedelta(days=30))
    with outbox.house.database.write() as session:
        forget_notices(session, outbox.now() + timedelta(days=6), live=select_live())
        assert find_status(session, done) is not None
        forget_notices(session, outbox.now() + timedelta(days=8), live=select_live())
        assert find_status(session, done) is None
        assert len(session.scalars(select(NoticeRow)).all()) == 1


def test_who_was_told_is_remembered_until_the_verification_ends(outbox: Outbox) -> None:
    told = outbox.queue(kind=NoticeKind.OPENED_ELSEWHERE)
    assert outbox.notifier().notify_next()
    later = outbox.now() + timedelta(days=20)
    with outbox.house.database.write() as session:
        forget_notices(session, later, live=select(literal(outbox.verification)))
        assert find_status(session, told) is not None
        forget_notices(session, later, live=select_live())
        assert find_status(session, told) is None


def test_a_notice_that_is_taken_up_prints_nothing_sealed() -> None:
    task = _Task(Lease("ntc_a", 1), EPOCH, VerificationId("ver_a"), Channel.EMAIL, NoticeKind.CODE, EPOCH, b"Canary7")
    assert "Canary7" not in repr(task)


def test_neither_address_nor_code_lies_anywhere_in_clear(outbox: Outbox) -> None:
    log = io.StringIO()
    telemetry.configure_logs(stream=log)
    try:
        outbox.mail.answer_recipient = lambda address: f"450 {address} not now"
        outbox.queue()
        outbox.queue(Channel.SMS)
        outbox.sms.answer = lambda _sms: 400
        notifier = outbox.notifier()
        while notifier.notify_next():
            pass
    finally:
        telemetry.redirect_logs(None)
    with outbox.house.database.read() as session:
        said = log.getvalue() + repr(session.scalars(select(NoticeRow)).all()) + repr(outbox.closed)
    data = said.encode() + b"".join(
        path.read_bytes() for path in outbox.house.settings.home.rglob("*") if path.is_file()
    )
    assert "notice.not_accepted" in said
    for canary in (TO, "canaryqx7", NUMBER, NUMBER[1:], "CanaryBody9", CODE, "Your code"):
        assert canary.encode() not in data, canary


def test_the_senders_of_the_house_are_those_of_its_settings(outbox: Outbox) -> None:
    assert set(outbox.house.senders) == set(choose_senders(outbox.house.settings)) == set(Channel)
