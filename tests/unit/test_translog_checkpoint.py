"""Checkpoints and log keys: C2SP's forms, signatures of others, and every flipped character."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from verifier.translog.checkpoint import Checkpoint, LogSigner, LogVerifier
from verifier.translog.errors import BadCheckpointError
from verifier.translog.merkle import hash_leaf

# The key pair in the documentation of Go's golang.org/x/mod/sumdb/note, which defined signed notes.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

SIGNER = LogSigner.generate("example.com/log")
VERIFIER = SIGNER.verifier
ROOT = hash_leaf(b"")


def test_go_s_key_pair_is_read_and_written_as_go_does() -> None:
    signer = LogSigner.parse(GO_SECRET)
    assert signer.verifier.to_text() == GO_PUBLIC
    assert signer.to_secret_text() == GO_SECRET
    assert LogVerifier.parse(GO_PUBLIC) == signer.verifier


def test_a_signed_checkpoint_comes_back() -> None:
    note = SIGNER.sign(size=7, root=ROOT)
    assert note.startswith("example.com/log\n7\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n\n— example.com/log ")
    assert VERIFIER.open_checkpoint(note) == Checkpoint("example.com/log", 7, ROOT)


def test_a_secret_is_not_printed() -> None:
    secret = SIGNER.to_secret_text().rpartition("+")[2]
    assert secret not in repr(SIGNER)
    assert "seed" not in repr(SIGNER)


def test_every_flipped_bit_of_a_note_is_found() -> None:
    note = SIGNER.sign(size=7, root=ROOT).encode()
    for at in range(len(note) * 8):
        flipped = bytearray(note)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(BadCheckpointError):
            VERIFIER.open_checkpoint(flipped.decode(errors="surrogateescape"))


def test_every_cut_of_a_note_is_found() -> None:
    note = SIGNER.sign(size=7, root=ROOT)
    for end in range(len(note)):
        with pytest.raises(BadCheckpointError):
            VERIFIER.open_checkpoint(note[:end])


def test_every_flipped_bit_of_a_log_key_is_found() -> None:
    key = VERIFIER.to_text().encode()
    for at in range(len(key) * 8):
        flipped = bytearray(key)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(BadCheckpointError):
            LogVerifier.parse(flipped.decode(errors="surrogateescape"))


def test_signatures_of_witnesses_are_allowed_and_ignored() -> None:
    witness = LogSigner.generate("witness.example")
    note = SIGNER.sign(size=7, root=ROOT)
    other = LogSigner(witness.origin, Ed25519PrivateKey.generate().private_bytes_raw())
    line = other.sign(size=7, root=ROOT).rpartition("\n\n")[2]
    assert VERIFIER.open_checkpoint(note + line).size == 7
    assert VERIFIER.open_checkpoint(note.replace("\n\n", f"\n\n{line}")).size == 7


def test_another_log_s_signature_is_not_enough_even_under_our_name() -> None:
    impostor = LogSigner.generate("example.com/log")
    with pytest.raises(BadCheckpointError, match="not signed with this log's key"):
        VERIFIER.open_checkpoint(impostor.sign(size=7, root=ROOT))


def test_a_bad_signature_beside_a_good_one_refuses_the_note() -> None:
    note, other = SIGNER.sign(size=7, root=ROOT), SIGNER.sign(size=8, root=ROOT)
    with pytest.raises(BadCheckpointError, match="signature is wrong"):
        VERIFIER.open_checkpoint(note + other.rpartition("\n\n")[2])


@pytest.mark.parametrize(
    "body",
    [
        "example.com/log\n07\n{root}\n",
        "example.com/log\n-1\n{root}\n",
        "example.com/log\n7\n{root}\nextension\n",
        "example.com/log\n7\n{root}",
        "example.com/log\n7\nAAAA\n",
        "example.com/log\n7\n\n",
        "\n7\n{root}\n",
        "example.com/log\n٧\n{root}\n",
        "example.com/log\n7 \n{root}\n",
        "",
    ],
)
def test_a_body_in_another_form_is_refused(body: str) -> None:
    text = Checkpoint("example.com/log", 7, ROOT).to_text()
    assert Checkpoint.parse(text).to_text() == text
    with pytest.raises(BadCheckpointError):
        Checkpoint.parse(body.format(root=text.split("\n")[2]))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\tb", "a\u00a0b", "a\nb", "a\x00b", "\ud800"])
def test_a_name_that_notes_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(BadCheckpointError):
        LogSigner.generate(name)


@pytest.mark.parametrize("text", ["", "a", "a+b+c", GO_SECRET, GO_PUBLIC + "\n", GO_PUBLIC.replace("ARpc", "AQ")])
def test_what_is_no_log_key_is_refused(text: str) -> None:
    with pytest.raises(BadCheckpointError):
        LogVerifier.parse(text)


def test_a_public_key_is_no_signing_key() -> None:
    with pytest.raises(BadCheckpointError):
        LogSigner.parse(GO_PUBLIC)
    with pytest.raises(BadCheckpointError, match="hash does not belong"):
        LogSigner.parse(GO_SECRET.replace("c74f20a3", "c74f20a4"))
