"""What is asked again and again does not walk what has long ended: it is there for months, and there is much of it."""

from typing import Final

import pytest
from sqlalchemy import func, select

from policies.access import Role
from tests.journey import Desk
from tests.person import Enter
from tests.plans import find_walked, noting_statements, plan
from tests.workers_by_hand import Work
from verifier.db.base import Base
from verifier.settings import Settings
from verifier.verifications.tables import VerificationRow
from verifier.wiring import House
from workers.schedule import plan_jobs

_HOURLY: Final = "compare"  # rows and stores are compared from first to last
_JOBS: Final = [job.name for job in plan_jobs(Settings()) if job.name not in {_HOURLY, "collect", "heartbeat"}]
_STAYS_SMALL: Final = {
    *("installation", "log_head", "policy_versions", "orphans", "overdue"),
    *("staff", "staff_sessions", "invitations", "api_keys"),  # as many as a desk has people
    *("notices", "contact_points", "contact_submissions", "exits"),  # emptied with what has ended, or a week later
}
_GROW: Final = Base.metadata.tables.keys() - _STAYS_SMALL


@pytest.fixture
def ended(desk: Desk, work: Work) -> None:
    """One that was approved and destroyed, and one that waits."""
    asked, _ = desk.submitted(work)
    desk.reviewer().review(asked["id"])
    desk.submitted(work, reference="CASE-2")
    work()


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize("name", _JOBS)
def test_no_job_walks_what_has_ended(house: House, work: Work, name: str) -> None:
    with noting_statements(house) as statements:
        work.run(name)
    assert statements
    assert find_walked(plan(house, statements)).isdisjoint(_GROW)


@pytest.mark.usefixtures("ended")
def test_no_page_of_staff_walks_what_has_ended(house: House, desk: Desk, enter: Enter) -> None:
    reviewer, agent = enter("Robin", Role.REVIEWER), enter("Kim", Role.AGENT)
    with noting_statements(house) as statements:
        reviewer.open("/queue")
        reviewer.send("/queue/next")
        agent.open("/new?find=CASE-1")
        desk.request(reference="CASE-3")
    steps = plan(house, [each for each in statements if each[0].startswith(("SELECT", "WITH", "UPDATE", "DELETE"))])
    assert len(steps) > 20
    assert find_walked(steps).isdisjoint(_GROW)


def test_a_walk_is_seen_as_one(house: House) -> None:
    with noting_statements(house) as statements, house.database.read() as session:
        session.scalar(select(func.count(VerificationRow.id)))
        session.scalars(select(VerificationRow.id).order_by(VerificationRow.created_at)).all()
    for step in plan(house, statements):
        assert find_walked([step]) == {"verifications"}
