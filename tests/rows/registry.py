"""The registry of test rows: one row of each model, for all walks over the product.

A new model gets a recipe in the file of its app beside this one, or a reason in ``EXCEPTIONS``.
"""

from collections.abc import Collection, Iterator

from django.apps import apps
from django.db.models import Model

from crm.models import (
    BrowserSession,
    Event,
    ListColumns,
    ListView,
    NotificationMail,
    NotificationSource,
    SignInFailures,
    WorkPart,
)
from crm.models.events import EventCounter
from crm.models.files import FileUsage
from crm.models.history import HistoryEntry
from crm.models.idempotency import IdempotencyKey
from crm.models.logos import CompanyLogo
from crm.models.tallies import Tally
from leads.models import AmountTally
from tests.factories.crm import Tenant
from tests.rows import crm, leads, people, pipelines
from tests.rows.sets import Recipe, Rows

APPS = ("crm", "people", "pipelines", "leads")
REGISTRY: dict[type[Model], Recipe] = {
    **crm.RECIPES,
    **people.RECIPES,
    **pipelines.RECIPES,
    **leads.RECIPES,
}
#: Models without a row of their own in the walks, and why.
EXCEPTIONS: dict[type[Model], str] = {
    BrowserSession: "belongs to a session of one user, whom alone the pages of the account show it",
    Event: "written by services with each change; read as a log, which tests/events try",
    EventCounter: "a single row for all companies",
    HistoryEntry: "written by services with each change; read through the timeline",
    IdempotencyKey: "the answer to a repeated request; no operation or page lists it",
    ListColumns: "how one member sees a list: tests/admin/test_list_views.py",
    ListView: "the views of a list, of one member or shared: tests/admin/test_list_views.py",
    NotificationMail: "no operation or page shows it: tests/notifications/test_mails.py",
    NotificationSource: "of no company: how far notifications were made",
    SignInFailures: "counters by hashes of names and addresses, which belong to no company",
    CompanyLogo: "the image of a company, shown to its members alone: tests/admin/test_logo.py",
    FileUsage: "numbers of the files of a company, on its page in the admin alone",
    WorkPart: "of no company, and shown to superusers alone: tests/admin/test_work.py",
    AmountTally: "kept by the database with the leads that it sums up; read as amounts of other rows",
    Tally: "kept by the database with the rows that it counts; read as numbers of other rows",
}


def new_rows(tenant: Tenant, mark: str) -> Rows:
    """Return a set of rows, one of each model, in the company of a tenant."""
    return Rows(tenant, mark, REGISTRY)


def kind_of(model: type[Model]) -> str:
    """Return the name of a model's row in the walk over operations."""
    return REGISTRY[model].kind


def gaps(registry: Collection[type[Model]], exceptions: Collection[type[Model]]) -> Iterator[str]:
    """Return the models with neither a row nor a reason for that, with both, and those that are gone."""
    models = {model for app in APPS for model in apps.get_app_config(app).get_models()}
    for model in sorted({*models, *registry, *exceptions}, key=lambda each: each._meta.label):
        if model not in models:
            yield f"{model._meta.label} is no model of the product"
        elif model not in registry and model not in exceptions:
            yield f"{model._meta.label} has no row"
        elif model in registry and model in exceptions:
            yield f"{model._meta.label} has a row and is an exception"
