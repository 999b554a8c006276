"""Secrets are made with their installation and never again: a new one beside an old database would be a wrong one."""

from pathlib import Path

import pytest

from tests.workers_by_hand import Work
from verifier.errors import ConfigurationError
from verifier.settings import Settings
from verifier.wiring import House, load_contact_key, open_house

MADE = ["code", "contact-digest", "digest", "form", "link", "log/signing"]


def list_secrets(settings: Settings) -> list[str]:
    folder = settings.secrets_folder
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_secret_is_there_once_an_installation_is_set_up(house: House) -> None:
    assert list_secrets(house.settings) == MADE


def test_no_secret_is_made_later(house: House, work: Work) -> None:
    work()
    load_contact_key(house.settings)
    assert list_secrets(house.settings) == MADE, "else its loss could not be told from its first use"


@pytest.mark.parametrize("name", MADE)
def test_a_lost_secret_stops_the_start_and_is_not_made_anew(house: House, name: str) -> None:
    lost: Path = house.settings.secrets_folder / name
    lost.unlink()
    with pytest.raises(ConfigurationError, match=f"The secret {lost.name} of this installation is missing"):
        open_house(house.settings)
    assert not lost.exists()
