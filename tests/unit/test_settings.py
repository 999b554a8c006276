"""Settings that would break a promise are refused at start, and the guide names every one."""

import re
from pathlib import Path

import pytest

from verifier.errors import ConfigurationError
from verifier.settings import Settings, verify_settings

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "run-it.md"


def test_the_guide_lists_every_setting_and_no_other() -> None:
    _, _, table = GUIDE.read_text().partition("## Settings")
    table, _, _ = table.partition("\n## ")
    names = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    listed = re.findall(r"`VERIFIER_([A-Z_]+)`", " ".join(names))
    assert sorted(listed) == sorted(name.upper() for name in Settings.model_fields)


def test_what_the_guide_sets_for_https_is_accepted() -> None:
    verify_settings(Settings(public_url="https://verify.example.org", trusted_proxies=("127.0.0.1",)))


def test_https_without_a_named_proxy_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="VERIFIER_TRUSTED_PROXIES"):
        verify_settings(Settings(public_url="https://verify.example.org"))


def test_a_host_open_to_others_needs_its_public_address() -> None:
    with pytest.raises(ConfigurationError, match="VERIFIER_HOST"):
        verify_settings(Settings(host="0.0.0.0"))


def test_http_is_refused_for_other_machines() -> None:
    with pytest.raises(ConfigurationError, match="http on a public host"):
        verify_settings(Settings(public_url="http://verify.example.org"))
