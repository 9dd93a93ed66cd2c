"""The e-mail addresses and phones of a batch of people that nobody has yet: they need not be looked for.

A batch of an import looks for all of its addresses and numbers in two statements. Those that are found in
nobody are skipped by ``matching``, until a person of the batch itself gets one.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from crm.actors import Actor
from people.models import Contact, Person

_absent: ContextVar[set[str] | None] = ContextVar("absent", default=None)


@contextmanager
def noting_absent(emails: Collection[str], phones: Collection[str], *, actor: Actor) -> Iterator[None]:
    """Look for canonical keys, and let ``without_absent`` leave out those of nobody while the block runs."""
    keys = {*emails, *phones}
    # By these two columns alone, deleted rows and all kinds included: that somebody may have a key is enough
    # here. Without statistics of a table that grows, PostgreSQL takes conditions such as these for rare, and
    # reads all rows of the company by an index of them.
    own = {"company": actor.company_id}
    people = Person._base_manager.filter(**own, email_canonical__in=emails)
    contacts = Contact._base_manager.filter(**own, canonical__in=keys)
    found = {*people.values_list("email_canonical", flat=True), *contacts.values_list("canonical", flat=True)}
    token = _absent.set(keys - found)
    try:
        yield
    finally:
        _absent.reset(token)


def without_absent(keys: frozenset[str]) -> frozenset[str]:
    """Return the keys that somebody may have."""
    absent = _absent.get()
    return keys if absent is None else keys - absent


def note_present(keys: Iterable[str | None]) -> None:
    """Note the keys of a person that is stored."""
    absent = _absent.get()
    if absent is not None:
        absent.difference_update(key for key in keys if key)
