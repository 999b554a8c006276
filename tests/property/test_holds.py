"""Whatever happens in whatever order: nothing is disposed of while a law keeps it, and nothing stays after that."""

import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Final

from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from sqlalchemy import select

from tests.case_policies import FOLDER
from tests.property.test_lives import _DEEDS, Lives
from verifier.proofs.service import read_documents
from verifier.retention.tables import HoldRow, ObligationRow
from verifier.sanitise.decoder import Decoder
from verifier.verifications.life import RULE_OF_END, VerificationState, is_terminal
from verifier.verifications.tables import VerificationKeyRow, VerificationRow

_KEPT_FOR: Final = timedelta(days=3)
_HOLD: Final = "  holds: [{class: documents, keep_for: P3D, code: an-act, law: {en: An act asks for it.}}]\n"


def _write_policies(folder: Path) -> Path:
    """The policies of most tests, with a law that keeps documents."""
    for each in FOLDER.iterdir():
        text = each.read_text(encoding="utf-8")
        assert text.count("  hold_for:") == 1
        (folder / each.name).write_text(text.replace("  hold_for:", f"{_HOLD}  hold_for:"), encoding="utf-8")
    return folder


class HeldLives(Lives):
    """The same desk, under a law that keeps documents for three days."""

    @invariant()
    def what_a_law_keeps_is_there(self) -> None:
        with self._house.database.read() as session:
            holds = {hold.verification_id: hold for hold in session.scalars(select(HoldRow))}
            for row in session.scalars(select(VerificationRow)):
                if not is_terminal(row.state):
                    assert row.id not in holds, "a hold begins with the end"
                    continue
                hold, key = holds.get(row.id), session.get_one(VerificationKeyRow, row.id)
                documents = [each for each in read_documents(session, row.id) if each.ready_at is not None]
                ended_by = {each.disposed_rule for each in documents}
                assert hold is not None or RULE_OF_END[row.state] not in ended_by
                if hold is None:
                    continue
                assert hold.ends_at - hold.placed_at == _KEPT_FOR
                assert key.unreadable_at is None or key.unreadable_at >= hold.ends_at
                for each in documents:
                    if each.disposed_rule == RULE_OF_END[row.state]:
                        assert each.disposed_at is not None
                        assert each.disposed_at >= hold.ends_at
                    waits = session.scalars(
                        select(ObligationRow.destroy_by).where(
                            ObligationRow.document_id == each.id,
                            ObligationRow.closed_at.is_(None),
                            ObligationRow.rule == RULE_OF_END[row.state],
                        )
                    ).all()
                    assert set(waits) <= {hold.ends_at}

    def _everything_is_gone(self) -> None:
        with self._house.database.read() as session:
            now = self._house.clock.now(session)
            live = [hold for hold in session.scalars(select(HoldRow)) if hold.ends_at > now]
        self._tried["held"] += len(live)
        self._work.pass_time(_KEPT_FOR + timedelta(seconds=1))
        self._work.settle()
        super()._everything_is_gone()
        with self._house.database.read() as session:
            assert all(hold.lifted_at is not None for hold in session.scalars(select(HoldRow)))

    _tried: ClassVar[Counter[str]] = Counter()


def test_no_order_of_events_disposes_of_what_is_under_a_hold_and_nothing_stays_after_it(
    shared_decoder: Decoder, tmp_path: Path
) -> None:
    ways: Counter[VerificationState] = Counter()
    folder = _write_policies(Path(tempfile.mkdtemp(dir=tmp_path)))

    class Bound(HeldLives):
        policies_folder: ClassVar = folder

        def __init__(self) -> None:
            super().__init__(shared_decoder, ways)

    HeldLives._tried.clear()
    run_state_machine_as_test(Bound, settings=settings(_DEEDS, max_examples=10))
    assert HeldLives._tried["held"], "without a hold nothing was tried"
