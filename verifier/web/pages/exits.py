"""The page of the exit for whoever did not ask, as facts."""

from dataclasses import dataclass
from typing import ClassVar

from verifier.web.pages.common import CustomerShell, View


@dataclass(frozen=True, kw_only=True, slots=True)
class ExitPage(View):
    """`GET /n/{token}` asks; its form posts to the same address. Shown again after the POST.

    `reference`: the desk's case number. `action`: the policy's title in the reader's language. `form_token`: "" once
    the exit was used. `is_over`: the verification has ended. `is_noted`: the reader has just said that it was not them.
    """

    template: ClassVar[str] = "exit.html"
    shell: CustomerShell
    reference: str
    action: str
    form_token: str
    is_over: bool
    is_noted: bool
