"""The two words that customer and agent both see, so that a person on the phone can tell a true link from a forged one.

The words are short, concrete, spelled as they sound, and unlike each other when read aloud.
"""

import secrets
from typing import Final

_FIRST: Final = (
    "amber", "bright", "calm", "clever", "copper", "early", "easy", "fresh", "gentle", "golden", "green", "happy",
    "humble", "jolly", "kind", "light", "lucky", "mellow", "modest", "orange", "patient", "polite", "purple", "quick",
    "quiet", "rapid", "silver", "simple", "smooth", "steady", "sunny", "tidy", "violet", "warm", "wise", "yellow",
)  # fmt: skip
_SECOND: Final = (
    "anchor", "apple", "badger", "bridge", "button", "candle", "castle", "cherry", "compass", "dolphin", "falcon",
    "feather", "forest", "garden", "guitar", "hammer", "harbour", "island", "kettle", "ladder", "lantern", "lemon",
    "marble", "meadow", "mountain", "otter", "paper", "pebble", "pencil", "planet", "rabbit", "river", "rocket",
    "saddle", "table", "teapot", "tiger", "tulip", "velvet", "walnut", "window", "winter",
)  # fmt: skip


def new_phrase() -> str:
    return f"{secrets.choice(_FIRST)} {secrets.choice(_SECOND)}"
