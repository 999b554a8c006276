"""Durations and sizes, from their written form and into words."""

from datetime import timedelta

import pytest

from policies import describe_duration, describe_size
from policies.measures import find_duration, find_size


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("P3D", timedelta(days=3)),
        ("PT48H", timedelta(days=2)),
        ("P1DT12H", timedelta(hours=36)),
        ("P2W", timedelta(days=14)),
        ("PT1H30M5S", timedelta(hours=1, minutes=30, seconds=5)),
        ("PT0S", timedelta(0)),
    ],
)
def test_an_iso_8601_duration_is_read(text: str, value: timedelta) -> None:
    assert find_duration(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "3D", "P1M", "P1Y", "P1W2D", "PT1.5H", "-P1D", "P-1D", "P1D ", "p1d", "P١D", "P1D\n"],
)
def test_what_is_no_fixed_duration_is_not_read(text: str) -> None:
    assert find_duration(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("20MB", 20_000_000), ("16 MiB", 16 * 1024**2), ("4096", 4096), ("1kB", 1000), ("0", 0), ("1GiB", 1024**3)],
)
def test_a_size_is_read(text: str, value: int) -> None:
    assert find_size(text) == value


@pytest.mark.parametrize("text", ["", "MB", "1.5MB", "-1", "1mb", "1  MB", "01MB", "1_000", "1e6", "٢MB", "1MB\n"])
def test_what_is_no_size_is_not_read(text: str) -> None:
    assert find_size(text) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (timedelta(days=3), "3 days"),
        (timedelta(hours=48), "48 hours"),
        (timedelta(hours=49), "2 days and 1 hour"),
        (timedelta(hours=48, minutes=5), "2 days and 5 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "1 hour and 30 minutes"),
        (timedelta(minutes=15), "15 minutes"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(days=90), "90 days"),
        (timedelta(days=3, hours=4, minutes=5), "3 days and 4 hours"),
        (timedelta(0), "no time"),
    ],
)
def test_a_duration_is_said_in_words(value: timedelta, words: str) -> None:
    assert describe_duration(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(20_000_000, "20 MB"), (2 * 1024**2, "2 MB"), (1_500, "1.5 kB"), (999, "999 bytes"), (99_999_999, "99.9 MB")],
)
def test_a_size_is_said_in_words_and_never_promises_more(value: int, words: str) -> None:
    assert describe_size(value) == words
