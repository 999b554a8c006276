"""Settings that would break a promise are refused at start, and the reference tells every one."""

from pathlib import Path

import pytest

from scripts.settings_reference import PAGE, complaints, page
from verifier.errors import ConfigurationError
from verifier.settings import Settings, load_settings, verify_settings

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


@pytest.mark.parametrize(
    "address",
    [
        *("https://", "verify.example.org", "https://verify.example.org/path", "https://verify.example.org?"),
        *("https://verify.example.org#", "https://me@verify.example.org", "https://:word@verify.example.org"),
        *("https://verify.example.org:none", "https://verify .example.org", "https://[::1", "https://a\\b.example"),
    ],
)
def test_what_is_more_or_less_than_an_address_that_people_open_is_refused_by_name(address: str) -> None:
    with pytest.raises(ConfigurationError, match="VERIFIER_PUBLIC_URL must be the address"):
        verify_settings(Settings(public_url=address, trusted_proxies=("127.0.0.1",)))


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_an_empty_setting_is_as_one_that_is_not_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Settings()
    monkeypatch.setenv(f"VERIFIER_{name.upper()}", "")
    assert load_settings() == absent
    assert name not in Settings().model_fields_set


@pytest.mark.parametrize("name", ["trusted_proxies", "dns_servers", "message_forwarders", "message_recipients"])
@pytest.mark.parametrize("written", ["10.0.0.1", '"10.0.0.1"', '{"10.0.0.1": 1}', "[10]", "[[]]"])
def test_a_list_that_is_none_is_told_of_by_its_name_and_without_what_it_says(
    name: str, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"VERIFIER_{name.upper()}", written)
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert f'VERIFIER_{name.upper()}: Write a list, such as ["one", "two"]' in refused.value.advice
    assert "10.0.0.1" not in refused.value.advice


def test_a_list_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERIFIER_TRUSTED_PROXIES", '["10.0.0.1", "10.1.0.0/16"]')
    assert load_settings().trusted_proxies == ("10.0.0.1", "10.1.0.0/16")
