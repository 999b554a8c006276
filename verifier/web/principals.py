"""Who sends this request: FastAPI dependencies that return a `Principal`, or refuse with `sign_in_needed`.

Guarantees: an API key is counted against its limit before anything else happens; a session cookie authenticates a
change only with a form of this session from this site; what was last used is noted in a transaction of its own, at most
once a minute. Leaves to others: whether the principal may (`verifier.staff.principal.verify_may`), in every route.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request, Response

from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.staff import api_keys, service
from verifier.staff.principal import Principal
from verifier.web.csrf import form_token, verify_form_token, verify_same_site
from verifier.web.errors import SignInNeededError
from verifier.web.throttle import Throttle

_SAFE: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, repr=False)
class Principals:
    """Recognises staff and programs. One per app, kept as `app.state.principals`; `form_key` makes form tokens.

    `public_url` is the address that staff open.
    """

    database: Database
    clock: Clock
    throttle: Throttle
    public_url: str
    form_key: bytes

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def cookie_name(self) -> str:
        # A browser accepts `__Host-` only with Secure, from this very host, for all paths (RFC 6265bis, 4.1.3.2).
        return "__Host-staff" if self.is_https else "dev-staff"

    def from_api_key(self, request: Request) -> Principal:
        """Who sent `Authorization: Bearer vk_…`. Raises `SignInNeededError`, `TooManyRequestsError`."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise SignInNeededError
        with self.database.read() as session:
            now = self.clock.now(session)
            principal = api_keys.find_api_key(session, now, text.strip())
            is_noted = api_keys.is_api_key_used_lately(session, now, text.strip())
        if principal is None:
            raise SignInNeededError
        self.throttle.count_api_key(principal.actor)
        if not is_noted:
            with self.database.write() as session:
                api_keys.mark_api_key_used(session, self.clock.now(session), text.strip())
        return principal

    def from_session(self, request: Request) -> Principal:
        """Who is signed in. Raises `SignInNeededError`; `InvalidFormTokenError` for a change from another site."""
        token = request.cookies.get(self.cookie_name, "")
        if not token:
            raise SignInNeededError
        verify_same_site(request, method=request.method, public_url=self.public_url)
        with self.database.read() as session:
            now = self.clock.now(session)
            principal = service.find_session(session, now, token)
            is_noted = service.is_session_seen_lately(session, now, token)
        if principal is None:
            raise SignInNeededError
        if not is_noted:
            with self.database.write() as session:
                service.mark_session_seen(session, self.clock.now(session), token)
        return principal

    def from_either(self, request: Request) -> Principal:
        """An API key where one is sent; else, for reading only, the session of a browser (page images)."""
        if "authorization" in request.headers:
            return self.from_api_key(request)
        if request.method not in _SAFE:
            raise SignInNeededError
        return self.from_session(request)

    def form_token_of(self, request: Request) -> str:
        """The token that the forms of this session carry."""
        return form_token(self.form_key, session=request.cookies.get(self.cookie_name, ""))

    def verify_form(self, request: Request, *, given: str) -> None:
        """Raise `InvalidFormTokenError` unless `given` is this session's, sent by a page of this site."""
        verify_same_site(request, method=request.method, public_url=self.public_url)
        verify_form_token(given, key=self.form_key, session=request.cookies.get(self.cookie_name, ""))

    def set_cookie(self, response: Response, *, token: str) -> None:
        """Sign the browser in: a cookie that scripts cannot read and other sites cannot send."""
        longest = int(service.SESSION_FOR.total_seconds())
        response.set_cookie(
            self.cookie_name, token, max_age=longest, path="/", secure=self.is_https, httponly=True, samesite="lax"
        )

    def clear_cookie(self, response: Response) -> None:
        """Sign the browser out."""
        response.delete_cookie(self.cookie_name, path="/", secure=self.is_https, httponly=True, samesite="lax")


def _principals(request: Request) -> Principals:
    found = request.app.state.principals
    assert isinstance(found, Principals)
    return found


def api_principal(request: Request) -> Principal:
    return _principals(request).from_api_key(request)


def page_principal(request: Request) -> Principal:
    return _principals(request).from_session(request)


def any_principal(request: Request) -> Principal:
    return _principals(request).from_either(request)


ApiPrincipal = Annotated[Principal, Depends(api_principal)]
PagePrincipal = Annotated[Principal, Depends(page_principal)]
AnyPrincipal = Annotated[Principal, Depends(any_principal)]
