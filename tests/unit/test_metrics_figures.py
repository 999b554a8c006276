"""The figures that Prometheus reads: nothing personal in any, and alerts and dashboard that name what there is."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from policies.access import Role, Scope
from tests.faults.stores import Mood, MoodyKeys, MoodyObjects
from tests.journey import JSON, Desk, make_jpeg, make_key, refusal
from tests.workers_by_hand import Work
from verifier.db.clock import MovedClock
from verifier.ids import ID_PATTERN
from verifier.meters import Call, Store, StoreFault, get_meters
from verifier.metrics.backlog import QUEUES
from verifier.metrics.serving import metrics_on
from verifier.retention.service import Rule
from verifier.settings import Settings
from verifier.verifications.intake import INTAKE_REFUSALS
from verifier.web.answers import ANSWERS
from verifier.wiring import House, choose_seams, open_figures, open_house
from workers.embedded import attempt
from workers.schedule import Job, plan_jobs

ROOT: Final = Path(__file__).resolve().parents[2]
ALERTS: Final = ROOT / "deploy" / "prometheus" / "alerts.yaml"
DASHBOARD: Final = ROOT / "deploy" / "grafana" / "dashboard.json"
GUIDE: Final = ROOT / "docs" / "how-to" / "watch-it.md"

# Every label of ours, and all that may ever stand there.
CLOSED: Final[Mapping[str, frozenset[str]]] = {
    "what": frozenset({"documents", "keys"}),
    "reason": frozenset(error.code for error in INTAKE_REFUSALS),
    "task": frozenset(job.name for job in plan_jobs(Settings())),
    "zone": frozenset(queue.zone for queue in QUEUES),
    "rule": frozenset(Rule),
    "code": frozenset(ANSWERS),
    "store": frozenset(Store),
    "kind": frozenset(StoreFault),
    "outcome": frozenset(Call),
}
_NAME: Final = re.compile(r"\bverifier_[a-z_]+")

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def objects(settings: Settings) -> MoodyObjects:
    return MoodyObjects(choose_seams(settings).objects)


@pytest.fixture
def keys(settings: Settings) -> MoodyKeys:
    return MoodyKeys(choose_seams(settings).keys)


@pytest.fixture
def house(settings: Settings, clock: MovedClock, objects: MoodyObjects, keys: MoodyKeys) -> Iterator[House]:
    opened = open_house(settings, seams=replace(choose_seams(settings), clock=clock, objects=objects, keys=keys))
    yield opened
    opened.close()


@pytest.fixture
def read(house: House) -> Callable[[], str]:
    """Reads the figures as Prometheus does; the database anew each time."""

    def fetch() -> str:
        with metrics_on("127.0.0.1", 0, setting="X", write_page=open_figures(house)) as port:
            answer = httpx2.get(f"http://127.0.0.1:{port}/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        return answer.text

    return fetch


def samples_in(page: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(page: str, name: str, **labels: str) -> float:
    """0 for what was never counted: that is how a rate takes it too."""
    return samples_in(page).get((name, frozenset(labels.items())), 0.0)


def break_something(_workshop: object) -> int:
    raise OSError


def run_everything(house: House, work: Work) -> None:
    """So that each figure has been counted at least once, those of failures too."""
    meters = get_meters()
    meters.count_refusal("internal")
    assert attempt(work.workshop, replace(_any_job(house), run=break_something)) is None


def _any_job(house: House) -> Job:
    return plan_jobs(house.settings)[0]


def test_nothing_personal_stands_in_any_figure_after_whole_lives(
    house: House, desk: Desk, work: Work, read: Callable[[], str]
) -> None:
    canaries = ["CASE-canary-77", "canary-account-4711", "canary.jane@example.org", "canary-name.jpg", "Canary Person"]
    asked = desk.request(reference=canaries[0], account=canaries[1])
    customer = desk.customer(asked)
    sent = customer.upload("diploma.all_pages", make_jpeg(width=320, height=240), name=canaries[3])
    work()
    assert customer.post("submit").status_code == 200
    reviewer = desk.reviewer()
    reviewer.review(asked["id"])
    left = desk.request(reference="CASE-canary-78")
    gone = desk.customer(left)
    assert gone.post("withdraw").status_code in {200, 303}
    for path in ("/v1/verifications/canary.jane@example.org", f"/v/{canaries[1]}", f"/verification/{asked['id']}x"):
        assert desk.client.get(path, headers=desk.headers | JSON).status_code >= 400
    assert desk.ask(reference=canaries[4]).status_code >= 400
    run_everything(house, work)
    work.settle()

    page = read()
    secrets = [asked["id"], left["id"], sent.json()["document"], house.vault.installation, asked["link"]["url"]]
    secrets += [asked["link"]["url"].rpartition("/")[2], asked["phrase"], *desk.headers.values()]
    assert [each for each in (*canaries, *secrets, "canary") if each.lower() in page.lower()] == []
    assert ID_PATTERN.search(page) is None
    assert value(page, "verifier_decision_to_gone_seconds_count", rule="approved") >= 1


def test_every_label_is_one_of_ours_and_every_value_from_its_closed_list(
    house: House, desk: Desk, work: Work, read: Callable[[], str]
) -> None:
    desk.submitted(work)
    run_everything(house, work)
    found = samples_in(read())
    ours = [dict(labels) for name, labels in found if name.startswith("verifier_")]
    assert len(ours) == len(found) > 40  # nothing of the interpreter or the machine
    labels = [(label, text) for each in ours for label, text in each.items() if label != "le"]
    assert [pair for pair in labels if pair[1] not in CLOSED[pair[0]]] == []
    assert {label for label, _ in labels} >= CLOSED.keys() - {"rule"}


def test_a_document_and_its_key_are_timed_from_the_decision_to_the_last_look(
    desk: Desk, work: Work, read: Callable[[], str], objects: MoodyObjects
) -> None:
    asked, _ = desk.submitted(work)
    before = read()
    assert desk.post(asked["id"], "cancel").status_code == 200
    objects.mood = Mood.DOWN
    work.run("shred")
    work.run("dispose")
    objects.mood = Mood.HONEST
    work.pass_time(timedelta(seconds=31))  # longer than anything rests
    after = read()

    def grew(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grew("verifier_decision_to_unreadable_seconds_count") == 1
    assert grew("verifier_decision_to_unreadable_seconds_bucket", le="20.0") == 1
    assert grew("verifier_decision_to_gone_seconds_count", rule="cancelled") == 1
    assert grew("verifier_decision_to_gone_seconds_bucket", rule="cancelled", le="20.0") == 0
    assert 30 <= grew("verifier_decision_to_gone_seconds_sum", rule="cancelled") < 60
    assert grew("verifier_store_errors_total", store="objects", kind="store_unavailable") >= 1


def test_a_store_that_says_deleted_and_keeps_is_counted_as_such(
    desk: Desk, work: Work, read: Callable[[], str], objects: MoodyObjects, keys: MoodyKeys
) -> None:
    asked, _ = desk.submitted(work)
    before = read()
    assert desk.post(asked["id"], "cancel").status_code == 200
    objects.mood = keys.mood = Mood.KEEPING
    work()
    after = read()
    for store in ("objects", "keys"):
        labels = {"store": store, "kind": "still_present"}
        name = "verifier_store_errors_total"
        assert value(after, name, **labels) > value(before, name, **labels)
    assert value(after, "verifier_decision_to_gone_seconds_count", rule="cancelled") == value(
        before, "verifier_decision_to_gone_seconds_count", rule="cancelled"
    )


@pytest.mark.parametrize("accept", [JSON, {"accept": "text/html"}])
def test_a_refusal_is_counted_once_under_its_code_however_it_is_shown(
    desk: Desk, read: Callable[[], str], accept: dict[str, str]
) -> None:
    customer = desk.customer(desk.request())
    before = read()
    token = customer.status()["form_token"]
    answer = customer.client.post(
        f"/verification/{customer.verification}/documents",
        headers=accept,
        data={"form_token": token, "slot": "diploma.all_pages"},
        files={"file": ("a.txt", b"no picture", "text/plain")},
    )
    assert answer.status_code == 415
    after = read()
    grown = {
        dict(key[1])["code"]: count - value(before, key[0], **dict(key[1]))
        for key, count in samples_in(after).items()
        if key[0] == "verifier_refusals_total" and count > value(before, key[0], **dict(key[1]))
    }
    assert list(grown.values()) == [1.0], grown


class TestALinkThatIsAskedForTooOften:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"requests_a_minute_per_link": 1})

    @pytest.mark.parametrize("accept", [JSON, {"accept": "text/html"}])
    def test_is_refused_once_however_it_is_shown(
        self, desk: Desk, read: Callable[[], str], accept: dict[str, str]
    ) -> None:
        path = "/v/" + desk.request()["link"]["url"].rpartition("/")[2]
        browser = desk.browser()
        before = value(read(), "verifier_refusals_total", code="too_many_requests")
        while browser.get(path, headers=accept).status_code != 429:
            pass  # the second, or one more where a minute has just begun
        assert value(read(), "verifier_refusals_total", code="too_many_requests") == before + 1


def test_a_refused_program_is_counted_too(desk: Desk, house: House, read: Callable[[], str]) -> None:
    before = value(read(), "verifier_refusals_total", code="forbidden")
    auditor = make_key(house, Role.AUDITOR, Scope.AUDIT_READ)
    assert refusal(desk.ask(headers=auditor)) == (403, "forbidden")
    assert value(read(), "verifier_refusals_total", code="forbidden") == before + 1


def test_a_database_that_does_not_answer_leaves_its_figures_out_and_says_so(
    house: House, read: Callable[[], str]
) -> None:
    assert value(read(), "verifier_database_answers") == 1
    house.database.close()
    file = house.settings.database_file
    file.rename(file.with_name("elsewhere"))
    file.mkdir()
    page = read()
    assert "verifier_database_answers 0.0" in page
    assert "verifier_overdue" not in page
    assert "verifier_store_errors_total" in page


def names_in_exposition(page: str) -> set[str]:
    """Each figure by the name of its family; those of a histogram or a counter end in a suffix."""
    return {family.name for family in text_string_to_metric_families(page)}


def family_of(name: str) -> str:
    return re.sub(r"_(total|bucket|count|sum)$", "", name)


def expressions() -> dict[str, str]:
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    found = {rule["alert"]: rule["expr"] for rule in rules}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    return found


def test_alerts_and_dashboard_name_only_figures_that_exist_and_together_all_of_them(
    house: House, desk: Desk, work: Work, read: Callable[[], str]
) -> None:
    desk.submitted(work)
    run_everything(house, work)
    page = read()
    samples = {name for name, _ in samples_in(page)} | {"verifier_decision_to_gone_seconds_bucket"}
    samples |= {"verifier_decision_to_gone_seconds_count"}  # a label that nothing has fallen to yet has no sample
    named = {name for text in expressions().values() for name in _NAME.findall(text)}
    assert named - samples == set()
    assert names_in_exposition(page) - {family_of(name) for name in named} == set()


def test_alerts_and_dashboard_ask_only_for_labels_and_values_that_exist() -> None:
    for title, text in expressions().items():
        for clause in re.findall(r"by \(([a-z_, ]+)\)", text):
            assert set(clause.split(", ")) <= CLOSED.keys() | {"le"}, title
        for label, wanted in re.findall(r'(\w+)="([^"]*)"', text):
            assert wanted == "verifier" if label == "job" else wanted in CLOSED[label], title


def test_every_alert_says_what_to_do_and_the_guide_has_its_section() -> None:
    headings = re.findall(r"^##+ (.+)$", GUIDE.read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    assert len(rules) >= 7
    for rule in rules:
        notes = rule["annotations"]
        file, _, anchor = notes["runbook"].partition("#")
        assert (ROOT / file, anchor in anchors) == (GUIDE, True), rule["alert"]
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert notes["description"].endswith(".")
        assert len(notes["description"]) > 60


def test_the_guide_explains_every_figure_and_no_other(read: Callable[[], str]) -> None:
    explained = {family_of(name) for name in _NAME.findall(GUIDE.read_text())}
    assert explained == names_in_exposition(read())


def test_prometheus_itself_takes_the_alerts_and_they_ring_when_they_should() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install --no-install-recommends prometheus")
    for check in (
        ("check", "rules", str(ALERTS)),
        ("test", "rules", str(Path(__file__).with_name("alerts_test.yaml"))),
    ):
        done: Any = subprocess.run((promtool, *check), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
