"""The secrets of the days' roots in the key bucket: where many machines wrap keys, and KMS stands around them.

Guarantees what the seam in `verifier.vault.roots` asks for. Leaves to others: that these secrets alone open nothing.
They lie beside what they wrap, so they are never used without `KmsRoots` around them; they are what makes a day's root
end for good, which a single key in KMS cannot.
"""

import os
import re
from contextlib import suppress
from datetime import date
from typing import Final

from verifier.vault.aws import service_errors
from verifier.vault.errors import RootMissingError, StillPresentError, StoreUnavailableError
from verifier.vault.roots import RootNumber, day_and_turn, find_newest, number_after, root_number_on
from verifier.vault.s3_bucket import Bucket, NameTakenError
from verifier.vault.secrets import SECRET_BYTES
from verifier.vault.wrapping import unwrap_key, verify_wrapped, wrap_key

_NAME: Final = re.compile(r"ins_[a-z2-7]{26}/root-([1-9][0-9]{0,9})")


class S3Roots:
    """`RootKeys` in the bucket of the key store."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket: Final = bucket

    def current(self, now: date) -> RootNumber:
        # Listed each time: another process may just have begun another root, and it is to be used at once.
        return find_newest(self.list(), now) or self._make(root_number_on(now))

    def begin(self, now: date) -> RootNumber:
        return self._make(number_after(self.current(now)))

    def _make(self, number: RootNumber) -> RootNumber:
        with suppress(NameTakenError):  # another process was first; theirs stays
            self._bucket.put_once(self._name(number), os.urandom(SECRET_BYTES))
        return number

    def wrap(self, number: RootNumber, plaintext: bytes, *, context: bytes) -> bytes:
        return wrap_key(self._read(number), plaintext, context=context)

    def unwrap(self, number: RootNumber, wrapped: bytes, *, context: bytes) -> bytes:
        verify_wrapped(wrapped)
        return unwrap_key(self._read(number), wrapped, context=context)

    def destroy(self, number: RootNumber) -> None:
        self._bucket.verify_mark()
        self._bucket.remove(self._name(number))
        if self._bucket.has(self._name(number)):
            raise StillPresentError

    def list(self) -> list[RootNumber]:
        names = self._bucket.list_names(f"{self._bucket.verify_mark()}/root-")
        matches = (_NAME.fullmatch(found.name) for found in names)
        return sorted({RootNumber(int(match[1])) for match in matches if match}, key=day_and_turn)

    def _read(self, number: RootNumber) -> bytes:
        body = self._bucket.open(self._name(number))
        if body is None:
            self._bucket.verify_mark()  # a lost root loses keys: this is said only of a store that is ours
            raise RootMissingError
        with service_errors():
            secret = body.read()
        if len(secret) != SECRET_BYTES:
            raise StoreUnavailableError({"reason": "wrong_length"})
        return secret

    def _name(self, number: RootNumber) -> str:
        return f"{self._bucket.get_mark()}/root-{number}"

    def __repr__(self) -> str:
        return "<S3Roots>"
