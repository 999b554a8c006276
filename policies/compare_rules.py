"""What changed in the rules of documents and details, in times, and in what people read; for `policies.compare`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from policies.changes import Change, Effect, tell_keeping, tell_limit
from policies.measures import describe_duration
from policies.model import Policy
from policies.parts import Table
from policies.retention import DataClass, LegalHold, Periods, RetentionRules

_NO_PERIODS: Final[Periods] = Table(())


def compare_times(old: Policy, new: Policy) -> Iterator[Change]:
    """How long things stay altogether, and what laws demand."""
    was, now = old.retention, new.retention
    times = [
        ("What is sent and nobody decides on", was.longest_undecided(), now.longest_undecided()),
        ("Case number and digests after the end", was.longest_rows(), now.longest_rows()),
        ("An unfinished upload", was.unfinished_upload_for, now.unfinished_upload_for),
        ("The link, for the customer's documents", old.link.open_for, new.link.open_for),
        ("The outcome, through the link", old.link.status_for, new.link.status_for),
        ("The longest hold", was.hold_for, now.hold_for),
    ]
    for what, before, after in times:
        yield from tell_keeping(what, before, after)
    for data in DataClass:
        yield from _minimum(data, was=was.find_hold(data), now=now.find_hold(data))


def _minimum(data: DataClass, *, was: LegalHold | None, now: LegalHold | None) -> Iterator[Change]:
    before, after = (timedelta(0) if hold is None else hold.keep_for for hold in (was, now))
    if before == after:
        return
    effect = Effect.KEEPS_LONGER if after > before else Effect.KEEPS_SHORTER
    place = now or was
    where = f" in {place.country}" if place is not None and place.country is not None else ""
    said = "none any more" if now is None else describe_duration(now.keep_for)
    yield Change(effect, f"A law's minimum for {data.replace('_', ' ')}{where}: {said}.")


def compare_periods(old: Policy, new: Policy) -> Iterator[Change]:
    """How long each class may stay, everywhere and in each country that has periods of its own."""
    was, now = old.retention, new.retention
    yield from _periods(was, now, was.classes, now.classes, where="")
    for country in sorted({*was.countries, *now.countries}):
        before, after = (each.countries.get(country, _NO_PERIODS) for each in (was, now))
        yield from _periods(was, now, before, after, where=f" in {country}")


def _periods(
    was: RetentionRules, now: RetentionRules, before: Periods, after: Periods, *, where: str
) -> Iterator[Change]:
    for data in DataClass:
        if data in before or data in after:
            words = f"The period for {data.replace('_', ' ')}{where}"
            yield from tell_keeping(words, find_period(was, before, data), find_period(now, after, data))


def find_period(rules: RetentionRules, periods: Periods, data: DataClass) -> timedelta:
    """How long one class may stay by `periods`; without one of its own, as long as the policy allows."""
    if data in periods:
        return periods[data].keep_for
    return rules.forget_rows_after if data is DataClass.ROWS else rules.undecided_for


def compare_documents(old: Policy, new: Policy) -> Iterator[Change]:
    """The rules of what both ask for."""
    for name in sorted(old.documents.keys() & new.documents.keys()):
        was, now = old.documents[name], new.documents[name]
        if (was.must_show, was.may_cover) != (now.must_show, now.may_cover):
            yield Change(Effect.SAYS_OTHERWISE, f"What {name} must show or may cover is worded otherwise. Compare it.")
        if was.captions != now.captions:
            effect = Effect.ASKS_MORE if now.captions else Effect.ASKS_LESS
            yield Change(effect, f"A caption for each {name}: {'asked for' if now.captions else 'no longer'}.")
        yield from tell_limit(f"Pages of one {name}, at most", was.max_pages, now.max_pages)
        yield from tell_limit(f"Bytes of one file of {name}, at most", was.max_bytes, now.max_bytes)
    for code in sorted(old.details.keys() & new.details.keys()):
        field, now_field = old.details[code], new.details[code]
        if field.kind != now_field.kind:
            yield Change(Effect.SAYS_OTHERWISE, f"The format of {code}: {field.kind} → {now_field.kind}.")
        if (field.title, field.hint) != (now_field.title, now_field.hint):
            yield Change(Effect.SAYS_OTHERWISE, f"The question for {code} is worded otherwise. Compare it.")
    if old.limits != new.limits:
        yield Change(Effect.SAYS_OTHERWISE, "Limits for uploads changed.")


def compare_texts(old: Policy, new: Policy) -> Iterator[Change]:
    """Languages, reasons, the name and the title."""
    for language in sorted(set(old.languages) - set(new.languages)):
        yield Change(Effect.GUARDS_LESS, f"Texts are no longer promised in: {language}.")
    for language in sorted(set(new.languages) - set(old.languages)):
        yield Change(Effect.SAYS_OTHERWISE, f"Texts are promised in: {language}.")
    was, now = ({reason.code: reason.text for reason in each.reasons} for each in (old, new))
    for code in sorted(now.keys() - was.keys()):
        yield Change(Effect.SAYS_OTHERWISE, f"A decision may give a new reason: {code}.")
    for code in sorted(was.keys() - now.keys()):
        yield Change(Effect.SAYS_OTHERWISE, f"No decision gives this reason any more: {code}.")
    for code in sorted(code for code in was.keys() & now.keys() if was[code] != now[code]):
        yield Change(Effect.SAYS_OTHERWISE, f"The reason {code} is worded otherwise. Compare it.")
    if (old.name, old.title) != (new.name, new.title):
        yield Change(Effect.SAYS_OTHERWISE, "The name or the title changed.")
