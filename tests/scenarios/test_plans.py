"""What is asked again and again does not walk what has long ended: it is there for months, and there is much of it."""

import pytest

from policies.access import Role
from tests.journey import Desk
from tests.person import Enter
from tests.plans import find_walked, noting_statements, plan
from tests.workers_by_hand import Work
from verifier.settings import Settings
from verifier.wiring import House
from workers.schedule import plan_jobs

_GROW = ("verifications", "verification_keys", "documents", "copies", "obligations", "entries", "decisions", "views")
_ON_A_CLOCK = {"compare"}  # once an hour, rows and stores are compared from first to last


@pytest.mark.parametrize("name", [job.name for job in plan_jobs(Settings()) if job.name not in _ON_A_CLOCK])
def test_no_job_walks_what_has_ended(house: House, work: Work, name: str) -> None:
    with noting_statements(house) as statements:
        work.run(name)
    assert find_walked(plan(house, statements)).isdisjoint(_GROW)


def test_no_page_of_staff_walks_what_has_ended(house: House, work: Work, desk: Desk, enter: Enter) -> None:
    desk.submitted(work)
    reviewer, agent = enter("Robin", Role.REVIEWER), enter("Kim", Role.AGENT)
    with noting_statements(house) as statements:
        reviewer.open("/queue")
        reviewer.send("/queue/next")
        agent.open("/new?whose=all")
        agent.open("/new?find=CASE-1")
        desk.request(reference="CASE-2")
    steps = plan(house, [each for each in statements if each[0].startswith(("SELECT", "WITH", "UPDATE", "DELETE"))])
    assert len(steps) > 20
    assert find_walked(steps).isdisjoint(_GROW)
