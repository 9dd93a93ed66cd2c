"""The tables of other products name fields that exist, and a file is of one product."""

import tomllib

import pytest

from crm.importing.products.catalog import TABLES, common_titles, recognised
from crm.importing.titles import ANY_NAME, FULL_NAME
from crm.models import ImportKind
from crm.records.registry import import_kind
from crm.texts import name_key

NAMES = sorted(path.stem for path in TABLES.glob("*.toml"))
PARTS = {
    "name", "model", "signature", "formats", "columns", "split", "quoted_lists", "compose", "redundant",
    "no_place", "leave_out",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_table(name):
    table = tomllib.loads((TABLES / f"{name}.toml").read_text())
    columns = import_kind(table["model"]).row_import.columns

    assert table.keys() <= PARTS
    fields = [*table["columns"].values(), *table.get("compose", {})]
    for field in fields:
        second = field.replace("{n}", "2")
        first = field.replace("address.{n}.", "").replace("_{n}", "")
        assert first in (ANY_NAME, FULL_NAME) or (columns.accepts(first) and columns.accepts(second)), field
    titles = [title for part in ("columns", "no_place", "redundant") for title in _titles(table, part)]
    keys = [name_key(title) for title in titles]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []
    assert set(table.get("split", {})) <= set(table["columns"])


def _titles(table, part):
    found = table.get(part, {})
    return found if part == "columns" else [title for titles in found.values() for title in titles]


@pytest.mark.parametrize("kind", ImportKind)
def test_each_kind_has_usual_titles(kind):
    assert common_titles(kind)


@pytest.mark.parametrize(
    ("titles", "kind", "name"),
    [
        (["Record ID", "First Name", "Email"], "PEOPLE", "HubSpot contacts"),
        (["Deal - ID", "Deal - Title", "Person - Email - Work"], "LEAD", "Pipedrive deals"),
        (["Person - Name", "Person - Email - Work"], "PEOPLE", "Pipedrive people"),
        (
            ["First Name", "Last Name", "Account Name", "Mailing City"],
            "PEOPLE",
            "Salesforce report of contacts",
        ),
        (["FN", "TEL"], "PEOPLE", None),
        (["firstname", "shoe"], "PEOPLE", None),
        (["Vorname", "Nachname"], "PEOPLE", None),
    ],
)
def test_recognised(titles, kind, name):
    found = recognised(titles, ImportKind(kind), "CSV")

    assert (found.name if found else None) == name
