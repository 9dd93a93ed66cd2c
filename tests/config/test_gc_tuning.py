"""Processes that serve take what they have made at their start for good."""

import pytest

from config.gc_tuning import THRESHOLDS
from tests.config.processes import DEVELOPMENT, environment, run

NOTIFIED_RELATIONS = "import gc, config.{}; print(gc.get_freeze_count() > 50_000, gc.get_threshold())"


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_garbage_is_searched_for_among_what_came_later(tmp_path, server):
    told = run("-c", NOTIFIED_RELATIONS.format(server), env=environment(DEVELOPMENT))

    assert told.stdout.split("\n")[0] == f"True {THRESHOLDS}", told.stderr
