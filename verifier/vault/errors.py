"""What the vault refuses, and what its stores could not do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from verifier.errors import ConfigurationError, VerifierError

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class StoreUnavailableError(VerifierError):
    """A store did not answer, or answered something else than yes or no. Nothing is known about what it holds."""

    code = "store_unavailable"


class NoSpaceError(StoreUnavailableError):
    """The store is full."""

    code = "no_space"


class WrongInstallationError(VerifierError):
    """The store carries another installation's id. Nothing in it may be taken for an orphan."""

    code = "wrong_installation"


class NotGivenError(VerifierError):
    """This part of the house may not do that with a store: another part does it."""

    code = "not_given"


class UnsafeNameError(VerifierError):
    """A part of a key or context is not one of the strict names that we form."""

    code = "unsafe_name"


class ObjectExistsError(VerifierError):
    """Copies are written once; this key is taken."""

    code = "object_exists"


class ObjectMissingError(VerifierError):
    """No object is stored under this key."""

    code = "object_missing"


class UploadRemovedError(VerifierError):
    """The unfinished upload was deleted while it was being written: its writer came too late."""

    code = "upload_removed"


class KeyExistsError(VerifierError):
    """A verification's key record is written once."""

    code = "key_exists"


class KeyMissingError(VerifierError):
    """The key is gone, by shredding or by loss: nothing that was sealed to it will ever open."""

    code = "key_lost"


class RootMissingError(KeyMissingError):
    """The root key that a record names is gone, and with it the key in the record."""


class TooManyRootsError(VerifierError):
    """So many roots were begun on one day that the record has no number for another."""

    code = "too_many_roots"


class BrokenRecordError(VerifierError):
    """A key record is malformed, or was not made for this verification by the root that it names."""

    code = "broken_record"


class BrokenSealError(VerifierError):
    """A sealed object is malformed, cut, altered, or sealed to another key or context."""

    code = "broken_seal"


class WrongCiphertextError(VerifierError):
    """The stored bytes are not the ones that our tier wrote: another length or digest."""

    code = "wrong_ciphertext"


class StillPresentError(VerifierError):
    """The store accepted a deletion, and something is still there."""

    code = "still_present"


class ReadableByOthersError(ConfigurationError):
    """A secret's file or folder can be read by other users of the machine, or belongs to one of them."""

    code = "readable_by_others"


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what the operating system says about a store into our errors; the error's name is all that is kept."""
    try:
        yield
    except OSError as error:
        facts = {"reason": errno.errorcode.get(error.errno or 0, "unknown")}
        if error.errno in _NO_SPACE:
            raise NoSpaceError(facts) from error
        raise StoreUnavailableError(facts) from error
