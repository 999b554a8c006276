"""The streaming upload: one form in, one sealed document out, nothing in clear anywhere but in this memory.

Guarantees: a return means that the bytes are synced and the row is committed; memory does not grow with the file; an
upload that ends otherwise leaves no bytes, and if this process dies the obligation made at the start removes them.
Only `receive` is asynchronous; sealing, storing and the database run in threads.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, ParamSpec, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from verifier import faults
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.errors import VerifierError
from verifier.evidence.arrival import Arrival, Permit, Sender
from verifier.evidence.documents import (
    Announced,
    begin,
    get_rules,
)
from verifier.evidence.errors import (
    EmptyFileError,
    FileTooLargeError,
    MalformedMultipartError,
    MissingFileError,
    UnknownDocumentError,
    UnknownSlotError,
    UploadCutError,
    UploadTooSlowError,
)
from verifier.evidence.fence import read_steady_clock
from verifier.evidence.multipart import UploadForm
from verifier.ids import DocumentId, is_id
from verifier.sanitise.formats import SNIFF_BYTES, MediaType, sniff
from verifier.telemetry import get_log
from verifier.vault.errors import NoSpaceError
from verifier.vault.keys import PublicKey
from verifier.vault.service import Vault
from verifier.verifications.intake import verify_intake_open
from verifier.verifications.moves import get_policy
from verifier.verifications.sealed_values import get_public_key

# A step is what is sealed and written at once. Large ones cost less; what all uploads hold together stays bounded.
_LEAST_STEP_BYTES: Final = 64 * 1024
_MOST_STEP_BYTES: Final = 1024 * 1024
_STEPS_IN_TOTAL_BYTES: Final = 4 * 1024 * 1024
_FORM_OVERHEAD_BYTES: Final = 8 * 1024
_EPILOGUE_BYTES: Final = 16 * 1024
_SILENCE_FOR: Final = 15.0
_THREADS: Final = 6  # most of them wait: for the disk, or for their turn in the database

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Body:
    """One request body: its chunks, its multipart boundary, and its length where the sender declared one."""

    chunks: AsyncIterator[bytes]
    boundary: bytes
    declared_bytes: int | None


class Uploads:
    """Receives documents."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        vault: Vault,
        bytes_in_total: int,
        intake_closes_after: timedelta,
        free_bytes: Callable[[], int],
        reserve_bytes: int,
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self._bytes_in_total: Final = bytes_in_total
        self._intake_closes_after: Final = intake_closes_after
        self._free_bytes: Final = free_bytes
        self._reserve_bytes: Final = reserve_bytes
        self._threads: Final = ThreadPoolExecutor(_THREADS, thread_name_prefix="upload")
        self._receptions = 0

    @property
    def step_bytes(self) -> int:
        """How much of a file is sealed and written at once now: the less, the more uploads there are."""
        share = _STEPS_IN_TOTAL_BYTES // max(1, self._receptions)
        return max(_LEAST_STEP_BYTES, min(_MOST_STEP_BYTES, share))

    def run(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Run a step of an upload in a thread: it seals, writes or waits for the disk."""
        return asyncio.get_running_loop().run_in_executor(self._threads, partial(step, *args, **kwargs))

    def close(self) -> None:
        """End the threads, once their steps are done."""
        self._threads.shutdown()

    async def receive(self, sender: Sender, body: Body) -> DocumentId:
        """Receive one document.

        Raises:
            MalformedMultipartError, FileBeforeSlotError, TooManyFilesError, MissingFileError, EmptyFileError,
            UploadCutError, UploadTooSlowError, UploadEndedError, FileTooLargeError, HeicError, UnsupportedTypeError,
            and what `begin`, the sender and the stores raise. In every case nothing stays behind.
        """
        reception = _Reception(self, sender, body)
        self._receptions += 1  # on the event loop alone
        try:
            return await reception.read()
        except BaseException:
            await reception.leave_nothing()
            raise
        finally:
            self._receptions -= 1

    def begin(self, sender: Sender, form: UploadForm, declared_bytes: int | None) -> Arrival:
        """Announce the document whose fields and first bytes came."""
        sender.note_slot(form.fields["slot"])
        document, slot = _parse_slot(form.fields["slot"])
        media_type = _sniff(form)
        announced = Announced(
            document=document,
            slot=slot,
            replaces=_parse_replaces(form.fields.get("replaces", "")),
            media_type=media_type,
            declared_bytes=declared_bytes,
        )
        self.verify_room_to_work()
        fence_drawn_at = read_steady_clock()
        now, public_key = self._admit(sender, form.fields.get("form_token", ""))
        with self._database.write() as session:
            row = sender.lock(session, now)
            policy = get_policy(session, row)
            _verify_declared(declared_bytes, max_bytes=get_rules(policy, document, slot).max_bytes)
            begun = begin(
                session,
                now,
                row,
                announced,
                policy=policy,
                actor=sender.actor,
                bytes_in_total=self._bytes_in_total,
            )
        faults.hit("upload.begun")
        permit = Permit(verification=row.id, begun=begun, public_key=public_key, fence_drawn_at=fence_drawn_at)
        return Arrival(self._database, clock=self._clock, vault=self._vault, sender=sender, permit=permit)

    def _admit(self, sender: Sender, form_token: str) -> tuple[datetime, PublicKey]:
        # All that needs no lock is asked before: writers queue, readers do not.
        with self._database.read() as session:
            now = self._clock.now(session)
            verification = sender.admit(session, form_token)
            verify_intake_open(session, now, closes_after=self._intake_closes_after)
            return now, get_public_key(session, verification)

    def verify_room_to_work(self) -> None:
        """Raise `NoSpaceError` where the disk has less room than the reserve."""
        # Disposal writes to the same disk: what fills it would keep itself from being destroyed.
        if self._free_bytes() < self._reserve_bytes:
            raise NoSpaceError


class _Reception:
    """The reading of one body."""

    def __init__(self, uploads: Uploads, sender: Sender, body: Body) -> None:
        self._uploads: Final = uploads
        self._sender: Final = sender
        self._body: Final = body
        self._form: Final = UploadForm(body.boundary)
        self._arrival: Arrival | None = None
        self._step: asyncio.Future[None] | None = None
        self._patience: asyncio.Timeout | None = None  # only while bytes are waited for
        self._epilogue_bytes = 0

    async def read(self) -> DocumentId:
        """Read to the closing boundary, and close the document."""
        try:
            async with asyncio.timeout(_SILENCE_FOR) as patience:
                await self._read_body(patience)
        except TimeoutError:
            if self._step is not None and self._step.done():
                await self._step  # what went wrong with the last bytes is told, not the silence after them
            raise UploadTooSlowError from None
        if not self._form.is_complete:
            raise UploadCutError
        await self._await_step()
        if self._arrival is None:
            raise MissingFileError
        await self._uploads.run(self._arrival.finish, self._form.take_file())
        return self._arrival.begun.id

    async def _read_body(self, patience: asyncio.Timeout) -> None:
        # Chunks come by the thousand: the timer is set anew once in a while, not for each.
        tell_time = asyncio.get_running_loop().time
        set_at = tell_time()
        try:
            self._patience = patience
            async for chunk in self._body.chunks:
                self._patience = None
                self._feed(chunk)
                await self._step_on()
                now = tell_time()
                if now - set_at >= 1:
                    patience.reschedule(now + _SILENCE_FOR)
                    set_at = now
                self._patience = patience
        finally:
            self._patience = None

    def _feed(self, chunk: bytes) -> None:
        if not self._form.is_complete:
            self._form.feed(chunk)
            return
        self._epilogue_bytes += len(chunk)  # what comes after the closing boundary is not read (RFC 2046, 5.1.1)
        if self._epilogue_bytes > _EPILOGUE_BYTES:
            raise MalformedMultipartError

    async def _step_on(self) -> None:
        """Take the next step when it is due. One is under way at a time, while the next bytes are read already."""
        form, is_full = self._form, self._form.file_bytes_waiting >= self._uploads.step_bytes
        if self._step is not None and (is_full or self._step.done()):
            await self._await_step()
        if self._step is not None:
            return
        if self._arrival is None:
            # Enough of the file came to tell its type, or all of it.
            if form.file_began and (form.file_bytes_waiting >= SNIFF_BYTES or form.file_ended):
                self._start(self._begin)
        elif is_full:
            self._start(self._arrival.write, form.take_file())
        elif self._arrival.wants_renewal:
            self._start(self._arrival.renew)

    def _start(self, step: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        self._step = self._uploads.run(step, *args, **kwargs)
        self._step.add_done_callback(self._wait_no_longer_in_vain)

    def _wait_no_longer_in_vain(self, step: asyncio.Future[None]) -> None:
        # A refused file needs no more bytes, and its sender may be waiting for the answer.
        if self._patience is None or self._patience.expired() or step.cancelled() or step.exception() is None:
            return
        self._patience.reschedule(0)

    async def _await_step(self) -> None:
        if self._step is None:
            return
        await asyncio.shield(self._step)  # whoever gives up waits for its end in `leave_nothing`
        self._step = None

    def _begin(self) -> None:
        # Kept before it is opened: whatever happens from here on, `leave_nothing` knows of it.
        self._arrival = self._uploads.begin(self._sender, self._form, self._body.declared_bytes)
        self._arrival.open()

    async def leave_nothing(self) -> None:
        """Take back what was written. Where that fails, disposal does it: the obligation stands."""
        if self._step is not None:
            # It may be announcing the document right now: only then is it known what there is to take back.
            await asyncio.wait([self._step])
            self._step.exception()  # looked at: what ended the reading is told, not what came after it
        if self._arrival is None:
            return
        try:
            await asyncio.shield(self._uploads.run(self._arrival.end))
        except (VerifierError, SQLAlchemyError) as error:
            get_log().warning("upload.not_taken_back", document=self._arrival.begun.id, exc_info=error)


def _sniff(form: UploadForm) -> MediaType:
    head = form.peek_file(SNIFF_BYTES)
    if head:
        return sniff(head)
    if not form.file_was_chosen:
        raise MissingFileError
    raise EmptyFileError


def _parse_slot(text: str) -> tuple[str, str]:
    document, dot, slot = text.partition(".")
    if not (document and dot and slot):
        raise UnknownSlotError
    return document, slot


def _parse_replaces(text: str) -> DocumentId | None:
    if not text:
        return None
    if not is_id(text):
        raise UnknownDocumentError
    return DocumentId(text)


def _verify_declared(declared_bytes: int | None, *, max_bytes: int) -> None:
    if declared_bytes is not None and declared_bytes > max_bytes + _FORM_OVERHEAD_BYTES:
        raise FileTooLargeError({"megabytes": max_bytes // 1_000_000})
