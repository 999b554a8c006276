"""C2SP tlog-proof texts: there and back, every flipped bit, every cut."""

import pytest

from verifier.translog.checkpoint import LogSigner
from verifier.translog.encoding import encode_base64
from verifier.translog.errors import BadCheckpointError, BadProofError, EvidenceError
from verifier.translog.merkle import hash_leaf, hash_node
from verifier.translog.proof import LogProof, verify_log_proof

SIGNER = LogSigner.generate("example.com/log")
LEFT, RIGHT = hash_leaf(b"left"), hash_leaf(b"right")
NOTE = SIGNER.sign(size=2, root=hash_node(LEFT, RIGHT))
TEXT = LogProof(1, (LEFT,), NOTE).to_text()


def test_a_proof_has_the_form_of_the_specification_and_holds() -> None:
    assert f"c2sp.org/tlog-proof@v1\nindex 1\n{encode_base64(LEFT)}\n\n{NOTE}" == TEXT
    found = verify_log_proof(TEXT, b"right", verifier=SIGNER.verifier)
    assert (found.index, found.checkpoint.size) == (1, 2)


def test_a_proof_without_hashes_is_that_of_the_only_leaf() -> None:
    text = LogProof(0, (), SIGNER.sign(size=1, root=LEFT)).to_text()
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 0\n\nexample.com/log\n1\n")
    assert verify_log_proof(text, b"left", verifier=SIGNER.verifier).index == 0


def test_another_leaf_is_not_proved() -> None:
    with pytest.raises(BadProofError, match="another root"):
        verify_log_proof(TEXT, b"left", verifier=SIGNER.verifier)


def test_another_log_s_proof_is_refused() -> None:
    with pytest.raises(BadCheckpointError):
        verify_log_proof(TEXT, b"right", verifier=LogSigner.generate("example.com/log").verifier)


def test_every_flipped_bit_and_every_cut_is_found() -> None:
    data = TEXT.encode()
    broken = [data[:end] for end in range(len(data))]
    for at in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        broken.append(bytes(flipped))
    for each in broken:
        with pytest.raises(EvidenceError):
            verify_log_proof(each.decode(errors="surrogateescape"), b"right", verifier=SIGNER.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        f"c2sp.org/tlog-proof@v1\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\n{encode_base64(LEFT)}\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v1\nindex 01\n{encode_base64(LEFT)}\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v1\nindex -1\n{encode_base64(LEFT)}\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\n{NOTE}",
        "c2sp.org/tlog-proof@v1\nindex 1\n" + f"{encode_base64(LEFT)}\n" * 65 + f"\n{NOTE}",
    ],
)
def test_a_text_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(BadProofError):
        verify_log_proof(text, b"right", verifier=SIGNER.verifier)
