"""The pages of signing in. A one-time address from the operator is the only way in; a GET changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from verifier.web.pages.common import BareShell, View


@dataclass(frozen=True, kw_only=True, slots=True)
class SignInPage(View):
    """`GET /sign-in`: says how one gets in. `has_signed_out`: the reader has just left."""

    template: ClassVar[str] = "sign_in.html"
    shell: BareShell
    has_signed_out: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SignInLandingPage(View):
    """`GET /sign-in/{token}` of a good invitation: one button, which posts `form_token` to `open_url`."""

    template: ClassVar[str] = "sign_in_landing.html"
    shell: BareShell
    open_url: str
    form_token: str
    expires_at: datetime
