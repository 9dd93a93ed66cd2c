"""Amounts of a file with the sign or the code of their currency, such as ``$12,000`` and ``12.000 EUR``."""

import re
from dataclasses import dataclass

from crm.money import AROUND_NUMBER, currencies_meant

#: What a sign means where nobody says otherwise, though smaller countries have it too.
_USUAL = {"£": "GBP"}
#: Longer texts are no amounts.
_LONGEST = 60
#: As in "120,- EUR".
_NO_CENTS = re.compile("[.,][-\u2013\u2014]")
_MINUS = "-+"


@dataclass(frozen=True, kw_only=True)
class SignedAmount:
    """The number of an amount as it is written, its sign, and the currencies that the sign may mean."""

    number: str
    sign: str
    currencies: frozenset[str]

    @property
    def currency(self) -> str | None:
        """The currency of the sign where nobody names another one; None if it may be several."""
        if len(self.currencies) == 1:
            return next(iter(self.currencies))
        return _USUAL.get(self.sign)


def signed_amount(text: str) -> SignedAmount | None:
    """Return the parts of an amount with a currency; None for any other text."""
    parts = AROUND_NUMBER.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if parts is None:
        return None
    before, number, after = (part.strip() for part in parts.groups())
    # Before the sign of the currency or behind it.
    minus = before[:1] if before[:1] in _MINUS else before[-1:] if before[-1:] in _MINUS else ""
    before = before.strip(_MINUS).strip()
    after = _NO_CENTS.sub("", after, count=1).strip()
    sign = before or after
    currencies = currencies_meant(sign)
    if (before and after) or not currencies:
        return None
    return SignedAmount(number=minus + number, sign=sign, currencies=currencies)
