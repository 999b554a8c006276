"""What a change of a policy would expose, before anybody begins a verification under it.

Guarantees that a policy of another version never compares as the same, and that each change says which way it goes.
Whether it is wanted is for the people who read it; sentences are compared by people, and only named here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from policies.ladder import needs
from policies.measures import describe_duration
from policies.model import Policy
from policies.retention import DataClass, LegalHold
from policies.words import tell_line


class Effect(StrEnum):
    """Which way a change goes."""

    ASKS_MORE = "asks more"
    KEEPS_LONGER = "keeps longer"
    GUARDS_LESS = "guards less"
    ASKS_LESS = "asks less"
    KEEPS_SHORTER = "keeps shorter"
    GUARDS_MORE = "guards more"
    SAYS_OTHERWISE = "says otherwise"


EXPOSES = frozenset({Effect.ASKS_MORE, Effect.KEEPS_LONGER, Effect.GUARDS_LESS})


@dataclass(frozen=True)
class Change:
    """One difference, in a sentence."""

    effect: Effect
    sentence: str

    @property
    def is_exposing(self) -> bool:
        """Whether people have to show more or leave it longer, or accounts are guarded by less."""
        return self.effect in EXPOSES


def compare(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Every difference from `old` to `new`; none where their versions are the same."""
    if old.version == new.version:
        return ()
    found = [*_no_proof(old, new), *_ladder(old, new), *_review(old, new), *_contacts(old, new), *_times(old, new)]
    found += _words(old, new)
    order = list(Effect)
    return tuple(sorted(found, key=lambda change: order.index(change.effect))) or (
        Change(Effect.SAYS_OTHERWISE, "Texts, limits or the order of something changed, and nothing else."),
    )


def _no_proof(old: Policy, new: Policy) -> Iterator[Change]:
    if old.no_proof is None and new.no_proof is not None:
        yield Change(Effect.GUARDS_LESS, "No proof is asked for any more.")
    if old.no_proof is not None and new.no_proof is None:
        yield Change(Effect.ASKS_MORE, "A proof is asked for, where none was needed.")


def _ladder(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = [needs(line) for line in old.ladder], [needs(line) for line in new.ladder]
    for line, wanted in zip(new.ladder, after, strict=True):
        if wanted not in before:
            words = tell_line(line, policy=new)
            yield Change(Effect.SAYS_OTHERWISE, f"A line of proof is new: {words}.")
            if not any(earlier <= wanted for earlier in before):
                yield Change(Effect.GUARDS_LESS, f"Nobody could pass with this alone before: {words}.")
    for line, wanted in zip(old.ladder, before, strict=True):
        if wanted not in after:
            yield Change(Effect.ASKS_MORE, f"A line of proof is gone: {tell_line(line, policy=old)}.")
    asked, now_asked = frozenset().union(*before), frozenset().union(*after)
    for kind, name in sorted(now_asked - asked):
        yield Change(Effect.ASKS_MORE, f"Newly asked for: {kind}, {name}.")
    for kind, name in sorted(asked - now_asked):
        yield Change(Effect.ASKS_LESS, f"No longer asked for: {kind}, {name}.")


def _review(old: Policy, new: Policy) -> Iterator[Change]:
    was, now = old.review, new.review
    yield from _number("Reviewers one after the other", was.lines, now.lines)
    yield from _number("Share of second looks, in per cent", was.second_look_share, now.second_look_share)
    yield from _switch("Four eyes", was=was.four_eyes, now=now.four_eyes)
    yield from _switch(
        "A person decides even where contact checks are confirmed",
        was=not was.contact_checks_decide,
        now=not now.contact_checks_decide,
    )
    listed, now_listed = ({item.code for item in each.checklist} for each in (was, now))
    for code in sorted(listed - now_listed):
        yield Change(Effect.GUARDS_LESS, f"Reviewers no longer compare: {code}.")
    for code in sorted(now_listed - listed):
        yield Change(Effect.GUARDS_MORE, f"Reviewers also compare: {code}.")
    for code in sorted(set(now.expected_fields) - set(was.expected_fields)):
        yield Change(Effect.ASKS_MORE, f"The desk may send along, to compare with: {code}.")


def _contacts(old: Policy, new: Policy) -> Iterator[Change]:
    if not (old.has_contact_checks() and new.has_contact_checks()):
        return
    was, now = old.contacts, new.contacts
    yield from _switch("Telling the other contact point", was=was.tell_other, now=now.tell_other)
    yield from _switch("Refusing throw-away addresses", was=was.forbid_disposable, now=now.forbid_disposable)
    if was.changed_within != now.changed_within:
        effect = Effect.GUARDS_LESS if now.changed_within < was.changed_within else Effect.GUARDS_MORE
        times = f"{describe_duration(was.changed_within)} → {describe_duration(now.changed_within)}"
        yield Change(effect, f"A contact point counts as recently changed for: {times}.")


def _times(old: Policy, new: Policy) -> Iterator[Change]:
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
        if before != after:
            effect = Effect.KEEPS_LONGER if after > before else Effect.KEEPS_SHORTER
            yield Change(effect, f"{what}: {describe_duration(before)} → {describe_duration(after)}.")
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


def _words(old: Policy, new: Policy) -> Iterator[Change]:
    for name in old.documents.keys() & new.documents.keys():
        was, now = old.documents[name], new.documents[name]
        if (was.must_show, was.may_cover) != (now.must_show, now.may_cover):
            yield Change(Effect.SAYS_OTHERWISE, f"What {name} must show or may cover is worded otherwise. Compare it.")
        if was.captions != now.captions:
            effect = Effect.ASKS_MORE if now.captions else Effect.ASKS_LESS
            yield Change(effect, f"A caption for each {name}: {'asked for' if now.captions else 'no longer'}.")
    for language in sorted(set(old.languages) - set(new.languages)):
        yield Change(Effect.GUARDS_LESS, f"Texts are no longer promised in: {language}.")
    if old.limits != new.limits:
        yield Change(Effect.SAYS_OTHERWISE, "Limits for uploads changed.")
    if replace(old, name=new.name, title=new.title) != old:
        yield Change(Effect.SAYS_OTHERWISE, "The name or the title changed.")


def _number(what: str, was: int, now: int) -> Iterator[Change]:
    if was != now:
        yield Change(Effect.GUARDS_LESS if now < was else Effect.GUARDS_MORE, f"{what}: {was} → {now}.")


def _switch(what: str, *, was: bool, now: bool) -> Iterator[Change]:
    if was != now:
        yield Change(Effect.GUARDS_MORE if now else Effect.GUARDS_LESS, f"{what}: {'yes' if now else 'no longer'}.")
