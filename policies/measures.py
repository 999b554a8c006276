"""Durations and sizes: read from their written form, written back in one way, and said in words.

It guarantees that reading what was written gives the same value. Months and years are not durations here: their
length depends on the calendar, and a promise to destroy must not.
"""

import re
from datetime import timedelta
from typing import Final

_DURATION: Final = re.compile(
    r"P(?:([0-9]{1,4})W|(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,8})S)?)?)"
)
_SIZE: Final = re.compile(r"(0|[1-9][0-9]{0,11})(?: ?(kB|MB|GB|KiB|MiB|GiB))?")
_UNITS: Final = {
    None: 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
}  # fmt: skip


def find_duration(text: str) -> timedelta | None:
    """The duration that `text` writes in ISO 8601 ("P3D", "PT48H"), or `None`."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()) or text.endswith("T"):
        return None
    weeks, days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def write_duration(value: timedelta) -> str:
    """The one ISO 8601 form of a whole number of seconds: days, then the rest of a day."""
    seconds = value.seconds
    parts = ((seconds // 3600, "H"), (seconds // 60 % 60, "M"), (seconds % 60, "S"))
    clock = "".join(f"{number}{unit}" for number, unit in parts if number)
    date = f"{value.days}D" if value.days or not clock else ""
    return f"P{date}" + (f"T{clock}" if clock else "")


def find_size(text: str) -> int | None:
    """The number of bytes that `text` writes ("20MB", "16 MiB", "4096"), or `None`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    return int(match.group(1)) * _UNITS[match.group(2)]


def describe_duration(value: timedelta) -> str:
    """The duration in English words: "48 hours" up to two days, "3 days" above, at most two units.

    What lies below the second unit is dropped, so the words never promise more time than there is.
    """
    total = int(value.total_seconds())
    hours = total // 3600
    if hours <= 48 and not (hours == 48 and total % 3600):
        units = ((hours, "hour"), (total // 60 % 60, "minute"), (total % 60, "second"))
    else:
        units = ((total // 86400, "day"), (hours % 24, "hour"), (total // 60 % 60, "minute"))
    said = [f"{number} {unit}" if number == 1 else f"{number} {unit}s" for number, unit in units if number]
    return " and ".join(said[:2]) or "no time"


def describe_size(value: int) -> str:
    """The size as a person reads it: "20 MB". Rounded down, so that what is promised is accepted."""
    for unit, factor in (("MB", 10**6), ("kB", 10**3)):
        if value >= factor:
            tenths = value * 10 // factor
            return f"{tenths // 10} {unit}" if tenths % 10 == 0 else f"{tenths / 10:.1f} {unit}"
    return f"{value} bytes"
