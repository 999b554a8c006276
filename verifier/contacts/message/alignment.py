"""Which domains belong to one organisation (RFC 7489, section 3.2), by the public suffix list that is installed.

Offline: the list comes with a library and is as new as that. A suffix that it does not know counts as one label, and a
public suffix belongs to nobody.
"""

import importlib.resources
from functools import cache

from publicsuffix2 import PublicSuffixList


def find_organisation(domain: str) -> str | None:
    """The organisational domain of a domain in lower-case ASCII; None if it is itself a public suffix."""
    # Not `get_sld`: under a top-level domain that the list does not know it takes the whole of it for one organisation.
    suffix = _suffixes().get_tld(domain, strict=False)
    if suffix is None or domain == suffix or not domain.endswith("." + suffix):
        return None
    return f"{domain.removesuffix('.' + suffix).rpartition('.')[2]}.{suffix}"


def is_same_organisation(a: str, b: str) -> bool:
    """Whether two domains are one, or have one organisational domain."""
    organisation = find_organisation(a)
    return a == b or (organisation is not None and organisation == find_organisation(b))


@cache
def _suffixes() -> PublicSuffixList:
    # The list beside authheaders is years newer than the one inside publicsuffix2.
    reference = importlib.resources.files("authheaders") / "public_suffix_list.txt"
    return PublicSuffixList(reference.read_text(encoding="utf-8").splitlines(), idna=True)
