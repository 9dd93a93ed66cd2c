"""People, organizations and how they are reached."""

from typing import Any

from people.models import Address, Contact, ContactKind, ContactType, Organization, Person
from tests.factories.base import RowFactory, factory
from tests.factories.crm import CompanyFactory


class OrganizationFactory(RowFactory):
    class Meta:
        model = Organization

    company = factory.SubFactory(CompanyFactory)
    name = "Acme Corp"


class PersonFactory(RowFactory):
    """A person without contacts, not even one of the e-mail; ``create_person`` makes those."""

    class Meta:
        model = Person

    company = factory.SubFactory(CompanyFactory)
    firstname = "Jane"

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        person = model_class(*args, **kwargs)
        person.clean()
        person.index_for_search([])
        person.save()
        return person


class ContactTypeFactory(RowFactory):
    """A company's own type; the shared ones come with the first company that is set up."""

    class Meta:
        model = ContactType

    company = factory.SubFactory(CompanyFactory)
    name = factory.Sequence(lambda n: f"Contact type {n}")
    kind = ContactKind.OTHER


class ContactFactory(RowFactory):
    """A contact; the search text of its person is left as it is."""

    class Meta:
        model = Contact

    person = factory.SubFactory(PersonFactory)
    company = factory.SelfAttribute("person.company")
    type = factory.SubFactory(ContactTypeFactory, company=factory.SelfAttribute("..company"))
    value = "+1-555-0100"

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        contact = model_class(*args, **kwargs)
        contact.set_canonical(contact.company.region)
        contact.save()
        return contact


class AddressFactory(RowFactory):
    class Meta:
        model = Address

    person = factory.SubFactory(PersonFactory)
    company = factory.SelfAttribute("person.company")
    city = "New York"
