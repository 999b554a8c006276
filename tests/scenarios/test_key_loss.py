"""Keys that are gone without anybody having shredded them: the verification ends, and everybody is told why."""

from sqlalchemy import select

from tests.journey import HTML, Desk, make_jpeg, refusal
from tests.workers_by_hand import Work
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.doctor import examine
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.ids import VerificationId
from verifier.meters import get_meters
from verifier.retention.service import Rule
from verifier.wiring import House


def _lose_key(house: House, verification: str) -> None:
    house.vault.keys.delete(VerificationId(verification))


def _count_alarms(house: House, alarm: str) -> int:
    with house.database.read() as session:
        found = find_entries(session, EntryFilter(kind=EntryKind.ALARM_RAISED), limit=50)
    return sum(entry.statement.fields["alarm"] == alarm for entry in found)


def _read_lost() -> float:
    return get_meters().registry.get_sample_value("verifier_keys_lost_total") or 0.0


def test_the_sweep_ends_what_has_no_key_and_gives_receipts_as_ever(desk: Desk, house: House, work: Work) -> None:
    asked, customer = desk.submitted(work)
    other = desk.request(reference="CASE-2")
    counted = _read_lost()
    _lose_key(house, asked["id"])
    [seen] = [finding for finding in examine(house.settings) if finding.check == "key store"]
    assert "the keys of open verifications are missing there: 1" in seen.sentence
    work.run("compare")
    work.settle()
    told = desk.read(asked["id"])
    assert (told["status"], told["reasons"]) == ("cancelled", ["key_lost"])
    assert told["documents"][0]["disposed_at"] is not None
    assert told["unreadable_at"] is not None
    receipts = desk.client.get(f"/v1/verifications/{asked['id']}/receipts", headers=desk.headers).json()
    assert [(each["status"], each["rule"]) for each in receipts["receipts"]] == [("complete", "key_lost")]
    assert (_count_alarms(house, "key_lost"), _read_lost() - counted) == (1, 1)
    assert desk.read(other["id"])["status"] == "requested"
    page = customer.client.get(f"/verification/{asked['id']}", headers=HTML).text
    assert "We lost the key to this request" in page
    assert "new link" in page


def test_a_reviewer_who_finds_no_key_ends_the_verification_at_once(desk: Desk, house: House, work: Work) -> None:
    asked, _ = desk.submitted(work)
    reviewer = desk.reviewer()
    assert reviewer.claim(asked["id"]).status_code == 200
    document = reviewer.look(asked["id"]).json()["documents"][0]["id"]
    _lose_key(house, asked["id"])
    assert refusal(reviewer.page(document)) == (410, "key_lost")
    assert desk.read(asked["id"])["reasons"] == ["key_lost"]
    assert refusal(reviewer.decide(asked["id"], "approve"))[1] == "already_decided"


def test_a_document_that_cannot_be_checked_for_want_of_its_key_ends_the_verification(
    desk: Desk, house: House, work: Work
) -> None:
    asked = desk.request()
    assert desk.customer(asked).upload("diploma.all_pages", make_jpeg()).status_code == 201
    _lose_key(house, asked["id"])
    work.settle()
    assert desk.read(asked["id"])["reasons"] == ["key_lost"]
    with house.database.read() as session:
        row = session.scalars(select(DocumentRow)).one()
    assert (row.state, row.disposed_rule) == (DocumentState.DISPOSED, Rule.KEY_LOST)


def test_the_key_of_what_has_ended_is_not_missed(desk: Desk, house: House, work: Work) -> None:
    asked, _ = desk.submitted(work)
    desk.reviewer().review(asked["id"])
    _lose_key(house, asked["id"])
    work.run("compare")
    assert desk.read(asked["id"])["status"] == "approved"
    assert _count_alarms(house, "key_lost") == 0


def test_many_keys_that_are_gone_at_once_look_like_the_wrong_store_and_end_nothing(
    desk: Desk, house: House, work: Work
) -> None:
    asked = [desk.request(reference=f"CASE-{number}")["id"] for number in range(7)]
    for verification in asked[:6]:
        _lose_key(house, verification)
    work.run("compare")
    work.run("sequence")
    assert {desk.read(each)["status"] for each in asked} == {"requested"}
    assert _count_alarms(house, "too_many_keys_lost") == 1
