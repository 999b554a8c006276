"""Forms come from our own pages, and from this session.

Guarantees, for whatever a cookie authenticates: a request that another site started is refused by what the browser says
of it (Sec-Fetch-Site, Origin), and a form without the token of this very session is refused whatever it says.
Leaves to others: bearing the token in the page, and reading it before anything else of the form.
"""

import base64
import hmac
from typing import Final

from starlette.requests import HTTPConnection

from verifier.web.errors import InvalidFormTokenError

_PURPOSE: Final = b"verifier/v1/form\x00"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FROM_HERE: Final = frozenset({"same-origin", "none"})  # none: typed or bookmarked, no site started it


def form_token(key: bytes, *, session: str) -> str:
    """The form token of a session: HMAC-SHA-256 over the cookie's value, so that nothing need be stored."""
    digest = hmac.digest(key, _PURPOSE + session.encode("utf-8", "surrogatepass"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def verify_form_token(given: str, *, key: bytes, session: str) -> None:
    """Raise `InvalidFormTokenError` unless `given` is the token of this session; compared in constant time."""
    expected = form_token(key, session=session)
    if not session or not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("ascii")):
        raise InvalidFormTokenError


def verify_same_site(connection: HTTPConnection, *, method: str, public_url: str) -> None:
    """Raise `InvalidFormTokenError` for a request that changes something and was started by another site.

    Browsers say who started it in Sec-Fetch-Site (over https and on loopback hosts), which scripts cannot forge. Older
    ones say Origin only, and "null" for our own forms too, because of our Referrer-Policy: there SameSite and the form
    token stand alone, as they do for a client that says nothing and so is no browser.
    """
    if method in _SAFE:
        return
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        if site not in _FROM_HERE:
            raise InvalidFormTokenError
        return
    if connection.headers.get("origin", "null") not in {"null", public_url}:
        raise InvalidFormTokenError
