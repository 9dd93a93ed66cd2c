"""Imports of a text, and what a database holds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.apps import apps

from crm.models import ImportJob, ImportRow, ImportRowError
from tests.commands.running import Ended, run
from tests.factories.crm import Tenant

Import = Callable[..., Ended]


def row_counts() -> dict[str, int]:
    """Return the number of rows of each of the product's tables, without those about imports themselves."""
    own = (ImportJob, ImportRow, ImportRowError)
    models = [model for model in apps.get_models() if model not in own]
    return {model._meta.label: model._default_manager.count() for model in models}


def importing(command: str, tenant: Tenant, directory: Path) -> Import:
    """Return a function that imports text or bytes, by default as the manager.

    What it returns does not say where the refused rows are.
    """

    def run_import(content: str | bytes, *options: str, by: str = "manager@tenant") -> Ended:
        path = directory / "rows.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        ended = run(command, str(path), "--company", str(tenant.company.pk), "--as", by, *options)
        return replace(ended, errors=[line.partition(" They are in ")[0] for line in ended.errors])

    return run_import


@pytest.fixture
def import_people(tenant: Tenant, tmp_path: Path) -> Import:
    return importing("import_people", tenant, tmp_path)


@pytest.fixture
def import_leads(tenant: Tenant, tmp_path: Path) -> Import:
    return importing("import_leads", tenant, tmp_path)
