"""What scenarios ask while something is broken: one upload, without patience; whether bytes are gone."""

import httpx2
from sqlalchemy import select

from tests.faults.callers import JSON, Customer
from tests.faults.harness.stage import Stage
from tests.faults.stories import make_photo
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow


def send_once(customer: Customer, slot: str, *, replaces: str = "") -> httpx2.Response | None:
    """The answer to one upload, or `None` where none came."""
    fields = {"form_token": customer.look()["form_token"], "slot": slot}
    if replaces:
        fields["replaces"] = replaces
    files = {"file": ("photo.jpg", make_photo(), "image/jpeg")}
    return customer.line.ask_once("POST", f"{customer.path}/documents", data=fields, files=files, headers=JSON)


def is_disposed(stage: Stage, verification: str) -> bool:
    """Whether every document of it has its tombstone."""
    with stage.house.database.read() as session:
        states = session.scalars(select(DocumentRow.state).where(DocumentRow.verification_id == verification)).all()
    return bool(states) and all(state is DocumentState.DISPOSED for state in states)
