"""How long things may stay, why, and which of several periods holds.

Guarantees that no rule lengthens another: `undecided_for` and `forget_rows_after` are the longest, what a class or a
country says can only shorten them, and where the country is not known the shortest of all countries holds. A law's
minimum is a hold with that law as its reason; whether this version can carry it out is `policies.carrying_out`'s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from policies.parts import Table, Text


class DataClass(StrEnum):
    """What is kept. `rows`: the case number and the digests of a finished verification."""

    DOCUMENTS = "documents"
    DETAILS = "details"
    CONTACT_POINTS = "contact_points"
    ROWS = "rows"


@dataclass(frozen=True)
class Period:
    """How long one class stays at most, and why that long."""

    keep_for: timedelta
    why: Text


@dataclass(frozen=True)
class LegalHold:
    """A minimum that a law demands, everywhere or in one country."""

    data: DataClass
    keep_for: timedelta
    law: Text
    country: str | None = None


Periods = Table[Period]
_NO_PERIODS: Final[Periods] = Table(())
_NO_COUNTRIES: Final[Table[Periods]] = Table(())


@dataclass(frozen=True)
class RetentionRules:
    """How long things may stay, and why.

    `undecided_for` and `forget_rows_after` are ceilings: `longest_undecided` and `longest_rows` say what holds.
    `classes` and `countries` are keyed by `DataClass` and ISO 3166 code. `hold_for`: the longest hold that may be
    ordered; not carried out yet.
    """

    undecided_for: timedelta
    why: Text
    unfinished_upload_for: timedelta
    forget_rows_after: timedelta
    hold_for: timedelta
    classes: Periods = _NO_PERIODS
    countries: Table[Periods] = _NO_COUNTRIES
    holds: tuple[LegalHold, ...] = ()

    def longest_undecided(self, *, country: str | None = None) -> timedelta:
        """After how long a verification that nobody decided ends, and with it everything that was sent.

        Whatever it asked for is under one key, so it ends with the class that may stay shortest.
        """
        evidence = (period.keep_for for data, period in self._periods(country) if data != DataClass.ROWS)
        return min((self.undecided_for, *evidence))

    def longest_rows(self, *, country: str | None = None) -> timedelta:
        """After how long a finished verification's row loses its case number and digests."""
        rows = (period.keep_for for data, period in self._periods(country) if data == DataClass.ROWS)
        return min((self.forget_rows_after, *rows))

    def _periods(self, country: str | None) -> Iterator[tuple[str, Period]]:
        yield from self.classes.items()
        for name, periods in self.countries.items():
            if country is None or name == country:
                yield from periods.items()
