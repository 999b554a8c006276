"""Fills a database with the rows of verifications that are long over: each is one that was really lived, under new ids.

Guarantees: every row that the lived one left in any table is there as often as was asked for, its log included; the
log's tiles lead to the root that is signed and published, so the service goes on from there as from its own.
Leaves to others: what is not in the database (such a verification has no object and no key any more), and the tiles
outside it, which nobody reads here.
"""

import base64
import secrets
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, cast

from sqlalchemy import Connection, Integer, Table, create_engine, insert, select, text

from benchmarks.lived import COPIES, TAG_LENGTH, Lived, Row, say
from verifier.audit.publish import open_publisher
from verifier.audit.tables import LogHeadRow, LogTileRow
from verifier.db.base import EPOCH, table_of
from verifier.translog.merkle import EMPTY_ROOT, hash_leaf
from verifier.translog.tiles import TILE_WIDTH, Partials, append_leaves, list_partial_tiles
from verifier.verifications.tables import PolicyVersionRow
from verifier.wiring import House

_LEAVES_AT_ONCE: Final = 256 * TILE_WIDTH
_TAGS_AT_ONCE: Final = 100_000
_FAST_ON_SQLITE: Final = (
    "PRAGMA synchronous=OFF",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA cache_size=-500000",
    "PRAGMA wal_autocheckpoint=100000",
)
_FAST_ON_POSTGRESQL: Final = (
    "SET synchronous_commit = off",
    "SET session_replication_role = replica",
    "SET statement_timeout = 0",
)
"""Nothing of it has to outlive a crash, and no guard has to look at it: each row is one that was let through."""


def write_history(house: House, lived: Lived, *, times: int) -> None:
    """So many of them into an installation that has none yet, and that nobody else has open."""
    tags = sorted(_new_tag() for _ in range(times))
    is_sqlite = house.database.engine.dialect.name == "sqlite"
    # Our own engine of SQLite begins a transaction whatever is asked, and in one nothing can be made fast.
    engine = create_engine(f"sqlite:///{house.settings.database_file}") if is_sqlite else house.database.engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in _FAST_ON_SQLITE if is_sqlite else _FAST_ON_POSTGRESQL:
            connection.execute(text(statement))
        COPIES.create(connection)
        for start in range(0, times, _TAGS_AT_ONCE):
            part = [{"n": n, "tag": tags[n]} for n in range(start, min(times, start + _TAGS_AT_ONCE))]
            connection.execute(insert(COPIES), part)
        connection.execute(insert(table_of(PolicyVersionRow)), lived.policies)
        for table, rows in lived.rows.items():
            if table is not table_of(PolicyVersionRow):
                for row in rows:
                    _copy(connection, table, row, lived)
        COPIES.drop(connection)
        _write_log(connection, house, _leaves_of(lived, tags))
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)" if is_sqlite else "VACUUM ANALYZE"))
        connection.invalidate()  # nobody else may get one that is hurried


def _new_tag() -> str:
    return base64.b32encode(secrets.token_bytes(16)).decode("ascii").lower()[:TAG_LENGTH]


def _copy(connection: Connection, table: Table, row: Row, lived: Lived) -> None:
    keys = list(table.primary_key.columns)
    alone = keys[0] if len(keys) == 1 else None
    given = {}
    for column in table.columns:
        if column is alone and isinstance(column.type, Integer):
            continue  # counted up by the database
        if column.computed is None:
            given[column] = say(column, row, lived, is_alone=column is alone)
    rows = select(*given.values()).select_from(COPIES).order_by(COPIES.c.n)
    connection.execute(insert(table).from_select(list(given), rows))


def _leaves_of(lived: Lived, tags: Sequence[str]) -> Iterator[bytes]:
    """The same leaves, in the order of the log."""
    leaves, ends = lived.leaves, [(old.encode(), end.encode()) for old, end in lived.ends.items()]
    inside = [[(old, end) for old, end in ends if old in leaf] for leaf in leaves]
    for tag in tags:
        middle = tag.encode()
        for leaf, changed in zip(leaves, inside, strict=True):
            said = leaf
            for old, end in changed:
                said = said.replace(old, old[:4] + middle + end)
            yield said


def _write_log(connection: Connection, house: House, leaves: Iterator[bytes]) -> None:
    """Tiles, head and checkpoint, as the sequencer would have left them."""
    size, root, partials = 0, EMPTY_ROOT, cast("Partials", {})
    while hashes := [hash_leaf(leaf) for leaf in islice(leaves, _LEAVES_AT_ONCE)]:
        growth = append_leaves(size, partials, hashes)
        full = [(tile, row) for tile, row in growth.tiles.items() if tile.width == TILE_WIDTH]
        _write_tiles(connection, [(tile.level, tile.index, row) for tile, row in full])
        size, root = growth.size, growth.root
        partials = {
            tile.level: growth.tiles.get(tile) or partials[tile.level] for tile in list_partial_tiles(growth.size)
        }
    _write_tiles(connection, [(tile.level, tile.index, partials[tile.level]) for tile in list_partial_tiles(size)])
    checkpoint = house.signer.sign(size=size, root=root)
    head = {"id": 1, "size": size, "root": root, "checkpoint": checkpoint}
    published = {"published_size": size, "published_checkpoint": checkpoint, "published_at": EPOCH}
    connection.execute(insert(table_of(LogHeadRow)), [head | published])
    settings = house.settings
    open_publisher(settings.published_folder, house.signer, settings.log_origin).write_checkpoint(checkpoint)


def _write_tiles(connection: Connection, tiles: Sequence[tuple[int, int, bytes]]) -> None:
    if tiles:
        rows = [{"level": level, "tile_index": index, "hashes": hashes} for level, index, hashes in tiles]
        connection.execute(insert(table_of(LogTileRow)), rows)
