"""What the judge of a message is told, and what it says."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from verifier.contacts.errors import MalformedContactError
from verifier.contacts.points import parse_domain, parse_email
from verifier.contacts.verdict import Verdict
from verifier.errors import ConfigurationError


class Grade(StrEnum):
    """How a message was bound to the domain of its author; the surest first."""

    SAME_DOMAIN = "same_domain"
    """DKIM by the very domain of the address."""
    SAME_ORGANISATION = "same_organisation"
    """DKIM by another domain of the same organisation, which the domain's DMARC record allows."""
    FORWARDED = "forwarded"
    """A forwarder that the operator named has sealed (ARC) that it had seen such a signature."""
    NONE = "none"
    """Nothing was bound."""


DECIDING_GRADES: Final = frozenset({Grade.SAME_DOMAIN, Grade.SAME_ORGANISATION})
"""What may decide without a person: the word of the author's own domain, not what another says that it saw."""


@dataclass(frozen=True)
class MessageRules:
    """Limits, and whom the operator trusts; the defaults trust nobody and fit the mail of people."""

    max_bytes: int = 10_000_000
    max_head_bytes: int = 128_000
    max_fields: int = 300
    max_signatures: int = 5
    max_lookups: int = 16
    max_age: timedelta = timedelta(days=3)
    max_skew: timedelta = timedelta(minutes=10)
    min_key_bits: int = 1024
    forwarders: frozenset[str] = frozenset()
    """Domains of sealers, in lower case, whose word is taken for what they saw before they forwarded."""
    recipients: frozenset[str] = frozenset()
    """The desk's own addresses. Where given, a signed To or Cc must name one: a message that the customer wrote to
    somebody else, and that this one hands on, is no evidence that they ask this desk."""

    def __post_init__(self) -> None:
        # One that is written otherwise would be compared with nothing, and quietly trust or refuse the wrong mail.
        for domain in self.forwarders:
            _verify_written(domain, parse=parse_domain, name="forwarder")
        for address in self.recipients:
            _verify_written(address, parse=parse_email, name="address")


@dataclass(frozen=True)
class MessageVerdict:
    """The verdict, and what it rests on. The digest and the subject tell of a person: seal or drop them."""

    verdict: Verdict
    grade: Grade = Grade.NONE
    replay_digest: bytes | None = None
    """32 bytes that stay the same however the message is sent again. Keep them (keyed: they can be guessed by who
    guesses the message) and refuse them a second time. Set only where the verdict is `confirmed`."""
    subject: str = ""
    """What the signed Subject shows. Set only where the verdict is `confirmed`."""


def _verify_written(text: str, *, parse: Callable[[str], str], name: str) -> None:
    try:
        written = parse(text)
    except MalformedContactError:
        raise ConfigurationError(f"{text!r} among the rules for messages is no {name}.") from None
    if written != text:
        raise ConfigurationError(f"Write {written!r} for {text!r} among the rules for messages.")
