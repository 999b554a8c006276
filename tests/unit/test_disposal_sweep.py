"""What the hourly comparison has destroyed is told, whatever happens to the rest."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select

from verifier.audit.catalogue import EntryKind
from verifier.audit.leaf import parse_leaf
from verifier.audit.tables import EntryRow
from verifier.disposal.sweep import Sweep
from verifier.vault.errors import StoreUnavailableError
from verifier.vault.root_files import FileRoots
from verifier.vault.roots import RootNumber
from verifier.vault.service import Vault
from verifier.wiring import House

_DAY: Final = timedelta(days=1)


class _DestroysOne(FileRoots):
    """Goes away once it has destroyed a root."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._has_destroyed = False

    def destroy(self, number: RootNumber) -> None:
        if self._has_destroyed:
            raise StoreUnavailableError
        self._has_destroyed = True
        super().destroy(number)


def test_a_root_that_is_gone_is_told_though_the_next_one_could_not_be_destroyed(house: House) -> None:
    with house.database.read() as session:
        now = house.clock.now(session)
    old = [house.vault.roots.current(now - days * _DAY) for days in (5, 4)]
    vault = Vault(
        installation=house.vault.installation,
        objects=house.vault.objects,
        keys=house.vault.keys,
        roots=_DestroysOne(house.settings.roots_folder),
    )
    Sweep(house.database, clock=house.clock, vault=vault, orphans_after=_DAY).compare()
    with house.database.read() as session:
        leaves = session.scalars(select(EntryRow.leaf).where(EntryRow.kind == EntryKind.ROOT_KEY_DESTROYED.value))
        told = [parse_leaf(leaf).fields["root"] for leaf in leaves]
    assert told == [str(old[0])]
    assert house.vault.roots.list()[0] == old[1]
