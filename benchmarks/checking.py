"""Checking a 12-megapixel JPEG in the jailed child, beside Pillow doing the same decode, resize and encode in-process.

Run as `python -m benchmarks.checking [ROUNDS]`. Both take turns in one run, so that a slow moment of the machine meets
both; medians are compared, and the run fails where the child takes more than `MOST_TIMES` as long.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageOps

from verifier.sanitise.decoder import Decoder, Limits, Page
from verifier.sanitise.formats import MediaType
from verifier.sanitise.jpeg import QUALITY, encode_jpeg
from verifier.sanitise.pages import LONG_SIDE
from verifier.sanitise.watermark import watermark

MOST_TIMES: Final = 1.3
_LIMITS: Final = Limits(max_pages=4)


def make_photo() -> bytes:
    """A 12-megapixel photo of about 4 MB: soft shapes with a sensor's noise."""
    shapes = Image.effect_noise((500, 375), 60).resize((4000, 3000), Image.Resampling.BICUBIC)
    turned = [shapes, shapes.transpose(Image.Transpose.FLIP_LEFT_RIGHT), shapes.transpose(Image.Transpose.ROTATE_180)]
    photo = Image.blend(Image.merge("RGB", turned), Image.effect_noise((4000, 3000), 20).convert("RGB"), 0.15)
    exif = Image.Exif()
    exif[0x0112] = 1
    encoded = io.BytesIO()
    photo.save(encoded, "JPEG", quality=90, exif=exif)
    return encoded.getvalue()


def check_in_process(photo: bytes) -> bytes:
    """What the child and its caller do together, by Pillow alone, in this process."""
    picture = Image.open(io.BytesIO(photo), formats=("JPEG",))
    picture.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.BICUBIC)
    upright = ImageOps.exif_transpose(picture).convert("RGB")
    fresh = Image.new("RGB", upright.size)
    fresh.paste(upright)
    encoded = io.BytesIO()
    fresh.save(encoded, "JPEG", quality=QUALITY)
    return encoded.getvalue()


def check_in_child(decoder: Decoder, photo: bytes) -> bytes:
    """The product's own way."""
    pages: list[bytes] = []

    def encode(_number: int, page: Page) -> None:
        pages.append(encode_jpeg(page))

    decoder.decode(photo, MediaType.JPEG, _LIMITS, encode)
    return pages[0]


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _show(times: list[float]) -> str:
    return f"{statistics.median(times):7.1f} ({min(times):.1f})"


def main() -> int:
    """Print the medians in milliseconds; 0 if the child keeps its bound."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    photo = make_photo()
    alone, jailed, small, marked = [], [], [], []
    dot = io.BytesIO()
    Image.new("RGB", (8, 8)).save(dot, "JPEG")
    with Decoder() as decoder:
        page = check_in_child(decoder, photo)
        if Image.open(io.BytesIO(page)).size != Image.open(io.BytesIO(check_in_process(photo))).size:
            raise SystemExit("the two do not do the same: nothing to compare")
        for _ in range(rounds):
            alone.append(_time(lambda: check_in_process(photo)))
            jailed.append(_time(lambda: check_in_child(decoder, photo)))
            small.append(_time(lambda: check_in_child(decoder, dot.getvalue())))
            marked.append(_time(lambda: watermark(page, "CASE-4711 | reviewer | 2026-11-21 12:00 UTC")))
    times = statistics.median(jailed) / statistics.median(alone)
    print(f"12-megapixel JPEG of {len(photo) / 1e6:.1f} MB, {rounds} rounds in one run, ms: median (fastest)")
    print(f"  Pillow in-process           {_show(alone)}")
    print(f"  jailed child and caller     {_show(jailed)}   {times:.2f} times (at most {MOST_TIMES})")
    print(f"  the same for 8x8 pixels     {_show(small)}")
    print(f"  watermark of the page       {_show(marked)}")
    return 0 if times <= MOST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
