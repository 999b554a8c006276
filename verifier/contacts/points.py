"""Contact points as texts: what a person or a desk wrote becomes one normal form, or is refused.

Guarantees: a normal form parses to itself; one address in its many spellings has one normal form, so that comparing
and digesting normal forms compares addresses; no text makes a parser raise anything but `MalformedContactError` and
`DisposableContactError`, which carry the kind and never the text. Strict: spaces around an address, display names,
quoted local parts, IP literals, extensions and URLs are refused. Whether anybody is reached there is asked nowhere.
Leaves to others: who may send a contact point, sealing and digesting it, whether what is typed is trimmed first.
The libraries that know the kinds are heavy, and imported where a kind is parsed first.
"""

import re
import unicodedata
from functools import cache
from typing import Final, assert_never

from policies.parts import ContactKind
from verifier.contacts.errors import DisposableContactError, MalformedContactError

_LONGEST: Final = 320
"""No contact point is longer: 64 characters, an @ and 255 (RFC 5321, section 4.5.3.1), which is the longest."""

_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER_ASCII: Final = str.maketrans(_UPPER, _UPPER.lower())
_PHONE: Final = re.compile(r"(?:tel:)?\+?[\d\s()./‐-―-]{3,40}")  # no letters: neither words nor extensions
_WALLET: Final = re.compile(r"0[xX][0-9A-Fa-f]{40}")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")  # how a browser recognises the end of an IPv4 address
_RESERVED: Final = frozenset({"alt", "arpa", "internal", "invalid", "local", "localhost", "onion"})
"""Names that no public resolver answers for (RFC 6761, 7686, 9476): nobody can prove control of one to us."""


def parse_email(text: str, *, forbid_disposable: bool = False) -> str:
    """`local@domain` (RFC 5321): NFC, the domain in ASCII, ASCII letters small.

    Small, because no mail provider gives `Jo@` and `jo@` to two people and people type both. Letters beyond ASCII stay
    as they are: their case has no one rule, and folding them makes two mailboxes one (`ß` and `ss`).

    Raises:
        MalformedContactError, DisposableContactError
    """
    from email_validator import EmailNotValidError, validate_email

    _verify_length(ContactKind.EMAIL, text)
    try:
        found = validate_email(
            text,
            check_deliverability=False,
            allow_smtputf8=True,
            allow_quoted_local=False,
            allow_domain_literal=False,
            allow_display_name=False,
            allow_empty_local=False,
            test_environment=True,  # `.test` is for tests: mail to it reaches nobody, and so proves nothing
            globally_deliverable=True,
            strict=True,
        )
    except (EmailNotValidError, UnicodeError, ValueError) as error:
        raise _malformed(ContactKind.EMAIL) from error
    domain = found.ascii_domain.lower()
    if forbid_disposable and is_disposable(domain):
        raise DisposableContactError({"kind": ContactKind.EMAIL})
    return f"{found.local_part.translate(_LOWER_ASCII)}@{domain}"


def is_disposable(domain: str) -> bool:
    """Whether a domain in normal form, or one above it, lends mailboxes to anybody for a while."""
    labels = domain.split(".")
    return any(".".join(labels[start:]) in _disposable() for start in range(len(labels) - 1))


@cache
def _disposable() -> frozenset[str]:
    from disposable_email_domains import blocklist  # thousands of names, read where they are asked for first

    return frozenset(blocklist)


def parse_phone(text: str, *, region: str | None = None) -> str:
    """E.164, such as `+420601123456`. Without `region` (ISO 3166-1) the text must begin with its country's code.

    Raises:
        MalformedContactError
    """
    import phonenumbers

    _verify_length(ContactKind.PHONE, text)
    if _PHONE.fullmatch(text) is None:
        raise _malformed(ContactKind.PHONE)
    try:
        number = phonenumbers.parse(text, region)
        if not phonenumbers.is_valid_number(number):
            raise _malformed(ContactKind.PHONE)
        normal = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        again = phonenumbers.parse(normal, None)
    except phonenumbers.NumberParseException as error:
        raise _malformed(ContactKind.PHONE) from error
    if phonenumbers.format_number(again, phonenumbers.PhoneNumberFormat.E164) != normal:
        raise _malformed(ContactKind.PHONE)
    return normal


def parse_domain(text: str) -> str:
    """A domain name of at least two labels as it stands in the DNS: ASCII (IDNA 2008), small, no dot at the end.

    Raises:
        MalformedContactError
    """
    import idna

    _verify_length(ContactKind.DOMAIN, text)
    try:
        normal = idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower().removesuffix(".")
        again = idna.encode(normal, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError, ValueError, IndexError) as error:
        raise _malformed(ContactKind.DOMAIN) from error
    last = normal.rpartition(".")[2]
    if again != normal or "." not in normal or _NUMBER.fullmatch(last) is not None or last in _RESERVED:
        raise _malformed(ContactKind.DOMAIN)
    return normal


def parse_wallet(text: str) -> str:
    """An address of Ethereum's kind: `0x` and 40 hex digits, small.

    The capitals of EIP-55 are a guard against typing errors and part of no address. They are not checked: a wrong
    address fails at the signature.

    Raises:
        MalformedContactError
    """
    if _WALLET.fullmatch(text) is None:
        raise _malformed(ContactKind.WALLET)
    return text.lower()


def parse_contact(kind: ContactKind, text: str, *, forbid_disposable: bool) -> str:
    """The normal form of a contact point of any kind. An account is the desk's own word: it is taken as it stands.

    Raises:
        MalformedContactError, DisposableContactError
    """
    match kind:
        case ContactKind.EMAIL:
            return parse_email(text, forbid_disposable=forbid_disposable)
        case ContactKind.PHONE:
            return parse_phone(text)
        case ContactKind.DOMAIN:
            return parse_domain(text)
        case ContactKind.WALLET:
            return parse_wallet(text)
        case ContactKind.ACCOUNT:
            return _parse_account(text)
        case _:
            assert_never(kind)


def _parse_account(text: str) -> str:
    _verify_length(ContactKind.ACCOUNT, text)
    if text != text.strip() or any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise _malformed(ContactKind.ACCOUNT)
    return text


def _verify_length(kind: ContactKind, text: str) -> None:
    if not 1 <= len(text) <= _LONGEST:
        raise _malformed(kind)


def _malformed(kind: ContactKind) -> MalformedContactError:
    return MalformedContactError({"kind": kind})
