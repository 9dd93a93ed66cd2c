"""One row of each model of the admin, in a tenant."""

from typing import Any

from django.contrib import admin
from django.db import models

from tests.factories.crm import Tenant
from tests.rows.registry import EXCEPTIONS, new_rows


def rows_of(tenant: Tenant, mark: str) -> dict[type[models.Model], Any]:
    """Return a row of each model of a company, with a text that only they hold."""
    # Of all models, since some are shown only with others: a file with the record that it is attached to.
    rows = new_rows(tenant, mark).all()
    return {model: rows[model] for model in admin.site._registry if model not in EXCEPTIONS}


def page(row: models.Model | type[models.Model], view: str) -> str:
    """Return the name of an admin page of a row's model."""
    return f"admin:{row._meta.app_label}_{row._meta.model_name}_{view}"
