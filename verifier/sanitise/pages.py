"""What may be asked of the decoder, and what comes back: one page of plain pixels at a time."""

from dataclasses import dataclass
from typing import Final

LONG_SIDE: Final = 3_000
"""No page is larger than this, in pixels, on its longer side."""

BYTES_PER_PIXEL: Final = 3
MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one document may cost. Memory counts on top of what the warm child has when it begins."""

    max_pages: int
    max_pixels: int = 100_000_000
    memory_bytes: int = 1024 * MIB
    wall_seconds: float = 20.0


@dataclass(frozen=True)
class Page:
    """One page as rows of red, green, blue, one byte each; exactly width x height x 3 bytes.

    `rgb` may be memory that the child can still write to while the document is being decoded. That is harmless (it is
    its own page), but whoever looks twice may see two pictures: read it once, as `encode_jpeg` does.
    """

    width: int
    height: int
    rgb: bytes | memoryview

    def __post_init__(self) -> None:
        if not is_page_size(self.width, self.height):
            raise ValueError("no page has this size")
        if len(self.rgb) != self.width * self.height * BYTES_PER_PIXEL:
            raise ValueError("the pixels do not fill the page")

    def __repr__(self) -> str:
        return f"Page({self.width} x {self.height})"


def is_page_size(width: int, height: int) -> bool:
    """Whether a page may have this size."""
    return 1 <= width <= LONG_SIDE and 1 <= height <= LONG_SIDE


def fit(width: float, height: float, *, scale: float = 1.0) -> tuple[int, int]:
    """The size of a page of `width` x `height` after `scale`, made smaller where a side would exceed `LONG_SIDE`."""
    scale = min(scale, LONG_SIDE / max(width, height))
    return whole_pixels(width * scale), whole_pixels(height * scale)


def whole_pixels(length: float) -> int:
    """A length in whole pixels: at least one, at most `LONG_SIDE`."""
    return max(1, min(LONG_SIDE, round(length)))
