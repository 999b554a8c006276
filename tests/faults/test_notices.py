"""SIGKILL between leasing, sending and closing a notice: it goes out, at most once more than it should, and is closed.

A real worker process at a real SMTP server; each dies at its point, and another one takes over.
"""

import signal
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy.orm import undefer

from tests.unconcerned import Unconcerned
from tests.warm import run_program
from verifier.db.clock import MovedClock
from verifier.demo.sinks import MailSink
from verifier.ids import NoticeId, new_verification_id
from verifier.notices.kinds import Channel, NoticeKind
from verifier.notices.outbox import queue_notice
from verifier.notices.service import Notifier
from verifier.notices.tables import NoticeRow
from verifier.notices.texts import Text
from verifier.settings import Settings
from verifier.wiring import House, open_house

_WORKER: Final = """
from tests.unconcerned import Unconcerned
from verifier import faults
from verifier.notices.service import Notifier
from verifier.settings import load_settings
from verifier.wiring import open_house

faults.arm_from_environment()
house = open_house(load_settings())
Notifier(
    house.database, clock=house.clock, vault=house.vault, senders=house.senders, when_closed=Unconcerned()
).notify_next()
"""


def queue(house: House) -> NoticeId:
    verification = new_verification_id()
    with house.database.write() as session:
        now = house.clock.now(session)
        return queue_notice(
            session,
            now,
            house.vault,
            verification,
            public_key=house.vault.create_keys(verification, now.date()),
            channel=Channel.EMAIL,
            kind=NoticeKind.CODE,
            to="jo@example.org",
            text=Text("en", "Your code", "048213"),
        )


@pytest.mark.parametrize(
    ("point", "sent_by_the_dead", "sent_in_all"),
    [("notice.leased", 0, 1), ("notice.sent", 1, 2), ("notice.closed", 1, 1)],
)
def test_a_death_at_each_point_loses_no_notice(
    tmp_path: Path, point: str, sent_by_the_dead: int, sent_in_all: int
) -> None:
    fuse = tmp_path / "fuse"
    with MailSink() as sink:
        settings = Settings(
            home=tmp_path / "home", smtp_host="127.0.0.1", smtp_port=sink.port, smtp_from="verify@example.org"
        )
        house = open_house(settings)
        notice = queue(house)
        fuse.write_text(point)
        environment = {
            "VERIFIER_HOME": str(settings.home),
            "VERIFIER_SMTP_HOST": settings.smtp_host,
            "VERIFIER_SMTP_PORT": str(sink.port),
            "VERIFIER_SMTP_FROM": settings.smtp_from,
            "VERIFIER_FAULT_FUSE": str(fuse),
        }
        died = run_program(_WORKER, env=environment)
        assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]
        assert len(sink.mails) == sent_by_the_dead

        moved = _take_over(house)
        assert len(sink.mails) == sent_in_all
        assert len({mail.message["Message-ID"] for mail in sink.mails}) == 1
        with house.database.read() as session:
            row = session.get_one(NoticeRow, notice, options=[undefer(NoticeRow.sealed)])
        assert row.sent_at is not None
        assert row.sealed is None
        assert moved == (point != "notice.closed")
        house.close()


def _take_over(house: House) -> bool:
    """Another worker, once the lease of the dead one has lapsed."""
    clock = MovedClock()
    clock.offset += timedelta(seconds=31)
    notifier = Notifier(
        house.database, clock=clock, vault=house.vault, senders=house.senders, when_closed=Unconcerned()
    )
    return notifier.notify_next()
