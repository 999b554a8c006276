"""What a JPEG holds besides its picture, read from its markers alone (ITU T.81, annex B); nothing is decoded.

For the demo and the tests, which show that a page has none. Everything that is not needed to draw the picture counts,
known or not, so a new kind of metadata cannot pass for absent.
"""

from typing import Final

_SOI: Final = b"\xff\xd8"
_EOI: Final = 0xD9
_SOS: Final = 0xDA
_APP0: Final = 0xE0
_COM: Final = 0xFE
_DRAWS: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD, _SOS})  # SOF0-2, DHT, DQT, DRI, SOS
_PLAIN_JFIF_BYTES: Final = 14  # a JFIF segment without a thumbnail
_NAMES: Final = (
    (0xE1, b"Exif\x00", "exif"),
    (0xE1, b"http://ns.adobe.com/x", "xmp"),
    (0xE2, b"ICC_PROFILE\x00", "icc"),
    (0xE2, b"MPF\x00", "thumbnail"),
    (0xED, b"Photoshop 3.0\x00", "iptc"),
    (_COM, b"", "comment"),
)


def measure_metadata(jpeg: bytes) -> tuple[str, ...]:
    """A word for each piece of metadata in `jpeg`, in order; empty means that there is none.

    `malformed` stands for bytes that are no JPEG from there on, `trailing` for bytes after its end.
    """
    if not jpeg.startswith(_SOI):
        return ("malformed",)
    found: list[str] = []
    at = len(_SOI)
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] != _EOI:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        word = _name(marker, jpeg[at + 4 : at + 2 + length])
        if word is not None:
            found.append(word)
        at += 2 + max(length, 2)
        if marker == _SOS:
            at = _end_of_scan(jpeg, at)
    if jpeg[at : at + 2] != bytes((0xFF, _EOI)):
        found.append("malformed")
    elif len(jpeg) > at + 2:
        found.append("trailing")
    return tuple(found)


def _name(marker: int, body: bytes) -> str | None:
    if marker in _DRAWS or (marker == _APP0 and body.startswith(b"JFIF\x00") and len(body) == _PLAIN_JFIF_BYTES):
        return None
    for known, prefix, word in _NAMES:
        if marker == known and body.startswith(prefix):
            return word
    return f"segment_{marker:02x}"


def _end_of_scan(jpeg: bytes, at: int) -> int:
    """Where the next marker stands after coded data: 0xFF that is not stuffed (00) and not a restart (D0 to D7)."""
    while (at := jpeg.find(b"\xff", at)) >= 0:
        following = jpeg[at + 1 : at + 2]
        if following and following != b"\x00" and not b"\xd0" <= following <= b"\xd7":
            return at
        at += 1
    return len(jpeg)
