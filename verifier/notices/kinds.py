"""The closed lists of notices: on which way, what for, and why one was not sent."""

from enum import StrEnum


class Channel(StrEnum):
    """On which way a notice goes."""

    EMAIL = "email"
    SMS = "sms"


class NoticeKind(StrEnum):
    """What a notice is for."""

    CODE = "code"
    OPENED_ELSEWHERE = "opened_elsewhere"
    """To the other registered contact point: a verification was opened, and here is the exit."""


class Failure(StrEnum):
    """Why a notice was closed without an acceptance."""

    REFUSED = "refused"
    """The server or gateway refused it for good: the address, or what we sent."""
    UNREACHABLE = "unreachable"
    """No server took it, as often as it was tried in its time."""
    UNANSWERED = "unanswered"
    """The gateway was given it and did not answer: it may have gone out, so it is not given again."""
    UNREADABLE = "unreadable"
    """It does not open: the key of its verification is gone, or the seal is broken."""
    NOT_OFFERED = "not_offered"
    """No server is set for its channel any more."""
    DROPPED = "dropped"
    """Its verification ended first."""


class Obstacle(StrEnum):
    """Why a server did not accept, where another try may help; for the log, and for `verifier doctor`."""

    UNREACHABLE = "unreachable"
    CERTIFICATE_NOT_VALID = "certificate_not_valid"
    WITHOUT_TLS = "without_tls"
    SIGN_IN_REFUSED = "sign_in_refused"
    SAID_NO = "said_no"
    """Before it had heard what is to be sent to whom."""
    NOT_NOW = "not_now"
