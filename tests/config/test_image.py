"""The commands of the image on its files alone: no test builds it, since that needs a container engine."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.config.processes import PRODUCTION, ROOT, environment, run_each
from tests.patience import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the files that .dockerignore lets into the image."""
    directory = tmp_path_factory.mktemp("image")
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    for name in (line.removeprefix("!") for line in lines if line.startswith("!")):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, directory)
    return directory


def run(image: Path, *command: str, **changes: str) -> str:
    """Run a command in the image's directory, which must succeed, and return its output."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=image,
        env=environment(PRODUCTION, **changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_server_finds_its_configuration_and_the_application(image):
    [command] = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    name, *options = json.loads(command)

    written = run(image, "-m", name, *options, "--check-config", "--print-config")

    assert re.search(r"^worker_class\s*= config\.server\.worker\.Worker$", written, re.MULTILINE), written
    assert re.search(r"^wsgi_app\s*= config\.wsgi$", written, re.MULTILINE), written


def test_static_files_are_collected_without_the_settings_of_an_installation(image):
    [host] = re.findall(r"DJANGO_ALLOWED_HOSTS=(\S+)", (ROOT / "Dockerfile").read_text())

    run(
        image,
        "manage.py",
        "collectstatic",
        "--noinput",
        DJANGO_ALLOWED_HOSTS=host,
        DATABASE_URL="",
        REDIS_URL="",
        # The default: an installation sets more.
        WEB_CONCURRENCY="1",
    )

    assert (image / "static-collected" / "staticfiles.json").exists()


def test_the_pages_speak_each_language(image):
    speaking = (
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "from django.utils.translation import gettext, override\n"
        "for code, _name in settings.LANGUAGES:\n"
        "    with override(code): print(gettext('Stage'))"
    )

    said = run(image, "-c", speaking, DJANGO_SETTINGS_MODULE="config.settings").split()

    assert said == ["Stage", "Phase", "Etapa"]


def test_commands_of_the_services_exist(image):
    commands = [
        json.loads(found)
        for found in re.findall(r"^    command: (\[.*\])$", (ROOT / "compose.yaml").read_text(), re.MULTILINE)
    ]
    own = [command[1:] for command in commands if command[0] == "python"]

    assert [command[1] for command in own] == ["migrate", "serve", "work"]
    env = environment(PRODUCTION, DJANGO_SETTINGS_MODULE="config.settings")
    for done in run_each([([*command, "--help"], env) for command in own], env=env, cwd=image):
        assert (done.returncode, "usage: " in done.stdout) == (0, True), done.stderr
