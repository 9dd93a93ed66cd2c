"""The logo of a company: checked as other files are, and small, since every page shows it."""

import hashlib

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction

from crm.actors import Action, Actor
from crm.models import Company, CompanyLogo
from crm.services.file_types import TYPES, pixels_of, type_of

LARGEST_LOGO = 200 * 1024
#: Of few bytes, an image may still unpack to gigabytes, on every page.
MOST_PIXELS = 4_000_000
#: A vector image may hold scripts and styles.
EXTENSIONS = tuple(name for name, type_ in TYPES.items() if type_.startswith("image/"))


@transaction.atomic
def store_logo(upload: File[bytes], *, actor: Actor) -> Company:
    """Store the logo of the actor's company in the place of the one before.

    :raises ValidationError: keyed ``logo``, if it is no image of an accepted type, or too large.
    """
    actor.require(Action.MANAGE_COMPANY)
    if (upload.size or 0) > LARGEST_LOGO:
        raise ValidationError({"logo": f"A logo may have at most {LARGEST_LOGO // 1024} KB."})
    extension = (upload.name or "").rpartition(".")[2].lower()
    if extension not in EXTENSIONS:
        said = f"A logo is an image whose name ends in one of: {', '.join(EXTENSIONS)}."
        raise ValidationError({"logo": said})
    try:
        type_ = type_of(upload, extension)
    except ValidationError as refused:
        raise ValidationError({"logo": refused.messages}) from refused
    if pixels_of(upload, extension) > MOST_PIXELS:
        raise ValidationError({"logo": f"A logo may have at most {MOST_PIXELS:,} pixels."})
    upload.seek(0)
    content = upload.read()
    company = Company.objects.select_for_update(no_key=True).get(pk=actor.company_id)
    CompanyLogo.objects.update_or_create(company=company, defaults={"type": type_, "content": content})
    company.logo_hash = hashlib.sha256(content).hexdigest()
    company.save(update_fields=["logo_hash", "updated_at"])
    return company


@transaction.atomic
def remove_logo(*, actor: Actor) -> Company:
    """Remove the logo of the actor's company; pages show that of the product again."""
    actor.require(Action.MANAGE_COMPANY)
    company = Company.objects.select_for_update(no_key=True).get(pk=actor.company_id)
    CompanyLogo.objects.filter(company=company).delete()
    company.logo_hash = ""
    company.save(update_fields=["logo_hash", "updated_at"])
    return company
