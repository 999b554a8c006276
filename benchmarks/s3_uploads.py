"""Documents sealed and stored in a bucket: MB/s beside boto3 with the AWS Encryption SDK, against the same local store.

Run as `python -m benchmarks.s3_uploads [ROUNDS] [--megabytes 0.2 --megabytes 4 ...] [--at-once N]`; it starts a radosgw
of its own. All do the same work: they encrypt to a public key, each object under a fresh data key with key commitment
and without a signature, keep the SHA-256 of what they sealed, and store it with the same bounded client. The SDK is
taken in both ways that a careful developer would write: streamed by boto3's `upload_fileobj`, and sealed whole in
memory and put once by condition, as ours is. Ours also announces each upload and takes the announcement back: two
requests more. They take turns in one run, each begins as often; medians are compared. Before that, one object of each
is read back and opened; the run ends with 1 where it does not open to what it was.
"""

import argparse
import hashlib
import io
import os
import statistics
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final, TypeAlias

from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import AlgorithmSuite, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.servers.radosgw import find_missing, run_radosgw
from tests.servers.store import Store
from verifier.evidence.documents import Ciphertext
from verifier.evidence.fence import Fence, read_steady_clock
from verifier.evidence.sealed_writer import SealedWriter
from verifier.ids import InstallationId, new_document_id, new_installation_id, new_verification_id
from verifier.vault.keys import generate_key_pair
from verifier.vault.objects import ObjectKey
from verifier.vault.s3_bucket import Bucket
from verifier.vault.s3_objects import S3Objects
from verifier.vault.s3_spool import SpoolRoom
from verifier.vault.sealing import open_object

_FRAME_BYTES: Final = 64 * 1024
_BYTES_A_ROUND: Final = 100_000_000
_MOST_A_ROUND: Final = 200
_SUITE: Final = AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
_OURS: Final = "ours"

Upload: TypeAlias = Callable[[bytes], object]


class Ours:
    """Sealed and stored as the product does both, behind a fence that no row has to draw anew."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._objects: Final = S3Objects(Bucket(store.open_client(), store.make_bucket()), SpoolRoom(folder))
        self._installation: Final[InstallationId] = new_installation_id()
        self._objects.write_installation(self._installation)
        self._private, self._public = generate_key_pair()

    def upload(self, data: bytes) -> tuple[ObjectKey, Ciphertext]:
        key = ObjectKey(self._installation, new_verification_id(), new_document_id(), "original")
        fence = Fence(lambda: None, drawn_at=read_steady_clock())
        writer = SealedWriter(self._objects, key, self._public, fence=fence)
        writer.write(data)
        return key, writer.commit()

    def try_once(self, data: bytes) -> bool:
        key, sealed = self.upload(data)
        return data == open_object(
            self._private,
            key.context(),
            self._objects.read(key),
            expected_digest=sealed.digest,
            expected_bytes=sealed.length,
        )


class _Provider(RawMasterKeyProvider):  # type: ignore[misc]  # the library has no types
    """One pair of RSA keys, as the library's own examples have it."""

    provider_id = "benchmark"

    def __init__(self) -> None:
        super().__init__()
        self._pair = rsa.generate_private_key(public_exponent=65537, key_size=3072)

    def _get_raw_key(self, key_id: bytes) -> WrappingKey:
        return WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.RSA_OAEP_SHA256_MGF1,
            wrapping_key=self._pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            wrapping_key_type=EncryptionKeyType.PRIVATE,  # holds the public half, which is what it encrypts to
        )


class Theirs:
    """What a careful developer would write with boto3 and the AWS Encryption SDK."""

    def __init__(self, store: Store) -> None:
        self._client: Final = store.open_client()
        self._bucket: Final = store.make_bucket()
        self._sdk: Final = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
        self._provider: Final = _Provider()
        self._provider.add_master_key(b"pair")

    def _seal(self, data: bytes, name: str) -> IO[bytes]:
        return self._sdk.stream(  # type: ignore[no-any-return]  # the library has no types
            mode="e",
            source=io.BytesIO(data),
            key_provider=self._provider,
            algorithm=_SUITE,
            encryption_context={"document": name},
            frame_length=_FRAME_BYTES,
        )

    def stream(self, data: bytes) -> tuple[str, str]:
        """As it is sealed."""
        name = new_document_id()
        with self._seal(data, name) as sealed:
            digested = _Digesting(sealed)
            self._client.upload_fileobj(digested, self._bucket, name)  # type: ignore[arg-type]
        return name, digested.digest

    def put(self, data: bytes) -> tuple[str, str]:
        """Once it is sealed, and where nothing has that name."""
        name = new_document_id()
        with self._seal(data, name) as sealing:
            sealed = sealing.read()
        self._client.put_object(Bucket=self._bucket, Key=name, Body=sealed, IfNoneMatch="*")
        return name, hashlib.sha256(sealed).hexdigest()

    def try_once(self, data: bytes) -> bool:
        return all(self._opens(data, *upload(data)) for upload in (self.stream, self.put))

    def _opens(self, data: bytes, name: str, digest: str) -> bool:
        sealed = self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
        opened, _ = self._sdk.decrypt(source=sealed, key_provider=self._provider)
        return bool(opened == data) and hashlib.sha256(sealed).hexdigest() == digest


class _Digesting:
    """A stream whose digest is kept, as our rows keep one."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source: Final = source
        self._sha: Final = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._sha.update(data)
        return data

    @property
    def digest(self) -> str:
        return self._sha.hexdigest()


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
    with tempfile.TemporaryDirectory(prefix="s3-") as text, run_radosgw(Path(text) / "store") as store:
        ours, theirs = Ours(store, Path(text) / "spool"), Theirs(store)
        for megabytes in asked.megabytes or (0.2, 4.0, 15.0):
            data = os.urandom(int(megabytes * 1e6))
            if not (ours.try_once(data) and theirs.try_once(data)):
                print("what was stored does not open to what it was")
                return 1
            uploads = {_OURS: ours.upload, "SDK, streamed": theirs.stream, "SDK, put once": theirs.put}
            print(f"{megabytes:g} MB each, {asked.at_once} at once:")
            _compare(uploads, data, rounds=asked.rounds, at_once=asked.at_once)
    return 0


def _compare(uploads: Mapping[str, Upload], data: bytes, *, rounds: int, at_once: int) -> None:
    count = max(at_once, min(_MOST_A_ROUND, _BYTES_A_ROUND // len(data)))
    speeds: dict[str, list[float]] = {name: [] for name in uploads}
    costs: dict[str, list[float]] = {name: [] for name in uploads}
    order = deque(uploads)
    for _ in range(rounds):
        for name in order:
            cpu, begun = time.process_time(), time.perf_counter()
            with ThreadPoolExecutor(at_once) as pool:
                list(pool.map(uploads[name], [data] * count))
            speeds[name].append(count * len(data) / 1e6 / (time.perf_counter() - begun))
            costs[name].append((time.process_time() - cpu) / count * 1000)
        order.rotate(1)
    for name, upload_speeds in speeds.items():
        speed, cost = statistics.median(upload_speeds), statistics.median(costs[name])
        fastest = max(upload_speeds)
        beside = statistics.median(speeds[_OURS]) / speed
        dearer = statistics.median(costs[_OURS]) / cost
        ratio = "" if name == _OURS else f"; ours {beside:.2f} × as fast, {dearer:.2f} × the processor time"
        print(f"  {name:14} {speed:6.1f} MB/s ({fastest:.1f}), {cost:6.1f} ms of processor an object{ratio}")
    print(f"  medians (and the fastest) of {rounds} rounds of {count} objects")


if __name__ == "__main__":
    raise SystemExit(main())
