"""External individuals: customers, prospects, partners."""

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar, Self, TypedDict

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from crm.dates import today_in
from crm.models.activities import Activity
from crm.models.custom_fields import EntityKind
from crm.models.external_ids import external_id_constraints, merged_external_id
from crm.models.files import FileLink
from crm.models.lifecycle import LIVE
from crm.models.records import Record
from people.models.canonical import LONGEST_EMAIL, canonical_email, check_email, email_spellings, search_text
from people.models.organizations import Organization
from people.models.querysets import PersonQuerySet

#: Nobody who is alive was born before.
EARLIEST_BIRTH = date(1900, 1, 1)


class PersonTexts(TypedDict, total=False):
    firstname: str | None
    middlename: str | None
    lastname: str | None
    email: str | None


#: Set by services and filled by merges: a new text field needs no other list.
PERSON_TEXTS = tuple(PersonTexts.__annotations__)


class Person(Record):
    """A person outside the company whom the company deals with."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    firstname = models.CharField(max_length=120, null=True, blank=True)
    middlename = models.CharField(max_length=120, null=True, blank=True)
    lastname = models.CharField(max_length=120, null=True, blank=True)
    name = models.CharField(max_length=362, null=True, blank=True, editable=False)
    email = models.CharField("primary email", max_length=254, null=True, blank=True, validators=[check_email])
    dob = models.DateField("date of birth", null=True, blank=True)
    #: The person does not want to be written to or called.
    do_not_contact = models.BooleanField(default=False, db_default=False)
    organizations = models.ManyToManyField(Organization, blank=True, related_name="people")
    #: Calls, meetings and e-mails that the person takes part in.
    talks = models.ManyToManyField(
        Activity, through="people.ActivityPerson", related_name="people_participants", editable=False
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="merged"
    )
    email_canonical = models.CharField(max_length=LONGEST_EMAIL, null=True, blank=True, editable=False)
    search_text = models.TextField(blank=True, editable=False)

    entity_kind = EntityKind.PEOPLE

    _stored_dob: date | None = None

    #: Derived columns: left out of the history.
    derived_columns: ClassVar[frozenset[str]] = frozenset({"name", "email_canonical", "search_text"})

    objects: ClassVar[PersonQuerySet["Person"]] = PersonQuerySet["Person"].as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "people"
        indexes = [
            models.Index(
                "company", models.F("created_at").desc(), "id", name="person_newest_live", condition=LIVE
            ),
            models.Index(fields=["company", "email_canonical"], name="person_email"),
            models.Index(fields=["company", "name"], name="person_name"),
            merged_external_id("person"),
        ]
        constraints = external_id_constraints("person")

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        person = super().from_db(*args, **kwargs)
        # By ``__dict__``: reading the attribute of a column that was deferred would cost a statement.
        person._stored_dob = person.__dict__.get("dob")
        return person

    def __str__(self) -> str:
        return self.name or self.email or f"Person {self.pk}"

    def clean(self) -> None:
        super().clean()
        parts = (self.firstname, self.middlename, self.lastname)
        self.name = " ".join(" ".join(part for part in parts if part).split()) or None
        self.email_canonical = canonical_email(self.email)
        self._check_birth()
        # A person needs something to be called or written to by.
        if not (self.firstname or self.lastname or self.email):
            raise ValidationError({"firstname": "Enter a first name, a last name or an e-mail address."})

    def _check_birth(self) -> None:
        # Text that is no day has an error of its own. A stored day may be from before the rule.
        if not isinstance(self.dob, date) or self.dob == self._stored_dob:
            return
        # The company's time zone is a column of another row: read only where it matters.
        in_utc = today_in(None)
        is_near = abs((self.dob - in_utc).days) <= 1
        today = today_in(self.company.timezone) if is_near else in_utc
        if not EARLIEST_BIRTH <= self.dob <= today:
            raise ValidationError({"dob": f"Enter a date of birth between {EARLIEST_BIRTH} and today."})

    def index_for_search(self, contact_spellings: Iterable[str | None]) -> None:
        """Set the text that the person is searched by: name, e-mail and all contacts."""
        self.search_text = search_text(self.name, *email_spellings(self.email), *contact_spellings)


class PersonFile(FileLink):
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="file_links")
