"""The doctor finds each thing that an operator may get wrong, and says what to change; it changes nothing itself."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.overdue_key import leave_a_key_undestroyed
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.audit.tables import EntryRow, LogHeadRow
from verifier.db.tables import InstallationRow
from verifier.demo.sinks import MailSink, SmsSink
from verifier.doctor import Finding, examine
from verifier.doctor.sending import OBSTACLES
from verifier.ids import new_copy_id, new_document_id, new_verification_id
from verifier.notices.kinds import Obstacle
from verifier.retention.service import Rule, open_obligation
from verifier.settings import Settings
from verifier.wiring import House, open_house, open_workshop


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    house = open_house(settings)
    workshop = open_workshop(house)
    workshop.sequencer.run_once()
    workshop.close()
    yield house
    house.close()


def wrong_in(settings: Settings) -> dict[str, str]:
    return {found.check: found.sentence for found in examine(settings) if not found.is_ok}


def snapshot(home: Path) -> dict[Path, tuple[int, bytes]]:
    files = (path for path in home.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm")))
    return {path: (path.stat().st_mode, path.read_bytes()) for path in files}


def test_a_home_that_is_not_set_up_yet_is_no_fault_and_stays_so(settings: Settings) -> None:
    assert wrong_in(settings) == {}
    assert not settings.home.exists()


@pytest.mark.usefixtures("house")
def test_a_house_in_order_has_every_check_and_nothing_to_change(settings: Settings) -> None:
    before = snapshot(settings.home)
    checks = [found.check for found in examine(settings)]
    assert wrong_in(settings) == {}
    assert checks == [
        *("apart", "keys", "roots", "secrets", "disk", "database", "objects", "key store", "clock", "disposal"),
        *("log", "published", "sandbox", "broker", "mail", "sms", "messages"),
    ]
    assert snapshot(settings.home) == before


def open_a_secret(settings: Settings) -> None:
    (settings.secrets_folder / "form").chmod(0o644)


def put_keys_under_the_data(settings: Settings) -> None:
    # By a link: the path alone looks right.
    inside = settings.database_file.parent / "keys"
    settings.keys_folder.rename(inside)
    settings.keys_folder.symlink_to(inside)


def unmount_objects(settings: Settings) -> None:
    settings.objects_folder.rename(settings.home / "elsewhere")
    settings.objects_folder.mkdir(mode=0o700)


def swap_keys(settings: Settings) -> None:
    (settings.keys_folder / "installation").write_text("ins_" + "a" * 26 + "\n")


def lose_the_publication(settings: Settings) -> None:
    (settings.published_folder / "checkpoint").unlink()


def lose_the_signing_key(settings: Settings) -> None:
    settings.signing_key_file.unlink()


def damage_the_database(settings: Settings) -> None:
    connection = sqlite3.connect(settings.database_file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(settings.database_file.read_bytes())
    content[4096 * 3 : 4096 * 40] = b"\xa5" * (4096 * 37)
    settings.database_file.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "check", "said"),
    [
        (open_a_secret, "secrets", "chmod -R go="),
        (put_keys_under_the_data, "apart", "a backup must hold no keys"),
        (unmount_objects, "objects", "no installation's mark"),
        (swap_keys, "key store", "another installation"),
        (lose_the_publication, "published", "Restore the folder"),
        (lose_the_signing_key, "published", "signing key is gone"),
        (damage_the_database, "database", ""),
    ],
)
def test_harm_is_found_and_says_what_to_change(
    settings: Settings, house: House, harm: Callable[[Settings], None], check: str, said: str
) -> None:
    house.close()
    harm(settings)
    wrong = wrong_in(settings)
    assert said in wrong[check], wrong


def test_a_disk_without_the_reserve_is_found(settings: Settings) -> None:
    greedy = settings.model_copy(update={"reserve_bytes": 2**60})
    assert "Make room" in wrong_in(greedy)["disk"]


def test_a_clock_that_went_back_is_found(settings: Settings, house: House) -> None:
    with house.database.write() as session:
        ahead = house.clock.now(session) + timedelta(hours=1)
        session.execute(update(InstallationRow).values(clock_high_at=ahead))
    assert "Set this machine's clock" in wrong_in(settings)["clock"]


def test_entries_that_wait_too_long_are_found(settings: Settings, house: House) -> None:
    with house.database.write() as session:
        long_ago = house.clock.now(session) - timedelta(minutes=1)
        record(session, long_ago, EntryKind.LINK_OPENED, {"verification": new_verification_id(), "generation": 1})
    assert "verifier serve" in wrong_in(settings)["log"]


def test_a_row_that_is_no_entry_is_named(settings: Settings, house: House, sequence: Callable[[], int]) -> None:
    sequence()
    with house.database.write() as session:
        now = house.clock.now(session)
        session.add(EntryRow(id=4_711, kind="link.opened", recorded_at=now, leaf=b"what nobody can read"))
    sequence()
    assert "set aside: 4711." in wrong_in(settings)["log"]


def test_what_should_be_destroyed_and_is_not_is_found(settings: Settings, house: House) -> None:
    with house.database.write() as session:
        long_ago = house.clock.now(session) - timedelta(minutes=2)
        open_obligation(
            session,
            new_copy_id(),
            document=new_document_id(),
            verification=new_verification_id(),
            rule=Rule.UNDECIDED,
            destroy_by=long_ago,
        )
    assert "to be destroyed" in wrong_in(settings)["disposal"]


def test_a_key_that_should_be_destroyed_and_is_not_is_found(settings: Settings, house: House) -> None:
    leave_a_key_undestroyed(house)
    assert "to be destroyed" in wrong_in(settings)["disposal"]


def test_a_restored_older_database_is_found_by_what_was_published(settings: Settings, house: House) -> None:
    with house.database.write() as session:
        session.execute(update(EntryRow).where(EntryRow.log_index.is_not(None)).values(log_index=None))
        head = session.scalars(select(LogHeadRow)).one()
        head.size, head.published_size = 0, 0
    assert "from a backup" in wrong_in(settings)["published"]


def test_servers_that_send_are_looked_at_and_nothing_is_sent(settings: Settings) -> None:
    sending = {"smtp_from": "verify@example.org", "sms_from": "Acme", "smtp_host": "127.0.0.1"}
    with MailSink() as mail, SmsSink() as sms:
        there = settings.model_copy(update={**sending, "smtp_port": mail.port, "sms_url": sms.url})
        assert wrong_in(there) == {}
        assert (mail.mails, sms.messages) == ([], [])
    wrong = wrong_in(there)
    assert "does not answer" in wrong["mail"]
    assert "VERIFIER_SMS_URL" in wrong["sms"]


def test_a_mailbox_without_the_desks_addresses_is_found(settings: Settings) -> None:
    read = settings.model_copy(update={"mailbox_host": "imap.example.org"})
    assert "VERIFIER_MESSAGE_RECIPIENTS" in wrong_in(read)["messages"]
    assert wrong_in(read.model_copy(update={"message_recipients": ("help@example.org",)})) == {}


def test_a_setting_of_sending_that_cannot_be_is_named(settings: Settings) -> None:
    wrong = wrong_in(settings.model_copy(update={"smtp_host": "mail.example.org", "smtp_tls": "none"}))
    assert "VERIFIER_SMTP_TLS" in wrong["sending"]


def test_every_obstacle_of_sending_has_its_advice() -> None:
    assert set(OBSTACLES) == set(Obstacle)


def test_a_finding_is_one_line() -> None:
    assert Finding("clock", is_ok=False, sentence="Set it.").to_line() == "CHANGE  clock      Set it."
