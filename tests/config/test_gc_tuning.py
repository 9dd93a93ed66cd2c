"""Servers and commands tune the garbage collector."""

import pytest

from config.gc_tuning import THRESHOLDS
from tests.config.processes import DEVELOPMENT, environment, run

PRINT_STATE = "import gc, config.{}; print(gc.get_freeze_count() > 50_000, gc.get_threshold())"


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_server_tunes_the_garbage_collector(server):
    ended = run("-c", PRINT_STATE.format(server), env=environment(DEVELOPMENT))

    assert ended.stdout.split("\n")[0] == f"True {THRESHOLDS}", ended.stderr


def test_commands_collect_rarely():
    ended = run(
        "manage.py", "shell", "-c", "import gc; print(gc.get_threshold())", env=environment(DEVELOPMENT)
    )

    assert ended.stdout.split("\n")[-2] == str(THRESHOLDS), ended.stderr
