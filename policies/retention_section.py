"""The section `retention`, read within its bounds: periods by class and country, and the minimums of laws.

Guarantees that each period has its why, that no class or country outstays the policy's own periods, and that no row is
forgotten before a law allows, nor while a law keeps anything else of its verification. Which classes a policy uses is
checked in `policies.language`.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from policies.measures import describe_duration
from policies.nodes import Fields, Items, Node
from policies.parts import Table
from policies.reading import (
    read_choice,
    read_code,
    read_duration,
    read_duration_or,
    read_fields,
    read_items,
    read_text,
)
from policies.retention import DataClass, LegalHold, Period, Periods, RetentionRules, usual_code

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_LAW: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_OPTIONAL: Final = ("unfinished_upload_for", "forget_rows_after", "hold_for", "classes", "countries", "holds")


def read_retention(node: Node) -> RetentionRules:
    """How long things stay, and why."""
    found = read_fields(node, what="`retention`", required=("undecided_for", "why"), optional=_OPTIONAL)
    longest = read_duration(found["undecided_for"], what="`undecided_for`", least=_HOUR, most=90 * _DAY)
    rows = read_duration_or(found, "forget_rows_after", least=_DAY, most=366 * _DAY, default=90 * _DAY)
    ceilings = {data: rows if data is DataClass.ROWS else longest for data in DataClass}
    rules = RetentionRules(
        undecided_for=longest,
        why=read_text(found["why"], what="`why`"),
        unfinished_upload_for=read_duration_or(found, "unfinished_upload_for", least=_MINUTE, most=_DAY, default=_HOUR),
        forget_rows_after=rows,
        hold_for=read_duration_or(found, "hold_for", least=_DAY, most=366 * _DAY, default=30 * _DAY),
        classes=_periods(found["classes"], what="`classes`", ceilings=ceilings) if "classes" in found else Table(()),
        countries=_countries(found["countries"], ceilings=ceilings) if "countries" in found else Table(()),
        holds=_holds(found.get("holds", Items(node.place, ()))),
    )
    _verify_rows_outlast_holds(rules, found=found)
    return rules


def _periods(node: Node, *, what: str, ceilings: Mapping[DataClass, timedelta]) -> Periods:
    found = read_fields(node, what=what, required=(), optional=tuple(DataClass))
    if not found:
        raise node.place.refuse("too_few", f"{what} names no class. Write how long one stays, or remove it.")
    return Table.of(
        (data.value, _period(found[data], what=f"{what}: `{data}`", most=ceilings[data]))
        for data in sorted(DataClass)
        if data in found
    )


def _period(node: Node, *, what: str, most: timedelta) -> Period:
    found = read_fields(node, what=what, required=("keep_for", "why"))
    return Period(
        keep_for=read_duration(found["keep_for"], what=f"{what}: `keep_for`", least=_HOUR, most=most),
        why=read_text(found["why"], what=f"{what}: `why`"),
    )


def _countries(node: Node, *, ceilings: Mapping[DataClass, timedelta]) -> Table[Periods]:
    if not isinstance(node, Fields) or not node.pairs:
        raise node.place.refuse("wrong_kind", "`countries` is a mapping: each country with its periods.")
    found = {
        read_code(key, what="A country", pattern=_COUNTRY): _periods(value, what=f"`{key.text}`", ceilings=ceilings)
        for key, value in node.pairs
    }
    return Table.of(sorted(found.items()))


def _holds(node: Node) -> tuple[LegalHold, ...]:
    found: dict[str, LegalHold] = {}
    for number, item in enumerate(read_items(node, what="`holds`", least=0, most=8), start=1):
        hold = _hold(item, usual=usual_code(number))
        if hold.code in found:
            raise item.place.refuse("duplicate_code", f"Two holds have the code `{hold.code}`. Name each its own.")
        found[hold.code] = hold
    return tuple(found.values())


def _hold(node: Node, *, usual: str) -> LegalHold:
    found = read_fields(node, what="A hold", required=("class", "keep_for", "law"), optional=("code", "country"))
    return LegalHold(
        code=read_code(found["code"], what="`code`", pattern=_LAW) if "code" in found else usual,
        data=DataClass(read_choice(found["class"], what="`class`", choices=tuple(DataClass))),
        keep_for=read_duration(found["keep_for"], what="`keep_for`", least=_DAY, most=3660 * _DAY),
        law=read_text(found["law"], what="`law`"),
        country=read_code(found["country"], what="`country`", pattern=_COUNTRY) if "country" in found else None,
    )


def _verify_rows_outlast_holds(rules: RetentionRules, *, found: Mapping[str, Node]) -> None:
    items = found["holds"].nodes if isinstance(found.get("holds"), Items) else ()  # type: ignore[union-attr]
    for hold, node in zip(rules.holds, items, strict=True):
        stay = rules.longest_rows()  # of no country: where a customer lives is not known
        if stay < hold.keep_for:
            raise node.place.refuse(
                "too_little_time",
                f"This law demands {describe_duration(hold.keep_for)}, but rows are forgotten after"
                f" {describe_duration(stay)}. Lengthen the period, or correct the law's.",
            )
