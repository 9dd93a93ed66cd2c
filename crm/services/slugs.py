"""Slugs that the product makes: each once."""

from collections.abc import Container


def free_slug(slug: str, taken: Container[str | None], *, longest: int) -> str:
    """Return a slug that is not taken: the given one, else with the next number, such as ``c-2``."""
    free, number = slug[:longest], 1
    while free in taken:
        number += 1
        ending = f"-{number}"
        free = f"{slug[: longest - len(ending)].rstrip('-')}{ending}"
    return free
