"""Documents sealed and stored in a bucket: MB/s beside boto3 with the AWS Encryption SDK, against the same local store.

Run as `python -m benchmarks.s3_uploads [ROUNDS] [--megabytes 0.2 --megabytes 4 ...] [--at-once N]`; it starts a radosgw
of its own. All do the same work: they encrypt to a public key, each object under a fresh data key with key commitment
and without a signature, keep the SHA-256 of what they sealed, and store it with the same bounded client. The SDK is
taken in both ways that a careful developer would write: streamed by boto3's `upload_fileobj`, and sealed whole in
memory and put once by condition, as ours is. Ours also announces each upload and takes the announcement back: two
requests more. They take turns in one run, each begins as often; medians are compared. Before that, one object of each
is read back and opened; the run ends with 1 where it does not open to what it was, or where an upload fails.
"""

import argparse
import os
import statistics
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.sealed_stores import Ours, Theirs
from tests.servers.radosgw import find_missing, run_radosgw
from tests.servers.store import Store
from verifier.errors import VerifierError

_BYTES_A_ROUND: Final = 100_000_000
_MOST_A_ROUND: Final = 200
_OURS: Final = "ours"


class WrongObjectError(RuntimeError):
    """What was stored does not open to what it was."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Sealed uploads into a bucket.")
    parser.add_argument("rounds", type=int, nargs="?", default=7)
    parser.add_argument(
        "--megabytes", type=float, action="append", help="of one object; 0.2, 4, 15 where none is named"
    )
    parser.add_argument("--at-once", type=int, default=8)
    asked = parser.parse_args()
    missing = find_missing()
    if missing:
        print(missing)
        return 0
    warnings.simplefilter("ignore")
    try:
        with tempfile.TemporaryDirectory(prefix="s3-") as text, run_radosgw(Path(text) / "store") as store:
            for megabytes in asked.megabytes or (0.2, 4.0, 15.0):
                _measure(store, Path(text) / "spool", asked, data=os.urandom(int(megabytes * 1e6)))
    except (BotoCoreError, ClientError, Boto3Error, VerifierError, WrongObjectError) as error:
        print(f"FAILED: {type(error).__name__} {error}")
        return 1
    return 0


def _measure(store: Store, spool: Path, asked: argparse.Namespace, *, data: bytes) -> None:
    ours, theirs = Ours(store, spool), Theirs(store)
    if not (ours.try_once(data) and theirs.try_once(data)):
        raise WrongObjectError
    turns = [Turn(_OURS, ours.upload), Turn("SDK, streamed", theirs.stream), Turn("SDK, put once", theirs.put)]
    count = max(asked.at_once, min(_MOST_A_ROUND, _BYTES_A_ROUND // len(data)))
    order = deque(turns)
    for _ in range(asked.rounds):
        for turn in order:
            turn.take([data] * count, at_once=asked.at_once)
            for bucket in (ours.bucket, theirs.bucket):
                _empty(store, bucket)  # it is all in memory there, which is no larger than a few rounds
        order.rotate(1)
    print(f"{len(data) / 1e6:g} MB each, {asked.at_once} at once, {asked.rounds} rounds of {count}:")
    for turn in turns:
        turn.tell(turns[0])


def _empty(store: Store, bucket: str) -> None:
    """Take away every document, and leave what marks the bucket."""
    client = store.open_client()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            if "doc_" in item["Key"]:
                client.delete_object(Bucket=bucket, Key=item["Key"])


@dataclass
class Turn:
    """One of those who take turns, and what each turn took."""

    name: str
    upload: Callable[[bytes], object]
    speeds: list[float] = field(default_factory=list)
    """MB a second."""
    costs: list[float] = field(default_factory=list)
    """Milliseconds of this process's processor time an object."""

    def take(self, objects: Sequence[bytes], *, at_once: int) -> None:
        cpu, begun = time.process_time(), time.perf_counter()
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(self.upload, objects))
        self.speeds.append(sum(map(len, objects)) / 1e6 / (time.perf_counter() - begun))
        self.costs.append((time.process_time() - cpu) / len(objects) * 1000)

    def tell(self, ours: "Turn") -> None:
        speed, cost = statistics.median(self.speeds), statistics.median(self.costs)
        faster, dearer = statistics.median(ours.speeds) / speed, statistics.median(ours.costs) / cost
        beside = "" if self is ours else f"; ours {faster:.2f} × as fast, {dearer:.2f} × the processor time"
        print(f"  {self.name:14} {speed:6.1f} MB/s (at best {max(self.speeds):.1f}), {cost:5.1f} ms an object{beside}")


if __name__ == "__main__":
    raise SystemExit(main())
