"""4 MB sealed and stored in a bucket: MB/s beside boto3 with the AWS Encryption SDK, against the same local store.

Run as `python -m benchmarks.s3_uploads [ROUNDS]`; it starts a radosgw of its own. Both encrypt to a public key, each
object under a fresh data key with key commitment, without a signature, from the same steps in memory; both store with
one bounded client, eight at a time. Ours also announces each upload, writes it once by condition, and takes the
announcement back. The two take turns in one run; medians are compared. Before that, each is read back and opened.
"""

import hashlib
import io
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final

from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import AlgorithmSuite, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.servers.radosgw import find_missing, run_radosgw
from tests.servers.store import Store
from verifier.ids import InstallationId, new_document_id, new_installation_id, new_verification_id
from verifier.vault.keys import generate_key_pair
from verifier.vault.objects import ObjectKey
from verifier.vault.s3_bucket import Bucket
from verifier.vault.s3_objects import S3Objects
from verifier.vault.s3_spool import SpoolRoom
from verifier.vault.sealing import Sealer, open_object

_BYTES: Final = 4_000_000
_STEP_BYTES: Final = 512 * 1024
_OBJECTS: Final = 48
_AT_ONCE: Final = 8
_SUITE: Final = AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY


class Ours:
    """Sealed, and stored through the product's object store."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._objects: Final = S3Objects(Bucket(store.open_client(), store.make_bucket()), SpoolRoom(folder))
        self._installation: Final[InstallationId] = new_installation_id()
        self._objects.write_installation(self._installation)
        self._private, self._public = generate_key_pair()

    def upload(self, data: bytes) -> tuple[ObjectKey, Sealer]:
        key = ObjectKey(self._installation, new_verification_id(), new_document_id(), "original")
        sealer, writer = Sealer(self._public, key.context()), self._objects.create(key)
        writer.write(sealer.start())
        for start in range(0, len(data), _STEP_BYTES):
            writer.write(sealer.update(memoryview(data)[start : start + _STEP_BYTES]))
        writer.write(sealer.finalize())
        writer.commit()
        return key, sealer

    def try_once(self, data: bytes) -> bool:
        key, sealer = self.upload(data)
        chunks = self._objects.read(key)
        digest, length = sealer.digest, sealer.length
        return data == open_object(self._private, key.context(), chunks, expected_digest=digest, expected_bytes=length)


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

    def upload(self, data: bytes) -> tuple[str, str]:
        name = new_document_id()
        context = {"document": name}
        with self._sdk.stream(
            mode="e",
            source=io.BytesIO(data),
            key_provider=self._provider,
            algorithm=_SUITE,
            encryption_context=context,
            frame_length=64 * 1024,
        ) as sealed:
            digested = _Digesting(sealed)
            self._client.upload_fileobj(digested, self._bucket, name)  # type: ignore[arg-type]
        return name, digested.digest

    def try_once(self, data: bytes) -> bool:
        name, digest = self.upload(data)
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
    missing = find_missing()
    if missing:
        print(missing)
        return 0
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    data = os.urandom(_BYTES)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="s3-") as text, run_radosgw(Path(text) / "store") as store:
        ours, theirs = Ours(store, Path(text) / "spool"), Theirs(store)
        if not (ours.try_once(data) and theirs.try_once(data)):
            raise RuntimeError("what was stored does not open to what it was")
        _compare({"ours": ours.upload, "theirs": theirs.upload}, data, rounds)
    return 0


def _compare(uploads: dict[str, Callable[[bytes], object]], data: bytes, rounds: int) -> None:
    speeds: dict[str, list[float]] = {name: [] for name in uploads}
    costs: dict[str, list[float]] = {name: [] for name in uploads}
    for _ in range(rounds):
        for name, upload in uploads.items():
            cpu, begun = time.process_time(), time.perf_counter()
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(upload, [data] * _OBJECTS))
            speeds[name].append(_OBJECTS * _BYTES / 1e6 / (time.perf_counter() - begun))
            costs[name].append((time.process_time() - cpu) / _OBJECTS * 1000)
    for name in uploads:
        speed, cost = statistics.median(speeds[name]), statistics.median(costs[name])
        print(f"{name:6} {speed:6.0f} MB/s, {cost:5.1f} ms of processor an object ({rounds} rounds of {_OBJECTS})")
    ratio = statistics.median(speeds["ours"]) / statistics.median(speeds["theirs"])
    print(f"ours beside boto3 with the AWS Encryption SDK: {ratio:.2f}×")


if __name__ == "__main__":
    raise SystemExit(main())
