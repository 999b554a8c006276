"""How the demo speaks to the service: HTTP through its public doors, and its command line. Nothing else."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import httpx2

from verifier.demo.errors import StepFailedError

_ANSWERS_WITHIN: Final = 60.0
_COMMAND_WITHIN: Final = 120


class Told:
    """What an answer told, read strictly: a field that is missing or of another kind fails the step."""

    def __init__(self, value: object, *, where: str) -> None:
        self._value: Final = value
        self._where: Final = where

    def __getitem__(self, name: str) -> "Told":
        if not isinstance(self._value, dict) or name not in self._value:
            raise StepFailedError(f"{self._where} has no field {name!r}")
        return Told(self._value[name], where=f"{self._where}, field {name}")

    @property
    def is_there(self) -> bool:
        return self._value is not None

    @property
    def text(self) -> str:
        if not isinstance(self._value, str):
            raise StepFailedError(f"{self._where} is no text")
        return self._value

    @property
    def number(self) -> int:
        if not isinstance(self._value, int):
            raise StepFailedError(f"{self._where} is no number")
        return self._value

    @property
    def items(self) -> "list[Told]":
        if not isinstance(self._value, list):
            raise StepFailedError(f"{self._where} is no list")
        return [Told(item, where=self._where) for item in self._value]


class Door:
    """A client with a memory for cookies; with `api_key` it is a program, without it a customer's browser."""

    def __init__(self, address: str, *, api_key: str | None = None) -> None:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {api_key}"} if api_key else {})
        self._client: Final = httpx2.Client(base_url=address, headers=headers, timeout=_ANSWERS_WITHIN)

    def get(self, path: str) -> Told:
        return _told(self._send("GET", path, status=200))

    def get_bytes(self, path: str) -> bytes:
        return self._send("GET", path, status=200).content

    def get_status(self, path: str) -> tuple[int, str]:
        """The status, and the code of a refusal."""
        response = self._client.get(path)
        return response.status_code, "" if response.is_success else _told(response)["code"].text

    def post_json(self, path: str, body: Mapping[str, object], *, status: int = 200) -> Told:
        return _told(self._send("POST", path, status=status, json=body))

    def post_form(self, path: str, fields: Mapping[str, str]) -> str:
        """Send a form that answers with another page; its address."""
        return self._send("POST", path, status=303, data=fields).headers["location"]

    def submit_form(self, path: str, fields: Mapping[str, str], *, status: int = 200) -> Told:
        """Send a form that answers with what is there now."""
        return _told(self._send("POST", path, status=status, data=fields))

    def send_file(self, path: str, *, fields: Mapping[str, str], name: str, media_type: str, content: bytes) -> Told:
        file = {"file": (name, content, media_type)}
        return _told(self._send("POST", path, status=201, data=fields, files=file))

    def close(self) -> None:
        self._client.close()

    def _send(self, method: str, path: str, *, status: int, **parts: object) -> httpx2.Response:
        try:
            response = self._client.request(method, path, **parts)  # type: ignore[arg-type]  # named by the callers above
        except httpx2.HTTPError as error:
            raise StepFailedError(f"{method} was not answered ({type(error).__name__})") from error
        if response.status_code != status:
            raise StepFailedError(f"{method} was answered {response.status_code}, not {status}: {_reason(response)}")
        return response


def _told(response: httpx2.Response) -> Told:
    try:
        return Told(response.json(), where="the answer")
    except ValueError as error:
        raise StepFailedError("the answer is no JSON") from error


def _reason(response: httpx2.Response) -> str:
    try:
        problem = response.json()
        return f"{problem['detail']} [{problem['code']}]"
    except (ValueError, KeyError, TypeError):
        return "it says no more"


def run_command(arguments: Sequence[str], *, environment: Mapping[str, str]) -> str:
    """Run `verifier …` as an operator would; what it printed."""
    done = subprocess.run(  # noqa: S603 -- our own interpreter and module
        (sys.executable, "-m", "verifier", *arguments),
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_COMMAND_WITHIN,
        check=False,
    )
    if done.returncode != 0:
        raise StepFailedError(f"verifier {' '.join(arguments[:2])} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def clean_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The environment without the settings of another installation, and with these."""
    return {name: value for name, value in os.environ.items() if not name.startswith("VERIFIER_")} | dict(ours)
