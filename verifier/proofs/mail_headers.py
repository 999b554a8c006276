"""The header of an e-mail that failed: from, to and when, out of pasted headers or of what was typed field by field.

Guarantees: the normal form has the lines From, To, Date and Time in this order, and parses to itself; a time that
carries its zone is told in UTC. Everything else of a pasted header (subject, servers, names) is dropped here.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from typing import Final

from verifier.contacts.errors import MalformedContactError
from verifier.contacts.points import parse_email
from verifier.proofs.detail_dates import parse_date
from verifier.proofs.detail_faults import DetailFault, WrongDetailError

_LINE: Final = re.compile(r"([!-9;-~]{1,76})[ \t]*:[ \t]*(.*)", re.DOTALL)  # RFC 5322, section 2.2
_WANTED: Final = frozenset({"from", "to", "date", "time"})
_QUOTED: Final = re.compile(r'"[^"]*"')
_ADDRESS: Final = re.compile(r"(?:[^<>@,]*<([^<>\s]+)>|([^<>\s]+))")
_TIME: Final = re.compile(r"([0-2]?[0-9])[:.]([0-5][0-9])(?:[:.]([0-5][0-9]))?(?: ?(UTC|[+-][0-9]{2}:?[0-9]{2}))?")
_MOST_RECIPIENTS: Final = 10


def parse_email_header(text: str) -> str:
    """Four lines: `From: a@b`, `To: c@d`, `Date: 2026-11-22`, `Time: 14:05` (with ` UTC` where the zone is known).

    Raises:
        WrongDetailError
    """
    fields = _read_fields(text)
    senders = _parse_addresses(fields.get("from", ""), lacking=DetailFault.NO_SENDER)
    if len(senders) != 1:
        raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
    recipients = _parse_addresses(fields.get("to", ""), lacking=DetailFault.NO_RECIPIENT)
    day, clock = _parse_when(fields.get("date", ""), fields.get("time", ""))
    return f"From: {senders[0]}\nTo: {', '.join(recipients)}\nDate: {day}\nTime: {clock}"


def _read_fields(text: str) -> dict[str, str]:
    """The fields that are wanted, unfolded (RFC 5322, section 2.2.3). Two of one name say nothing."""
    unfolded = re.sub(r"\n[ \t]+", " ", text.replace("\r\n", "\n").strip("\n"))
    fields: dict[str, str] = {}
    for line in unfolded.split("\n"):
        found = _LINE.fullmatch(line.strip())
        if found is None or (name := found[1].lower()) not in _WANTED:
            continue
        if name in fields:
            raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
        fields[name] = found[2].strip()
    if not fields:
        raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
    return fields


def _parse_addresses(text: str, *, lacking: DetailFault) -> Sequence[str]:
    if not text:
        raise WrongDetailError(lacking)
    found: list[str] = []
    for part in _QUOTED.sub("", text).split(","):
        address = _ADDRESS.fullmatch(part.strip())
        if address is None:
            raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
        try:
            found.append(parse_email(address[1] or address[2]))
        except MalformedContactError:
            raise WrongDetailError(DetailFault.NOT_THE_FORMAT) from None
    if len(found) > _MOST_RECIPIENTS:
        raise WrongDetailError(DetailFault.TOO_LONG)
    return list(dict.fromkeys(found))


def _parse_when(day: str, clock: str) -> tuple[str, str]:
    if not day:
        raise WrongDetailError(DetailFault.NO_TIME)
    if not clock:
        return _parse_moment(day)
    found = _TIME.fullmatch(clock)
    if found is None or int(found[1]) > 23:
        raise WrongDetailError(DetailFault.NO_TIME)
    at = time(int(found[1]), int(found[2]), int(found[3] or 0))
    parsed = parse_date(day)
    if found[4] is None:
        return parsed, f"{at:%H:%M:%S}"
    offset = "+0000" if found[4] == "UTC" else found[4].replace(":", "")
    try:
        zone = datetime.strptime(offset, "%z").tzinfo
        return _tell(datetime.combine(date.fromisoformat(parsed), at, zone))
    except (ValueError, OverflowError):
        raise WrongDetailError(DetailFault.NO_TIME) from None


def _parse_moment(text: str) -> tuple[str, str]:
    """The Date field of RFC 5322, section 3.3."""
    try:
        return _tell(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        raise WrongDetailError(DetailFault.NO_TIME) from None


def _tell(at: datetime) -> tuple[str, str]:
    if at.tzinfo is None:  # "-0000": the zone is not known
        return parse_date(f"{at:%Y-%m-%d}"), f"{at:%H:%M:%S}"
    inner = at.astimezone(UTC)
    return parse_date(f"{inner:%Y-%m-%d}"), f"{inner:%H:%M:%S} UTC"
