"""The transparency log over HTTP: anyone can check it with what is public, auditors get proofs."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from policies.access import Role, Scope
from verifier import ids
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.translog.checkpoint import Checkpoint, LogVerifier
from verifier.translog.errors import EvidenceError
from verifier.translog.merkle import compute_root, hash_leaf, verify_consistency, verify_inclusion
from verifier.translog.proof import verify_log_proof
from verifier.translog.tiles import TILE_WIDTH, Tile, TileHashes
from verifier.wiring import House

Sequence = Callable[[], int]


@pytest.fixture
def auditor(new_key: Callable[..., dict[str, str]]) -> dict[str, str]:
    return new_key(Role.AUDITOR, Scope.AUDIT_READ)


def grow(house: House, sequence: Sequence, count: int) -> None:
    with house.database.write() as session:
        now = house.clock.now(session)
        for _ in range(count):
            record(session, now, EntryKind.STAFF_SIGNED_IN, {"staff": ids.new_staff_id()})
    sequence()


def read_checkpoint(client: TestClient) -> Checkpoint:
    """As a stranger does it, with nothing but what is public."""
    key = client.get("/v1/audit/key").text
    assert key.endswith("\n")
    return LogVerifier.parse(key.removesuffix("\n")).open_checkpoint(client.get("/v1/audit/checkpoint").text)


class HttpTiles:
    """Reads the tiles of a tree of `size` leaves over HTTP."""

    def __init__(self, client: TestClient, size: int) -> None:
        self._client, self._size = client, size

    def read_tile(self, level: int, index: int) -> bytes:
        width = min(TILE_WIDTH, (self._size >> (8 * level)) - index * TILE_WIDTH)
        answer = self._client.get(f"/v1/audit/{Tile(level, index, width).to_path()}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "immutable" in answer.headers["cache-control"]
        return answer.content


def hashes_of(answer: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(each) for each in answer["hashes"]]


def test_a_stranger_rebuilds_the_root_from_public_tiles(client: TestClient, house: House, sequence: Sequence) -> None:
    grow(house, sequence, 600)
    checkpoint = read_checkpoint(client)
    assert checkpoint.size >= 600
    assert compute_root(TileHashes(HttpTiles(client, checkpoint.size)), checkpoint.size) == checkpoint.root


def test_what_is_published_is_what_is_served(client: TestClient, house: House, sequence: Sequence) -> None:
    grow(house, sequence, 300)
    folder, found = house.settings.published_folder, 0
    for file in folder.rglob("*"):
        if file.is_file():
            answer = client.get(f"/v1/audit/{file.relative_to(folder)}")
            assert (answer.status_code, answer.content) == (200, file.read_bytes()), file
            found += 1
    assert found >= 4, "the checkpoint, a full tile, two partial ones"


NO_TILES = (
    "0/001", "0/000.p/255", "9/000", "0/x001/234", "1/000", "0/0", "0/000.p/0", "0/000.p/256", "x/000", "64/000",
    "0/x000/000", "0/../checkpoint", "0/%00", "entries/000", "-1/000", "0/000/", "0/٣٣٣",
)  # fmt: skip


def test_a_tile_that_is_not_there_is_not_found(client: TestClient, house: House, sequence: Sequence) -> None:
    grow(house, sequence, 5)
    for path in NO_TILES:
        answer = client.get(f"/v1/audit/tile/{path}")
        assert (answer.status_code, answer.json()["code"]) in {(404, "unknown_index"), (404, "not_found")}, path


def test_an_inclusion_proof_holds_for_its_leaf_only(
    client: TestClient, house: House, auditor: dict[str, str], sequence: Sequence
) -> None:
    grow(house, sequence, 20)
    checkpoint = read_checkpoint(client)
    entry, other = client.get("/v1/audit/entries?limit=2", headers=auditor).json()["entries"]
    leaf, index = base64.b64decode(entry["leaf"]), entry["index"]

    answer = client.get(f"/v1/audit/inclusion?index={index}", headers=auditor).json()

    proof = hashes_of(answer)
    assert answer["size"] == checkpoint.size
    verify_inclusion(hash_leaf(leaf), index=index, size=answer["size"], proof=proof, root=checkpoint.root)
    verified = verify_log_proof(answer["proof"], leaf, verifier=LogVerifier.parse(house.log_key))
    assert verified.checkpoint == checkpoint
    with pytest.raises(EvidenceError):
        verify_log_proof(answer["proof"], base64.b64decode(other["leaf"]), verifier=LogVerifier.parse(house.log_key))
    earlier = client.get(f"/v1/audit/inclusion?index=3&size={checkpoint.size - 2}", headers=auditor).json()
    assert (earlier["size"], earlier["proof"]) == (checkpoint.size - 2, None)


def test_a_consistency_proof_joins_two_checkpoints(
    client: TestClient, house: House, auditor: dict[str, str], sequence: Sequence
) -> None:
    grow(house, sequence, 7)
    old = read_checkpoint(client)
    grow(house, sequence, 300)
    new = read_checkpoint(client)

    answer = client.get(f"/v1/audit/consistency?old={old.size}", headers=auditor).json()

    assert (answer["old"], answer["new"]) == (old.size, new.size)
    verify_consistency(old=old.size, new=new.size, old_root=old.root, new_root=new.root, proof=hashes_of(answer))
    same = client.get(f"/v1/audit/consistency?old={old.size}&new={old.size}", headers=auditor).json()
    assert same["hashes"] == []


def test_a_proof_about_what_is_not_published_is_refused(
    client: TestClient, house: House, auditor: dict[str, str], sequence: Sequence
) -> None:
    def ask(query: str) -> tuple[int, str]:
        answer = client.get(f"/v1/audit/{query}", headers=auditor)
        return answer.status_code, answer.json()["code"]

    assert client.get("/v1/audit/checkpoint").json()["code"] == "log_empty"
    assert ask("inclusion?index=0") == (404, "log_empty")
    grow(house, sequence, 3)
    size = read_checkpoint(client).size
    for query in (
        f"inclusion?index={size}", f"inclusion?index=0&size={size + 1}", "inclusion?index=2&size=2",
        f"consistency?old={size + 1}", f"consistency?old=1&new={size + 1}", "consistency?old=2&new=1",
    ):  # fmt: skip
        assert ask(query) == (404, "unknown_index"), query
    for query in (
        "inclusion", "inclusion?index=-1", "inclusion?index=a", "inclusion?index=0&size=0", "consistency?old=0",
        "consistency", f"inclusion?index={10**30}",
    ):  # fmt: skip
        assert ask(query) == (422, "invalid_field"), query
    for query in ("inclusion?index=0&of=1", "consistency?old=1&first=1", "checkpoint?x=1", "key?x=1", "tile/0/000?x=1"):
        assert ask(query) == (422, "unknown_field"), query


def test_the_description_of_the_api_says_what_each_call_takes(client: TestClient) -> None:
    paths = client.get("/v1/openapi.json").json()["paths"]
    taken = {each["name"] for each in paths["/v1/audit/entries"]["get"]["parameters"]}
    assert taken == {"kind", "verification", "document", "actor", "from", "to", "order", "limit", "cursor"}
    for path in (
        "/v1/audit/entries",
        "/v1/audit/inclusion",
        "/v1/audit/consistency",
        "/v1/audit/export",
        "/v1/retention",
    ):
        assert all(each["description"] for each in paths[path]["get"]["parameters"]), path
    for path in ("/v1/audit/tile/{level}/{path}", "/v1/receipts/{document}", "/v1/policies", "/v1/audit/key"):
        assert paths[path]["get"]["description"], path
