"""compose.yaml: no container has more rights, secrets or neighbours than its part needs."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

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
