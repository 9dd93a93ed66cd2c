"""docs/operations.md documents every setting and every command."""

import re

from django.core.management import get_commands

from tests.config.processes import ROOT

OWN_APPS = {"crm", "people", "pipelines", "leads"}


def page() -> str:
    return (ROOT / "docs" / "operations.md").read_text()


def test_settings_on_the_page_are_those_of_the_code():
    names = ("environment", "account_settings", "mail_settings", "settings")
    source = "".join((ROOT / "config" / f"{name}.py").read_text() for name in names)
    read = set(re.findall(r'(?:env\.\w+\(|(?:number|origins|ports)\(env, )[\'"]([A-Z_]+)', source))

    assert len(read) > 15
    rows = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", page(), re.MULTILINE)
    assert {name.strip("`") for row in rows for name in row.split(", ")} == read


def test_every_command_is_on_the_page():
    own = {name for name, app in get_commands().items() if str(app) in OWN_APPS}

    assert {"serve", "quickstart"} <= own
    assert [name for name in sorted(own) if not re.search(rf"\b{name}\b", page())] == []
