"""What a forwarder says it saw: an ARC-Authentication-Results value (RFC 8601), read for its DKIM results only.

It guarantees that nothing inside a comment or a quoted string is taken for a result. Whether the forwarder is to be
believed is left to `arc`.
"""

import re
from typing import Final

_DOMAIN: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_QUOTED_MARK: Final = '"'  # stands for a quoted string, and matches no domain


def read_signers(value: str) -> frozenset[str]:
    """The domains whose DKIM signatures the forwarder found true, in lower case."""
    found = set()
    for words in _results(value, "dkim=pass"):
        named = [word.removeprefix("header.d=") for word in words if word.startswith("header.d=")]
        named = named or [word.partition("@")[2] for word in words if word.startswith("header.i=")]
        # A result that names two domains, or one that cannot be read, names nobody.
        if len(named) == 1 and _DOMAIN.fullmatch(named[0]):
            found.add(named[0])
    return frozenset(found)


def says_dmarc_failed(value: str) -> bool:
    """Whether the forwarder saw that the domain of the author's own policy was not met."""
    return any(True for _ in _results(value, "dmarc=fail"))


def _results(value: str, verdict: str) -> list[list[str]]:
    sections = [section.split() for section in _bare(value).lower().split(";")]
    return [words[1:] for words in sections[1:] if words and words[0] == verdict]


def _bare(value: str) -> str:
    """The value without comments (they nest), each quoted string put as one mark; "" if either is left open."""
    kept: list[str] = []
    depth, is_quoted, is_escaped = 0, False, False
    for sign in value:
        if is_escaped:
            is_escaped = False
        elif sign == "\\" and (depth or is_quoted):
            is_escaped = True
        elif is_quoted:
            is_quoted = sign != '"'
        elif depth or sign == "(":
            depth += {"(": 1, ")": -1}.get(sign, 0)
        elif sign == '"':
            is_quoted = True
            kept.append(_QUOTED_MARK)
        else:
            kept.append(sign)
    return "" if depth or is_quoted else "".join(kept)
