"""Third-party browser files are what their packages published."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "crm" / "static" / "crm" / "vendor"
ROW = re.compile(
    r"^\| (?P<package>\S+) \| (?P<version>\S+) \| `(?P<file>\S+)` \| `(?P<sum>[0-9a-f]{64})`"
    r" \| (?P<licence>MIT|0BSD) \|$",
    re.M,
)
#: What the licence file of a package says.
TITLES = {"MIT": "MIT License", "0BSD": "Zero-Clause BSD"}


def listed():
    return {row["file"]: row["sum"] for row in ROW.finditer((VENDOR / "VENDORED.md").read_text())}


def test_every_file_is_listed_with_its_sum():
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name not in {"LICENSE", "VENDORED.md"}
    }

    assert len(found) == 6
    assert found == listed()


def test_every_package_has_its_licence():
    text = (VENDOR / "VENDORED.md").read_text()
    folders = {row["file"].partition("/")[0]: TITLES[row["licence"]] for row in ROW.finditer(text)}

    assert {path.name for path in VENDOR.iterdir() if path.is_dir()} == folders.keys()
    for folder, title in folders.items():
        assert title in (VENDOR / folder / "LICENSE").read_text()


def test_no_file_refers_to_a_source_map():
    # Manifest static storage refuses a file that names another one which is not there.
    assert [file for file in listed() if "sourceMappingURL=" in (VENDOR / file).read_text()] == []
