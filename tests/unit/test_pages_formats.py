"""Dates, durations and sizes as people write them."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from verifier.web.pages.formats import Formats

MOMENT = datetime(2026, 11, 21, 14, 5, 9, tzinfo=UTC)


def test_a_moment_is_readable_and_exact() -> None:
    assert Formats("en").when(MOMENT) == (
        '<time datetime="2026-11-21T14:05:09Z" data-local="minute">21 November 2026, 14:05 UTC</time>'
    )
    assert "21 Nov 2026, 14:05 UTC" in Formats("en").stamp(MOMENT)
    assert ">21 November 2026<" in Formats("en").day(MOMENT)


def test_another_zone_is_shown_in_utc() -> None:
    elsewhere = datetime(2026, 11, 22, 1, 5, tzinfo=timezone(timedelta(hours=11)))
    assert "21 November 2026, 14:05 UTC" in Formats("en").when(elsewhere)


def test_a_time_without_a_zone_is_refused_because_it_would_be_a_guess() -> None:
    with pytest.raises(ValueError, match="zone"):
        Formats("en").when(datetime(2026, 11, 21))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 byte"), (999, "999 byte"), (1_000, "1 kB"), (1_500_000, "1.5 MB"), (20_000_000, "20 MB")]
)
def test_a_size_is_said_in_its_unit(count: int, text: str) -> None:
    assert Formats("en").size(count) == text


def test_durations_and_lists_are_said_in_words() -> None:
    assert Formats("en").span(timedelta(hours=48)) == "2 days"
    assert Formats("en").span(timedelta(minutes=15)) == "15 minutes"
    assert Formats("en").listed(["a", "b", "c"]) == "a, b and c"
    assert "stycznia" in Formats("pl").day(datetime(2027, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("locale", "text", "stamp", "day"),
    [
        ("en", "21 November 2026, 14:05 UTC", "21 Nov 2026, 14:05 UTC", "21 November 2026"),
        ("nl", "21 november 2026, 14:05 UTC", "21 nov 2026, 14:05 UTC", "21 november 2026"),
        ("ru", "21 ноября 2026 г., 14:05 UTC", "21 нояб. 2026 г., 14:05 UTC", "21 ноября 2026 г."),
        ("sk", "21. novembra 2026, 14:05 UTC", "21. 11. 2026, 14:05 UTC", "21. novembra 2026"),
        ("ro", "21 noiembrie 2026, 14:05 UTC", "21 nov. 2026, 14:05 UTC", "21 noiembrie 2026"),
    ],
)
def test_a_date_is_written_the_way_of_its_language(locale: str, text: str, stamp: str, day: str) -> None:
    formats = Formats(locale)
    # The CLDR puts other spaces here and there, and moves them between its releases.
    said = [str(each(MOMENT)) for each in (formats.text, formats.stamp, formats.day)]
    plain = [re.sub(r"<[^>]*>", "", each).replace("\u202f", " ").replace("\xa0", " ") for each in said]
    assert plain == [text, stamp, day]


@pytest.mark.parametrize(
    ("locale", "spans", "listed"),
    [
        ("nl", ("5 dagen", "2 dagen", "15 minuten"), "a, b en c"),
        ("ru", ("5 дней", "2 дня", "15 минут"), "a, b и c"),
        ("sk", ("5 dní", "2 dni", "15 minút"), "a, b a c"),
        ("ro", ("5 zile", "2 zile", "15 minute"), "a, b și c"),
    ],
)
def test_durations_and_lists_take_the_words_of_their_language(locale: str, spans: tuple[str, ...], listed: str) -> None:
    formats = Formats(locale)
    durations = (timedelta(days=5), timedelta(days=2), timedelta(minutes=15))
    assert tuple(formats.span(each) for each in durations) == spans
    assert formats.listed(["a", "b", "c"]) == listed
