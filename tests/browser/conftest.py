"""One browser and one running service for all journeys; a window for each person in them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from policies.access import Role
from tests.browser.check_office import Asked, CheckOffice, opened_check_office
from tests.browser.office import Office, opened_office
from tests.browser.preview import ARGUMENTS
from tests.browser.windows import DESKTOP, PHONE, Device, Window, opened_window

expect.set_options(timeout=15_000)


def find_chromium() -> str | None:
    return shutil.which("chromium")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; without it, nothing that a browser would have shown was tested."""
    found = find_chromium()
    if found is None:
        pytest.skip("Chromium is not installed: `make test` installs it, or says how")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """`verifier serve` with its worker and its sandbox, in a home of its own."""
    with opened_office(Path(tmp_path_factory.mktemp("office"))) as opened:
        yield opened


@pytest.fixture
def open_window(browser: Browser, office: Office) -> Iterator[Callable[..., Window]]:
    """`open_window(device, has_scripts=…, session=…)`; every window must have had nothing to complain about."""
    with ExitStack() as stack:

        def make(device: Device = PHONE, **more: Any) -> Window:
            return stack.enter_context(opened_window(browser, office.address, device, **more))

        yield make


@pytest.fixture
def staff_window(open_window: Callable[..., Window], office: Office) -> Callable[..., Window]:
    """`staff_window(name, role)`: a window of somebody who is signed in."""

    def make(name: str, *roles: Role, device: Device = DESKTOP, **more: Any) -> Window:
        return open_window(device, session=office.sign_in(name, *roles), **more)

    return make


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckOffice]:
    """An installation that can send, look names up and read signatures."""
    with opened_check_office(Path(tmp_path_factory.mktemp("checks"))) as opened:
        yield opened


@pytest.fixture
def enter(browser: Browser, desk: CheckOffice) -> Iterator[Callable[..., Window]]:
    """`enter(asked, device, has_scripts=…)`: a window in which the link is open and *Continue* was pressed."""
    with ExitStack() as stack:

        def make(asked: Asked, device: Device = PHONE, *, look: bool = False, **more: Any) -> Window:
            window = stack.enter_context(opened_window(browser, desk.address, device, **more))
            window.open(asked.url)
            if look:
                window.look()
            window.page.locator("button[value=task]").click()
            return window

        yield make
