"""A backup comes back that is older than the log: the log stops, and begins anew where the loss is accepted."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.case_policies import FOLDER
from tests.restoring import Before, Reopen, lose_data, put_back
from tests.servers.databases import ON_BOTH
from tests.warm import run_verifier
from verifier.audit.anew import find_shortfall
from verifier.audit.catalogue import EntryKind
from verifier.audit.errors import LogEndedError, LogShortError
from verifier.audit.export import export_lines
from verifier.audit.offline import verify_export
from verifier.audit.service import EntryFilter, find_first_entry
from verifier.audit.tables import EntryRow
from verifier.doctor import examine
from verifier.ids import VerificationId
from verifier.recovery.restore import accept_loss, place_of_log
from verifier.settings import Settings
from verifier.wiring import House


def _export(house: House) -> list[bytes]:
    return list(export_lines(house.database, log_key=house.log_key))


@ON_BOTH
def test_the_log_stops_until_the_loss_is_accepted_and_never_forks(before: Before, house: House, reopen: Reopen) -> None:
    published = house.settings.published_folder / "checkpoint"
    last = published.read_text()
    size = int(last.split("\n")[1])
    lose_data(house)
    restored = put_back(before.backup, house.settings)
    assert restored.shortfall is not None
    assert "--accept-loss" in restored.shortfall
    stopped = reopen()
    with pytest.raises(LogShortError):
        stopped.work.run("sequence")
    assert published.read_text() == last
    stopped.house.close()

    again = reopen()
    accepted = accept_loss(
        again.house.database, again.house.clock, again.house.vault, place=place_of_log(house.settings)
    )
    assert accepted.log == "verifier.localhost/log/2"
    assert accepted.orphans == 1, "the key of what came after the backup; its document was lost with the rest"
    again.house.close()

    begun = reopen()
    begun.work()
    assert find_shortfall(begun.house.database, place_of_log(house.settings)) is None
    assert published.read_text() == last, "the old log ends where it was published"
    with begun.house.database.read() as session:
        first = find_first_entry(session, EntryFilter(kind=EntryKind.LOG_BEGUN_ANEW))
    assert first is not None
    assert first.index == 0
    assert f'"size":{size}'.encode() in first.leaf
    assert before.log_key.encode() in first.leaf
    report = verify_export(_export(begun.house), log_key=begun.house.log_key, since_checkpoint=None)
    assert report.checkpoint.origin == "verifier.localhost/log/2"
    assert begun.house.log_key != before.log_key
    assert VerificationId(before.later) not in set(begun.house.vault.keys.list())


@pytest.mark.parametrize(
    ("point", "is_lost"),
    [
        ("anew.rows_changed", False),
        ("anew.rows_changed", True),
        ("anew.key_changed", False),
        ("anew.key_changed", True),
    ],
)
def test_a_log_that_was_half_begun_is_begun_to_its_end_and_its_old_key_signs_nothing_meanwhile(
    before: Before, house: House, reopen: Reopen, tmp_path: Path, point: str, is_lost: bool
) -> None:
    lose_data(house)
    put_back(before.backup, house.settings)
    fuse = tmp_path / "fuse"
    fuse.write_text(point)
    assert _accept_loss(house.settings, fuse) == -signal.SIGKILL
    if is_lost:
        shutil.rmtree(house.settings.published_folder)
    half = reopen()
    if point == "anew.rows_changed":
        with pytest.raises(LogEndedError) as refusal:
            half.work.run("sequence")
        assert refusal.value.code == "log_ended"
        assert "--accept-loss" in {each.check: each.sentence for each in examine(house.settings)}["published"]
    half.house.close()
    assert _accept_loss(house.settings, fuse) == 0
    whole = reopen()
    whole.work()
    with whole.house.database.read() as session:
        kinds = session.query(EntryRow).filter(EntryRow.kind == "log.begun_anew").count()
    assert kinds == 1
    report = verify_export(_export(whole.house), log_key=whole.house.log_key, since_checkpoint=None)
    assert report.checkpoint.origin == "verifier.localhost/log/2"


def _accept_loss(settings: Settings, fuse: Path) -> int:
    """`verifier restore --accept-loss`, as an operator runs it."""
    known = {"VERIFIER_HOME": settings.home, "VERIFIER_POLICIES_FOLDER": FOLDER, "VERIFIER_FAULT_FUSE": fuse}
    env = os.environ | {name: str(value) for name, value in known.items()}
    return run_verifier("restore", "--accept-loss", env=env).returncode
