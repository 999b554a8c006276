"""The door of this room: a document's bytes in, its pages out, and nothing that a document does reaches the caller.

Guarantees that each document costs at most its limits and at most itself: a child that crashes, hangs, eats memory or
talks nonsense is one `RefusedError`. A parent that dies is replaced, and its documents are tried once more if no page
of them went out. It leaves to its caller what becomes of a page; the caller encodes it (`encode_jpeg`), so that no
process with keys decodes what an untrusted one encoded.
"""

import os
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from verifier.sanitise.conversation import Conversation, OnPage
from verifier.sanitise.errors import DecoderUnavailableError, Refusal, RefusedError
from verifier.sanitise.findings import Findings
from verifier.sanitise.formats import MediaType
from verifier.sanitise.memory import Buffer, make_document
from verifier.sanitise.pages import Limits, Page
from verifier.sanitise.warm import PROGRAM, WarmParent
from verifier.sanitise.wire import ChannelEndedError, Request

__all__ = ["Decoder", "Findings", "Limits", "Page", "Refusal", "RefusedError"]

_ATTEMPTS: Final = 2


class Decoder:
    """A handle on the warm parent, for many threads. At most `children` documents are decoded at once; others wait."""

    def __init__(
        self, *, children: int = 2, program: Sequence[str] = PROGRAM, ready_within_seconds: float = 30.0
    ) -> None:
        """Start the parent; the first `decode` waits until it is warm.

        `program` is what its interpreter runs; `ready_within_seconds` is for a child, to stand in its jail.
        """
        if children < 1:
            raise ValueError("a decoder without children decodes nothing")
        self._program = program
        self._ready_within_seconds = ready_within_seconds
        self._slots = threading.BoundedSemaphore(children)
        self._lock = threading.Lock()
        self._closed = False
        self._parent = WarmParent(program)
        self._is_ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def decode(self, data: Buffer, media_type: MediaType, limits: Limits, on_page: OnPage) -> Findings:
        """Call `on_page(number, page)` for each page, from 1, in this thread; return what metadata there was.

        Raise `RefusedError` if the document cannot be read; pages may have gone out before. Raise
        `DecoderUnavailableError` if it was not tried. What `on_page` raises ends the document and passes through.
        """
        document = make_document(data)
        try:
            with self._slots:
                return self._decode(document, Request(media_type, limits), on_page)
        finally:
            os.close(document)

    def _decode(self, document: int, request: Request, on_page: OnPage) -> Findings:
        for _ in range(_ATTEMPTS):
            parent = self._get_parent()
            try:
                with parent.open_channel(request, document=document) as channel:
                    channel.settimeout(self._ready_within_seconds)
                    return Conversation(channel, request.limits).hold(on_page)
            except DecoderUnavailableError:
                self._replace(parent)  # it may be stuck; it is cheaper to start another than to find out
                raise
            except ChannelEndedError as ended:
                if parent.is_alive():  # then it was the child's doing
                    break
                self._replace(parent)
                if ended.pages_delivered:  # no page goes out twice
                    break
        raise RefusedError(Refusal.DECODER_CRASHED)

    def _get_parent(self) -> WarmParent:
        """The parent, warm. The first caller waits for it; the others wait for the first."""
        with self._lock:
            if self._closed:
                raise DecoderUnavailableError
            if not self._is_ready:
                self._await_ready()
            return self._parent

    def _await_ready(self) -> None:
        try:
            self._parent.await_ready()
        except DecoderUnavailableError:
            self._parent.end()
            self._parent = WarmParent(self._program)  # the next document finds a new one
            raise
        self._is_ready = True

    def _replace(self, lost: WarmParent) -> None:
        """Start a new parent in place of `lost`, unless another thread did."""
        with self._lock:
            if self._parent is not lost or self._closed:
                return
            lost.kill()
            self._is_ready = False
            self._parent = WarmParent(self._program)

    def close(self) -> None:
        """End the parent and all its children. Documents that are being decoded fail; none is taken any more."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._parent.end()
