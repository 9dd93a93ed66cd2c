"""The settings that the role carries behind a pooler; tests/e2e/test_pooler.py has a real one."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from crm.checks import check_role


def test_statements_name_every_setting(settings):
    settings.DATABASE_SERVER_SETTINGS = {"statement_timeout": "10s", "jit": "off"}
    out = StringIO()

    if connection.vendor != "postgresql":
        with pytest.raises(CommandError, match="Only PostgreSQL has roles"):
            call_command("role_settings", "--role", 'a "role"', stdout=out)
        return
    call_command("role_settings", "--role", 'a "role"', stdout=out)

    assert out.getvalue().splitlines() == [
        f'ALTER ROLE "a ""role""" SET "{name}" = \'{value}\';'
        for name, value in (("statement_timeout", "10s"), ("jit", "off"), ("TimeZone", "UTC"))
    ]


@pytest.mark.django_db
def test_check_is_for_poolers_alone(settings):
    assert check_role(databases=["default"]) == []
    settings.DATABASE_POOLER = "transaction"
    settings.DATABASE_SERVER_SETTINGS = {"statement_timeout": "10s", "geqo_threshold": "14"}

    found = check_role(databases=["default"])

    assert check_role(databases=["other"]) == []
    if connection.vendor != "postgresql":
        assert found == []
        return
    # The test's connection starts with a timeout, but not with this value of the planner.
    assert [warning.id for warning in found] == ["crm.W010"]
    assert "geqo_threshold" in found[0].msg
    assert "statement_timeout" not in found[0].msg
