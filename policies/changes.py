"""One difference between two policies: which way it goes, in a sentence. `policies.compare` finds them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from policies.measures import describe_duration


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


def tell_guard(what: str, was: int, now: int) -> Iterator[Change]:
    """A number that guards the more, the higher it is."""
    if was != now:
        yield Change(Effect.GUARDS_LESS if now < was else Effect.GUARDS_MORE, f"{what}: {was} → {now}.")


def tell_switch(what: str, *, was: bool, now: bool) -> Iterator[Change]:
    """A guard that is on or off."""
    if was != now:
        yield Change(Effect.GUARDS_MORE if now else Effect.GUARDS_LESS, f"{what}: {'yes' if now else 'no longer'}.")


def tell_keeping(what: str, was: timedelta, now: timedelta) -> Iterator[Change]:
    """A time that something stays."""
    if was != now:
        effect = Effect.KEEPS_LONGER if now > was else Effect.KEEPS_SHORTER
        yield Change(effect, f"{what}: {describe_duration(was)} → {describe_duration(now)}.")


def tell_limit(what: str, was: int | timedelta, now: int | timedelta) -> Iterator[Change]:
    """A number or a time that neither guards nor keeps."""
    if was != now:
        before, after = (describe_duration(each) if isinstance(each, timedelta) else each for each in (was, now))
        yield Change(Effect.SAYS_OTHERWISE, f"{what}: {before} → {after}.")
