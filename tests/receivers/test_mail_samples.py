"""What is read of messages as real mail programs write them."""

from datetime import UTC, datetime

import pytest

from tests.receivers.mails import NAMES, RECEIVED_AT, read

#: Of each sample: the sender's name, subject, text, quotation, and the names of attachments.
READ = {
    "gmail_reply": (
        "Jane Doe",
        "Re: Offer 2026-17",
        "Thanks, that looks good \u2013 can we talk on Thursday?\n\nJane",
        "On Mon, Nov 16, 2026 at 5:02\u202fPM Ann Agent <agent@example.com> wrote:\n\n"
        "> Hello Jane,\n>\n> here is our offer.",
        [],
    ),
    "outlook_reply": (
        "Doe, Jane",
        "AW: Angebot",
        "Schönen Dank für das Angebot \u2013 wir bestellen für 1.500 €.\n\n"
        "Mit freundlichen Grüßen\nJane Doe\n\n[Logo]",
        "________________________________\nVon: Ann Agent <agent@example.com>\n"
        "Gesendet: Dienstag, 17. November 2026 17:02\nAn: Doe, Jane <jane.doe@example.org>\n"
        "Betreff: Angebot\n\nGuten Tag, anbei das Angebot.",
        ["Bestellung Müller.pdf"],
    ),
    "apple_mail": (
        "Jane Doe",
        "Pläne für das Haus",
        "Here is the first plan:\n\nand that is all.",
        "> On 18 Nov 2026, at 15:30, Ann Agent <agent@example.com> wrote:\n>\n> Please send the plans.",
        ["Pläne 1.pdf"],
    ),
    "thunderbird_html": (
        "Jane Doe",
        "Re: Question",
        "Yes, see our terms <https://www.example.org/terms> & prices:\n\n- small: 5\xa0€\n- large: 9\xa0€",
        "On 19.11.26 18:00, Ann Agent wrote:\n\n> What does it cost?",
        [],
    ),
    "german_latin9": (
        "Jürgen Müller",
        "Preis in € für größere Mengen",
        "Grüße, das kostet 20 €.",
        "Am 20.11.2026 um 18:00 schrieb Ann Agent:\n> Was kostet es?",
        [],
    ),
    "japanese_jis": (
        "山田太郎",
        "見積もりのお願い",
        "田中様\n\nお見積もりをお願いします。",
        "2026年11月20日(金) 18:00 Ann Agent <agent@example.com>:\n> ご用件は何でしょうか。",
        [],
    ),
    "invitation": (
        "Jane Doe",
        "Invitation: Demo @ Mon Nov 30, 2026",
        "Demo\nMonday Nov 30, 2026, 3pm",
        "",
        ["file.ics", "invite.ics"],
    ),
    "forwarded": (
        "Ann Agent",
        "Fwd: Interested",
        "fyi\n\n---------- Forwarded message ---------\nFrom: Jane Doe <jane.doe@example.org>\n"
        "Date: Mon, 23 Nov 2026 at 18:00\nSubject: Interested\nTo: Ann Agent <agent@example.com>\n\n"
        "I am interested.\n> as I said",
        "",
        [],
    ),
    "forwarded_attached": ("Jane Doe", "See attached", "Please read.", "", ["original.eml"]),
    "smime_signed": ("Jane Doe", "Signed order", "I order ten.", "", []),
    "bounce": (
        "Mail Delivery System",
        "Undelivered Mail Returned to Sender",
        "I'm sorry to have to inform you that your message could not be delivered.",
        "",
        ["Offer.eml"],
    ),
    "out_of_office": ("Jane Doe", "Automatic reply: Offer", "I am away.", "", []),
    "newsletter": ("Jane Doe", "News", "News!", "", []),
    "no_text": ("Jane Doe", "Scan", "", "", ["scan.pdf"]),
}
AUTOMATIC = {
    "bounce": "Auto-Submitted: auto-replied",
    "out_of_office": "Auto-Submitted: auto-generated",
    "newsletter": "List-Id",
}


@pytest.mark.parametrize("name", READ)
def test_a_message_is_read(name):
    mail = read(name)

    assert mail.sender is not None
    assert (
        mail.sender.name,
        mail.subject,
        mail.text,
        mail.quoted,
        [each.name for each in mail.attachments],
    ) == READ[name]
    assert mail.automatic == AUTOMATIC.get(name)


def test_every_sample_is_read():
    assert {*READ, "broken_headers"} == set(NAMES)


def test_broken_headers_cost_no_message():
    mail = read("broken_headers")

    assert [tuple(each) for each in mail.senders] == [("Jürgen", "jane.doe@example.org")]
    assert mail.subject.endswith("and ü rest")
    assert mail.sent_at == RECEIVED_AT
    assert mail.message_id is None
    assert mail.text == "This line is no header\n\nFür dich"


def test_dates_are_in_utc():
    assert read("apple_mail").sent_at == datetime(2026, 11, 19, 15, tzinfo=UTC)
