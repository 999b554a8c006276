"""Which language to speak: the one that the person chose, else the agent's hint, else the browser's wish, else English.

Guarantees: the answer is always a language that we speak, whatever was sent; reading a header costs little, however
long it is. Leaves to others: where a choice is kept, and what the answer's headers say (`verifier.web.speaking`).
"""

import re
from typing import Final

from verifier.locales.errors import UnknownLocaleError
from verifier.locales.sentences import locales

DEFAULT: Final = "en"
NO_HINT: Final = ""

_TAG: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
"""The outline of a tag of RFC 5646, section 2.1, and so of a basic language range of RFC 4647, section 2.1."""
_WEIGHT: Final = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
"""RFC 9110, section 12.4.2."""
_MOST_RANGES: Final = 20
_LONGEST_HEADER: Final = 1000


def find_spoken(tag: str) -> str | None:
    """The language that we speak for one range, by the lookup of RFC 4647, section 3.4: "nl-BE" finds "nl"."""
    known = {each.lower(): each for each in locales()}
    parts = tag.lower().split("-")
    while parts:
        found = known.get("-".join(parts))
        if found is not None:
            return found
        parts.pop()
        if parts and len(parts[-1]) == 1:  # a single letter only opens what follows it
            parts.pop()
    return None


def parse_hint(text: str) -> str:
    """The agent's hint as it is kept: a language that we speak, or `NO_HINT` where it is one that we do not.

    Only our own words are kept, because what a client calls a language might as well be a name.

    Raises:
        UnknownLocaleError: it is not a language tag at all.
    """
    if text == NO_HINT:
        return NO_HINT
    if not _TAG.fullmatch(text):
        raise UnknownLocaleError
    return find_spoken(text) or NO_HINT


def parse_wishes(accept_language: str) -> tuple[str, ...]:
    """The ranges of an Accept-Language header (RFC 9110, section 12.5.4), the dearest first; what is malformed is
    left out, as are `*`, which lookup skips, and what has the weight 0.
    """
    found: list[tuple[float, str]] = []
    for entry in accept_language[:_LONGEST_HEADER].split(",")[:_MOST_RANGES]:
        tag, _, weight = (part.strip() for part in entry.partition(";"))
        matched = _WEIGHT.fullmatch(weight.lower()) if weight else None
        if not _TAG.fullmatch(tag) or (weight and matched is None):
            continue
        found.append((1.0 if matched is None else float(matched[1]), tag))
    return tuple(tag for weight, tag in sorted(found, key=lambda each: -each[0]) if weight > 0)


def choose_locale(*, chosen: str, hint: str, accept_language: str) -> str:
    """The language to speak. `chosen`: by the person, "" while they have not; `hint`: the agent's, "" for none."""
    for wish in (chosen, hint, *parse_wishes(accept_language)):
        found = find_spoken(wish)
        if found is not None:
            return found
    return DEFAULT
