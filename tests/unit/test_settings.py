"""Settings that would break a promise are refused at start, and the reference tells every one."""

from pathlib import Path

import pytest

from scripts.settings_reference import PAGE, complaints, page
from verifier.errors import ConfigurationError
from verifier.settings import Settings, verify_settings

ROOT = Path(__file__).parents[2]


def test_the_reference_tells_every_setting_and_no_other_as_it_is_now() -> None:
    assert complaints(ROOT) == []


def test_the_reference_complains_of_a_page_that_is_not_current(tmp_path: Path) -> None:
    (tmp_path / PAGE).parent.mkdir(parents=True)
    (tmp_path / PAGE).write_text(page().replace("VERIFIER_HOME", "VERIFIER_HOUSE"))
    assert complaints(tmp_path) == [
        "docs/reference/settings.md is not current. Run python -m scripts.settings_reference."
    ]


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
