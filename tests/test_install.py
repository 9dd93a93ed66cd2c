"""The installed packages match constraints.txt."""

import re
from importlib.metadata import distributions
from pathlib import Path

CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"
#: Tools of the environment itself, and the project.
NOT_CONSTRAINED = {"pip", "setuptools", "wheel", "open-crm"}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_constraints_are_names_and_versions_only():
    lines = CONSTRAINTS.read_text().splitlines()

    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9][a-z0-9.]*", line)] == []
    assert [line.partition("==")[0] for line in lines] == sorted({line.partition("==")[0] for line in lines})


def test_every_installed_version_is_the_constrained_one():
    wanted = dict(line.split("==") for line in CONSTRAINTS.read_text().splitlines())

    installed = {normalized(found.metadata["Name"]): found.version for found in distributions()}

    assert {name: wanted.get(name) for name in installed if name not in NOT_CONSTRAINED} == {
        name: version for name, version in installed.items() if name not in NOT_CONSTRAINED
    }
