"""Who seals and stores in a bucket: the product's own writer, and the AWS Encryption SDK with boto3.

Guarantees: all do the same work (`s3_uploads` says which); `try_once` tells whether what each stored opens to what it
was. Leaves to others: the time it takes.
"""

import hashlib
import io
from pathlib import Path
from typing import IO, Final

from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import AlgorithmSuite, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

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
_SUITE: Final = AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY


class Ours:
    """Sealed and stored as the product does both, behind a fence that no row has to draw anew."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.bucket: Final = store.make_bucket()
        self._objects: Final = S3Objects(Bucket(store.open_client(), self.bucket), SpoolRoom(folder))
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
        self.bucket: Final = store.make_bucket()
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
            self._client.upload_fileobj(digested, self.bucket, name)  # type: ignore[arg-type]
        return name, digested.digest

    def put(self, data: bytes) -> tuple[str, str]:
        """Once it is sealed, and where nothing has that name."""
        name = new_document_id()
        with self._seal(data, name) as sealing:
            sealed = sealing.read()
        self._client.put_object(Bucket=self.bucket, Key=name, Body=sealed, IfNoneMatch="*")
        return name, hashlib.sha256(sealed).hexdigest()

    def try_once(self, data: bytes) -> bool:
        return all(self._opens(data, *upload(data)) for upload in (self.stream, self.put))

    def _opens(self, data: bytes, name: str, digest: str) -> bool:
        sealed = self._client.get_object(Bucket=self.bucket, Key=name)["Body"].read()
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
