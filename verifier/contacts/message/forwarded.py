"""A message that the desk forwards as an attachment: which verification it is for, and the message itself.

It guarantees that the attached message comes out byte for byte as it was attached (line ends aside), and that there is
exactly one. The mail around it is an envelope: whoever sent it, nothing of it is evidence, and nothing of it is kept.
"""

import base64
import binascii
import email.errors
import email.header
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from verifier.contacts.errors import MessageRefusedError
from verifier.contacts.message.fields import Message, read_message
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.reasons import Reason
from verifier.ids import VerificationId

_TAG: Final = re.compile(r"\[VER\s+(ver_[a-z2-7]{26})\]")
_MULTIPART: Final = re.compile(rb"multipart/[a-z-]+[ \t]*;.*", re.IGNORECASE | re.DOTALL)
_BOUNDARY: Final = re.compile(
    rb";[ \t]*boundary[ \t]*=[ \t]*(?:\"(?P<quoted>[^\"\\]{1,70})\"|(?P<bare>[^\s\";]{1,70}))", re.IGNORECASE
)
_ATTACHED: Final = re.compile(rb"message/rfc822[ \t]*(?:;.*)?", re.IGNORECASE | re.DOTALL)
_AS_IT_IS: Final = frozenset({b"7bit", b"8bit", b"binary"})
_LONGEST_SUBJECT: Final = 2000


@dataclass(frozen=True)
class Forwarded:
    """What the desk hands in by mail: the message, and the verification that its subject names."""

    verification: VerificationId
    raw: bytes = field(repr=False)


def read_forwarded(raw: bytes, *, rules: MessageRules) -> Forwarded:
    """Take the attached message out of the mail around it; or raise `MessageRefusedError`."""
    # An attachment in base64 is a third longer, and its lines have ends.
    envelope = read_message(raw, rules=replace(rules, max_bytes=2 * rules.max_bytes))
    attached = [part for part in _parts(envelope, rules=rules) if _is_attached(part)]
    if len(attached) != 1:
        raise MessageRefusedError(Reason.MALFORMED)
    return Forwarded(_read_verification(envelope), _decode(attached[0]))


def _read_verification(envelope: Message) -> VerificationId:
    field = envelope.find_one(b"subject")
    text = "" if field is None else field.text[:_LONGEST_SUBJECT].decode("ascii", errors="replace")
    try:
        shown = str(email.header.make_header(email.header.decode_header(text)))
    except (email.errors.MessageError, LookupError, ValueError):
        shown = text
    named = set(_TAG.findall(shown))
    if len(named) != 1:
        raise MessageRefusedError(Reason.MALFORMED)
    return VerificationId(named.pop())


def _parts(envelope: Message, *, rules: MessageRules) -> Iterator[Message]:
    """The parts of the outermost multipart that can be read as fields and a body."""
    kind = envelope.find_one(b"content-type")
    boundary = _BOUNDARY.search(kind.text) if kind and _MULTIPART.fullmatch(kind.text) else None
    if boundary is None:
        raise MessageRefusedError(Reason.MALFORMED)
    mark = re.escape(boundary["quoted"] or boundary["bare"])
    line = re.compile(rb"\r\n--" + mark + rb"(?P<end>--)?[ \t]*(?=\r\n|\Z)")
    body = b"\r\n" + envelope.body
    begin: int | None = None
    for delimiter in line.finditer(body):
        if begin is not None:
            part = _read_part(body[begin : delimiter.start()], rules=rules)
            yield from () if part is None else (part,)
        if delimiter["end"] is not None:
            return
        begin = delimiter.end() + len(b"\r\n")


def _read_part(raw: bytes, *, rules: MessageRules) -> Message | None:
    """None for a part without fields, which is text and no attachment."""
    try:
        return read_message(raw, rules=replace(rules, max_bytes=2 * rules.max_bytes))
    except MessageRefusedError:
        return None


def _is_attached(part: Message) -> bool:
    kind = part.find_one(b"content-type")
    return kind is not None and _ATTACHED.fullmatch(kind.text) is not None


def _decode(part: Message) -> bytes:
    field = part.find_one(b"content-transfer-encoding")
    encoding = b"7bit" if field is None else field.text.lower()
    if encoding in _AS_IT_IS:
        return part.body
    if encoding != b"base64":
        raise MessageRefusedError(Reason.MALFORMED)
    try:
        return base64.b64decode(re.sub(rb"\s+", b"", part.body), validate=True)
    except binascii.Error:
        raise MessageRefusedError(Reason.MALFORMED) from None
