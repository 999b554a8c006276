"""The Merkle tree against RFC 6962's own values and against the vectors that transparency.dev wrote."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from verifier.translog.errors import BadProofError
from verifier.translog.frontier import Frontier
from verifier.translog.merkle import (
    EMPTY_ROOT,
    compute_root,
    hash_leaf,
    hash_node,
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
)

# The leaves and roots of Certificate Transparency's reference tree, as RFC 6962 implementations share them.
LEAVES = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")] + [
    bytes(range(0x60, 0x70))
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Rows:
    """Every complete subtree of a small tree, computed outright."""

    def __init__(self, leaves: list[bytes]) -> None:
        self._rows = [[hash_leaf(leaf) for leaf in leaves]]
        while len(self._rows[-1]) > 1:
            row = self._rows[-1]
            self._rows.append([hash_node(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)])

    def read_hash(self, level: int, index: int) -> bytes:
        return self._rows[level][index]


def load_vectors(folder: Path, kind: str) -> list[dict[str, Any]]:
    vectors = [json.loads(path.read_text()) for path in sorted((folder / "merkle").glob(f"{kind}__*.json"))]
    assert len(vectors) > 30, "the folder holds fewer vectors than this test was written for"
    return vectors


def decode(texts: list[str] | None) -> list[bytes]:
    return [base64.b64decode(each) for each in texts or []]


@pytest.mark.cases
def test_every_inclusion_vector_gets_the_verdict_that_its_file_gives(cases_dir: Path) -> None:
    accepted = 0
    for vector in load_vectors(cases_dir, "inclusion"):
        leaf_hash, root = decode([vector["leafHash"], vector["root"]])
        try:
            verify_inclusion(
                leaf_hash,
                index=vector["leafIdx"],
                size=vector["treeSize"],
                proof=decode(vector["proof"]),
                root=root,
            )
            verdict = False
            accepted += 1
        except BadProofError:
            verdict = True
        assert verdict == vector["wantErr"], vector["desc"]
    assert accepted > 0


@pytest.mark.cases
def test_every_consistency_vector_gets_the_verdict_that_its_file_gives(cases_dir: Path) -> None:
    accepted = 0
    for vector in load_vectors(cases_dir, "consistency"):
        old_root, new_root = decode([vector["root1"], vector["root2"]])
        try:
            verify_consistency(
                old=vector["size1"],
                new=vector["size2"],
                old_root=old_root,
                new_root=new_root,
                proof=decode(vector["proof"]),
            )
            verdict = False
            accepted += 1
        except BadProofError:
            verdict = True
        assert verdict == vector["wantErr"], vector["desc"]
    assert accepted > 0


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference_tree(size: int) -> None:
    assert compute_root(Rows(LEAVES[:size]), size).hex() == ROOTS[size - 1]
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(hash_leaf(leaf))
    assert frontier.compute_root().hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_root_of_the_specification_and_proves_nothing() -> None:
    assert hashlib.sha256(b"").digest() == EMPTY_ROOT == Frontier().compute_root() == compute_root(Rows([]), 0)
    with pytest.raises(BadProofError):
        verify_inclusion(hash_leaf(b""), index=0, size=0, proof=[], root=EMPTY_ROOT)
    for new in (0, 1):
        with pytest.raises(BadProofError):
            verify_consistency(old=0, new=new, old_root=EMPTY_ROOT, new_root=EMPTY_ROOT, proof=[])
        with pytest.raises(BadProofError):
            prove_consistency(Rows(LEAVES), old=0, new=new)


def test_a_leaf_cannot_pass_as_a_node() -> None:
    left, right = hash_leaf(b"l"), hash_leaf(b"r")
    assert hash_leaf(left + right) != hash_node(left, right)
    with pytest.raises(BadProofError):
        verify_inclusion(hash_leaf(left + right), index=0, size=1, proof=[], root=hash_node(left, right))


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0), (9, 4)])
def test_no_inclusion_is_proved_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(BadProofError, match="no leaf"):
        prove_inclusion(Rows(LEAVES), index=index, size=size)


def test_a_frontier_refuses_the_wrong_number_of_subtrees_and_odd_hashes() -> None:
    with pytest.raises(BadProofError, match="cannot cover"):
        Frontier(3, [hash_leaf(b"")])
    with pytest.raises(BadProofError, match="32 bytes"):
        Frontier(1, [b"short"])
    with pytest.raises(BadProofError, match="32 bytes"):
        Frontier().append(b"short")
    with pytest.raises(BadProofError, match="cannot cover"):
        Frontier(1, [hash_leaf(b"")]).extend_to(4, [hash_leaf(b"")])
