"""Who a message says it is from, and to whom: the From field strictly, the recipients only as far as asked.

It guarantees that a From which two readers could take for two addresses is none: one address, alone or in angle
brackets after a plain name. Nothing obsolete, no comments, groups, routes or quoted local parts. Sender and Reply-To
say nothing.
"""

import email.errors
import email.header
import re
from collections.abc import Iterable
from typing import Final

from verifier.contacts.errors import MalformedContactError, MessageRefusedError
from verifier.contacts.message.fields import Message
from verifier.contacts.points import parse_email
from verifier.contacts.reasons import Reason

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+"
_FROM: Final = re.compile(rf"(?:(?P<name>[^<>@]*)<(?P<angled>{_ADDRESS})>|(?P<bare>{_ADDRESS}))")
_QUOTED: Final = r'"(?:[ !#-\[\]-~\t]|\\["\\])*"'
# A name as it is written: atoms with dots, quoted strings, and encoded words (which are atoms).
_WORD: Final = rf"(?:[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~.-]+|{_QUOTED})"
_NAME: Final = re.compile(rf"(?:{_WORD}(?:[ \t]+{_WORD})*)?[ \t]*")
_FORBIDDEN_IN_NAMES: Final = frozenset('@<>"\\:;,\r\n\0')
_LONGEST: Final = 1000
_LONGEST_RECIPIENTS: Final = 20_000
_NOISE: Final = re.compile(rf"{_QUOTED}|\([^()]*\)")
_RECIPIENT: Final = re.compile(rf"(?<![^\s,:;<]){_ADDRESS}(?![^\s,:;>])")


def read_sender(message: Message) -> str:
    """The one address of the one From field, in its normal form; or raise `MessageRefusedError`."""
    field = message.find_one(b"from")
    if field is None or not field.text.isascii() or len(field.text) > _LONGEST:
        raise MessageRefusedError(Reason.MALFORMED)
    match = _FROM.fullmatch(field.text.decode("ascii"))
    if match is None or not _is_plain_name(match["name"] or ""):
        raise MessageRefusedError(Reason.MALFORMED)
    try:
        return parse_email(match["angled"] or match["bare"])
    except MalformedContactError:
        raise MessageRefusedError(Reason.MALFORMED) from None


def names_one_of(message: Message, recipients: Iterable[str]) -> bool:
    """Whether To or Cc name one of these addresses (normal forms), outside of names and comments."""
    wanted, found = set(recipients), set()
    for key in (b"to", b"cc"):
        field = message.find_one(key)
        if field is None or len(field.text) > _LONGEST_RECIPIENTS:
            continue
        for match in _RECIPIENT.finditer(_NOISE.sub(" ", field.text.decode("ascii", errors="replace"))):
            try:
                found.add(parse_email(match[0]))
            except MalformedContactError:
                continue
    return not wanted.isdisjoint(found)


def _is_plain_name(name: str) -> bool:
    """Whether a display name is well formed and, encoded or not, cannot be taken for an address."""
    if _NAME.fullmatch(name) is None:
        return False
    if "=?" not in name:
        return True
    try:
        pieces = email.header.decode_header(name)
        shown = "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "ascii") for piece, charset in pieces
        )
    except (email.errors.MessageError, LookupError, ValueError):
        return False
    return _FORBIDDEN_IN_NAMES.isdisjoint(shown)
