"""The page of reliability is made of results alone, and every test that it names is there."""

import json
import re
from pathlib import Path

import pytest

from scripts.reliability_page import RESULTS, page
from tests.faults.harness.catalogue import SCENARIOS, find
from tests.faults.harness.results import Results
from tests.faults.harness.scenario import Run

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(tests/[^`]+)`", page({"machine": "m", "not_run": ["a thing (stack)"], "rows": []}))
    assert len(named) >= 8
    assert [file for file in named if not (ROOT / file).is_file()] == []


def test_runs_of_a_scenario_are_added_up_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    scenario = SCENARIOS[0]
    Results.read(file).add(scenario, Run(faults=2, acknowledged=3, longest_seconds=1.25))
    Results.read(file).add(scenario, Run(faults=1, failures=["a copy lingers"], cut_short=["approve"]))
    (row,) = Results.read(file).rows.values()
    assert (row.runs, row.held, row.faults, row.acknowledged, row.cut_short) == (2, 1, 3, 3, 1)
    assert row.failures == ["a copy lingers"]
    made = page(json.loads(file.read_text()))
    assert "a copy lingers" in made
    assert f"- {SCENARIOS[1].breaks} (stack)" in made


def test_each_scenario_has_a_name_of_its_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    with pytest.raises(KeyError, match="broker-frozen"):
        find("nothing")


def test_the_published_results_are_of_scenarios_that_there_are() -> None:
    rows = json.loads((ROOT / RESULTS).read_text(encoding="utf-8"))["rows"]
    assert [row["name"] for row in rows if row["breaks"] != find(row["name"]).breaks] == []
    assert all(row["runs"] >= row["held"] for row in rows)
