"""What the domain of an address says of its mail: its DMARC record (RFC 7489), found and read.

It guarantees that an unreadable or doubled record is never read as leave. It says nothing of a message.
"""

import re
from dataclasses import dataclass
from typing import Final

from verifier.contacts.message.alignment import find_organisation, is_same_organisation
from verifier.contacts.resolver import Resolver

_RECORD: Final = re.compile(rb"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;.*)?", re.DOTALL)


@dataclass(frozen=True)
class DomainPolicy:
    """`is_strict`: only the very domain may sign. `rejects`: mail that is not aligned is not the domain's."""

    is_strict: bool = False
    rejects: bool = False


def find_policy(domain: str, *, resolver: Resolver) -> DomainPolicy:
    """The policy for mail from `domain`; where nothing is published, relaxed alignment and no wish."""
    record = _look_up(domain, resolver)
    key = b"p"
    if record is None:
        organisation = find_organisation(domain)
        if organisation is None or organisation == domain:
            return DomainPolicy()
        record = _look_up(organisation, resolver)
        key = b"sp"
    if record is None:
        return DomainPolicy()
    wish = record.get(key, record.get(b"p", b"none"))
    return DomainPolicy(is_strict=record.get(b"adkim", b"r") != b"r", rejects=wish != b"none")


def is_aligned(signer: str, *, domain: str, policy: DomainPolicy) -> bool:
    """Whether a signature of `signer` speaks for mail from `domain`."""
    return signer == domain if policy.is_strict else is_same_organisation(signer, domain)


def _look_up(domain: str, resolver: Resolver) -> dict[bytes, bytes] | None:
    records = [text for text in resolver.txt(f"_dmarc.{domain}") if _RECORD.fullmatch(text)]
    if not records:
        return None
    if len(records) > 1:
        # RFC 7489, section 6.6.3, ignores them all; whoever meant one of them meant to restrict.
        return {b"adkim": b"s"}
    tags: dict[bytes, bytes] = {}
    for tag in records[0].split(b";"):
        name, _, value = tag.partition(b"=")
        tags.setdefault(name.strip().lower(), value.strip().lower())
    return tags
