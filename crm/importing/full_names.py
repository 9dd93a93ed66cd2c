"""Parts the whole name of a person into first, middle and last name."""

from collections.abc import Sequence

from crm.importing.options import NameOrder

#: Words that belong to the last name they stand before.
PARTICLES = frozenset(
    {
        *("van", "von", "vom", "zu", "zur", "zum", "den", "der", "ter", "ten", "te", "des", "das"),
        *("de", "del", "dela", "della", "di", "da", "do", "dos", "du", "la", "le", "san", "st", "st."),
        *("al", "el", "bin", "ibn", "af", "av", "mac"),
    }
)


def parted_name(text: str, names: Sequence[str], order: NameOrder) -> dict[str, str]:
    """Return the parts of a name by field.

    ``Berg, Ann`` says by its comma which part is which, whatever the order.

    :param names: the fields of the first, middle and last name; without a middle one it joins the first.
    """
    before, comma, after = text.partition(",")
    if comma and before.strip() and after.strip():
        last, given = before.split(), after.split()
    else:
        last, given = _parted(text.replace(",", " ").split(), order)
    values = [given[:1], given[1:], last] if len(names) > 2 else [given, last]
    return {name: " ".join(words) for name, words in zip(names, values, strict=True) if words}


def _parted(words: list[str], order: NameOrder) -> tuple[list[str], list[str]]:
    """Return the words of the last name, and the given ones."""
    if len(words) < 2:
        return ([], words) if order == "first-last" else (words, [])
    if order == "first-last":
        begin = len(words) - 1
        while begin > 1 and words[begin - 1].casefold() in PARTICLES:
            begin -= 1
        return words[begin:], words[:begin]
    end = 1
    while end < len(words) - 1 and words[end - 1].casefold() in PARTICLES:
        end += 1
    return words[:end], words[end:]
