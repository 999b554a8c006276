"""Documents that cannot be mistaken for anything else, and the search for them in every file of an installation."""

import base64
import io
import math
import os
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image

MIB: Final = 1 << 20
LIMIT: Final = 20_000_000
SIZES: Final = (1024, MIB - 1, MIB, MIB + 1, LIMIT)
FORMS: Final = ("JPEG", "PNG", "WEBP", "PDF")

_BLOCK: Final = 32
_SLICE: Final = 24
_CHUNK: Final = 65_533


@dataclass(frozen=True)
class Canary:
    """One document of an exact size. Most of it repeats one random block, so that any piece of it is told by it."""

    data: bytes = field(repr=False)
    needles: Mapping[str, bytes] = field(repr=False)


def make_canary(form: str, size: int) -> Canary:
    """A document of `form` that is exactly `size` bytes long, with the needles by which it would be found."""
    block = os.urandom(_BLOCK)
    width, height = (8, 8) if size < 4096 else (200, 150)
    image = Image.frombytes("RGB", (width, height), os.urandom(width * height * 3))
    data = _PADDERS[form](image, size, block)
    assert len(data) == size
    needles = {"original": (block * 2)[:_SLICE], **slices("file", data)}
    return Canary(data, needles | slices("pixels", _decode(data, image)))


def slices(name: str, data: bytes, *, count: int = 4) -> dict[str, bytes]:
    """Some pieces of it, each long enough to be no accident."""
    step = max(1, (len(data) - _SLICE) // count)
    return {f"{name}@{at}": data[at : at + _SLICE] for at in range(step // 2, len(data) - _SLICE, step)}


def _decode(data: bytes, image: Image.Image) -> bytes:
    if data.startswith(b"%PDF"):
        return image.tobytes()
    with Image.open(io.BytesIO(data)) as opened:
        return opened.convert("RGB").tobytes()


def _fill(block: bytes, length: int) -> bytes:
    return (block * (length // _BLOCK + 1))[:length]


def _pad_jpeg(image: Image.Image, size: int, block: bytes) -> bytes:
    plain = _save(image, "JPEG", quality=90)
    missing = size - len(plain)
    count = math.ceil(missing / (_CHUNK + 4))
    lengths = [missing // count + (1 if number < missing % count else 0) - 4 for number in range(count)]
    comments = b"".join(b"\xff\xfe" + struct.pack(">H", each + 2) + _fill(block, each) for each in lengths)
    return plain[:2] + comments + plain[2:]


def _pad_png(image: Image.Image, size: int, block: bytes) -> bytes:
    plain = _save(image, "PNG")
    content = b"caNy" + _fill(block, size - len(plain) - 12)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return plain[:33] + chunk + plain[33:]


def _pad_webp(image: Image.Image, size: int, block: bytes) -> bytes:
    plain = _save(image, "WEBP", lossless=True)
    length = (size - len(plain) - 8) & ~1
    body = plain[8:] + b"CNRY" + struct.pack("<I", length) + _fill(block, length)
    whole = b"RIFF" + struct.pack("<I", len(body)) + body
    return whole + b"\0" * (size - len(whole))


def _pad_pdf(image: Image.Image, size: int, block: bytes) -> bytes:
    width, height = image.size
    content = f"q {width} 0 0 {height} 0 0 cm /I Do Q".encode()
    drawn = f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB/BitsPerComponent 8"
    page = (
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>"
    )
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        page.encode(),
        _stream("", content),
        _stream(drawn, image.tobytes()),
    ]
    bare = len(_write_pdf([*objects, _stream("", b"")]))
    for digits in range(1, 9):  # the length of the padding is written in digits, which are part of the size
        length = size - bare - (digits - 1)
        written = _write_pdf([*objects, _stream("", _fill(block, length))])
        if len(written) == size:
            return written
    missing = size - len(_write_pdf([*objects, _stream("", _fill(block, size - bare - 12))]))
    return _write_pdf([*objects, _stream("", _fill(block, size - bare - 12))]) + b"\n" * missing


def _stream(entries: str, data: bytes) -> bytes:
    return f"<<{entries}/Length {len(data)}>>stream\n".encode() + data + b"\nendstream"


def _write_pdf(objects: list[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj".encode() + each + b"endobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer<</Size {len(objects) + 1}/Root 1 0 R>>\n"
    return bytes(out) + f"{end}startxref\n{len(out):08d}\n%%EOF".encode()


def _save(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


_PADDERS: Final = {"JPEG": _pad_jpeg, "PNG": _pad_png, "WEBP": _pad_webp, "PDF": _pad_pdf}


def spell(text: str) -> dict[str, bytes]:
    """A text in the ways in which it might be written somewhere."""
    plain = text.encode()
    padded = {f"base64+{shift}": base64.b64encode(b"\0" * shift + plain)[4 * bool(shift) : -4] for shift in range(3)}
    wide = {"utf-16": text.encode("utf-16-le"), "hex": plain.hex().encode(), "reversed": plain[::-1]}
    return {f"{text} as {name}": form for name, form in {"text": plain, **wide, **padded}.items()}


def search(needles: Mapping[str, bytes], places: Iterable[Path]) -> list[str]:
    """Every needle that lies in a file below these places, and every file that keeps what the needles were cut from."""
    hits = []
    for path in _files(places):
        with suppress(FileNotFoundError):
            data = path.read_bytes()
            hits += [f"{name} in {path.name}" for name, needle in needles.items() if needle in data]
            hits += [f"{name} in the name of {path}" for name, needle in needles.items() if needle in os.fsencode(path)]
    return hits


def search_rows(needles: Mapping[str, bytes], database: Path) -> list[str]:
    """Every needle in a value of the database, wherever its pages lie and however they are cut."""
    hits = []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as opened:
        for (table,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in opened.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    data = value if isinstance(value, bytes) else str(value).encode()
                    hits += [f"{name} in a row of {table}" for name, needle in needles.items() if needle in data]
    return hits


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        yield from (path for path in ([place] if place.is_file() else place.rglob("*")) if path.is_file())


def find_hidden_files(processes: Iterable[int]) -> list[str]:
    """Files on a disk that a process holds open after they were deleted: no search of folders finds them."""
    hidden = []
    for pid in processes:
        with suppress(OSError):
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    target = str(entry.readlink())
                    if target.endswith(" (deleted)") and not target.startswith("/memfd:"):
                        hidden.append(f"{pid} holds {target}")
    return hidden
