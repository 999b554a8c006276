"""The demo's mail server and SMS gateway: what the service sends is taken, shown in one line, and kept as a file."""

import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from verifier.demo.errors import StepFailedError
from verifier.demo.patience import wait_for
from verifier.demo.sinks import Mail, MailSink, Sms, SmsSink
from verifier.demo.steps import say
from verifier.errors import ConfigurationError

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP

_CODE: Final = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")
_TELLING: Final = re.compile(r"^.*(?:(?<![0-9])[0-9]{6}(?![0-9])|https?://).*$", re.MULTILINE)
"""The line that a reader looks for: the one with the code, or with the address of the exit."""


@dataclass(frozen=True)
class Letter:
    """One mail or text message, as it arrived."""

    to: str
    text: str = field(repr=False)


class Letters:
    """Everything that was sent to anybody. `with` starts both servers, on free ports of this machine, and ends them."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        self._arrived: Final[list[Letter]] = []
        self._numbers: Final = count(1)
        self._mails: Final = MailSink(answer=self._take_mail)
        self._texts: Final = SmsSink(answer=self._take_text)
        self._open: Final = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir()
        self._open.enter_context(self._texts)
        try:
            self._open.enter_context(self._mails)
        except ConfigurationError as error:
            self._open.close()
            raise StepFailedError(str(error).rstrip(".")) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def settings(self) -> dict[str, str]:
        """What a service needs to send here."""
        return {
            "VERIFIER_SMTP_HOST": "127.0.0.1",
            "VERIFIER_SMTP_PORT": str(self._mails.port),
            "VERIFIER_SMTP_FROM": "verify@desk.example",
            "VERIFIER_SMS_URL": self._texts.url,
            "VERIFIER_SMS_FROM": "Desk",
        }

    def count(self, to: str) -> int:
        """How many letters reached this address."""
        return sum(letter.to == to for letter in self._arrived)

    def await_letter(self, to: str) -> Letter:
        """The first letter to an address."""
        return wait_for(f"a letter to {to}", lambda: next((each for each in self._arrived if each.to == to), None))

    def await_code(self, to: str) -> str:
        """The code in the first letter to an address."""
        found = _CODE.search(self.await_letter(to).text)
        if found is None:
            raise StepFailedError(f"the letter to {to} holds no code")
        return found[0]

    async def _take_mail(self, _server: "SMTP", mail: Mail) -> str:
        content = mail.message.get_content()
        for to in mail.recipients:
            self._take(Letter(to, content), kind="mail", title=f"“{mail.message['subject']}” ")
        return "250 Kept"

    def _take_text(self, sms: Sms) -> int:
        self._take(Letter(sms.to, sms.text), kind="text", title="")
        return 201

    def _take(self, letter: Letter, *, kind: str, title: str) -> None:
        file = self.folder / f"{next(self._numbers):02d}-{kind}.txt"
        file.write_text(f"To: {letter.to}\n{title}\n\n{letter.text}", encoding="utf-8")
        line = _TELLING.search(letter.text)
        say(f"           {kind} to {letter.to}: {title}{line[0].strip() if line else ''}")
        self._arrived.append(letter)
