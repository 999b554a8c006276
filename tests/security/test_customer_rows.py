"""P2, attacked: of rows that the customers' tier may write, it writes no other than its own, and no other way."""

from datetime import timedelta
from typing import Final

import pytest

from tests.security.prey import NOW, Attempt, Prey, done, is_done
from verifier.evidence.life import DocumentState
from verifier.ids import new_copy_id, new_document_id
from verifier.verifications.life import VerificationState

pytestmark = pytest.mark.usefixtures("unchanged")

_YEAR: Final = int(timedelta(days=365).total_seconds() * 1_000_000)


@pytest.mark.parametrize("to", VerificationState)
def test_a_verification_goes_nowhere_but_on_or_away(prey: Prey, to: VerificationState) -> None:
    ended = f", ended_at = {NOW}, forget_by = {NOW}"
    submitted = f", submitted_at = {NOW}, answer_by = undecided_by"
    moved = []
    for verification, state in ((prey.decided, "approved"), (prey.in_review, "submitted"), (prey.asked, "requested")):
        for beside in ("", ended, submitted, ended + submitted):
            statement = f"UPDATE verifications SET state = '{to}', reasons = '[]'{beside} WHERE id = '{verification}'"
            if state != to and is_done(prey, statement):
                moved.append((state, beside))
    allowed = {
        VerificationState.SUBMITTED: [("requested", submitted)],
        VerificationState.WITHDRAWN: [("submitted", ended), ("requested", ended)],
    }
    assert moved == allowed.get(to, [])


def test_a_verification_that_stays_where_it_is_does_not_change(prey: Prey) -> None:
    attempts = {
        column: f"UPDATE verifications SET {column} = 1 WHERE id = '{prey.asked}'"
        for column in ("submitted_at", "answer_by", "ended_at", "forget_by", "opened_at", "generation", "undecided_by")
    }
    assert done(prey, attempts | {"reasons": "UPDATE verifications SET reasons = '[\"key_lost\"]'"}) == []


@pytest.mark.parametrize("to", DocumentState)
def test_a_document_that_is_there_stays_as_it_is(prey: Prey, to: DocumentState) -> None:
    for verification in (prey.decided, prey.in_review):
        assert not is_done(prey, f"UPDATE documents SET state = '{to}' WHERE verification_id = '{verification}'")
    is_taken_back = is_done(prey, f"UPDATE documents SET state = '{to}' WHERE verification_id = '{prey.asked}'")
    assert is_taken_back == (to is DocumentState.DISPOSING)


def test_no_copy_is_put_in_the_place_of_another_or_beside_it(prey: Prey) -> None:
    """So that nobody else opens, for this tier, what it wrote under another's name."""
    found = prey.attacker.execute(
        "SELECT id, state FROM documents WHERE verification_id = ANY(%s)", ([prey.asked, prey.in_review],)
    ).fetchall()
    prey.attacker.rollback()
    attempts = {
        "digest": "UPDATE copies SET ciphertext_digest = repeat('0', 64), ciphertext_bytes = 9",
        "page": "UPDATE copies SET page = 1",
    }
    for document, _ in found:
        for name, page in (("original", "NULL"), ("page-1", "1"), ("page-2", "2")):
            attempts[f"{document} {name}"] = (
                "INSERT INTO copies (id, document_id, verification_id, name, page) SELECT "
                f"'{new_copy_id()}', id, verification_id, '{name}', {page} FROM documents WHERE id = '{document}'"
            )
    assert len(attempts) >= 8
    assert done(prey, attempts) == []


def test_nothing_is_put_off_kept_or_called_destroyed(prey: Prey) -> None:
    attempts: dict[str, Attempt] = {}
    for name, verification in (("decided", prey.decided), ("review", prey.in_review), ("asked", prey.asked)):
        where = f"WHERE verification_id = '{verification}'"
        attempts |= {
            f"{name}: put off": f"UPDATE obligations SET destroy_by = destroy_by + {_YEAR}, "
            f"due_since = destroy_by + {_YEAR} {where}",
            f"{name}: never again": f"UPDATE obligations SET leased_until = 9000000000000000, attempts = 9 {where}",
            f"{name}: as if withdrawn": f"UPDATE obligations SET rule = 'withdrawn', destroy_by = {_YEAR * 90}, "
            f"due_since = {_YEAR * 90} {where}",
            f"{name}: at once": f"UPDATE obligations SET destroy_by = 0 {where}",
            f"{name}: key": f"UPDATE verification_keys SET shred_by = 0, leased_until = NULL, attempts = 0 {where}",
            f"{name}: key kept": f"UPDATE verification_keys SET shred_by = {_YEAR * 90}, attempts = 0 {where}",
            f"{name}: key leased": f"UPDATE verification_keys SET leased_until = 9000000000000000 {where}",
            f"{name}: hold": "INSERT INTO holds (id, verification_id, data, reason, placed_at, ends_at) "
            f"VALUES ('h', '{verification}', 'documents', 'x', 1, 2)",
        }
    assert done(prey, attempts) == []


def test_a_withdrawal_keeps_nothing(prey: Prey) -> None:
    """Not even one of its own: what it ends goes at once, unless a law of the policy says otherwise."""
    of = f"WHERE verification_id = '{prey.asked}'"
    for attempt in (
        (
            f"INSERT INTO holds (id, verification_id, data, reason, placed_at, ends_at) SELECT 'h', id, 'documents', "
            f"'x', ended_at, ended_at + 1 FROM verifications WHERE id = '{prey.asked}'"
        ),
        (
            f"INSERT INTO holds (id, verification_id, data, reason, placed_at, ends_at) SELECT 'h', id, 'documents', "
            f"'x', ended_at, ended_at FROM verifications WHERE id = '{prey.asked}'"
        ),
        f"UPDATE verification_keys SET shred_by = {_YEAR * 90}, attempts = 0 {of}",
        f"UPDATE verification_keys SET shred_by = 0, forget_unheld_by = {_YEAR * 90}, attempts = 0 {of}",
        f"UPDATE obligations SET rule = 'withdrawn', destroy_by = {_YEAR * 90}, due_since = {_YEAR * 90} {of}",
        f"UPDATE verifications SET state = 'requested', ended_at = NULL, forget_by = NULL WHERE id = '{prey.asked}'",
    ):
        withdrawn = f"UPDATE verifications SET state = 'withdrawn', ended_at = {NOW}, forget_by = {NOW}"
        assert not is_done(prey, f"{withdrawn} WHERE id = '{prey.asked}'; {attempt}")


WITHDRAWN: Final = "UPDATE verifications SET state = 'withdrawn', reasons = '[]', ended_at = {}, forget_by = {}"


def test_no_time_is_written_but_the_one_that_it_is(prey: Prey) -> None:
    """A time that nobody can read, or that never comes, would stop the log, the sweep or a disposal."""
    asked, review = f"'{prey.asked}'", f"'{prey.in_review}'"
    ended = f"{WITHDRAWN.format(NOW, NOW)} WHERE id IN ({asked}, {review}); "
    told = {
        "ended": f"{WITHDRAWN.format('{t}', '{t}')} WHERE id = {asked}",
        "submitted": f"UPDATE verifications SET state = 'submitted', reasons = '[]', submitted_at = {{t}}, "
        f"answer_by = undecided_by WHERE id = {asked}",
        "session": "INSERT INTO customer_sessions (token_digest, verification_id, generation, created_at) "
        f"SELECT 'x', id, generation, {{t}} FROM verifications WHERE id = {asked}",
        "detail": "INSERT INTO sealed_values (verification_id, name, sealed, created_at) "
        f"VALUES ({asked}, 'detail.x', '\\x01', {{t}})",
        "guess": "INSERT INTO contact_submissions (id, verification_id, contact, method, kind, source, result, "
        f"created_at, attempts) VALUES ('s', {asked}, 'email', 'code', 'guess', 'customer', 'pending', {{t}}, 0)",
        "offer": "INSERT INTO offers (verification_id, lines, skipped, planned_at) "
        f"VALUES ({asked}, '[0]', '[]', {{t}})",
        "exit": f"{ended}UPDATE exits SET used_at = {{t}} WHERE verification_id = {review}",
        "notice": f"{ended}UPDATE notices SET sealed = NULL, failed_at = {{t}}, failure = 'dropped' "
        f"WHERE verification_id = {review}",
        "due": f"{ended}UPDATE obligations SET rule = 'withdrawn', destroy_by = 0, due_since = {{t}}, "
        f"leased_until = NULL, attempts = 0 WHERE verification_id = {asked} AND closed_at IS NULL",
    }
    document = (
        "INSERT INTO documents (id, verification_id, document, slot, state, actor, media_type, reserved_bytes, "
        "created_at, writer_until, decodes, findings, attempts) VALUES "
        f"('{new_document_id()}', {asked}, 'diploma', 'all_pages', 'receiving', 'customer', 'image/jpeg', 1, "
    )
    told |= {"begun": f"{document}{{t}}, {NOW}, 0, '[]', 0)", "fence": f"{document}{NOW}, {{t}}, 0, '[]', 0)"}
    minutes = 60_000_000
    for name, statement in told.items():
        assert is_done(prey, statement.replace("{t}", NOW)), f"{name}: the attempt is real"
        for time in ("0", str(4 * 10**18), f"({NOW} - {2 * minutes})", f"({NOW} + {2 * minutes})"):
            assert not is_done(prey, statement.replace("{t}", time)), f"{name}: {time}"
    assert not is_done(prey, f"{WITHDRAWN.format(NOW, f'({NOW} + {_YEAR * 20})')} WHERE id = {asked}")
    assert not is_done(prey, f"UPDATE exits SET used_at = {NOW} WHERE verification_id = {review}"), "nobody left"


def test_nobody_is_written_to_and_nothing_is_judged_for_it(prey: Prey) -> None:
    columns = "id, verification_id, contact, method, kind, source, result, created_at, attempts"
    attempts: dict[str, Attempt] = {
        f"{source} {kind} {result}": f"INSERT INTO contact_submissions ({columns}) VALUES "
        f"('s', '{prey.asked}', 'email', 'code', '{kind}', '{source}', '{result}', {NOW}, 0)"
        for source, kind, result in (
            ("worker", "message", "pending"),
            ("customer", "message", "pending"),
            ("customer", "attestation", "pending"),
            ("key_agent", "guess", "pending"),
            ("customer", "guess", "noted"),
        )
    }
    attempts["notice"] = (
        "INSERT INTO notices (id, verification_id, channel, kind, sealed, created_at, not_before, send_by, attempts) "
        f"VALUES ('n', '{prey.asked}', 'email', 'code', '\\x01', 1, 1, 2, 0)"
    )
    attempts["dropped"] = "UPDATE notices SET sealed = NULL, failed_at = 1, failure = 'dropped'"
    attempts["swapped"] = "UPDATE notices SET sealed = '\\x02'"
    attempts["late"] = attempts["customer guess noted"].replace(prey.asked, prey.in_review)  # type: ignore[union-attr]
    assert done(prey, attempts) == []


def test_what_staff_wrote_is_neither_replaced_nor_deleted(prey: Prey) -> None:
    columns = "verification_id, name, sealed, created_at"
    insert = f"INSERT INTO sealed_values ({columns}) VALUES ('{{}}', '{{}}', '\\x01', {NOW})"
    attempts: dict[str, Attempt] = {
        f"{verification} {name}": insert.format(verification, name)
        for verification in (prey.asked, prey.in_review)
        for name in ("note.1", "note.2", "expected.full_name", "expected.x")
    }
    attempts["detail"] = insert.format(prey.in_review, "detail.paid_on")
    attempts["delete"] = f"DELETE FROM sealed_values WHERE verification_id = '{prey.in_review}'"
    attempts["replace"] = "UPDATE sealed_values SET sealed = '\\x02'"
    assert done(prey, attempts) == []
