"""Who asks for codes in the benchmarks, under which policy, and the mail server that takes them."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from aiosmtpd.smtp import SMTP

from verifier.demo.sinks import Mail, MailSink

POLICY_NAME: Final = "bench-codes"
POLICY: Final = f"""
policy: {POLICY_NAME}
title: {{en: Change your account}}
proofs: [[{{contact: email, by: code}}]]
review: {{lines: 1, answer_for: PT24H, contact_checks_decide: true}}
retention: {{undecided_for: P7D, why: {{en: So that nobody else gets in.}}}}
reasons: [unreadable: {{en: We could not read it.}}]
link: {{open_for: P3D, status_for: P30D}}
"""
_CODE: Final = re.compile(r"(?<![0-9a-f-])[0-9]{6}(?![0-9a-f])")


@dataclass(frozen=True)
class Arrival:
    """When the server accepted a mail, by this process's clock, and what it was."""

    at: float
    mail: Mail = field(repr=False)

    @property
    def code(self) -> str:
        found = _CODE.search(str(self.mail.message.get_content()))
        if found is None:
            raise ValueError("the mail holds no code")
        return found[0]


class Arrivals:
    """What the server accepted last for whom."""

    def __init__(self) -> None:
        self._seen: Final[dict[str, Arrival]] = {}
        self._arrived: Final = threading.Condition()

    async def accept(self, _server: SMTP, mail: Mail) -> str:
        arrival = Arrival(time.perf_counter(), mail)
        with self._arrived:
            self._seen[mail.recipients[0]] = arrival
            self._arrived.notify_all()
        return "250 Taken"

    def wait_for(self, address: str, *, within: float) -> Arrival:
        """Raises `TimeoutError`. Kept no longer than until it was asked for."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: address in self._seen, within):
                raise TimeoutError("a code did not arrive")
            return self._seen.pop(address)


@contextmanager
def open_letters() -> Iterator[tuple[Arrivals, dict[str, str]]]:
    """A mail server, and the settings of a service that sends there."""
    arrivals = Arrivals()
    with MailSink(answer=arrivals.accept) as sink:
        yield arrivals, {"smtp_host": "127.0.0.1", "smtp_port": str(sink.port), "smtp_from": "verify@example.org"}
