"""Rules about the code itself that no linter knows.

**Only services write rows.** Outside services, models, migrations and ``MACHINERY_WRITERS``, these calls are
refused:

- create, get_or_create, update_or_create, bulk_create and bulk_update, on anything;
- save and delete, on anything but a cache, a session or a storage, and but ``save(commit=False)`` of forms,
  which writes nothing;
- update, where the chain before it shows a queryset: it holds one of ``QUERYSET_SIGNS``, or starts at a name
  that ends with "queryset". So ``dict.update``, ``set.update`` and ``hashlib``'s pass.

Their asynchronous twins (``asave`` and so on) count as well.

**The doors read through visible_to.** In admin, graphql, imports, intake, downloads and exporting, each
mention of a manager is followed by a call of one of ``SCOPED_READS``.

**Folders hold one kind of thing.** ``crm/models`` holds models, query sets and mixins; in ``crm/graphql`` a
file is part of the API and a folder is engine.

**Files are small.** A product file has 300 lines at most, migrations and vendored files excepted.
"""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import graphene
import pytest
from django.db import models
from graphene_django import DjangoObjectType

import crm.graphql
import crm.models

ROOT = Path(__file__).parent.parent
PACKAGES = ["config", "crm", "people", "pipelines", "leads"]
MOST_LINES = 300

#: Files outside services that write, because their rows are part of the machinery, not of a record.
MACHINERY_WRITERS = frozenset(
    {
        # Called by services, with rows that they have validated.
        "crm/database/batches.py",
        "crm/database/inserts.py",
        "crm/database/kept_rows.py",
        "crm/database/updates.py",
        "crm/events/outbox.py",
        "crm/events/retention.py",
        "crm/events/sequencer.py",
        "crm/importing/claims.py",
        "crm/importing/job_records.py",
        "crm/importing/retention.py",
        "crm/importing/undo_records.py",
        "crm/notifications/consuming.py",
        "crm/notifications/mails.py",
        "crm/notifications/making.py",
        "crm/webhooks/deliveries.py",
        "crm/webhooks/dispatching.py",
        "crm/webhooks/endpoints.py",
        "crm/background/rows.py",
        # A folder of a mail server.
        "leads/mail/mailbox.py",
    }
)

ALWAYS_WRITES = {"create", "get_or_create", "update_or_create", "bulk_create", "bulk_update"}
MAY_WRITE = {"save", "delete"}
NOT_ROWS = ("cache", "session", "storage")
MANAGERS = {"objects", "_default_manager", "_base_manager"}
SCOPED_READS = {"visible_to", "open_to", "with_deleted_for", "find"}
QUERYSET_SIGNS = (
    MANAGERS | SCOPED_READS | {"get_queryset", "all", "filter", "exclude", "annotate", "select_for_update"}
)
DOORS = {"admin", "graphql", "imports", "intake", "downloads", "exporting"}

MODEL_CLASSES = (models.Model, models.Field, models.QuerySet, models.Manager, models.Choices)
API_CLASSES = (graphene.ObjectType, graphene.InputObjectType)

#: Managers that a door may read without an actor: "file: expression" and why.
UNSCOPED_READS = {
    "crm/graphql/core/large_columns.py: column.model._base_manager": (
        "large values of rows that were read in scope just before, by their keys"
    ),
    "crm/exporting/sql_cells.py: model.tags.through._default_manager": (
        "links to tags that are read in scope, joined to rows that are"
    ),
    "leads/admin/receiver_attempts.py: ReceivedMail.objects": (
        "the message of one attempt that was read in scope: the database cuts it"
    ),
    "crm/graphql/types.py: models.Membership.objects": (
        "the role of one member: its conditions name the company and the user of a row that was read in scope"
    ),
}


def names_before(node: ast.expr) -> list[str]:
    """Return the names in a chain such as ``Lead.objects.filter(...)``, the last one first."""
    names = []
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        names.append(node.id)
    return names


def writes(source: str) -> list[str]:
    """Return the calls of a module that write rows."""
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _writes(node, node.func)
    ]


def _writes(call: ast.Call, method: ast.Attribute) -> bool:
    name = method.attr
    if name.startswith("a") and name[1:] in ALWAYS_WRITES | MAY_WRITE | {"update"}:
        name = name[1:]
    before = names_before(method.value)
    if name in MAY_WRITE:
        uncommitted = any(
            word.arg == "commit" and ast.unparse(word.value) == "False" for word in call.keywords
        )
        return not uncommitted and not (before and before[0].endswith(NOT_ROWS))
    if name == "update":
        return bool(before) and (not QUERYSET_SIGNS.isdisjoint(before) or before[-1].endswith("queryset"))
    return name in ALWAYS_WRITES


def unscoped_reads(source: str) -> list[str]:
    """Return the uses of managers in a module that do not restrict the rows to an actor."""
    tree = ast.parse(source)
    scoped = {
        node.func.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in SCOPED_READS
    }
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in MANAGERS and node not in scoped
    ]


def too_long(lines: int) -> bool:
    return lines > MOST_LINES


def product_modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path


def parts_of(name: str) -> set[str]:
    return {Path(part).stem for part in Path(name).parts}


def test_only_services_write_rows():
    found = [
        f"{name}:{write}"
        for name, path in product_modules()
        if not parts_of(name) & {"services", "models"} and name not in MACHINERY_WRITERS
        for write in writes(path.read_text())
    ]

    assert found == []


def test_doors_read_through_visible_to():
    found = [
        f"{name}: {read}"
        for name, path in product_modules()
        if parts_of(name) & DOORS
        for read in unscoped_reads(path.read_text())
    ]

    assert sorted(set(found) - set(UNSCOPED_READS)) == []
    assert sorted(set(UNSCOPED_READS) - set(found)) == [], "these exceptions are not needed any more"


def own_classes(module: str) -> list[type]:
    """Return the classes that a module defines itself."""
    values = vars(importlib.import_module(module)).values()
    return [value for value in values if isinstance(value, type) and value.__module__ == module]


def test_crm_models_hold_models_fields_query_sets_and_mixins_only():
    modules = [f"crm.models.{module.name}" for module in pkgutil.iter_modules(crm.models.__path__)]

    assert len(modules) > 10
    for module in modules:
        classes = own_classes(module)
        assert classes, f"{module} holds no model"
        assert [found.__name__ for found in classes if not issubclass(found, MODEL_CLASSES)] == []


def test_in_crm_graphql_a_file_is_part_of_the_api_and_a_folder_is_engine():
    files = {module.name for module in pkgutil.iter_modules(crm.graphql.__path__) if not module.ispkg}
    engine = list(pkgutil.walk_packages(crm.graphql.__path__, "crm.graphql."))

    for name in files:
        assert any(issubclass(found, API_CLASSES) for found in own_classes(f"crm.graphql.{name}"))
    for module in engine:
        if module.name.removeprefix("crm.graphql.") not in files:
            assert not any(issubclass(found, DjangoObjectType) for found in own_classes(module.name))


def test_product_files_are_small():
    own = [
        *(path for _, path in product_modules()),
        *(ROOT / "templates").rglob("*.html"),
        *(path for path in ROOT.glob("*/static/**/*") if path.suffix in {".js", ".css"}),
    ]
    long = [
        path.relative_to(ROOT).as_posix()
        for path in own
        if "vendor" not in path.parts and too_long(len(path.read_text().splitlines()))
    ]

    assert len(own) > len(PACKAGES)
    assert long == []


@pytest.mark.parametrize(
    "source",
    [
        "lead.save()",
        "form.save()",
        "self.instance.save(update_fields=['title'])",
        "super().save(commit=True)",
        "await lead.asave()",
        "Lead.objects.create(title='x')",
        "lead.contacts.get_or_create(value='x')",
        "Tag.objects.update_or_create(name='x')",
        "manager.bulk_create(rows)",
        "Lead.objects.bulk_update(rows, ['title'])",
        "lead.delete()",
        "Lead.objects.filter(pk=1).delete()",
        "Lead.objects.visible_to(actor).update(title='x')",
        "self.get_queryset(request).update(title='x')",
        "queryset.update(title='x')",
        "await leads_queryset.aupdate(title='x')",
    ],
)
def test_write_is_found(source):
    assert len(writes(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "options.update(title='x')",
        "{**a}.update(b)",
        "hashlib.sha256().update(b'x')",
        "self.fields.update(more)",
        "form.save(commit=False)",
        "cache.delete('key')",
        "request.session.delete('key')",
        "default_storage.save('name', content)",
        "create(lead)",
        "leads.create_lead(draft, actor=actor)",
        "asyncio.create_task(run())",
        "Lead.objects.visible_to(actor).filter(pk=1)",
    ],
)
def test_other_call_is_no_write(source):
    assert writes(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "Lead.objects.all()",
        "Lead.objects.filter(pk=1).visible_to(actor)",
        "Lead._default_manager.get(pk=1)",
        "field = DjangoFilter(queryset=Lead.objects)",
        "read = Lead.objects.visible_to",
    ],
)
def test_unscoped_read_is_found(source):
    assert len(unscoped_reads(source)) == 1


@pytest.mark.parametrize(
    "source",
    ["Lead.objects.visible_to(actor).count()", "Lead.objects.find(actor, 1)", "lead.contacts.all()"],
)
def test_scoped_read_passes(source):
    assert unscoped_reads(source) == []


def test_file_is_too_long_above_the_limit():
    assert not too_long(300)
    assert too_long(301)
