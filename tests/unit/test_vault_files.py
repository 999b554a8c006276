"""The file stores on a file system that is hostile, full, gone, or left behind by a process that died."""

import os
import signal
import stat
from pathlib import Path
from typing import Final

import pytest

from verifier.ids import DocumentId, InstallationId, new_document_id, new_installation_id, new_verification_id
from verifier.vault.errors import (
    NoSpaceError,
    ObjectMissingError,
    StoreUnavailableError,
    UnsafeNameError,
    WrongInstallationError,
)
from verifier.vault.key_files import FileKeys
from verifier.vault.object_files import FileObjects, FileWriter
from verifier.vault.objects import ObjectKey

_MIB: Final = 1024 * 1024


@pytest.fixture
def installation() -> InstallationId:
    return new_installation_id()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def objects(folder: Path, installation: InstallationId) -> FileObjects:
    objects = FileObjects(folder)
    objects.write_installation(installation)
    return objects


@pytest.fixture
def keys(tmp_path: Path, installation: InstallationId) -> FileKeys:
    keys = FileKeys(tmp_path / "keys")
    keys.write_installation(installation)
    return keys


@pytest.fixture
def key(installation: InstallationId) -> ObjectKey:
    return ObjectKey(installation, new_verification_id(), new_document_id(), "original")


def _store_object(objects: FileObjects, key: ObjectKey, content: bytes = b"sealed") -> None:
    writer = objects.create(key)
    writer.write(content)
    writer.commit()


def _path_of(folder: Path, key: ObjectKey) -> Path:
    shard = key.verification.removeprefix("ver_")[0]
    return folder / key.installation / shard / f"{key.verification}.{key.document}.{key.copy}"


def _open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_only_our_user_can_read_folders_and_files(
    objects: FileObjects, keys: FileKeys, key: ObjectKey, tmp_path: Path
) -> None:
    _store_object(objects, key)
    keys.put(key.verification, b"record")
    writer = objects.create(ObjectKey(key.installation, key.verification, key.document, "page-1"))
    found = list(tmp_path.rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}
    writer.abort()


def test_a_link_in_the_place_of_an_object_is_not_followed(
    objects: FileObjects, key: ObjectKey, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"not ours")
    _path_of(folder, key).symlink_to(outside)
    with pytest.raises(StoreUnavailableError):
        objects.read(key)
    assert not objects.is_absent(key)
    objects.delete(key)
    assert objects.is_absent(key)
    assert outside.read_bytes() == b"not ours"


def test_a_link_to_nowhere_is_still_something(objects: FileObjects, key: ObjectKey, folder: Path) -> None:
    _path_of(folder, key).symlink_to("nowhere")
    assert not objects.is_absent(key)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_link_in_the_place_of_a_folder_is_not_followed(
    level: int, objects: FileObjects, key: ObjectKey, folder: Path
) -> None:
    path = [folder, folder / key.installation, _path_of(folder, key).parent][level]
    real = path.with_name("moved-away")
    path.rename(real)
    path.symlink_to(real)
    for ask in (objects.is_absent, objects.delete, objects.create, objects.read):
        with pytest.raises(StoreUnavailableError):
            ask(key)


def test_a_pipe_in_the_place_of_an_object_hangs_nobody(objects: FileObjects, key: ObjectKey, folder: Path) -> None:
    os.mkfifo(_path_of(folder, key))
    with pytest.raises(StoreUnavailableError):
        objects.read(key)
    objects.delete(key)
    assert objects.is_absent(key)


@pytest.mark.parametrize("lost", ["folder", "installation", "mark", "shard"])
def test_a_store_that_lost_a_part_says_unavailable_and_never_absent(
    lost: str, objects: FileObjects, key: ObjectKey, folder: Path
) -> None:
    parts = {
        "folder": folder,
        "installation": folder / key.installation,
        "mark": folder / "installation",
        "shard": _path_of(folder, key).parent,
    }
    parts[lost].rename(parts[lost].with_name("taken-away"))
    for ask in (objects.is_absent, objects.delete, objects.create, objects.read):
        with pytest.raises(StoreUnavailableError) as refusal:
            ask(key)
        assert refusal.value.facts == {"reason": "ENOENT"}
    with pytest.raises(StoreUnavailableError):
        list(objects.list(installation=key.installation))


@pytest.mark.parametrize("mark", [b"", b"ins_", b"\xff" * 30, b"ver_" + b"a" * 26 + b"\n", b"../../etc\n"])
def test_a_mark_that_is_no_installations_stops_everything(
    mark: bytes, objects: FileObjects, key: ObjectKey, folder: Path
) -> None:
    (folder / "installation").write_bytes(mark)
    for ask in (objects.is_absent, objects.delete, objects.create, objects.read):
        with pytest.raises(WrongInstallationError):
            ask(key)
    with pytest.raises(WrongInstallationError):
        objects.read_installation()


def test_files_that_are_not_ours_are_neither_listed_nor_touched(
    objects: FileObjects, keys: FileKeys, key: ObjectKey, folder: Path, tmp_path: Path
) -> None:
    _store_object(objects, key)
    keys.put(key.verification, b"record")
    shard = _path_of(folder, key).parent
    strange = [shard / name for name in (".DS_Store", "a.b.c", f"{key.verification}.{key.document}", "~", "x~y")]
    strange.append(tmp_path / "keys" / key.installation / shard.name / "lost+found")
    for path in strange:
        path.write_bytes(b"?")
    assert [stored.key for stored in objects.list(installation=key.installation)] == [key]
    assert list(keys.list()) == [key.verification]
    objects.delete(key)
    keys.delete(key.verification)
    assert all(path.exists() for path in strange)


def test_what_a_killed_upload_left_is_found_and_deleted(objects: FileObjects, key: ObjectKey, folder: Path) -> None:
    child = os.fork()
    if child == 0:
        writer = objects.create(key)
        writer.write(b"half of it")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert not objects.is_absent(key)
    assert [stored.is_unfinished for stored in objects.list(installation=key.installation)] == [True]
    objects.delete(key)
    assert objects.is_absent(key)
    assert list(_path_of(folder, key).parent.iterdir()) == []


def test_an_object_with_both_names_is_deleted_with_both(objects: FileObjects, key: ObjectKey, folder: Path) -> None:
    # A process that dies between linking the name and removing the unfinished one leaves both.
    _store_object(objects, key)
    path = _path_of(folder, key)
    path.with_name(f"{path.name}~0123456789abcdef").hardlink_to(path)
    assert len(list(objects.list(installation=key.installation))) == 2
    objects.delete(key)
    assert objects.is_absent(key)
    assert list(path.parent.iterdir()) == []


def test_a_record_that_was_never_finished_is_not_absence(keys: FileKeys, key: ObjectKey, tmp_path: Path) -> None:
    shard = tmp_path / "keys" / key.installation / key.verification[4]
    (shard / f"{key.verification}~0123456789abcdef").write_bytes(b"half a record")
    assert not keys.is_absent(key.verification)
    assert list(keys.list()) == [key.verification]
    keys.delete(key.verification)
    assert keys.is_absent(key.verification)


def test_marking_that_died_half_way_is_finished_by_the_next(folder: Path, key: ObjectKey) -> None:
    (folder / key.installation / "a").mkdir(parents=True, mode=0o700)
    objects = FileObjects(folder)
    assert objects.read_installation() is None
    objects.write_installation(key.installation)
    _store_object(objects, key)
    assert not objects.is_absent(key)


def test_nothing_keeps_a_descriptor_open(objects: FileObjects, keys: FileKeys, key: ObjectKey, folder: Path) -> None:
    before = _open_descriptors()
    _store_object(objects, key)
    b"".join(objects.read(key))
    with pytest.raises(Exception, match="object_exists"):
        objects.create(key)
    early, late = (objects.create(_page(key)) for _ in range(2))
    early.commit()
    with pytest.raises(Exception, match="object_exists"):
        late.commit()
    list(objects.list(installation=key.installation))
    objects.delete(key)
    with pytest.raises(ObjectMissingError):
        objects.read(key)
    keys.put(key.verification, b"x")
    with pytest.raises(Exception, match="key_exists"):
        keys.put(key.verification, b"x")
    keys.delete(key.verification)
    (folder / "installation").unlink()
    with pytest.raises(StoreUnavailableError):
        objects.create(key)
    assert _open_descriptors() == before


def test_a_lost_upload_costs_no_descriptor(objects: FileObjects, key: ObjectKey) -> None:
    before = _open_descriptors()
    writers = [objects.create(key)]
    assert _open_descriptors() == before + 2
    with pytest.warns(ResourceWarning):
        writers.clear()
    assert _open_descriptors() == before
    assert not objects.is_absent(key)
    objects.delete(key)


def _page(key: ObjectKey) -> ObjectKey:
    return ObjectKey(key.installation, key.verification, key.document, "page-1")


def test_a_full_disk_is_called_by_its_name_and_can_still_be_deleted_from(small_disk: Path, key: ObjectKey) -> None:
    objects = FileObjects(small_disk / "objects")
    objects.write_installation(key.installation)
    writer = objects.create(key)
    with pytest.raises(NoSpaceError) as refusal:
        writer.write(bytes(2 * _MIB))
    assert refusal.value.code == "no_space"
    assert refusal.value.facts == {"reason": "ENOSPC"}
    other = objects.create(_page(key))
    with pytest.raises(NoSpaceError):
        _commit_one_byte(other)
    objects.delete(_page(key))
    writer.abort()
    assert objects.is_absent(key)
    _store_object(objects, key, bytes(_MIB // 2))
    assert not objects.is_absent(key)


def _commit_one_byte(writer: FileWriter) -> None:
    writer.write(b"x")
    writer.commit()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "///",
        "{i}/{v}/{d}",
        "{i}/{v}/{d}/original/x",
        "{i}/{v}/{d}/",
        "{i}/{v}/{d}/..",
        "{i}/{v}/../original",
        "{i}/{v}/{d}/Original",
        "{i}/{v}/{d}/a.b",
        "{i}/{v}/{d}/a~b",
        "{i}/{v}/{d}/original\n",
        "{i}/{v}/{d}/orig\0inal",
        "{i}/{d}/{v}/original",
        " {i}/{v}/{d}/original",
        "{i}/{v}/{d}/\u0456mage",
    ],
)
def test_a_key_that_is_not_exactly_one_of_ours_is_refused(text: str, key: ObjectKey) -> None:
    assert ObjectKey.parse(key.to_text()) == key
    with pytest.raises(UnsafeNameError):
        ObjectKey.parse(text.format(i=key.installation, v=key.verification, d=key.document))


@pytest.mark.cases
def test_no_hostile_file_name_leaves_the_store(
    cases_dir: Path, objects: FileObjects, key: ObjectKey, folder: Path, tmp_path: Path
) -> None:
    files = [*(cases_dir / "filename_attacks").glob("*.*"), cases_dir / "naughty_strings" / "blns.txt"]
    names = {line for file in files for line in file.read_text("utf-8", "replace").splitlines()}
    assert len(names) > 1000
    before = {path for path in tmp_path.rglob("*") if not path.is_relative_to(folder)}
    stored = 0
    for name in names:
        for build in (lambda n: (key.document, n), lambda n: (DocumentId(n), "original")):
            document, copy = build(name)
            try:
                hostile = ObjectKey(key.installation, key.verification, document, copy)
            except UnsafeNameError:
                continue
            _store_object(objects, hostile, b"")
            stored += 1
    assert len(list(objects.list(installation=key.installation))) == stored
    assert {path for path in tmp_path.rglob("*") if not path.is_relative_to(folder)} == before
