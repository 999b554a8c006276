"""The questions about details, as facts: one question a page."""

from dataclasses import dataclass
from typing import ClassVar

from verifier.web.pages.common import CustomerShell, View
from verifier.web.pages.customer import Case
from verifier.web.pages.questions import Question


@dataclass(frozen=True, kw_only=True, slots=True)
class DetailPage(View):
    """`GET /verification/{id}/details?name=`: one question; after a refusal, those that were sent, what was typed kept.

    Posts `form_token` and the inputs to `…/details`. An error names the anchor of an input. `number`, `count`: which of
    how many questions the first is.
    """

    template: ClassVar[str] = "detail.html"
    shell: CustomerShell
    case: Case
    verification_id: str
    form_token: str
    questions: tuple[Question, ...]
    number: int
    count: int

    @property
    def url(self) -> str:
        return f"/verification/{self.verification_id}"
