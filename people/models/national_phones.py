"""Phone numbers that were written with or without their country: one rule for the search and for warnings."""

from people.models.phones import Phone, digits_of, national_digits, parse_phone, significant_digits

#: Fewer digits may be two words, such as a year and a price, though some plans have numbers so short.
SHORTEST_WHOLE = 8


def other_digits(text: str, phone: Phone | None) -> list[str]:
    """Return the digits that spellings of a number have in common, with its country or without it.

    :param phone: the number, if a plan knows it.
    """
    digits = national_digits(text)
    if phone is not None:
        digits.append(digits_of(phone.number))
        if len(significant := significant_digits(phone)) >= SHORTEST_WHOLE:
            # Of a number that was written without its country, in a company of another one.
            digits.append(significant)
    return digits


def shortest(*alternatives: str) -> tuple[str, ...]:
    """Return the alternatives that contain none of the others: a text with a longer one has them too."""
    given = list(dict.fromkeys(each for each in alternatives if each))
    return tuple(each for each in given if not any(other in each for other in given if other != each))


def endings(text: str, region: str | None) -> tuple[str, ...]:
    """Return the digits with which a number ends that may be this one."""
    digits = other_digits(text, parse_phone(text, region))
    return shortest(*(each for each in digits if len(each) >= SHORTEST_WHOLE))


def may_be_same(one: str, other: str, region: str | None) -> bool:
    """Return whether two texts may spell one number, of which one lacks its country."""
    phones = [parse_phone(text, region) for text in (one, other)]
    known = [phone for phone in phones if phone is not None]
    if len(known) == 2 and all(phone.is_valid for phone in known):
        # Nothing is missing from either.
        return known[0].number == known[1].number
    if len({phone.extension for phone in known} - {""}) > 1:
        return False
    digits = [
        digits_of(text if phone is None else phone.number)
        for text, phone in zip((one, other), phones, strict=True)
    ]
    return any(digits[1].endswith(each) for each in endings(one, region)) or any(
        digits[0].endswith(each) for each in endings(other, region)
    )
