"""A message as far as its judgement needs it: header fields and a body, never MIME.

It guarantees one reading: what is judged here is, byte for byte, what the signatures are checked over, so no two
parsers can disagree on where a field ends. Lines may end with LF or CRLF, as desks hand messages in either way. What
the fields say is left to others.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from verifier.contacts.errors import MessageRefusedError
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.reasons import Reason

_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_RUN_OF_BLANKS: Final = re.compile(rb"[\t ]{2,}|\t")
_LINE_END: Final = re.compile(rb"\r?\n")
_FIELD: Final = re.compile(rb"([\x21-\x39\x3b-\x7e]+):(.*)", re.DOTALL)

# RFC 5322, section 3.6, and the fields of MIME: at most once each. A second one is how a message says two things.
_SINGLETONS: Final = frozenset(
    {b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc", b"date", b"subject", b"message-id", b"in-reply-to"}
    | {b"references", b"mime-version", b"content-type", b"content-transfer-encoding"}
)


@dataclass(frozen=True)
class Field:
    """One header field; `value` keeps its folds and its closing CRLF."""

    name: bytes
    value: bytes = field(repr=False)

    @property
    def key(self) -> bytes:
        return self.name.lower()

    @property
    def text(self) -> bytes:
        """The value unfolded, as one line."""
        return self.value.replace(b"\r\n", b"").strip(b" \t")


@dataclass(frozen=True)
class Message:
    """Fields from the top, and the body, every line of which ends with CRLF."""

    fields: tuple[Field, ...] = field(repr=False)
    body: bytes = field(repr=False)

    @cached_property
    def simple_body(self) -> bytes:
        """The body in the simple form of RFC 6376, section 3.4.3; to bring it there again changes nothing."""
        from dkim.canonicalization import Simple  # here, because dkimpy is heavy and few messages are judged

        form: bytes = Simple.canonicalize_body(self.body)
        return form

    @cached_property
    def relaxed_body(self) -> bytes:
        """The body in the relaxed form (section 3.4.4), made once for all signatures."""
        # dkimpy's own pattern goes over a run of blanks again from each of them. With runs cut short first, time grows
        # with the length of the body and not with the square of it; single blanks, the most there are, are let stand.
        short = _RUN_OF_BLANKS.sub(b" ", self.body).replace(b" \r\n", b"\r\n")
        from dkim.canonicalization import correct_empty_body, strip_trailing_lines

        form: bytes = correct_empty_body(strip_trailing_lines(short))
        return form

    def find(self, key: bytes) -> tuple[Field, ...]:
        """Every field of that name (in lower case), from the top."""
        return tuple(field for field in self.fields if field.key == key)

    def find_one(self, key: bytes) -> Field | None:
        """The field of a name that `read_message` lets stand once at most."""
        return next(iter(self.find(key)), None)


def read_message(raw: bytes, *, rules: MessageRules) -> Message:
    """Read a message, or raise `MessageRefusedError`; what is too large is refused before it is looked at.

    1. It is not too large, and neither is its head.
    2. It has no null byte, and no CR on its own in its head.
    3. Every field has a name and a colon, or continues one; no continuation is blank.
    4. Fields that may stand once do not stand twice.
    """
    # 1
    if len(raw) > rules.max_bytes:
        raise MessageRefusedError(Reason.TOO_LARGE)
    end = _HEAD_END.search(raw, 0, rules.max_head_bytes)
    if end is None and len(raw) > rules.max_head_bytes:
        raise MessageRefusedError(Reason.TOO_LARGE)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (_without_line_end(raw), b"")
    # 2
    if b"\0" in raw:
        raise MessageRefusedError(Reason.MALFORMED)
    # 3
    fields = _read_fields(_LINE_END.split(head), most=rules.max_fields)
    # 4
    keys = [field.key for field in fields if field.key in _SINGLETONS]
    if len(keys) != len(set(keys)):
        raise MessageRefusedError(Reason.MALFORMED)
    return Message(fields, _close(body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")))


def _close(body: bytes) -> bytes:
    # RFC 6376 ends the last line in both forms. Done here, once: where blanks that follow an open last line counted for
    # one reader and not for another, a used message would pass for a new one.
    return body if not body or body.endswith(b"\r\n") else body + b"\r\n"


def _without_line_end(head: bytes) -> bytes:
    return head.removesuffix(b"\n").removesuffix(b"\r") if head.endswith(b"\n") else head


def _read_fields(lines: list[bytes], *, most: int) -> tuple[Field, ...]:
    found: list[tuple[bytes, list[bytes]]] = []
    for line in lines:
        if b"\r" in line or not line.strip():
            raise MessageRefusedError(Reason.MALFORMED)
        if line[:1] in {b" ", b"\t"}:
            if not found:
                raise MessageRefusedError(Reason.MALFORMED)
            found[-1][1].append(line)
            continue
        match = _FIELD.fullmatch(line)
        if match is None:
            raise MessageRefusedError(Reason.MALFORMED)
        if len(found) == most:
            raise MessageRefusedError(Reason.TOO_LARGE)
        found.append((match[1], [match[2]]))
    return tuple(Field(name, b"\r\n".join(parts) + b"\r\n") for name, parts in found)
