"""Who takes part in the stories, let in by the operator's own commands: an address for each person, a key a program.

Guarantees: nobody gets more rights than the role and the scopes that stand here. Leaves to others: starting the place.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Final

from verifier.demo.case import Cast
from verifier.demo.desk import DeskKey
from verifier.demo.door import Door
from verifier.demo.letters import Letters
from verifier.demo.place import Place
from verifier.demo.steps import Steps

_AGENT: Final = ("verifications:write", "verifications:read", "contacts:write")
_KEYS: Final = {
    "agent": ("agent", _AGENT),
    "reviewer": ("reviewer", ("reviews",)),
    "second reviewer": ("reviewer", ("reviews",)),
    "auditor": ("auditor", ("audit:read",)),
}
_PEOPLE: Final = ("agent", "reviewer", "auditor")
_COMMANDS_AT_ONCE: Final = 4


def start_letters(open_: ExitStack, letters: Letters) -> str:
    """Start the servers for what is sent; what to say of them."""
    open_.enter_context(letters)
    return f"on this machine, for this demo; each letter is printed, and kept in {letters.folder}"


@contextmanager
def let_in(steps: Steps, place: Place, *, letters: Letters, desk_key: DeskKey) -> Iterator[Cast]:
    """The people and the keys of a place that is up; a door for each program."""
    sign_in, keys = _invite_all(steps, place)
    with ExitStack() as open_, ExitStack() as browsers:
        doors = {name: Door(place.staff_address, api_key=keys[name]) for name in _KEYS}
        for door in doors.values():
            open_.callback(door.close)
        place.log_key.write_text(keys["log"] + "\n", encoding="utf-8")
        yield Cast(
            place,
            letters,
            desk_key,
            contact_key=keys["contact points"],
            sign_in=sign_in,
            agent=doors["agent"],
            reviewer=doors["reviewer"],
            second_reviewer=doors["second reviewer"],
            auditor=doors["auditor"],
            browsers=browsers,
        )


def _invite_all(steps: Steps, place: Place) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """A sign-in address for each role; an API key for each program, and the keys that the desk and auditors share."""
    with ThreadPoolExecutor(_COMMANDS_AT_ONCE) as pool:
        invitations = {role: pool.submit(_invite, place, role) for role in _PEOPLE}
        keys = {name: pool.submit(_create_key, place, name) for name in _KEYS}
        keys["contact points"] = pool.submit(place.run, "contact-key", "show")
        keys["log"] = pool.submit(place.run, "audit", "key")
        sign_in = {role: steps.take(f"sign-in address, {role}", asked.result) for role, asked in invitations.items()}
        steps.take("keys", lambda: ", ".join(name for name, key in keys.items() if key.result()))
    return sign_in, {name: key.result() for name, key in keys.items()}


def _invite(place: Place, role: str) -> str:
    return place.run("staff", "invite", f"Demo {role}", "--role", role)


def _create_key(place: Place, name: str) -> str:
    role, wanted = _KEYS[name]
    scopes = [part for scope in wanted for part in ("--scope", scope)]
    return place.run("api-keys", "create", f"Demo {name}", "--role", role, *scopes, "--expires-in", "P1D")
