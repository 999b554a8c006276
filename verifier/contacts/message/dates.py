"""The Date field, read strictly: RFC 5322, section 3.3, without its obsolete zones but GMT and UT."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from verifier.contacts.errors import MessageRefusedError
from verifier.contacts.message.fields import Message
from verifier.contacts.reasons import Reason

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE: Final = re.compile(
    rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),[ \t]+)?"
    rb"(?P<day>\d{1,2})[ \t]+(?P<month>[A-Z][a-z]{2})[ \t]+(?P<year>\d{4})[ \t]+"
    rb"(?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?[ \t]+"
    rb"(?P<zone>[+-]\d{4}|GMT|UT|UTC|Z)(?:[ \t]+\([ -'*-~]{1,40}\))?"
)


def read_date(message: Message) -> datetime:
    """When the author's program says the message was written, in UTC; or raise `MessageRefusedError`."""
    field = message.find_one(b"date")
    match = _DATE.fullmatch(field.text) if field else None
    if match is None:
        raise MessageRefusedError(Reason.MALFORMED)
    part = {name: value.decode("ascii") for name, value in match.groupdict().items() if value is not None}
    try:
        return datetime(
            int(part["year"]),
            _MONTHS.index(part["month"]) + 1,
            int(part["day"]),
            int(part["hour"]),
            int(part["minute"]),
            min(int(part.get("second", "0")), 59),  # a leap second
            tzinfo=_read_zone(part["zone"]),
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        raise MessageRefusedError(Reason.MALFORMED) from None


def _read_zone(text: str) -> timezone:
    if text[0] not in "+-":
        return UTC
    length = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    return timezone(-length if text[0] == "-" else length)
