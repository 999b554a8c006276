"""An outbox to try: one installation that sends to servers of our own, and a verification with keys."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP
from sqlalchemy.orm import Session, undefer

from verifier.db.clock import MovedClock
from verifier.demo.sinks import Mail, MailSink, SmsSink
from verifier.ids import NoticeId, VerificationId, new_verification_id
from verifier.notices.kinds import Channel, NoticeKind
from verifier.notices.outbox import queue_notice
from verifier.notices.service import ClosedNotice, Notifier
from verifier.notices.tables import NoticeRow
from verifier.notices.texts import Text
from verifier.settings import Settings
from verifier.vault.keys import PublicKey
from verifier.wiring import House, choose_seams, open_house

TO = "jo.canaryqx7@example.org"
NUMBER = "+420601987123"
CODE = "048213"
BODY = f"The code is {CODE}, CanaryBody9."


@dataclass
class Follower:
    """Whom the end of a notice concerns."""

    tell: Callable[[ClosedNotice], None]

    def lock(self, session: Session, verification: VerificationId) -> None:
        """There is nothing to change."""

    def note(self, session: Session, now: datetime, closed: ClosedNotice) -> None:
        self.tell(closed)


@dataclass
class Outbox:
    """One installation, its sinks, and a verification with keys."""

    house: House
    mail: MailSink
    sms: SmsSink
    verification: VerificationId
    public_key: PublicKey
    closed: list[ClosedNotice]

    def notifier(self, **others: Any) -> Notifier:
        house = self.house
        given = {"senders": house.senders, "when_closed": Follower(self.closed.append), **others}
        return Notifier(house.database, clock=house.clock, vault=house.vault, **given)

    def queue(self, channel: Channel = Channel.EMAIL, **others: Any) -> NoticeId:
        with self.house.database.write() as session:
            return self.queue_in(session, channel, **others)

    def queue_in(
        self,
        session: Session,
        channel: Channel = Channel.EMAIL,
        *,
        subject: str = "Your code",
        body: str = BODY,
        **others: Any,
    ) -> NoticeId:
        return queue_notice(
            session,
            self.house.clock.now(session),
            self.house.vault,
            self.verification,
            public_key=self.public_key,
            channel=channel,
            **{
                "kind": NoticeKind.CODE,
                "to": TO if channel is Channel.EMAIL else NUMBER,
                "text": Text("en", subject if channel is Channel.EMAIL else "", body),
                **others,
            },
        )

    def queue_and_fail(self) -> None:
        with self.house.database.write() as session:
            self.queue_in(session)
            raise RuntimeError("the caller failed")

    def row(self, notice: NoticeId) -> NoticeRow:
        with self.house.database.read() as session:
            return session.get_one(NoticeRow, notice, options=[undefer(NoticeRow.sealed)])

    def now(self) -> datetime:
        with self.house.database.read() as session:
            return self.house.clock.now(session)


@contextmanager
def open_outbox(home: Path, clock: MovedClock) -> Iterator[Outbox]:
    with MailSink() as mail, SmsSink() as sms:
        settings = Settings(
            home=home,
            smtp_host="127.0.0.1",
            smtp_port=mail.port,
            smtp_from="verify@example.org",
            sms_url=sms.url,
            sms_from="Acme",
        )
        house = open_house(settings, seams=replace(choose_seams(settings), clock=clock))
        verification = new_verification_id()
        with house.database.read() as session:
            key = house.vault.create_keys(verification, house.clock.now(session).date())
        yield Outbox(house, mail, sms, verification, key, [])
        house.close()


def refuse(line: str) -> Callable[[SMTP, Mail], Any]:
    async def answer(_server: SMTP, _mail: Mail) -> str:
        return line

    return answer
