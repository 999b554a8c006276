"""The tiers and the zones apart: each a house of its own and a user of its own in the database, through the main job.

`pytest --database postgresql --apart tests/scenarios` walks through every scenario in this way.
"""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from policies.access import Role
from tests.case_policies import FOLDER
from tests.journey import JSON, Desk, make_jpeg
from tests.parts_apart import Apart
from tests.servers.databases import ON_POSTGRES, as_part
from tests.workers_by_hand import Work
from verifier.app import create_app
from verifier.db.opening import open_database
from verifier.db.trial import find_allowed
from verifier.disposal.receipt_check import verify_receipt
from verifier.errors import ConfigurationError
from verifier.settings import Settings, verify_settings
from verifier.vault.errors import NotGivenError
from verifier.wiring import House, Part, open_house
from verifier.wiring.parts import Secret

HOSTS = {"public_url": "https://verify.example.org", "staff_url": "https://desk.example.org"}
OF_CUSTOMERS = ("/v/x", "/n/x", "/verification/ver_x", "/verification/ver_x/documents")
OF_STAFF = ("/v1/queue", "/v1/verifications", "/sign-in", "/v1/openapi.json", "/v1/audit/checkpoint", "/desk")

apart_on_postgres = [ON_POSTGRES, pytest.mark.parametrize("apart", [True], indirect=True)]


class TestApart:
    pytestmark = apart_on_postgres

    def test_the_main_job_is_done_with_each_part_as_its_own_user(self, desk: Desk, house: House, work: Work) -> None:
        asked, customer = desk.submitted(work)
        (document,) = [slot["document"] for slot in customer.status()["slots"]]
        assert desk.reviewer().review(asked["id"]) == "approved"
        work.settle()
        work()
        receipt = customer.client.get(f"/verification/{asked['id']}/receipts/{document}?format=json", headers=JSON)
        assert verify_receipt(receipt.content, log_key=house.log_key).status == "complete"

    def test_a_customer_takes_a_document_back_and_leaves(self, desk: Desk, work: Work) -> None:
        asked = desk.request()
        customer = desk.customer(asked)
        first = customer.upload("diploma.all_pages", make_jpeg(width=320, height=240)).json()["document"]
        assert customer.upload("diploma.all_pages", make_jpeg(width=320, height=240), replaces=first).status_code == 201
        work()
        assert customer.post("withdraw", reason="rather_not").status_code == 200
        work.settle()
        assert desk.read(asked["id"])["status"] == "withdrawn"

    def test_no_part_has_what_another_has(self, apart: Apart) -> None:
        customer = apart.houses[Part.CUSTOMER]
        for secret in Secret:
            with pytest.raises(ConfigurationError, match="is not for this process"):
                customer.read_secret(secret)
        with pytest.raises(NotGivenError):
            next(iter(customer.vault.keys.list()))
        for part in (Part.DISPOSE, Part.LOG):
            with pytest.raises((NotGivenError, ConfigurationError)):
                apart.houses[part].vault.roots.unwrap(1, b"", context=b"")  # type: ignore[arg-type]

    def test_each_tier_answers_its_own_addresses_only(self, apart: Apart) -> None:
        customers, staff = (TestClient(create_app(apart.houses[part])) for part in (Part.CUSTOMER, Part.STAFF))
        assert {path: staff.get(path, headers=JSON).json()["code"] for path in OF_CUSTOMERS} == dict.fromkeys(
            OF_CUSTOMERS, "not_found"
        )
        assert {path: customers.get(path, headers=JSON).json()["code"] for path in OF_STAFF} == dict.fromkeys(
            OF_STAFF, "not_found"
        )
        assert [tier.get("/health/ready").json()["status"] for tier in (customers, staff)] == ["ready"] * 2

    def test_only_its_own_user_suits_the_customers_tier(self, house: House, apart: Apart) -> None:
        assert list(find_allowed(apart.houses[Part.CUSTOMER].database)) == []
        for part in ("staff", "sanitise", "dispose", "log", "notify"):
            database = open_database(
                house.settings.model_copy(update={"database_url": as_part(house.settings.database_url, part)})
            )
            assert any("past the guards" in what for what in find_allowed(database))
            database.close()
        assert len(list(find_allowed(house.database))) > 20


class TestTwoHosts:
    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        named = {**HOSTS, "trusted_proxies": ("127.0.0.1",)}
        return Settings(home=tmp_path / "home", policies_folder=FOLDER, **named)  # type: ignore[arg-type]

    def test_an_agent_is_answered_with_a_link_to_the_customers_host(self, desk: Desk) -> None:
        assert desk.request()["link"]["url"].startswith(f"{HOSTS['public_url']}/v/")

    def test_staff_sign_in_from_their_own_host_only(self, client: TestClient, house: House) -> None:
        from verifier.staff import service

        with house.database.write() as session:
            token = service.invite(
                session, house.clock.now(session), name="Rae", roles=[Role.REVIEWER], actor="operator"
            )
        codes = []
        for origin in (HOSTS["public_url"], HOSTS["staff_url"]):
            page = client.get(f"/sign-in/{token}", headers={"accept": "text/html"})
            form = re.search(r'name="form_token" value="([^"]+)"', page.text)
            answer = client.post(
                f"/sign-in/{token}",
                data={"form_token": form[1] if form else ""},
                headers={"origin": origin},
                follow_redirects=False,
            )
            codes.append(answer.status_code)
        assert codes == [403, 303]


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"tier": "customer"}, "VERIFIER_TIER is customer, so tiers run apart"),
        ({**HOSTS, "staff_url": HOSTS["public_url"]}, "must be two addresses"),
        ({**HOSTS, "staff_url": "http://127.0.0.1:9"}, "must be two addresses"),
        ({**HOSTS, "staff_url": f"{HOSTS['public_url']}:8443"}, "name one host"),
        ({**HOSTS, "staff_url": "http://desk.example.org"}, "http on a public host"),
    ],
)
def test_two_tiers_need_two_hosts(named: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        verify_settings(Settings(trusted_proxies=("127.0.0.1",), **named))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"database_url": ""}, "a file of SQLite has no roles"),
        ({"database_url": "postgresql://u@127.0.0.1/d"}, "VERIFIER_DOCUMENTS_BUCKET names no bucket"),
        ({"database_url": "postgresql://u@127.0.0.1/d", "broker_url": "redis://127.0.0.1"}, "sets VERIFIER_BROKER_URL"),
        ({"database_url": "postgresql://u@127.0.0.1/d", "keys_bucket": "keys"}, "sets VERIFIER_KEYS_BUCKET"),
        ({"database_url": "postgresql://u@127.0.0.1/d", "root_custody": "kms"}, "sets VERIFIER_ROOT_CUSTODY"),
    ],
)
def test_a_customers_tier_with_too_much_does_not_start(tmp_path: Path, named: dict[str, str], sentence: str) -> None:
    settings = Settings(home=tmp_path, tier="customer", **HOSTS, **named)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=sentence):
        open_house(settings, parts={Part.CUSTOMER})


def test_a_part_does_not_set_an_installation_up(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="verifier setup"):
        open_house(Settings(home=tmp_path), parts={Part.LOG})
