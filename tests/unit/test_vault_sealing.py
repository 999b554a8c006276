"""A sealed object opens whole, where it belongs, for its key; otherwise not at all."""

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Final

import pytest

from verifier.ids import new_document_id, new_installation_id, new_verification_id
from verifier.vault.errors import BrokenSealError, UnsafeNameError, WrongCiphertextError
from verifier.vault.keys import PrivateKey, PublicKey, generate_key_pair
from verifier.vault.sealing import (
    MOST_WAITING,
    NO_DOCUMENT,
    PREFIX_BYTES,
    SealContext,
    Sealer,
    open_bytes,
    open_object,
    seal_bytes,
)

_CHUNK: Final = 16 * 1024 + 16  # C2SP chunked encryption: 16 KiB and a tag
_HEADER: Final = PREFIX_BYTES + 32 + 24  # then Cobblestone's commitment and nonce


@pytest.fixture(scope="module")
def key_pair() -> tuple[PrivateKey, PublicKey]:
    return generate_key_pair()


@pytest.fixture(scope="module")
def private_key(key_pair: tuple[PrivateKey, PublicKey]) -> PrivateKey:
    return key_pair[0]


@pytest.fixture(scope="module")
def public_key(key_pair: tuple[PrivateKey, PublicKey]) -> PublicKey:
    return key_pair[1]


@pytest.fixture(scope="module")
def context() -> SealContext:
    return SealContext(new_installation_id(), new_verification_id(), new_document_id(), "original")


def _open(private_key: PrivateKey, context: SealContext, sealed: bytes) -> bytes:
    digest = hashlib.sha256(sealed).hexdigest()
    opened = open_object(private_key, context, [sealed], expected_digest=digest, expected_bytes=len(sealed))
    return bytes(opened)


@pytest.mark.parametrize(
    "sizes", [[1], [16_384] * 40, [250_000, 250_000, 24_288, 3], [1 << 20], [1, 0, 16_383, 16_385]]
)
def test_pieces_that_are_sealed_into_given_room_open_to_their_sum(
    private_key: PrivateKey, public_key: PublicKey, context: SealContext, sizes: list[int]
) -> None:
    data = bytes(range(251)) * (sum(sizes) // 251 + 1)
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    pieces = [memoryview(data)[start : start + size] for start, size in zip(starts, sizes, strict=True)]
    room = memoryview(bytearray(sum(sizes) + MOST_WAITING))
    sealer = Sealer(public_key, context)

    sealed = sealer.start() + bytes(room[: sealer.update_into(pieces, room)]) + sealer.finalize()

    assert (sealer.digest, sealer.length) == (hashlib.sha256(sealed).hexdigest(), len(sealed))
    assert open_bytes(private_key, context, sealed) == data[: sum(sizes)]


def test_a_stream_of_any_steps_opens_to_what_it_was(
    private_key: PrivateKey, public_key: PublicKey, context: SealContext
) -> None:
    data = bytes(range(256)) * 12_345 + b"odd"
    for step in (65_537, 262_144, 1 << 20, len(data)):
        sealer = Sealer(public_key, context)
        parts = [sealer.start()]
        parts += [sealer.update(memoryview(data)[at : at + step]) for at in range(0, len(data), step)]
        parts.append(sealer.finalize())
        sealed = b"".join(parts)
        assert (sealer.digest, sealer.length) == (hashlib.sha256(sealed).hexdigest(), len(sealed))
        opened = open_object(
            private_key, context, iter(parts), expected_digest=sealer.digest, expected_bytes=sealer.length
        )
        assert opened == data


def test_every_flipped_bit_is_found(private_key: PrivateKey, public_key: PublicKey, context: SealContext) -> None:
    sealed = seal_bytes(public_key, context, b"a@b.example")
    for bit in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BrokenSealError):
            open_bytes(private_key, context, bytes(flipped))


def test_every_cut_and_every_addition_is_found(
    private_key: PrivateKey, public_key: PublicKey, context: SealContext
) -> None:
    sealed = seal_bytes(public_key, context, b"a@b.example")
    for length in range(len(sealed)):
        with pytest.raises(BrokenSealError):
            open_bytes(private_key, context, sealed[:length])
    for extra in (b"\0", sealed[-16:], sealed):
        with pytest.raises(BrokenSealError):
            open_bytes(private_key, context, sealed + extra)


def test_chunks_that_were_cut_doubled_or_put_in_another_order_are_found(
    private_key: PrivateKey, public_key: PublicKey, context: SealContext
) -> None:
    sealed = seal_bytes(public_key, context, bytes(4 * 16_384 + 5))
    assert _open(private_key, context, sealed) == bytes(4 * 16_384 + 5)
    header, body = sealed[:_HEADER], sealed[_HEADER:]
    a, b, c, d, tail = (body[n * _CHUNK : (n + 1) * _CHUNK] for n in range(5))
    assert header + a + b + c + d + tail == sealed
    for chunks in ([b, a, c, d, tail], [a, a, b, c, d, tail], [a, c, d, tail], [a, b, c, d], [tail], [a], []):
        with pytest.raises(BrokenSealError):
            _open(private_key, context, header + b"".join(chunks))


def test_parts_of_two_objects_do_not_make_a_third(
    private_key: PrivateKey, public_key: PublicKey, context: SealContext
) -> None:
    one, two = (seal_bytes(public_key, context, bytes(20_000)) for _ in range(2))
    for cut in (PREFIX_BYTES, _HEADER, _HEADER + _CHUNK):
        with pytest.raises(BrokenSealError):
            open_bytes(private_key, context, one[:cut] + two[cut:])


def test_an_object_opens_in_no_other_place(
    private_key: PrivateKey, public_key: PublicKey, context: SealContext
) -> None:
    sealed = seal_bytes(public_key, context, b"here")
    elsewhere = [
        dataclasses.replace(context, installation=new_installation_id()),
        dataclasses.replace(context, verification=new_verification_id()),
        dataclasses.replace(context, document=new_document_id()),
        dataclasses.replace(context, document=NO_DOCUMENT),
        dataclasses.replace(context, copy="page-1"),
    ]
    for place in elsewhere:
        with pytest.raises(BrokenSealError):
            open_bytes(private_key, place, sealed)


def test_an_object_opens_for_no_other_key(public_key: PublicKey, context: SealContext) -> None:
    another, _ = generate_key_pair()
    with pytest.raises(BrokenSealError):
        open_bytes(another, context, seal_bytes(public_key, context, b"mine"))


def test_a_valid_object_that_is_not_the_one_we_wrote_is_refused(
    private_key: PrivateKey, public_key: PublicKey, context: SealContext
) -> None:
    # Whoever has the public key can make an object that opens; only the row's digest tells it from ours.
    ours, theirs = (seal_bytes(public_key, context, text) for text in (b"ours  ", b"theirs"))
    assert len(ours) == len(theirs)
    digest = hashlib.sha256(ours).hexdigest()
    with pytest.raises(WrongCiphertextError):
        open_object(private_key, context, [theirs], expected_digest=digest, expected_bytes=len(ours))


def test_a_wrong_length_is_refused_before_the_rest_is_read(private_key: PrivateKey, context: SealContext) -> None:
    read = []

    def endless() -> Iterator[bytes]:
        while True:
            read.append(1)
            yield bytes(1000)

    with pytest.raises(WrongCiphertextError):
        open_object(private_key, context, endless(), expected_digest="", expected_bytes=2500)
    assert len(read) == 3
    digest = hashlib.sha256(b"short").hexdigest()
    with pytest.raises(WrongCiphertextError):
        open_object(private_key, context, [b"short"], expected_digest=digest, expected_bytes=6)


def test_one_text_never_seals_to_the_same_bytes(public_key: PublicKey, context: SealContext) -> None:
    assert seal_bytes(public_key, context, b"same") != seal_bytes(public_key, context, b"same")


def test_the_layout_is_the_one_in_the_design(public_key: PublicKey, context: SealContext) -> None:
    sealed = seal_bytes(public_key, context, b"")
    assert sealed.startswith(b"vsealed1")
    assert PREFIX_BYTES == 8 + 1168
    assert len(sealed) == PREFIX_BYTES + 32 + 24 + 16


def test_the_context_is_the_one_in_the_design() -> None:
    installation, verification, document = new_installation_id(), new_verification_id(), new_document_id()
    context = SealContext(installation, verification, document, "page-1")
    assert context.to_bytes() == f"verifier/v1/{installation}/{verification}/{document}/page-1".encode()


@pytest.mark.parametrize("copy", ["", "a/b", "a b", "A", "ä", "a\n", "..", "x" * 65])
def test_a_context_has_strict_parts(copy: str, context: SealContext) -> None:
    with pytest.raises(UnsafeNameError):
        dataclasses.replace(context, copy=copy)


def test_a_sealer_is_used_in_its_order(public_key: PublicKey, context: SealContext) -> None:
    sealer = Sealer(public_key, context)
    with pytest.raises(ValueError, match="started"):
        sealer.update(b"x")
    with pytest.raises(ValueError, match="started"):
        sealer.finalize()
    sealer.start()
    with pytest.raises(ValueError, match="once"):
        sealer.start()
    with pytest.raises(ValueError, match="digest"):
        _ = sealer.digest
