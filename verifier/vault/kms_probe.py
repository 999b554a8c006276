"""Tries a key of KMS for real before any key of ours is entrusted to it.

Guarantees: a key that does not encrypt, or opens in another context than it closed in, is refused with what to change.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from verifier.errors import ConfigurationError
from verifier.vault.aws import code_of, service_errors

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

_CONTEXT: Final = {"verifier": "probe"}
_ADVICE: Final[Mapping[str, str]] = {
    "NotFoundException": "does not exist. Write its ARN, or its alias as alias/name, and look at VERIFIER_KMS_REGION.",
    "DisabledException": "is disabled. Enable it.",
    "KMSInvalidStateException": "waits to be deleted, or has no material. Cancel its deletion, or name another.",
    "InvalidKeyUsageException": "is not for encrypting. Name a symmetric key whose use is ENCRYPT_DECRYPT.",
    "AccessDeniedException": "is closed to these credentials. Allow them kms:Encrypt and kms:Decrypt on it.",
    "UnrecognizedClientException": "cannot be reached with these credentials. Renew them.",
}


def probe_kms(client: "KMSClient", key: str) -> None:
    """Raise `ConfigurationError`, or `StoreUnavailableError` where KMS does not answer."""
    with service_errors():
        try:
            answer = client.encrypt(KeyId=key, Plaintext=b"probe", EncryptionContext=_CONTEXT)
            encrypted = answer["CiphertextBlob"]
            opened = client.decrypt(CiphertextBlob=encrypted, EncryptionContext=_CONTEXT)["Plaintext"]
        except ClientError as error:
            advice = _ADVICE.get(code_of(error))
            if advice is None:
                raise
            raise ConfigurationError(f"The key that VERIFIER_KMS_KEY names {advice}") from error
    if opened != b"probe" or _opens_elsewhere(client, encrypted):
        raise ConfigurationError(
            "The service at VERIFIER_KMS_ENDPOINT does not bind what it encrypts to its context. Use AWS KMS."
        )


def _opens_elsewhere(client: "KMSClient", encrypted: bytes) -> bool:
    with service_errors():
        try:
            client.decrypt(CiphertextBlob=encrypted, EncryptionContext={"verifier": "another"})
        except ClientError as error:
            if code_of(error) != "InvalidCiphertextException":
                raise
            return False
    return True
