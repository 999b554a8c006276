"""The command line as an operator meets it: real processes, a home of their own, one sentence for what goes wrong."""

import hmac
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from policies.parts import ContactKind
from tests.warm import run_verifier
from verifier.audit.export import export_lines
from verifier.contacts.registered import digest_contact
from verifier.db.clock import DatabaseClock
from verifier.db.engine import open_sqlite
from verifier.staff.service import redeem_invite
from verifier.translog.checkpoint import LogSigner, LogVerifier

if TYPE_CHECKING:
    from tests.unit.conftest import AuditLog

_ROOT: Final = Path(__file__).resolve().parents[2]
_WITHIN: Final = 120


class Operator:
    """Runs commands in one home."""

    def __init__(self, home: Path) -> None:
        self.home: Final = home

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return run_verifier(*arguments, env=self._make_environment(settings))

    def start(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """The same by an interpreter that starts for it, and finds each import where the command itself asks for it."""
        command = [sys.executable, "-m", "verifier", *arguments]
        environment = self._make_environment(settings)
        return subprocess.run(
            command, cwd=_ROOT, env=environment, capture_output=True, text=True, timeout=_WITHIN, check=False
        )

    def _make_environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VERIFIER_")}
        return {**environment, "VERIFIER_HOME": str(self.home), **settings}

    def get(self, *arguments: str, **settings: str) -> str:
        done = self.run(*arguments, **settings)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def get_refusal(self, *arguments: str, **settings: str) -> str:
        return sentence_of(self.run(*arguments, **settings))


def sentence_of(refused: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that was refused."""
    assert refused.returncode == 1, (refused.returncode, refused.stdout, refused.stderr)
    assert "Traceback" not in refused.stderr
    lines = refused.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path / "home")


def test_an_invitation_is_an_address_that_signs_in_once(operator: Operator) -> None:
    address = operator.get("staff", "invite", "Ada", "--role", "agent", "--role", "reviewer", VERIFIER_PORT="8123")
    found = re.fullmatch(r"http://127\.0\.0\.1:8123/sign-in/([A-Za-z0-9_-]{43})", address)
    assert found is not None, address
    database = open_sqlite(operator.home / "data" / "verifier.sqlite")
    with database.write() as session:
        redeem_invite(session, DatabaseClock().now(session), found[1])
    database.close()


def test_the_address_of_an_invitation_is_the_public_one(operator: Operator) -> None:
    address = operator.get(
        "staff",
        "invite",
        "Ada",
        "--role",
        "agent",
        VERIFIER_PUBLIC_URL="https://verify.example.org",
        VERIFIER_TRUSTED_PROXIES='["127.0.0.1"]',
    )
    assert address.startswith("https://verify.example.org/sign-in/")


def test_a_person_is_disabled_by_name(operator: Operator) -> None:
    operator.get("staff", "invite", "Ada", "--role", "agent")
    disabled = operator.start("staff", "disable", "Ada")
    assert (disabled.returncode, disabled.stdout) == (0, "Ada is disabled.\n"), disabled.stderr
    assert "Nobody is called 'Bo'" in operator.get_refusal("staff", "disable", "Bo")
    operator.get("staff", "invite", "Cy", "--role", "reviewer", "--role", "agent")
    ada, cy = operator.get("staff", "list").splitlines()
    assert re.fullmatch(r"stf_[a-z2-7]+  agent  disabled \d{4}-\d\d-\d\d  Ada", ada)
    assert re.fullmatch(r"stf_[a-z2-7]+  agent reviewer  may sign in  Cy", cy)


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(operator: Operator) -> None:
    key = operator.get("api-keys", "create", "Zendesk", "--role", "agent", "--scope", "verifications:write")
    id_part, secret = re.fullmatch(r"vk_([a-z2-7]{26})_([a-z2-7]{52})", key).groups()  # type: ignore[union-attr]
    listed = operator.get("api-keys", "list")
    assert f"key_{id_part}" in listed
    assert "never used" in listed
    assert "Zendesk" in listed
    assert secret not in listed
    operator.get("api-keys", "revoke", f"key_{id_part}")
    assert "revoked" in operator.get("api-keys", "list")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("api-keys", "create", "x", "--role", "agent", "--scope", "reviews"), "invalid_api_key"),
        (
            ("api-keys", "create", "x", "--role", "reviewer", "--scope", "reviews", "--expires-in", "P2Y"),
            "invalid_api_key",
        ),
        (("api-keys", "revoke", "key_aaaaaaaaaaaaaaaaaaaaaaaaaa"), "unknown_api_key"),
        (("staff", "invite", "\x1b[31m", "--role", "agent"), "invalid_staff"),
    ],
)
def test_what_a_room_refuses_is_one_sentence_with_its_code(
    operator: Operator, arguments: tuple[str, ...], code: str
) -> None:
    assert operator.get_refusal(*arguments).endswith(f"[{code}]")


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (("audit", "key"), {"VERIFIER_PUBLIC_URL": "http://verify.example.org"}, "write https"),
        (("serve",), {"VERIFIER_PORT": "many"}, "VERIFIER_PORT"),
        (("serve",), {"VERIFIER_PUBLIC_URL": "https://x.org"}, "VERIFIER_TRUSTED_PROXIES"),
        (("serve",), {"VERIFIER_HOST": "0.0.0.0"}, "VERIFIER_PUBLIC_URL"),
        (("policy", "explain", "nothing"), {}, "no policy"),
        (("policy", "list"), {"VERIFIER_POLICIES_FOLDER": "/nowhere"}, "folder of policies"),
        (
            ("api-keys", "create", "x", "--role", "agent", "--scope", "reviews", "--expires-in", "long"),
            {},
            "no duration",
        ),
        (("receipts", "verify", "/nowhere", "--log-key", "x"), {}, "/nowhere: No such file"),
    ],
)
def test_what_is_set_wrong_is_one_sentence_with_what_to_change(
    operator: Operator, arguments: tuple[str, ...], settings: dict[str, str], said: str
) -> None:
    assert said in operator.get_refusal(*arguments, **settings)


def test_a_fuse_that_names_no_fault_point_is_refused(operator: Operator, tmp_path: Path) -> None:
    fuse = tmp_path / "fuse"
    fuse.write_text("upload.nowhere\n")
    assert "no fault point" in sentence_of(operator.start("serve", VERIFIER_FAULT_FUSE=str(fuse)))


def test_a_misspelt_command_is_a_usage_error(operator: Operator) -> None:
    assert operator.start("sevre").returncode == 2


def test_the_log_key_is_a_verifier_key_and_stays_the_same(operator: Operator) -> None:
    key = operator.get("audit", "key")
    assert LogVerifier.parse(key).origin == "verifier.localhost/log"
    assert operator.get("audit", "key") == key


def test_an_exported_log_is_checked_offline_and_its_first_fault_named(
    operator: Operator, audit_log: "AuditLog", tmp_path: Path
) -> None:
    audit_log.grow(3)
    kept = tmp_path / "kept"
    kept.write_text(audit_log.publisher.read_checkpoint() or "")
    audit_log.grow(2)
    export = tmp_path / "log.jsonl"
    export.write_bytes(b"".join(export_lines(audit_log.database, log_key=audit_log.log_key)))
    said = operator.get("audit", "verify", str(export), "--log-key", audit_log.log_key, "--since", str(kept))
    assert "Entries 0 to 4 are" in said, "as the auditor's page and a refusal number them"
    assert "begins with the 3 entries" in said
    assert "No key was given" in operator.get("audit", "verify", str(export))
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert operator.get_refusal("audit", "verify", str(export)).startswith("line 3: entry 1 is expected here")
    assert not operator.home.exists()


def test_a_file_that_is_no_receipt_is_refused_with_the_reason(operator: Operator, tmp_path: Path) -> None:
    file, key = tmp_path / "receipt.json", tmp_path / "key"
    file.write_text("{}")
    key.write_text(LogSigner.generate("example.com/log").verifier.to_text() + "\n")
    assert "verifier-deletion-receipt/v1" in operator.get_refusal(
        "receipts", "verify", str(file), "--log-key", str(key)
    )


def test_policies_are_listed_by_name_and_explained_in_plain_words(operator: Operator) -> None:
    assert "wallet-account-recovery" in operator.get("policy", "list")
    assert "Must show" in operator.get("policy", "explain", "wallet-account-recovery")


def test_a_taken_port_is_said_before_anything_is_set_up(operator: Operator) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port}" in operator.get_refusal("serve", VERIFIER_PORT=port)
    assert not operator.home.exists()


def test_the_contact_key_is_the_one_that_digests_are_compared_with(operator: Operator) -> None:
    key = operator.get("contact-key", "show")
    assert re.fullmatch(r"[0-9a-f]{64}", key)
    assert operator.get("contact-key", "show") == key, "it stays: the desk has it"
    expected = hmac.new(bytes.fromhex(key), b"verifier/v1/contact/email/jo@example.org", "sha256").hexdigest()
    assert digest_contact(bytes.fromhex(key), ContactKind.EMAIL, "jo@example.org") == expected


def test_a_rotation_begins_a_root_at_once_and_says_its_number(operator: Operator) -> None:
    first = operator.get("root-key", "rotate").split()[1]
    second = operator.get("root-key", "rotate").split()[1]
    assert (operator.home / "roots" / f"root-{first}").is_file()
    assert int(second) == int(first) + 1_000_000


def test_what_was_backed_up_comes_back_with_two_commands(operator: Operator, tmp_path: Path) -> None:
    operator.get("api-keys", "create", "Helpdesk", "--role", "agent", "--scope", "verifications:read")
    assert "sealed copies" in operator.get("backup", str(tmp_path / "backup"))
    assert "overwrites nothing" in operator.get_refusal("restore", str(tmp_path / "backup"))
    shutil.rmtree(operator.home / "data")
    told = operator.get("restore", str(tmp_path / "backup"))
    assert "The backup is back" in told
    assert "nobody knows what ended since the backup" in told, "no log was published before it"
    assert "Helpdesk" in operator.get("api-keys", "list")
    assert "Name the backup's folder" in operator.get_refusal("restore")
    assert "0 orphans were removed" in operator.get("restore", "--accept-loss")
