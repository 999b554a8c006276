"""Dates, durations, sizes and lists, as people of a language write them.

Times are shown in UTC and say so; `page.js` rewrites them into the reader's own zone.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal
from markupsafe import Markup

_KILO: Final = 1000


class Formats:
    """The filters of one language."""

    def __init__(self, locale: str) -> None:
        self._locale = Locale.parse(locale, sep="-")

    def when(self, moment: datetime) -> Markup:
        """A moment, to the minute: `<time datetime="…">21 November 2026 at 14:05 UTC</time>`."""
        utc = _in_utc(moment)
        text = format_datetime(utc, "d MMMM y, HH:mm", locale=self._locale)
        return _element(utc, f"{text} UTC", "minute")

    def stamp(self, moment: datetime) -> Markup:
        """A moment in a table: `<time datetime="…">21 Nov 2026, 14:05 UTC</time>`."""
        utc = _in_utc(moment)
        text = format_datetime(utc, "d MMM y, HH:mm", locale=self._locale)
        return _element(utc, f"{text} UTC", "stamp")

    def day(self, moment: datetime) -> Markup:
        """A day: `<time datetime="…">21 November 2026</time>`."""
        utc = _in_utc(moment)
        return _element(utc, format_date(utc, "d MMMM y", locale=self._locale), "day")

    def span(self, duration: timedelta) -> str:
        """A duration in its largest sensible unit: "2 hours"."""
        return format_timedelta(duration, threshold=1.2, locale=self._locale)

    def size(self, count: int) -> str:
        """A size in bytes as people know it: "20 MB"."""
        for unit, factor in (("MB", _KILO**2), ("kB", _KILO)):
            if count >= factor:
                return f"{format_decimal(round(count / factor, 1), locale=self._locale)} {unit}"
        return f"{format_decimal(count, locale=self._locale)} B"

    def listed(self, things: Iterable[str]) -> str:
        """ "a, b and c"."""
        return format_list([str(thing) for thing in things], locale=self._locale)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time on a page must know its zone")
    return moment.astimezone(UTC)


def _element(utc: datetime, text: str, precision: str) -> Markup:
    attribute = utc.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" data-local="{}">{}</time>').format(attribute, precision, text)
