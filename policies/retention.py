"""How long things may stay, why, and which of several periods holds.

Guarantees that no rule lengthens another: `undecided_for` and `forget_rows_after` are the longest, what a class or a
country says can only shorten them, and where the country is not known the shortest of all countries holds. A law's
minimum is a hold with that law as its reason; where the country is not known, the longest duty to keep holds. Carrying
a hold out is `verifier.retention`'s.
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
    """A minimum that a law demands, everywhere or in one country, counted from the end of a verification.

    `code` names the law in the log; a law that was given none is `law-1`, `law-2`… by its place in the list.
    """

    data: DataClass
    keep_for: timedelta
    law: Text
    code: str
    country: str | None = None


def usual_code(number: int) -> str:
    """The code of the `number`th hold of a policy, where it was given none."""
    return f"law-{number}"


Periods = Table[Period]
_NO_PERIODS: Final[Periods] = Table(())
_NO_COUNTRIES: Final[Table[Periods]] = Table(())


@dataclass(frozen=True)
class RetentionRules:
    """How long things may stay, and why.

    `undecided_for` and `forget_rows_after` are ceilings: `longest_undecided` and `longest_rows` say what holds.
    `classes` and `countries` are keyed by `DataClass` and ISO 3166 code. `hold_for`: the longest hold that may be
    ordered; not carried out yet. `holds` are those that laws demand.
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

    def find_hold(self, data: DataClass) -> LegalHold | None:
        """The law's minimum that one class is held for: the longest, because the country is not known."""
        return max((hold for hold in self.holds if hold.data is data), key=lambda hold: hold.keep_for, default=None)

    def find_law(self, code: str) -> LegalHold | None:
        """The minimum with this code."""
        return next((hold for hold in self.holds if hold.code == code), None)

    def list_holds(self) -> tuple[LegalHold, ...]:
        """The minimums under which what was sent stays after the end, at most one of each class."""
        found = (self.find_hold(data) for data in DataClass if data is not DataClass.ROWS)
        return tuple(hold for hold in found if hold is not None)

    def _periods(self, country: str | None) -> Iterator[tuple[str, Period]]:
        yield from self.classes.items()
        for name, periods in self.countries.items():
            if country is None or name == country:
                yield from periods.items()
