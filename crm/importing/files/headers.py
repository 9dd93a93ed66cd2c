"""Finds the line that names the columns."""

from collections.abc import Callable, Sequence

from crm.importing.files.options import HEADER_LINES, MOST_COLUMNS, FileRefused

IsKnown = Callable[[str], bool]


def known_titles(cells: Sequence[str], is_known: IsKnown) -> int:
    """Return how many cells of a line are titles that somebody knows, among as many as a file may have."""
    return sum(is_known(cell) for cell in cells[:MOST_COLUMNS] if cell.strip())


def header_place(lines: Sequence[tuple[int, Sequence[str]]], is_known: IsKnown, wanted: int | None) -> int:
    """Return the position of the header among the first lines of a file, each with its number.

    It is the first one with two known titles; a file of which nothing is known names its columns at once.

    :param wanted: the number of the line that somebody named.
    :raises FileRefused: if no line has that number, or there is no line at all.
    """
    if not lines:
        raise FileRefused("The file is empty; its first line names the columns.")
    if wanted is not None:
        found = [place for place, (line, _) in enumerate(lines) if line == wanted]
        if not found:
            raise FileRefused(
                f"Line {wanted} holds no header: --header-row names a line with cells"
                f" among the first {HEADER_LINES}."
            )
        return found[0]
    for place, (_, cells) in enumerate(lines):
        if known_titles(cells, is_known) >= 2:
            return place
    return 0
