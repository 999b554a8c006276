"""The table of grants: it names what there is, and nothing that one part alone may do is given to another."""

import pytest

from verifier.db.base import Base
from verifier.db.migrations.grants import GRANTS, Grant, list_roles
from verifier.wiring.parts import Part

OF_ONE_PART = {
    "staff_sessions": {"staff", "dispose"},
    "api_keys": {"staff"},
    "decisions": set(),
    "verification_keys.public_key": set(),
    "log_head": {"log"},
    "log_tiles": {"log"},
    "notices.sealed": {"customer", "staff", "sanitise", "dispose", "notify"},
}


def list_columns(grant: Grant) -> list[str]:
    columns = [column.strip() for column in grant.columns.split(",")] if grant.columns else [""]
    return [f"{table}.{column}" for table in grant.tables.split() for column in columns]


def who_writes(name: str) -> set[str]:
    table, _, column = name.partition(".")
    written = {name, f"{table}."} if column else {each.name for each in Base.metadata.tables[table].columns}
    return {
        part
        for part, grants in GRANTS.items()
        for grant in grants
        if {"UPDATE", "DELETE"} & set(grant.rights)
        and any(of.startswith(f"{table}.") and (not column or of in written) for of in list_columns(grant))
    }


def test_each_part_has_its_role() -> None:
    assert list_roles() == [f"verifier_{part}" for part in Part]


@pytest.mark.parametrize("part", Part)
def test_what_is_granted_is_there(part: Part) -> None:
    known = {f"{table.name}.{column.name}" for table in Base.metadata.tables.values() for column in table.columns}
    known |= {f"{table}." for table in Base.metadata.tables} | {"alembic_version."}
    granted = {name for grant in GRANTS[part] for name in list_columns(grant)}
    assert granted - known == set()


@pytest.mark.parametrize("name", OF_ONE_PART)
def test_what_belongs_to_one_part_is_changed_by_no_other(name: str) -> None:
    assert who_writes(name) == OF_ONE_PART[name]
