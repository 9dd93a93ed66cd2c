"""The logo of a company: checked, shown to its members in the frame, and to nobody else."""

import struct
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from crm.models import Company, CompanyLogo
from crm.services.logos import LARGEST_LOGO
from tests.admin.conftest import errors_of, form_of

pytestmark = pytest.mark.django_db
HOME = reverse("admin:search")


def png(width: int = 2, height: int = 2, *, more: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x2f\x5f\xc4" * 2) * 2
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts + more


def page(company):
    return reverse("admin:crm_company_change", args=[company.pk])


def send(client, company, content=None, name="logo.png", **changes):
    form = form_of(client, page(company), **changes)
    if content is not None:
        form["logo"] = SimpleUploadedFile(name, content)
    return client.post(page(company), form)


def test_a_logo_is_shown_on_every_page_until_it_is_removed(signed_in, company):
    client = signed_in("admin")

    saved = send(client, company, png())
    company.refresh_from_db()
    address = reverse("admin:company_logo", args=[company.logo_hash])
    shown = signed_in("viewer").get(HOME).content.decode()
    image = client.get(address)
    untouched = send(client, company, name="Renamed")
    kept = Company.objects.get(pk=company.pk).logo_hash
    removed = send(client, company, removes_logo="on")

    assert [answer.status_code for answer in (saved, untouched, removed)] == [302, 302, 302]
    assert f'src="{address}"' in shown
    assert (image.content, image["Content-Type"]) == (png(), "image/png")
    assert image["X-Content-Type-Options"] == "nosniff"
    assert image["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert image["Cache-Control"] == "private, max-age=31536000, immutable"
    assert kept == company.logo_hash
    assert not CompanyLogo.objects.exists()
    assert client.get(address).status_code == 404
    assert "crm/icon" in client.get(HOME).content.decode()


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "logo.svg", "ends in one of"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "logo.png", "not that of a .png file"),
        (b"%PDF-1.7", "logo.pdf", "ends in one of"),
        (b"GIF", "logo.gif", "not that of a .gif file"),
        (png(2001, 2000), "logo.png", "at most 4,000,000 pixels"),
        (png(more=b"x" * LARGEST_LOGO), "logo.png", "at most 200 KB"),
    ],
)
def test_what_is_no_small_image_is_refused_and_stores_nothing(signed_in, company, content, name, said):
    refused = send(signed_in("admin"), company, content, name, website="https://typed.example")

    assert list(errors_of(refused)) == ["logo"]
    assert said in errors_of(refused)["logo"][0]
    assert not CompanyLogo.objects.exists()
    assert Company.objects.get(pk=company.pk).website != "https://typed.example"


def test_a_logo_is_of_its_company_alone_and_set_by_administrators(signed_in, company, other_tenant):
    foreign = other_tenant.company
    CompanyLogo.objects.create(company=foreign, type="image/png", content=png())
    Company.objects.filter(pk=foreign.pk).update(logo_hash="a" * 64)

    assert signed_in("admin").get(reverse("admin:company_logo", args=["a" * 64])).status_code == 404
    assert signed_in("manager").post(page(company), {"name": "Taken"}).status_code == 403


def test_time_zone_and_language_are_choices_that_keep_what_is_stored(signed_in, company):
    Company.objects.filter(pk=company.pk).update(language="tlh", timezone=None)
    client = signed_in("admin")

    saved = send(client, company, timezone="Europe/Berlin")
    company.refresh_from_db()
    wrong = send(client, company, timezone="Europe/Atlantis", language="xx-none")

    assert saved.status_code == 302
    assert (company.timezone, company.language) == ("Europe/Berlin", "tlh")
    assert set(errors_of(wrong)) == {"timezone", "language"}
