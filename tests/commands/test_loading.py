"""Commands that need no GraphQL do not load it: it takes a third of the time of ``manage.py check``."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
#: Commands that serve GraphQL, or check documents of it.
WITH_GRAPHQL = {"quickstart", "register_documents", "serve"}
PROGRAM = """
import sys
import django
from django.core.management import call_command, get_commands, load_command_class
django.setup()
call_command("check")
loaded = []
for name, app in get_commands().items():
    if app in ("crm", "leads", "people", "pipelines") and name not in sys.argv[1:]:
        load_command_class(app, name)
        loaded.append(name)
print(len(loaded), sorted({"graphene", "graphql", "graphene_django", "redis"} & set(sys.modules)))
"""


def test_commands_load_no_graphql():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *WITH_GRAPHQL],
        cwd=ROOT,
        env={"PATH": "", "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": "sqlite://:memory:"},
        capture_output=True,
        text=True,
        check=True,
    )

    number, modules = run.stdout.splitlines()[-1].split(" ", 1)
    assert int(number) >= 15
    assert modules == "[]"
