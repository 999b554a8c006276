"""compose.yaml: no container has more rights, secrets or neighbours than its part needs."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from deploy.compose.set_up import hand_out, load_rules
from verifier.settings import Settings
from verifier.wiring.parts import Part, rights_of

_ROOT: Final = Path(__file__).resolve().parents[2]
_COMPOSE: Final[dict[str, Any]] = yaml.safe_load((_ROOT / "compose.yaml").read_text())
_SERVICES: Final[Mapping[str, dict[str, Any]]] = _COMPOSE["services"]
_OURS: Final = {"set-up", "operator", "beat", *Part}
_FREE: Final = {
    "caddy": "Apache-2.0",
    "postgres": "PostgreSQL",
    "valkey/valkey": "BSD-3",
    "versity/versitygw": "Apache-2.0",
}
_SECRET_WORDS: Final = re.compile(r"PASSWORD|SECRET|TOKEN|CREDENTIALS")
_each_service: Final = pytest.mark.parametrize("name", sorted(_SERVICES))
_each_part: Final = pytest.mark.parametrize("part", list(Part))


def _secrets_of(name: str) -> set[str]:
    return {each if isinstance(each, str) else each["source"] for each in _SERVICES[name].get("secrets", [])}


def _targets_of(name: str) -> set[str]:
    return {each if isinstance(each, str) else each["target"] for each in _SERVICES[name].get("secrets", [])}


def _networks_of(name: str) -> set[str]:
    return set(_SERVICES[name]["networks"])


@_each_service
def test_a_container_has_no_rights_and_writes_to_its_own_folders_only(name: str) -> None:
    service = _SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].startswith("${OWNER:?")
    assert all("noexec" in each and "nosuid" in each for each in service["tmpfs"])
    assert not {"privileged", "pid", "ipc", "network_mode", "devices", "userns_mode"} & set(service)
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert not any("docker.sock" in volume for volume in service.get("volumes", []))


@_each_service
def test_a_secret_is_a_file_and_never_a_value(name: str) -> None:
    for variable, value in (_SERVICES[name].get("environment") or {}).items():
        if _SECRET_WORDS.search(variable):
            assert variable.endswith("_FILE")
            assert value.startswith("/run/secrets/")
            assert value.removeprefix("/run/secrets/") in _targets_of(name) | _secrets_of(name)
        assert not re.search(r"://[^/@]*:[^/@]*@", str(value)), "a password in an address"


@_each_service
def test_only_the_proxy_is_reached_from_outside(name: str) -> None:
    assert ("ports" in _SERVICES[name]) == (name == "proxy")
    assert ("outside" in _networks_of(name)) == (name in {"proxy", "notify"})


def test_every_network_but_the_outside_leads_nowhere_else() -> None:
    inner = {name: network for name, network in _COMPOSE["networks"].items() if name != "outside"}
    assert all(network["internal"] for network in inner.values())


@_each_part
def test_a_part_reaches_and_holds_what_its_rights_name_and_nothing_else(part: Part) -> None:
    rights = rights_of({part})
    wanted = {"database"} | ({"broker"} if rights.has_broker else set())
    wanted |= {"documents"} if rights.objects else set()
    wanted |= {"keys"} if rights.keys else set()
    assert _networks_of(part) - {"front", "outside"} == wanted
    assert ("front" in _networks_of(part)) == (part in {Part.CUSTOMER, Part.STAFF})
    stores = {f"{store}-{part}" for store in ("documents", "keys") if store in wanted}
    broker = {"broker"} if rights.has_broker else set()
    assert _secrets_of(part) == {f"database-{part}", *stores, *broker} | ({"stores-ca"} if stores else set())
    volumes = _SERVICES[part]["volumes"]
    assert f"${{DATA}}/parts/{part}:/var/lib/verifier" in volumes
    assert any("/roots" in volume for volume in volumes) == bool(rights.roots)


@_each_part
def test_a_part_is_its_own_user_of_the_database(part: Part) -> None:
    environment = _SERVICES[part]["environment"]
    assert f"//verifier_{part}_login@" in environment["VERIFIER_DATABASE_URL"]
    started = " ".join([*_SERVICES[part].get("entrypoint", []), *_SERVICES[part]["command"]])
    assert started == "serve" if part in {Part.CUSTOMER, Part.STAFF} else started == f"python -m workers --zone {part}"
    assert environment.get("VERIFIER_TIER") == (part.value if part in {Part.CUSTOMER, Part.STAFF} else None)


@pytest.mark.parametrize("name", sorted(_OURS))
def test_every_setting_exists(name: str) -> None:
    ours = {each for each in _SERVICES[name]["environment"] if each.startswith("VERIFIER_")}
    assert ours <= {f"VERIFIER_{field.upper()}" for field in Settings.model_fields}


def test_every_image_is_pinned_and_free() -> None:
    images = {service["image"] for name, service in _SERVICES.items() if name not in _OURS}
    assert {image.partition(":")[0] for image in images} == set(_FREE)
    assert all(re.search(r":v?[0-9]+", image) for image in images)


def test_every_secret_that_is_used_is_named_and_the_other_way_round() -> None:
    used = set().union(*map(_secrets_of, _SERVICES))
    assert used == set(_COMPOSE["secrets"])
    assert all(each["file"].startswith("${SECRETS}/") for each in _COMPOSE["secrets"].values())


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A folder with what `deploy/compose/prepare` makes."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed. Run: sudo apt-get install --yes --no-install-recommends openssl")
    folders = {f"VERIFIER_{name.upper()}": str(tmp_path / name) for name in ("secrets", "data", "environment")}
    for _ in range(2):  # safe to repeat
        subprocess.run([_ROOT / "deploy" / "compose" / "prepare"], env=os.environ | folders, check=True)
    return tmp_path


def test_what_is_prepared_is_all_that_is_named_and_nobody_else_can_read_it(prepared: Path) -> None:
    files = {each["file"].removeprefix("${SECRETS}/") for each in _COMPOSE["secrets"].values()}
    made = {path.name: path.stat() for path in (prepared / "secrets").iterdir()}
    assert files <= set(made)
    assert all(about.st_mode & 0o077 == 0 for about in made.values())
    environment = dict(
        line.split("=", 1) for line in (prepared / "environment").read_text().splitlines() if not line.startswith("#")
    )
    assert environment["OWNER"].partition(":")[0] not in {"", "0"}, "containers do not run as root"
    assert set(re.findall(r"\$\{(\w+)(?:\}|:\?)", (_ROOT / "compose.yaml").read_text())) <= set(environment)


@pytest.mark.parametrize("store", ["documents", "keys"])
def test_the_rules_of_a_bucket_name_the_users_that_are_prepared(prepared: Path, store: str) -> None:
    accounts = json.loads((prepared / "data" / store / "accounts" / "users.json").read_text())["accessAccounts"]
    rules = load_rules(_ROOT / "deploy" / "s3", store)
    named = {user for statement in rules["Statement"] for user in statement["Principal"]["AWS"]}
    assert named == set(accounts)
    for name, account in accounts.items():
        known = json.loads((prepared / "secrets" / f"{name}.json").read_text())
        assert known == {"access_key_id": name, "secret_access_key": account["secret"]}


def test_each_part_is_handed_the_secrets_of_its_rights_and_loses_those_of_others(tmp_path: Path) -> None:
    every = {secret.value for part in Part for secret in rights_of({part}).secrets}
    for name in every:
        (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / name).write_bytes(name.encode())
    old = tmp_path / "parts" / "customer" / "secrets" / "link"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"of an older version")
    hand_out(tmp_path / "all", tmp_path / "parts")
    for part in Part:
        folder = tmp_path / "parts" / part / "secrets"
        found = {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*") if path.is_file()}
        assert set(found) == {secret.value for secret in rights_of({part}).secrets}
        assert all(about.st_mode & 0o077 == 0 for about in found.values())
