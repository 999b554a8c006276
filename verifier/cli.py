"""The command `verifier`: serve, staff, API keys, the audit log, deletion receipts, policies, doctor, demo.

Guarantees: whatever goes wrong is one sentence on standard error, with what to do, and exit code 1; a secret is printed
once, to standard output, by the command that makes it, and nowhere else; but the contact key, which the desk shares,
is printed by its own command whenever it is asked for. Leaves to others: every rule. Each command opens what it needs,
asks a room, and prints.
"""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from policies.access import Role, Scope
from policies.errors import PolicyError
from verifier.errors import ConfigurationError, VerifierError
from verifier.opening import opened_house, reading_house
from verifier.policy_commands import policy
from verifier.recovery_commands import back_up, restore
from verifier.settings import Tier, load_settings

_ACTOR: Final = "operator"

app = typer.Typer(
    help="Ask for the least proof, store it sealed, destroy it when decided, and prove it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
staff = typer.Typer(help="The people who work here.", no_args_is_help=True)
api_keys = typer.Typer(help="The keys of programs.", no_args_is_help=True)
audit = typer.Typer(help="The audit log, checked offline.", no_args_is_help=True)
receipts = typer.Typer(help="Deletion receipts, checked offline.", no_args_is_help=True)
root_key = typer.Typer(help="The keys that wrap the keys of verifications.", no_args_is_help=True)
contact_key = typer.Typer(help="The key that the desk shares, for contact points it keeps.", no_args_is_help=True)
for name, group in (
    ("staff", staff),
    ("api-keys", api_keys),
    ("audit", audit),
    ("receipts", receipts),
    ("contact-key", contact_key),
    ("root-key", root_key),
    ("policy", policy),
):
    app.add_typer(group, name=name)
app.command("backup")(back_up)
app.command("restore")(restore)


def main() -> None:
    """Run the command line; a refusal is one sentence and exit code 1."""
    try:
        app()
    except (VerifierError, PolicyError, OSError) as error:
        sys.exit(_say(_sentence_of(error)))
    except Exception as error:  # noqa: BLE001 -- a fault of ours: its frames are logged, its values are not shown
        from verifier.telemetry import get_log

        get_log().critical("command.broke", exc_info=error)
        sys.exit(_say("This is a fault in Verifier itself; the line above says where."))


@app.command()
def serve(
    ready_file: Annotated[Path | None, typer.Option(help="Write the address here once requests are answered.")] = None,
    tier: Annotated[
        Tier | None, typer.Option(help="Serve customers or staff only; VERIFIER_TIER says the same.")
    ] = None,
) -> None:
    """Serve pages and API until SIGTERM; where one process is all tiers and no broker is set, with a worker."""
    settings = load_settings(tier=tier)  # before the web is imported: what is set wrong is said at once
    from verifier.serve import serve as run

    run(settings, ready_file=ready_file)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the stories.")] = False,
) -> None:
    """Drive a story for each shipped policy through the public doors, with files and servers made on the spot."""
    from verifier.demo.play import play

    raise typer.Exit(play(load_settings(), is_once=once))


@app.command()
def doctor() -> None:
    """Look at stores, folders, sandbox, clock, disk and log; say what to change."""
    from verifier.doctor import examine

    findings = examine(load_settings())
    for finding in findings:
        print(finding.to_line())
    raise typer.Exit(0 if all(finding.is_ok for finding in findings) else 1)


@app.command()
def setup() -> None:
    """Set the installation up, or bring its database to this version; before any part of it is started apart."""
    with opened_house() as house:
        if not house.rights.has_all_parts:
            raise ConfigurationError(
                "VERIFIER_TIER is set, so this is a part only. Unset it, and give all credentials."
            )
        print(f"The installation {house.vault.installation} is set up.")


@app.command()
def roles() -> None:
    """Make the database's roles, one for each part that runs apart, and give each its rights. Safe to repeat."""
    from verifier.db.migrations.grants import list_roles
    from verifier.db.roles import list_openings, make_roles

    with opened_house() as house:
        made = make_roles(house.database)
        openings = list_openings(house.database)
    for role in list_roles():
        print(f"{role}  {'made' if role in made else 'was there'}; its rights are as this version has them")
    print("Each part's own user is a member of one of them, and of nothing else:")
    for opening in openings:
        print(f"  {opening}")


@staff.command("invite")
def invite_staff(
    name: Annotated[str, typer.Argument(help="How this person is shown to others.")],
    role: Annotated[list[Role], typer.Option(help="What they may do; give it once for each role.")],
) -> None:
    """Print a sign-in address that works once, within 15 minutes."""
    from verifier.staff.service import invite

    with opened_house() as house, house.database.write() as session:
        token = invite(session, house.clock.now(session), name=name, roles=role, actor=_ACTOR)
    print(f"{house.settings.staff_address}/sign-in/{token}")


@staff.command("list")
def list_staff() -> None:
    """List everybody who was ever invited, by name; the audit log calls them by these ids."""
    from verifier.staff.service import list_people

    with reading_house() as (_, session, _):
        for person in list_people(session):
            state = f"disabled {person.disabled_at:%Y-%m-%d}" if person.disabled_at else "may sign in"
            print(f"{person.id}  {' '.join(sorted(person.roles))}  {state}  {person.name}")


@staff.command("disable")
def disable_staff(name: Annotated[str, typer.Argument(help="As they were invited.")]) -> None:
    """Sign a person out everywhere, and let them in no more until they are invited again."""
    from verifier.staff.service import disable

    with opened_house() as house, house.database.write() as session:
        is_known = disable(session, house.clock.now(session), name=name, actor=_ACTOR)
    if not is_known:
        raise ConfigurationError(f"Nobody is called {name!r} here. Write the name as in the invitation.")
    print(f"{name} is disabled.")


@api_keys.command("create")
def create_key(
    label: Annotated[str, typer.Argument(help="What the key is for, as it is listed.")],
    role: Annotated[Role, typer.Option(help="What the program may do.")],
    scope: Annotated[list[Scope], typer.Option(help="The part of the role that it needs; once for each.")],
    expires_in: Annotated[str, typer.Option(help="How long it is valid, such as P90D; at most P366D.")] = "P90D",
) -> None:
    """Print a new key, for the only time."""
    from verifier.staff.api_keys import create_api_key

    valid_for = _parse_duration(expires_in)
    with opened_house() as house, house.database.write() as session:
        now = house.clock.now(session)
        text = create_api_key(session, now, label=label, role=role, scopes=scope, valid_for=valid_for, actor=_ACTOR)
    print(text)


@api_keys.command("list")
def list_keys() -> None:
    """List every key that was ever made, newest first; never its secret."""
    from verifier.staff.api_keys import list_api_keys

    with reading_house() as (_, session, now):
        for key in list_api_keys(session):
            ended = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else f"expired {key.expires_at:%Y-%m-%d}"
            is_live = key.revoked_at is None and now < key.expires_at
            state = f"valid until {key.expires_at:%Y-%m-%d}" if is_live else ended
            used = f"last used {key.used_at:%Y-%m-%d %H:%M} UTC" if key.used_at else "never used"
            print(f"{key.id}  {key.role.value}  {' '.join(sorted(key.scopes))}  {state}, {used}  {key.label}")


@api_keys.command("revoke")
def revoke_key(
    api_key: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `verifier api-keys list` shows it.")],
) -> None:
    """End a key at once."""
    from verifier.ids import ApiKeyId
    from verifier.staff.api_keys import revoke_api_key

    with opened_house() as house, house.database.write() as session:
        revoke_api_key(session, house.clock.now(session), api_key=ApiKeyId(api_key), actor=_ACTOR)
    print(f"{api_key} is revoked.")


@audit.command("key")
def show_log_key() -> None:
    """Print the log's public key: what auditors and customers check with. Hand it on by a way of its own."""
    with opened_house() as house:
        print(house.log_key)


@audit.command("verify")
def verify_log(
    file: Annotated[Path, typer.Argument(help="An exported log.")],
    log_key: Annotated[str | None, typer.Option(help="The log's public key, or a file that holds it.")] = None,
    since: Annotated[Path | None, typer.Option(help="A checkpoint that you kept.")] = None,
) -> None:
    """Check an exported log, offline; name the first thing that is wrong."""
    from verifier.audit.offline import verify_export_file

    key = None if log_key is None else _read_key(log_key)
    kept = None if since is None else _read_text(since)
    report = verify_export_file(file, log_key=key, since_checkpoint=kept)
    if report.from_index == report.to_index:
        print("The file holds no entry.")
    else:
        print(f"Entries {report.from_index} to {report.to_index - 1} are as the log wrote them.")
    print(f"The log had {report.checkpoint.size} entries and the root {report.checkpoint.root.hex()}.")
    if report.since is not None:
        print(f"It still begins with the {report.since.size} entries of the checkpoint that you kept.")
    if not report.is_key_from_outside:
        print("No key was given, so the file was checked against its own: with --log-key you know whose log it is.")


@contact_key.command("show")
def show_contact_key() -> None:
    """Print the key, in hex, with which the desk digests contact points. Whoever has it can try addresses: guard it.

    A digest is HMAC-SHA-256 with this key, in hex, over `verifier/v1/contact/<kind>/<normal form>`, in UTF-8.
    """
    from verifier.wiring import load_contact_key

    with opened_house() as house:
        print(load_contact_key(house.settings).hex())


@root_key.command("rotate")
def rotate_root_key() -> None:
    """Begin a new root key at once, instead of tomorrow. An old one is destroyed when no record names it."""
    from verifier.disposal.rotation import rotate_root

    with opened_house() as house:
        number = rotate_root(house.database, house.clock, house.vault)
    print(f"Root {number} wraps every key from now on. Older ones open what they wrapped, until that is destroyed.")


@receipts.command("verify")
def verify_receipt(
    file: Annotated[Path, typer.Argument(help="A deletion receipt.")],
    log_key: Annotated[str, typer.Option(help="The log's public key, or a file that holds it.")],
) -> None:
    """Check a deletion receipt, offline; name the first thing that is wrong."""
    from verifier.disposal.receipt_check import verify_receipt_file

    report = verify_receipt_file(file, log_key=_read_key(log_key))
    print(f"{report.status}: {report.document}")
    _print_fields(report.disposal.statement.to_json())
    if report.key_end is not None:
        _print_fields(report.key_end.statement.to_json())
    if report.status == "pending":
        print("Not everything is proved yet: fetch the receipt again in a minute.")


def _parse_duration(text: str) -> timedelta:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(timedelta).validate_python(text)
    except ValidationError as error:
        raise ConfigurationError(f"{text!r} is no duration. Write it as ISO 8601 has it, such as P90D.") from error


def _read_key(text_or_file: str) -> str:
    # A key's text has plus signs around its hash (C2SP signed-note); where a file has such a name, it is the file.
    path = Path(text_or_file)
    return (_read_text(path) if path.is_file() else text_or_file).strip()


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def _print_fields(statement: object) -> None:
    assert isinstance(statement, dict)
    for field, value in statement.items():
        print(f"  {field}: {value}")


def _sentence_of(error: Exception) -> str:
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or type(error).__name__}."
    if isinstance(error, VerifierError) and str(error) == error.code:
        from verifier.web.answers import OUR_FAULTS
        from verifier.web.problems import problem_for

        if error.code in OUR_FAULTS:
            return f"{OUR_FAULTS[error.code]} [{error.code}]"
        problem = problem_for(error.code, facts=error.facts)
        return f"{problem.detail} {problem.next_step} [{error.code}]"
    return str(error)


def _say(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1
