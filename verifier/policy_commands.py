"""The commands `verifier policy …`: list, check, explain, simulate, test.

Guarantees: a policy that is refused is named with file, line and column; every file is looked at before the command
fails; nothing is written. Leaves to others: the language (`policies`), and what is stored (`verifier.disposal`).
"""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from policies.errors import PolicyError
from policies.model import Policy
from policies.parts import METHODS_OF, CheckMethod, ContactKind
from verifier.errors import ConfigurationError
from verifier.settings import load_settings

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from verifier.disposal.reading import StoredDocument

policy = typer.Typer(help="What may prove ownership.", no_args_is_help=True)
_DAY: Final = timedelta(days=1)
_AT_ONCE: Final = 200


@policy.command("list")
def list_policies() -> None:
    """List the policies of this installation."""
    for found in _load().values():
        print(f"{found.name}  {found.title.in_language('en')}  {found.version}")


@policy.command("check")
def check_files(
    files: Annotated[list[Path] | None, typer.Argument(help="Files of policies, or of tests beside them.")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print a JSON Schema for editors, and stop.")] = False,
) -> None:
    """Read each file as strictly as the service does; say what is wrong, where, and what to write instead."""
    if schema:
        from policies.schema import build_schema

        print(json.dumps(build_schema(), indent=2, ensure_ascii=False))
        return
    if not files:
        raise ConfigurationError("Name the files to check, or ask for --schema.")
    refused = 0
    for file in files:
        try:
            print(_check(file))
        except PolicyError as error:
            refused += 1
            print(error, file=sys.stderr)
    raise typer.Exit(1 if refused else 0)


@policy.command("explain")
def explain_policy(
    name: Annotated[str, typer.Argument(help="As `verifier policy list` shows it, or a file.")],
    language: Annotated[str, typer.Option(help="The language of what customers read.")] = "en",
) -> None:
    """Say in plain words what a policy asks, of whom, in which order, why, and how long things stay."""
    from policies.explain import explain

    print(explain(_find(name), language), end="")


@policy.command("simulate")
def simulate(
    name: Annotated[str, typer.Argument(help="As `verifier policy list` shows it, or a file.")],
    contact: Annotated[list[ContactKind] | None, typer.Option(help="A contact point that the desk has.")] = None,
    recent: Annotated[list[ContactKind] | None, typer.Option(help="One that changed recently.")] = None,
    failed: Annotated[list[str] | None, typer.Option(help="A check that failed, such as email:code.")] = None,
    not_offered: Annotated[list[CheckMethod] | None, typer.Option(help="A way this installation lacks.")] = None,
    against: Annotated[Path | None, typer.Option(help="An older file: what would the change expose?")] = None,
    database: Annotated[bool, typer.Option("--database", help="What would be destroyed within a day?")] = False,
) -> None:
    """Say which proofs a request needs; what a change would expose; what would be destroyed today."""
    found = _find(name)
    if against is not None:
        _print_changes(found, against=against)
    elif database:
        _print_due(found)
    else:
        checks = frozenset(_parse_check(text) for text in failed or ())
        _print_offers(found, known=frozenset(contact or ()), recent=frozenset(recent or ()), failed=checks,
                      not_offered=frozenset(not_offered or ()))  # fmt: skip


@policy.command("test")
def run_tests(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files `<policy>.tests.yaml`; none: all there are.")
    ] = None,
) -> None:
    """Run the tests that stand beside the policies."""
    from policies.loading import TESTS

    count, refused = 0, 0
    failures: list[str] = []
    for file in files or sorted(_folder().glob(f"*{TESTS}")):
        try:
            run, wrong = _run(file)
        except PolicyError as error:
            refused += 1
            print(error, file=sys.stderr)
            continue
        count += run
        failures += wrong
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{count} tests of policies, {len(failures)} answers other than expected.")
    if count == 0:
        print("No test was run. Write tests beside each policy, in `<policy>.tests.yaml`.", file=sys.stderr)
    raise typer.Exit(1 if failures or refused or count == 0 else 0)


def _run(file: Path) -> tuple[int, list[str]]:
    """How many tests a file holds, and each answer that was not the expected one."""
    from policies.loading import TESTS, decode, read_policy_file
    from policies.tests_of import read_tests, run_test

    tests = read_tests(decode(str(file), file.read_bytes()), origin=str(file))
    tested = read_policy_file(file.with_name(file.name.removesuffix(TESTS) + ".yaml"))
    return len(tests), [failure for test in tests for failure in run_test(tested, test)]


def _load() -> Mapping[str, Policy]:
    from policies.loading import load_policies

    return load_policies(load_settings().policies_folder)


def _folder() -> Path:
    from policies.loading import BUILTIN

    return load_settings().policies_folder or BUILTIN


def _find(name: str) -> Policy:
    if name.endswith(".yaml"):
        from policies.loading import read_policy_file

        return read_policy_file(Path(name))
    found = _load().get(name)
    if found is None:
        raise ConfigurationError(f"There is no policy {name!r}. `verifier policy list` shows those that there are.")
    return found


def _check(file: Path) -> str:
    from policies.loading import TESTS, decode, read_policy_file
    from policies.tests_of import read_tests

    if file.name.endswith(TESTS):
        tests = read_tests(decode(str(file), file.read_bytes()), origin=str(file))
        return f"{file}: {len(tests)} tests"
    checked = read_policy_file(file)
    spoken = ", ".join(checked.languages) or "none named, so English alone is promised"
    return f"{file}: {checked.name}, {checked.version[:19]}, languages: {spoken}"


def _parse_check(text: str) -> tuple[ContactKind, CheckMethod]:
    kind, _, by = text.partition(":")
    fitting = [(contact, method) for contact, methods in METHODS_OF.items() for method in methods]
    for contact, method in fitting:
        if (contact, method) == (kind, by):
            return contact, method
    known = ", ".join(f"{contact}:{method}" for contact, method in fitting)
    raise ConfigurationError(f"{text!r} is no check. Write one of: {known}.")


def _print_offers(
    found: Policy,
    *,
    known: frozenset[ContactKind],
    recent: frozenset[ContactKind],
    failed: frozenset[tuple[ContactKind, CheckMethod]],
    not_offered: frozenset[CheckMethod],
) -> None:
    from policies.ask import Situation, plan
    from policies.words import SKIPS, tell_decider, tell_line

    if found.no_proof is not None:
        print(f"No proof is needed: {found.no_proof.in_language('en')} Simply answer.")
        return
    offers = plan(found, Situation(known | recent, recent, failed, not_offered))
    skipped = dict(offers.skipped)
    for index, line in enumerate(found.ladder):
        words = tell_line(line, policy=found)
        if index in skipped:
            print(f"{index + 1}. passed over, because {SKIPS[skipped[index]]}: {words}")
        else:
            said = "offered first" if index == offers.lines[0] else "may be chosen"
            print(f"{index + 1}. {said}: {words} ({tell_decider(line, policy=found)})")
    if not offers.lines:
        print("Nothing is left: this request cannot be proved under this policy.")


def _print_changes(found: Policy, *, against: Path) -> None:
    from policies.compare import compare
    from policies.language import parse_policy
    from policies.loading import decode

    old = parse_policy(decode(str(against), against.read_bytes()), origin=str(against))
    changes = compare(old, found)
    for change in changes:
        print(f"{'!' if change.is_exposing else ' '} {change.effect}: {change.sentence}")
    exposing = sum(change.is_exposing for change in changes)
    print(f"{len(changes)} changes; {exposing} of them (!) ask more, keep longer or guard less.")


def _print_due(found: Policy) -> None:
    from verifier.opening import reading_house
    from verifier.verifications.ending import read_ending, read_held_of

    with reading_house() as (_, session, now):
        by = now + _DAY
        documents = [each for each in _read_due(session, now, by=by) if each.policy == found.name]
        for each in documents:
            print(f"{each.destroy_by:%Y-%m-%d %H:%M} UTC  {each.document}  {each.slot}  {each.rule}")
        held = read_held_of(session, now, policy=found.name)
        for hold in held:
            said = f"{hold.data}  kept by law until then ({hold.reason})"
            print(f"{hold.ends_at:%Y-%m-%d %H:%M} UTC  {hold.verification_id}  {said}")
        ending = read_ending(session, policy=found.name, by=by)
        for row in ending:
            print(f"{row.undecided_by:%Y-%m-%d %H:%M} UTC  {row.id}  everything in it, if nobody decides by then")
    print(f"Within a day: documents {len(documents)}; undecided verifications, with all in them {len(ending)}.")


def _read_due(session: "Session", now: "datetime", *, by: "datetime") -> "Iterator[StoredDocument]":
    from verifier.disposal.reading import read_stored

    after: tuple[datetime, str] | None = None
    while page := read_stored(session, now, after=after, limit=_AT_ONCE):
        for document in page:
            if document.destroy_by > by:
                return
            yield document
        after = (page[-1].destroy_by, page[-1].document)
