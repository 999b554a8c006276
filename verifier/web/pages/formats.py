"""Dates, durations, sizes and lists, as people of a language write them.

Times are shown in UTC and say so; `page.js` rewrites them into the reader's own zone. Every pattern is the language's
own, from the CLDR, so that a date has its dots in Slovak and its "г." in Russian.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.lists import format_list
from babel.units import format_unit
from markupsafe import Markup

_KILO: Final = 1000
_BRITISH: Final = "en-GB"
"""Our English is British, and so are its dates and lists: Babel's plain "en" writes them the American way."""


class Formats:
    """The filters of one language."""

    def __init__(self, locale: str) -> None:
        self._locale = Locale.parse(_BRITISH if locale == "en" else locale, sep="-")

    def when(self, moment: datetime) -> Markup:
        """A moment, to the minute: `<time datetime="…">21 November 2026, 14:05 UTC</time>`."""
        return _element(_in_utc(moment), self.text(moment), "minute")

    def stamp(self, moment: datetime) -> Markup:
        """A moment in a table: `<time datetime="…">21 Nov 2026, 14:05 UTC</time>`."""
        utc = _in_utc(moment)
        return _element(utc, self._join(utc, format_date(utc, "medium", locale=self._locale)), "stamp")

    def day(self, moment: datetime) -> Markup:
        """A day: `<time datetime="…">21 November 2026</time>`."""
        utc = _in_utc(moment)
        return _element(utc, format_date(utc, "long", locale=self._locale), "day")

    def clock(self, moment: datetime) -> Markup:
        """A moment of today, for what lasts minutes: `<time datetime="…">14:05 UTC</time>`."""
        utc = _in_utc(moment)
        return _element(utc, f"{format_time(utc, 'short', locale=self._locale)} UTC", "clock")

    def text(self, moment: datetime) -> str:
        """A moment without markup, for mails and replies: "21 November 2026, 14:05 UTC"."""
        utc = _in_utc(moment)
        return self._join(utc, format_date(utc, "long", locale=self._locale))

    def span(self, duration: timedelta) -> str:
        """A duration in its largest sensible unit: "2 hours"."""
        return format_timedelta(duration, threshold=1.2, locale=self._locale)

    def days(self, duration: timedelta) -> str:
        """A duration in whole days, never fewer than it has: "30 days"."""
        whole = timedelta(days=-(-duration // timedelta(days=1)))
        return format_timedelta(whole, granularity="day", threshold=math.inf, locale=self._locale)

    def size(self, count: int) -> str:
        """A size in bytes as people know it: "20 MB"."""
        for unit, factor in (("megabyte", _KILO**2), ("kilobyte", _KILO)):
            if count >= factor:
                return format_unit(round(count / factor, 1), f"digital-{unit}", length="short", locale=self._locale)
        return format_unit(count, "digital-byte", length="short", locale=self._locale)

    def listed(self, things: Iterable[str]) -> str:
        """ "a, b and c"."""
        return format_list([str(thing) for thing in things], locale=self._locale)

    def _join(self, utc: datetime, date: str) -> str:
        time = format_time(utc, "short", locale=self._locale)
        joined = str(get_datetime_format("medium", locale=self._locale)).replace("{1}", date).replace("{0}", time)
        return f"{joined} UTC"


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time on a page must know its zone")
    return moment.astimezone(UTC)


def _element(utc: datetime, text: str, precision: str) -> Markup:
    attribute = utc.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" data-local="{}">{}</time>').format(attribute, precision, text)
