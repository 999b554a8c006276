"""AWS KMS around the days' roots: without a call to KMS, which its own log names, no private key is unwrapped.

A key is encrypted by KMS with the verification as its encryption context, and what comes out is wrapped by the day's
root. KMS cannot destroy what one of its keys encrypted on one day; the day's root can. So both are needed to open, and
either one is enough to end.

Guarantees: one call to KMS a wrap and one an unwrap, none to upload; a record that was changed, or belongs to another
verification, is found before KMS is asked. KMS failing, a key that is disabled or waits to be deleted: unavailable,
never lost. Leaves to others: who may call KMS, and the key's life there.
"""

from datetime import date
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from verifier.vault.aws import code_of, service_errors
from verifier.vault.errors import BrokenRecordError
from verifier.vault.roots import RootKeys, RootNumber

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

_CONTEXT: Final = "verifier"


class KmsRoots:
    """`RootKeys` by a symmetric key of KMS and the days' roots in `days`."""

    def __init__(self, client: "KMSClient", key: str, *, days: RootKeys) -> None:
        self._client: Final = client
        self._key: Final = key
        self._days: Final = days

    def current(self, now: date) -> RootNumber:
        return self._days.current(now)

    def begin(self, now: date) -> RootNumber:
        return self._days.begin(now)

    def wrap(self, number: RootNumber, plaintext: bytes, *, context: bytes) -> bytes:
        with service_errors():
            answer = self._client.encrypt(
                KeyId=self._key, Plaintext=plaintext, EncryptionContext=_encryption_context(context)
            )
        return self._days.wrap(number, answer["CiphertextBlob"], context=context)

    def unwrap(self, number: RootNumber, wrapped: bytes, *, context: bytes) -> bytes:
        encrypted = self._days.unwrap(number, wrapped, context=context)
        with service_errors():
            try:
                # Without `KeyId`: an alias that was moved to a new key must not lock out what the old one encrypted.
                # Nobody can have put another key's ciphertext in its place: the day's root authenticates it.
                answer = self._client.decrypt(CiphertextBlob=encrypted, EncryptionContext=_encryption_context(context))
            except ClientError as error:
                if code_of(error) != "InvalidCiphertextException":
                    raise
                raise BrokenRecordError from error
        return answer["Plaintext"]

    def destroy(self, number: RootNumber) -> None:
        self._days.destroy(number)

    def list(self) -> list[RootNumber]:
        return self._days.list()

    def __repr__(self) -> str:
        return "<KmsRoots>"


def _encryption_context(context: bytes) -> dict[str, str]:
    """Ids only: KMS writes it into its own log."""
    return {_CONTEXT: context.decode("ascii")}
