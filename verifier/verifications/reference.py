"""The desk's own id of a case: strict, and never a person's address."""

import re
from typing import Final

from verifier.verifications.errors import InvalidReferenceError, ReferenceLooksLikeAddressError

_REFERENCE: Final = re.compile(r"[A-Za-z0-9._:/#-]{1,64}")
_PHONE: Final = re.compile(r"(00|\+)?[0-9][0-9 ./-]{8,16}")
_E164_DIGITS: Final = range(10, 16)


def parse_reference(text: str) -> str:
    """Check a reference as it came from outside.

    An `@`, the form of a telephone number and that of a web address (which would stand, as a link, in the desk's own
    mail) are refused with a sentence of their own: case numbers are stored and logged in
    clear, so they must not name a person. Digits alone are an everyday case number and pass, however many; a desk
    whose customers' numbers look like its case numbers must not use them as such.

    Raises:
        ReferenceLooksLikeAddressError, InvalidReferenceError
    """
    if "@" in text or "//" in text or text.lower().startswith("www.") or _looks_like_phone(text):
        raise ReferenceLooksLikeAddressError
    if _REFERENCE.fullmatch(text) is None:
        raise InvalidReferenceError
    return text


def _looks_like_phone(text: str) -> bool:
    if _PHONE.fullmatch(text) is None:
        return False
    digits = sum(character.isdigit() for character in text)
    starts_international = text.startswith(("+", "00"))
    return digits in _E164_DIGITS and (starts_international or any(mark in text for mark in " ./-"))
