"""Whose the e-mail addresses and phones of a batch of people are.

A batch of an import looks for all of its addresses and numbers in two statements. Those that are found in
nobody are skipped by ``matching``, and the owners of the others are known, until a person of the batch itself
gets one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from crm.actors import Actor
from crm.database.read_once import once
from people.models import Contact, ContactKind, Person

#: Whoever looks for an address or number of more people reads them then.
MOST_OWNERS = 25
#: The kinds of contacts, each group found by one way of matching.
EMAILS = (ContactKind.EMAIL,)
PHONES = (ContactKind.PHONE, ContactKind.CELLPHONE)

_absent: ContextVar[set[str] | None] = ContextVar("absent", default=None)


def owners_of(emails: Collection[str], phones: Collection[str], *, actor: Actor) -> dict[str, set[int]]:
    """Return the keys of the people who may have canonical e-mail addresses and phones, by those."""
    keys = {*emails, *phones}
    # By these two columns alone, deleted rows and all kinds included: that somebody may have a key is enough
    # here. Without statistics of a table that grows, PostgreSQL takes conditions such as these for rare, and
    # reads all rows of the company by an index of them.
    own = {"company": actor.company_id}
    people = Person._base_manager.filter(**own, email_canonical__in=emails)
    contacts = Contact._base_manager.filter(**own, canonical__in=keys)
    found: dict[str, set[int]] = defaultdict(set)
    for rows in (people.values_list("email_canonical", "pk"), contacts.values_list("canonical", "person_id")):
        for key, person in rows:
            found[key or ""].add(person)
    return found


@contextmanager
def noting_absent(keys: Iterable[str]) -> Iterator[None]:
    """Let ``without_absent`` leave out the keys of nobody while the block runs."""
    token = _absent.set(set(keys))
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
    stored = {key for key in keys if key}
    absent, owners = _absent.get(), _owners()
    if absent is not None:
        absent -= stored
    for key in stored:
        for kinds in (EMAILS, PHONES):
            owners.pop((kinds, key), None)


def note_owners(keys: Iterable[str], people: Sequence[Person]) -> None:
    """Note whose these keys are.

    :param people: all visible people who have one of the keys, read with their contacts.
    """
    owners = _owners()
    owners |= {(kinds, key): set() for key in keys for kinds in (EMAILS, PHONES)}
    for person in people:
        for contact in person.contacts.all():
            for kinds in (EMAILS, PHONES):
                if contact.type.kind in kinds and (kinds, contact.canonical) in owners:
                    owners[kinds, contact.canonical].add(person.pk)
        if (EMAILS, person.email_canonical) in owners:
            owners[EMAILS, person.email_canonical].add(person.pk)


def known_owners(kinds: Sequence[ContactKind], keys: Collection[str]) -> set[int] | None:
    """Return the keys of the people who have one of some addresses or numbers; None if that is not known."""
    found: set[int] = set()
    if not keys:
        return found
    owners = _owners()
    for key in keys:
        of_key = owners.get((kinds, key))
        if of_key is None:
            return None
        found |= of_key
    return found


def _owners() -> dict[tuple[Sequence[ContactKind], str | None], set[int]]:
    return once("owners of addresses and numbers", dict)
