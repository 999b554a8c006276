"""The words of a notice about a contact check, with the facts of its case."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from verifier.contacts.task import Task
from verifier.notices.kinds import Channel, NoticeKind
from verifier.notices.texts import Facts, Text, compose


@dataclass(frozen=True)
class Letters:
    """Writes in the name of the desk. `public_url` is the address that people open."""

    desk: str
    public_url: str

    def write_code(self, task: Task, channel: Channel, *, code: str, lasts: timedelta) -> Text:
        """The notice with a code, which works for so long from when it is sent."""
        facts = self._facts(task, code=code, minutes=lasts // timedelta(minutes=1))
        return compose(NoticeKind.CODE, channel, locale=task.locale, facts=facts)

    def write_opened(self, task: Task, channel: Channel, *, exit_token: str) -> Text:
        """The notice that a verification was opened, with the exit."""
        facts = self._facts(task, exit_url=f"{self.public_url}/n/{exit_token}")
        return compose(NoticeKind.OPENED_ELSEWHERE, channel, locale=task.locale, facts=facts)

    def _facts(self, task: Task, *, code: str = "", minutes: int = 0, exit_url: str = "") -> Facts:
        return Facts(
            desk=self.desk,
            case=task.reference,
            phrase=task.phrase,
            host=urlsplit(self.public_url).hostname or "",
            code=code,
            minutes=minutes,
            exit_url=exit_url,
        )
