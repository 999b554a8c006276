"""What one refusal says to a person: the row type of the table in `verifier.web.answers`.

Sentences are gettext msgids, marked by `N_` and translated where they are shown. They address whoever can act: the
customer at the upload, the desk's developer at the API, the reviewer at the page.
"""

from dataclasses import dataclass
from typing import Final

from verifier.errors import ConfigurationError
from verifier.locales import N_

__all__ = ["N_", "Answer"]

_LOWEST: Final = 400
_HIGHEST: Final = 599


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One row: the status, the title, what happened, what to do next.

    `limit` is a further sentence that names facts of the refusal, such as `{limit_bytes}`; it is left out where the
    refusal does not carry them. `retry_after` is in seconds and becomes the `Retry-After` header.
    """

    status: int
    title: str
    detail: str
    next_step: str
    limit: str = ""
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if not _LOWEST <= self.status <= _HIGHEST:
            raise ConfigurationError(
                f"An answer to a refusal cannot have the status {self.status}. Give it 4xx or 5xx."
            )
        if not (self.title and self.detail and self.next_step):
            # An empty next step would leave the reader with nothing to do, which is what this table is there to end.
            raise ConfigurationError("An answer to a refusal needs a title, a sentence and a next step. Write them.")
