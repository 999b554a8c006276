"""The formats of details: what a customer typed becomes what is kept, or is refused with a fault from a closed list.

Guarantees: what is kept parses to itself; a short text is kept exactly as it was typed; no text makes `parse_detail`
raise anything but `WrongDetailError`; nothing that is kept has a character that cannot be encoded, or that hides or
turns around what stands beside it. Leaves to others: which fields there are (the policy), and sealing.
"""

import hmac
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

from policies.parts import DetailKind
from verifier.proofs.amounts import parse_amount
from verifier.proofs.chains import parse_address, parse_transaction_hash
from verifier.proofs.detail_dates import parse_date
from verifier.proofs.detail_faults import DetailFault, WrongDetailError
from verifier.proofs.mail_headers import parse_email_header

LONGEST: Final[Mapping[DetailKind, int]] = {
    DetailKind.TRANSACTION_HASH: 128,
    DetailKind.ADDRESS: 128,
    DetailKind.AMOUNT: 64,
    DetailKind.PAYMENT_REFERENCE: 64,
    DetailKind.EMAIL_HEADER: 16_000,
    DetailKind.DATE: 32,
    DetailKind.TEXT: 200,
}
"""Characters, as typed. A pasted header may be whole: what is not wanted of it is dropped."""

_SYMBOL: Final = re.compile(r"(?:VS[: ]*)?([0-9]{1,10})", re.IGNORECASE)
_CREDITOR: Final = re.compile(r"RF([0-9]{2})([A-Z0-9]{1,21})")
_AROUND: Final = " \t\r\n\u00a0\u200b\u200c\u200d\u200e\u200f\u202f\u2060\ufeff"
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def parse_detail(kind: DetailKind, text: str) -> str:
    """What is kept of a detail.

    Raises:
        WrongDetailError
    """
    if not text.strip():
        raise WrongDetailError(DetailFault.EMPTY)
    if len(text) > LONGEST[kind]:
        raise WrongDetailError(DetailFault.TOO_LONG)
    wanted = text if kind is DetailKind.TEXT else _trim(text)
    _verify_visible(wanted, lines=kind is DetailKind.EMAIL_HEADER)
    return _PARSERS[kind](wanted)


def _trim(text: str) -> str:
    """Without the spaces and invisible marks around it that come with copying."""
    return text.strip(_AROUND)


def parse_payment_reference(text: str) -> str:
    """A variable symbol of up to ten digits, without its zeros in front, or a creditor reference (ISO 11649).

    Raises:
        WrongDetailError
    """
    symbol = _SYMBOL.fullmatch(text)
    if symbol is not None and symbol[1].strip("0"):
        return symbol[1].lstrip("0")
    creditor = _CREDITOR.fullmatch(re.sub(r"\s", "", text).upper())
    if creditor is None:
        raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
    # ISO 7064, mod 97-10: letters count from A = 10; "RF" and the check digits go to the end.
    if int("".join(str(int(each, 36)) for each in f"{creditor[2]}RF{creditor[1]}")) % 97 != 1:
        raise WrongDetailError(DetailFault.CHECK_DIGITS)
    return creditor[0]


def _as_it_stands(text: str) -> str:
    return text


_PARSERS: Final[Mapping[DetailKind, Callable[[str], str]]] = {
    DetailKind.TRANSACTION_HASH: parse_transaction_hash,
    DetailKind.ADDRESS: parse_address,
    DetailKind.AMOUNT: parse_amount,
    DetailKind.PAYMENT_REFERENCE: parse_payment_reference,
    DetailKind.EMAIL_HEADER: parse_email_header,
    DetailKind.DATE: parse_date,
    DetailKind.TEXT: _as_it_stands,
}
assert _PARSERS.keys() == LONGEST.keys() == set(DetailKind)


def is_same_detail(kind: DetailKind, ours: str, given: str) -> bool | None:
    """Whether what the desk expects is what was given; `None` where it does not have the format of its kind.

    Takes the same time wherever they differ.
    """
    try:
        expected, kept = parse_detail(kind, ours), parse_detail(kind, given)
    except WrongDetailError:
        return None
    if kind is DetailKind.TEXT:
        expected, kept = _fold(expected), _fold(kept)
    return hmac.compare_digest(expected.encode(), kept.encode())


def _fold(text: str) -> str:
    """A short text without what two people write differently: case, forms of one letter, spaces."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def _verify_visible(text: str, *, lines: bool) -> None:
    allowed = "\r\n\t" if lines else ""
    for each in text:
        if each in _BIDI or (unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} and each not in allowed):
            raise WrongDetailError(DetailFault.CONTROL_CHARACTER)
