"""The figures on the auditor's page: how much was solved with no document, and how much without a person."""

from datetime import timedelta

from policies.access import Role, Scope
from tests.contact_desk import EMAIL, ContactDesk
from tests.journey import make_jpeg, make_key
from tests.person import Enter


def test_what_was_solved_says_how_little_it_took(contacts: ContactDesk, enter: Enter) -> None:
    auditor = make_key(contacts.desk.house, Role.AUDITOR, Scope.AUDIT_READ)

    def read() -> tuple[int, int, int]:
        answer = contacts.desk.client.get("/v1/figures", headers=auditor)
        assert answer.status_code == 200, answer.text
        figures = answer.json()
        return figures["solved"], figures["without_document"], figures["without_person"]

    page = enter("Ada", Role.AUDITOR)
    page.open("/audit")
    assert read() == (0, 0, 0)
    assert "without a person" not in page.text

    alone = contacts.desk.customer(contacts.request())
    contacts.begin(alone)
    contacts.guess(alone, contacts.mailed_code)
    assert read() == (1, 1, 1)

    asked = contacts.request(policy="seen-by-person", reference="CASE-2", contact_points={"email": {"value": EMAIL}})
    seen = contacts.desk.customer(asked)
    assert contacts.begin(seen) == "code_sent"
    contacts.work.pass_time(timedelta(minutes=1))  # the second mail to one address is delayed
    contacts.guess(seen, contacts.mailed_code)
    contacts.desk.reviewer().review(asked["id"])
    assert read() == (2, 2, 1)

    asked = contacts.request(policy="seen-by-person", reference="CASE-3")
    shown = contacts.desk.customer(asked)
    shown.upload("letter.page", make_jpeg())
    contacts.work()
    shown.post("submit")
    contacts.desk.reviewer().review(asked["id"])
    assert read() == (3, 2, 1)
    page.open("/audit")
    assert (
        "3 verifications were confirmed in the last 30 days: 66 % with no document, 33 % without a person." in page.text
    )

    contacts.work.pass_time(timedelta(days=31))
    assert read() == (0, 0, 0)
