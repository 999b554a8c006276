"""Laws of the vault: opening undoes sealing, parsing undoes formatting, and no bytes raise anything but a refusal."""

import hashlib
import itertools
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.ids import DocumentId, InstallationId, VerificationId
from verifier.vault.errors import BrokenRecordError, BrokenSealError, UnsafeNameError, WrongCiphertextError
from verifier.vault.keys import PRIVATE_KEY_BYTES, PUBLIC_KEY_BYTES, PrivateKey, PublicKey, generate_key_pair
from verifier.vault.objects import ObjectKey
from verifier.vault.records import KeyRecord
from verifier.vault.roots import RootNumber
from verifier.vault.sealing import MAGIC, SealContext, Sealer, open_bytes, open_object, seal_bytes

_PRIVATE, _PUBLIC = generate_key_pair()
_CHUNK: Final = 16 * 1024

_names = st.from_regex(r"[a-z0-9_-]{1,64}", fullmatch=True)
_random_part = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26)
_contexts = st.builds(
    SealContext,
    _names.map(InstallationId),
    _names.map(VerificationId),
    _names,
    _names,
)
_object_keys = st.builds(
    ObjectKey,
    _random_part.map(lambda part: InstallationId(f"ins_{part}")),
    _random_part.map(lambda part: VerificationId(f"ver_{part}")),
    _random_part.map(lambda part: DocumentId(f"doc_{part}")),
    _names,
)
_sizes = st.one_of(
    st.integers(0, 200),
    st.builds(lambda n, d: max(0, n * _CHUNK + d), st.integers(0, 5), st.integers(-2, 2)),
    st.integers(512 * 1024 - 2000, 512 * 1024 + 2000),
    st.integers(0, 3 * 1024 * 1024),
)


def _pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    yield from (data[start:end] for start, end in itertools.pairwise(bounds))


@given(_contexts, _sizes, st.binary(min_size=1, max_size=64), *[st.lists(st.integers(0, 2**30), max_size=9)] * 2)
@settings(deadline=None, max_examples=150)
def test_opening_undoes_sealing_however_the_stream_is_cut(
    context: SealContext, size: int, seed: bytes, written: list[int], read: list[int]
) -> None:
    data = (seed * (size // len(seed) + 1))[:size]
    sealer = Sealer(_PUBLIC, context)
    parts = [sealer.start(), *(sealer.update(piece) for piece in _pieces(data, written)), sealer.finalize()]
    sealed = b"".join(parts)
    assert sealer.length == len(sealed)
    opened = open_object(
        _PRIVATE, context, _pieces(sealed, read), expected_digest=sealer.digest, expected_bytes=sealer.length
    )
    assert opened == data


@given(_contexts, _contexts, st.binary(max_size=100))
@settings(deadline=None)
def test_opening_anywhere_else_fails(here: SealContext, there: SealContext, data: bytes) -> None:
    sealed = seal_bytes(_PUBLIC, here, data)
    if here == there:
        assert open_bytes(_PRIVATE, there, sealed) == data
        return
    with pytest.raises(BrokenSealError):
        open_bytes(_PRIVATE, there, sealed)


@given(_contexts, _sizes, st.integers(0, 2**40), st.integers(1, 255))
@settings(deadline=None, max_examples=60)
def test_any_changed_byte_is_found_by_the_seal_alone(context: SealContext, size: int, at: int, change: int) -> None:
    sealed = bytearray(seal_bytes(_PUBLIC, context, bytes(size)))
    sealed[at % len(sealed)] ^= change
    with pytest.raises(BrokenSealError):
        open_bytes(_PRIVATE, context, bytes(sealed))


@given(_contexts, st.binary(max_size=3000), st.booleans())
@settings(deadline=None)
def test_no_bytes_raise_anything_but_a_refusal(context: SealContext, junk: bytes, has_magic: bool) -> None:
    sealed = MAGIC + junk if has_magic else junk
    with pytest.raises(BrokenSealError):
        open_bytes(_PRIVATE, context, sealed)
    with pytest.raises(WrongCiphertextError):
        open_object(_PRIVATE, context, [sealed], expected_digest="00" * 32, expected_bytes=len(sealed))
    digest = hashlib.sha256(sealed).hexdigest()
    with pytest.raises(BrokenSealError):
        open_object(_PRIVATE, context, [sealed], expected_digest=digest, expected_bytes=len(sealed))


@given(_object_keys)
def test_parsing_an_object_key_undoes_formatting_it(key: ObjectKey) -> None:
    assert ObjectKey.parse(key.to_text()) == key


@given(st.one_of(st.text(), st.lists(st.text(), min_size=4, max_size=4).map("/".join)))
def test_a_text_is_an_object_key_only_if_it_goes_back(text: str) -> None:
    try:
        key = ObjectKey.parse(text)
    except UnsafeNameError:
        return
    assert key.to_text() == text


@given(_contexts, _contexts)
def test_two_contexts_with_the_same_bytes_are_the_same(one: SealContext, two: SealContext) -> None:
    assert (one == two) == (one.to_bytes() == two.to_bytes())


@given(st.integers(0, 2**32 - 1), st.binary(max_size=300))
def test_parsing_a_record_undoes_formatting_it(root: int, wrapped: bytes) -> None:
    record = KeyRecord(RootNumber(root), wrapped)
    assert KeyRecord.parse(record.to_bytes()) == record


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=40).map(lambda junk: b"vkeyrec1" + junk)))
def test_bytes_are_a_record_only_if_they_go_back(data: bytes) -> None:
    try:
        record = KeyRecord.parse(data)
    except BrokenRecordError:
        return
    assert record.to_bytes() == data


def test_keys_go_to_bytes_and_back() -> None:
    assert PublicKey.from_bytes(_PUBLIC.to_bytes()) == _PUBLIC
    assert PrivateKey.from_bytes(_PRIVATE.to_bytes()).public_key() == _PUBLIC
    assert len(_PUBLIC.to_bytes()) == PUBLIC_KEY_BYTES
    assert len(_PRIVATE.to_bytes()) == PRIVATE_KEY_BYTES


@given(st.one_of(st.binary(max_size=200), st.binary(min_size=PUBLIC_KEY_BYTES, max_size=PUBLIC_KEY_BYTES)))
def test_bytes_are_a_public_key_only_if_they_go_back(data: bytes) -> None:
    try:
        public_key = PublicKey.from_bytes(data)
    except BrokenRecordError:
        return
    assert public_key.to_bytes() == data
