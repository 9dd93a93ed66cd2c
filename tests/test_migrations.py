"""The history of each app's tables is one line, and the code needs no further step."""

from collections import Counter

from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

OWN = {"crm", "people", "pipelines", "leads"}


def test_history_is_linear():
    graph = MigrationLoader(None).graph

    children = Counter(
        parent.key
        for key, node in graph.node_map.items()
        for parent in node.parents
        if parent.key[0] == key[0] and key[0] in OWN
    )

    assert {app: len(graph.leaf_nodes(app)) for app in OWN} == dict.fromkeys(OWN, 1)
    assert [key for key, count in children.items() if count > 1] == []


def test_no_migration_is_missing(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
