"""Render the models of migration states at two thirds of the cost.

A migration renders some 35 models anew for each of its operations, most of which is to take each field apart
and to make it again. Here fields are copied instead, as Django does with those that models inherit.

For databases that tests start from. What `manage.py migrate` itself does is tried by
tests/test_key_migrations.py, which compares its tables with these, and by tests/e2e/test_newcomer.py.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db.migrations.state import ModelState
from django.db.models import Field


def _copy(field: Any) -> Any:
    copied = copy.deepcopy(field)
    # The order of columns follows from it: that of the state's fields, which is not that of their making.
    copied.creation_counter = Field.creation_counter
    Field.creation_counter += 1
    return copied


def _render(self: Any, apps: Any) -> Any:
    """Return the model of a state, as ``ModelState.render`` does."""
    meta = type("Meta", (), {"app_label": self.app_label, "apps": apps, **self.options})
    bases = tuple(apps.get_model(base) if isinstance(base, str) else base for base in self.bases)
    fields = {name: _copy(field) for name, field in self.fields.items()}
    managers = dict(self.construct_managers())
    return type(self.name, bases, {**fields, "Meta": meta, "__module__": "__fake__", **managers})


@contextmanager
def copied_fields() -> Iterator[None]:
    """Copy the fields of states that are rendered within."""
    with patch.object(ModelState, "render", _render):
        yield


def main() -> None:
    """Migrate the database of the environment."""
    import gc

    import django
    from django.core.management import call_command

    # Old models are garbage in circles; the process ends before it needs their memory.
    gc.disable()
    django.setup()
    with copied_fields():
        call_command("migrate", verbosity=0, interactive=False)


if __name__ == "__main__":
    main()
