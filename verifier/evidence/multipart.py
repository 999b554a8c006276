"""A strict, incremental reader of one upload form (RFC 7578), over python-multipart's callbacks.

The parts come in this order: `form_token` (of customers), `slot`, perhaps `replaces`, then one file part `file`. A file
before its slot is refused unread. The upload counts only after the closing boundary: python-multipart's own
`finalize()` accepts a body without it, so `is_complete` waits for its `on_end`. File names are dropped here.
"""

from typing import Final

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from verifier.evidence.errors import FileBeforeSlotError, MalformedMultipartError, TooManyFilesError

_FIELDS: Final = frozenset({"form_token", "slot", "replaces"})
_FILE: Final = "file"
_MAX_FIELD_BYTES: Final = 256
_MAX_HEADER_BYTES: Final = 4096
_MAX_PARTS: Final = 8


def parse_boundary(content_type: str) -> bytes:
    """The boundary of a `multipart/form-data` content type (RFC 2046, section 5.1.1). Raises MalformedMultipartError"""
    kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 70:
        raise MalformedMultipartError
    return bytes(boundary)


class UploadForm:
    """Feed it the body; take the fields and the file's bytes out as they come."""

    def __init__(self, boundary: bytes) -> None:
        self.fields: Final[dict[str, str]] = {}
        self.is_complete = False
        self.file_began = False
        self.file_ended = False
        self.file_was_chosen = False
        self._file: list[memoryview] = []
        self.file_bytes_waiting = 0
        self._name: str | None = None
        self._value = bytearray()
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = 0
        self._parts = 0
        try:
            self._parser: Final = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except (MultipartParseError, ValueError) as error:
            raise MalformedMultipartError from error

    def feed(self, data: bytes) -> None:
        """Read on.

        Raises:
            MalformedMultipartError, FileBeforeSlotError, TooManyFilesError
        """
        try:
            self._parser.write(data)
        except MultipartParseError as error:
            raise MalformedMultipartError from error

    def peek_file(self, count: int) -> bytes:
        """The first bytes of the file that were not taken yet, at most `count`."""
        head = b""
        for piece in self._file:
            head += piece[: count - len(head)]
            if len(head) == count:
                break
        return head

    def take_file(self) -> list[memoryview]:
        """The file's bytes that came since the last call: views of what was fed, nothing is copied."""
        taken, self._file, self.file_bytes_waiting = self._file, [], 0
        return taken

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise MalformedMultipartError
        self._name, self._value, self._headers, self._header_bytes = None, bytearray(), {}, 0
        self._header = (bytearray(), bytearray())

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header[0].extend(data[start:end])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header[1].extend(data[start:end])

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _MAX_HEADER_BYTES:
            raise MalformedMultipartError

    def _on_header_end(self) -> None:
        self._headers[bytes(self._header[0]).lower()] = bytes(self._header[1])
        self._header = (bytearray(), bytearray())

    def _on_headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("latin-1")
        if kind != b"form-data" or not name:
            raise MalformedMultipartError
        if b"filename" in options:
            self._begin_file(name)
            # A browser whose file field was left empty sends an empty name; the name itself is dropped here.
            self.file_was_chosen = options[b"filename"] != b""
        elif name not in _FIELDS or name in self.fields or self.file_began:
            raise MalformedMultipartError
        self._name = name

    def _begin_file(self, name: str) -> None:
        if self.file_began:
            raise TooManyFilesError
        if "slot" not in self.fields:
            raise FileBeforeSlotError
        if name != _FILE:
            raise MalformedMultipartError
        self.file_began = True

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name == _FILE:
            self._file.append(memoryview(data)[start:end])
            self.file_bytes_waiting += end - start
            return
        self._value += data[start:end]
        if len(self._value) > _MAX_FIELD_BYTES:
            raise MalformedMultipartError

    def _on_part_end(self) -> None:
        if self._name == _FILE:
            self.file_ended = True
            return
        assert self._name is not None
        try:
            self.fields[self._name] = self._value.decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedMultipartError from None

    def _on_end(self) -> None:
        self.is_complete = True
