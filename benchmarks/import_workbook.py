"""The memory in which an XLSX file is read for an import: of this process, and of the child that parses it.

``python -m benchmarks.import_workbook [--rows 20000 200000]`` writes workbooks of people with so many rows
and reads them to their ends, as an import does, each in a process of its own. The child may take what the
limits of a command allow; the process that stores the rows is to be as small for many rows as for few.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TITLES = ("firstname", "lastname", "email", "phone", "tags")


def write(path: Path, rows: int) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("People")
    sheet.append(TITLES)
    for n in range(rows):
        sheet.append(
            (f"First{n}", f"Last{n}", f"p{n}@example.com", f"+1 212 555 {n % 10_000:04}", f"Tag{n % 10}")
        )
    book.save(path)


def read(path: Path) -> None:
    """Read a workbook to its end, and print rows, seconds and the highest memory of both processes in MB."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from crm.importing.files.options import COMMAND_LIMITS, FileOptions
    from crm.importing.files.table import open_table

    begun = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with path.open("rb") as file:
        known = TITLES.__contains__
        with open_table(file, FileOptions(), is_known=known, limits=COMMAND_LIMITS) as table:
            rows = sum(1 for _ in table.rows())
    seconds = time.perf_counter() - begun
    own, child = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    sys.stdout.write(
        f"{rows} rows of {path.stat().st_size / 1e6:.1f} MB in {seconds:.1f} s; highest memory {own:.0f} MB"
        f" ({own - before:.0f} for the rows), of the child {child:.0f} MB\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.import_workbook", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--read", type=Path, help="read this file, and write none")
    given = parser.parse_args()
    if given.read is not None:
        read(given.read)
        return
    with tempfile.TemporaryDirectory() as directory:
        for rows in given.rows:
            path = Path(directory) / f"{rows}.xlsx"
            write(path, rows)
            command = [sys.executable, "-m", "benchmarks.import_workbook", "--read", str(path)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
