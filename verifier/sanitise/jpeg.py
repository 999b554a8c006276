"""Plain pixels to JPEG, with nothing else in it."""

import io
from typing import Final

from PIL import Image

from verifier.sanitise.pages import Page

QUALITY: Final = 85


def encode_jpeg(page: Page) -> bytes:
    """The page as a fresh JPEG. The pixels are copied first: whoever still writes to them, it is one picture."""
    picture = Image.frombytes("RGB", (page.width, page.height), page.rgb)
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=QUALITY)
    return encoded.getvalue()
