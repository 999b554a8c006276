"""What a backup and a restore refuse, before anything is written."""

import json
import shutil
from pathlib import Path

import pytest

from tests.servers.databases import ON_BOTH
from verifier.db.opening import alone_with_database, open_database, open_database_alone
from verifier.db.presence import Presence, alone
from verifier.errors import ConfigurationError
from verifier.ids import new_installation_id
from verifier.recovery.backup import make_backup
from verifier.recovery.manifest import MANIFEST, load_manifest
from verifier.recovery.restore import Target, restore
from verifier.settings import Settings
from verifier.vault.secrets import load_or_create_secret
from verifier.wiring import House, choose_seams, open_house


def _back_up(house: House, folder: Path) -> None:
    make_backup(
        folder,
        settings=house.settings,
        database=house.database,
        clock=house.clock,
        vault=house.vault,
        key=house.digest_key,
    )


def _refused(folder: Path, settings: Settings) -> str:
    """What a restore says; nothing lies in the data afterwards that did not before."""
    before = sorted(settings.database_file.parent.rglob("*"))
    seams = choose_seams(settings)
    target = Target(settings=settings, clock=seams.clock, objects=seams.objects, keys=seams.keys, roots=seams.roots)
    key = load_or_create_secret(settings.secrets_folder, "digest")
    with pytest.raises(ConfigurationError) as refused:
        restore(folder, load_manifest(folder, key), target)
    left = sorted(settings.database_file.parent.rglob("*"))
    assert [path for path in left if path.name not in {"in-use", "objects"}] == [
        path for path in before if path.name not in {"in-use", "objects"}
    ]
    return refused.value.advice


@pytest.fixture
def backup(house: House, tmp_path: Path) -> Path:
    """A backup, after which the data was lost."""
    folder = tmp_path / "backup"
    _back_up(house, folder)
    house.close()
    shutil.rmtree(house.settings.home / "data")
    return folder


def test_a_part_that_was_changed_is_found(backup: Path, settings: Settings) -> None:
    content = bytearray((backup / "database").read_bytes())
    content[len(content) // 2] ^= 1
    (backup / "database").write_bytes(content)
    assert "this backup is damaged" in _refused(backup, settings)


def test_a_part_that_is_missing_is_found(backup: Path, settings: Settings) -> None:
    (backup / "database").unlink()
    assert "this backup is damaged" in _refused(backup, settings)


def test_a_manifest_that_was_changed_is_found(backup: Path, settings: Settings) -> None:
    manifest = json.loads((backup / MANIFEST).read_text())
    manifest["content"]["installation"] = new_installation_id()
    (backup / MANIFEST).write_text(json.dumps(manifest))
    assert "another installation made it" in _refused(backup, settings)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"content": {}, "seal": 1}', "é"])
def test_a_manifest_that_is_none_is_refused(backup: Path, settings: Settings, text: str) -> None:
    (backup / MANIFEST).write_text(text)
    assert "is damaged" in _refused(backup, settings)


def test_a_backup_that_was_never_finished_is_none(backup: Path, settings: Settings) -> None:
    (backup / MANIFEST).unlink()
    assert "never finished" in _refused(backup, settings)


def test_the_backup_of_another_installation_is_refused(backup: Path, tmp_path: Path, settings: Settings) -> None:
    other = Settings(home=tmp_path / "other", policies_folder=settings.policies_folder)
    open_house(other).close()
    assert "another installation made it" in _refused(backup, other)


def test_a_key_store_of_another_installation_is_refused(backup: Path, tmp_path: Path, settings: Settings) -> None:
    other = Settings(home=tmp_path / "other", policies_folder=settings.policies_folder)
    open_house(other).close()
    shutil.rmtree(settings.keys_folder)
    shutil.move(other.keys_folder, settings.keys_folder)
    assert "store of keys is another installation's" in _refused(backup, settings)


def test_a_database_that_is_there_is_not_overwritten(house: House, tmp_path: Path) -> None:
    _back_up(house, tmp_path / "backup")
    house.close()
    assert "overwrites nothing" in _refused(tmp_path / "backup", house.settings)


def test_a_store_of_documents_that_holds_something_is_not_overwritten(backup: Path, house: House) -> None:
    settings = house.settings
    seams = choose_seams(settings)
    seams.objects.write_installation(house.vault.installation)
    stray = next(settings.objects_folder.rglob("a")) / f"ver_{'a' * 26}.doc_{'a' * 26}.original"
    stray.write_bytes(b"sealed")
    assert "--keep-documents" in _refused(backup, settings)


def test_an_installation_that_runs_is_refused(backup: Path, settings: Settings) -> None:
    settings.database_file.parent.mkdir()
    somebody = Presence(settings.database_file.with_name("in-use"))
    try:
        assert "is running" in _refused(backup, settings)
        with pytest.raises(ConfigurationError, match="is running"), alone_with_database(settings):
            pytest.fail("somebody was there")
    finally:
        somebody.close()
    with alone_with_database(settings):
        pass


def test_nobody_comes_in_while_a_restore_is_under_way(tmp_path: Path) -> None:
    with alone(tmp_path / "in-use"), pytest.raises(ConfigurationError, match="A restore is under way"):
        Presence(tmp_path / "in-use")
    Presence(tmp_path / "in-use").close()


@ON_BOTH
def test_nobody_opens_the_database_while_somebody_is_alone_with_it(house: House) -> None:
    settings = house.settings
    house.close()
    with alone_with_database(settings):
        open_database_alone(settings).close()
        with pytest.raises(ConfigurationError, match="A restore is under way"):
            open_database(settings)
        with pytest.raises(ConfigurationError, match=r"is running|alone"), alone_with_database(settings):
            pytest.fail("two were alone")
    somebody = open_database(settings)
    with pytest.raises(ConfigurationError, match="is running"), alone_with_database(settings):
        pytest.fail("somebody was there")
    somebody.close()


def test_a_backup_is_not_written_where_something_lies(house: House, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="is not empty"):
        _back_up(house, tmp_path)


@pytest.mark.parametrize("private", ["keys", "roots", "secrets"])
def test_a_backup_does_not_lie_with_the_keys(house: House, private: str) -> None:
    with pytest.raises(ConfigurationError, match="Keep backups and keys apart"):
        _back_up(house, house.settings.home / private / "backup")


def test_a_backup_of_another_kind_of_database_is_refused(backup: Path, settings: Settings) -> None:
    other = settings.model_copy(update={"database_url": "postgresql://u@127.0.0.1:1/d"})
    assert "to its own kind" in _refused(backup, other)


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_prepared_folder_that_is_open_to_others_takes_no_backup(house: House, tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "prepared"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(ConfigurationError, match="is open to others"):
        _back_up(house, folder)
    assert list(folder.iterdir()) == []
    folder.chmod(0o700)
    _back_up(house, folder)
    assert (folder / MANIFEST).exists()
