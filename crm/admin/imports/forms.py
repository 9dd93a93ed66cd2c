"""The forms of a new import: its file, and how the file is read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.importing.files.encodings import LIKELY
from crm.importing.files.options import DELIMITERS, FileOptions
from crm.importing.options import ColumnOptions, ImportOptions, MappingRefused, date_format_of
from crm.languages.messages import translated
from crm.models.external_ids import LONGEST_SOURCE
from crm.models.imports import DuplicatePolicy, ImportKind
from crm.records.registry import import_kinds

#: What a row of a file is.
RECORDS = {
    ImportKind.PEOPLE: _("a person"),
    ImportKind.ORGANIZATION: _("an organization"),
    ImportKind.LEAD: _("a lead"),
    ImportKind.ACTIVITY: _("an activity"),
}
RECOGNISED = ("", _("Recognise it"))
POLICIES = {
    DuplicatePolicy.UPDATE: _("Update them"),
    DuplicatePolicy.FILL: _("Fill only their empty fields"),
    DuplicatePolicy.SKIP: _("Leave them as they are"),
    DuplicatePolicy.ERROR: _("Refuse the row"),
    DuplicatePolicy.CREATE: _("Make another record of each row"),
}


class UploadForm(forms.Form):
    """A file, and what its rows are."""

    model = forms.ChoiceField(label=_("Each row is"), widget=forms.RadioSelect)
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV, TSV, XLSX, JSON Lines or vCard, as the other product wrote it; also in gzip."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        field: Any = self.fields["model"]
        field.choices = [(kind.value, RECORDS[kind]) for kind in import_kinds()]


class ReadingForm(forms.Form):
    """The options of a file and the policy for known records; what is left empty is recognised."""

    encoding = forms.CharField(
        label=_("Encoding"),
        required=False,
        max_length=40,
        widget=forms.TextInput({"list": "encodings", "placeholder": _("Recognise it")}),
    )
    delimiter = forms.ChoiceField(
        label=_("Between cells"),
        required=False,
        choices=[RECOGNISED, (",", _("Comma")), (";", _("Semicolon")), ("|", _("Bar |")), ("tab", _("Tab"))],
    )
    header_row = forms.IntegerField(
        label=_("Line of the titles"), required=False, min_value=1, max_value=10_000
    )
    sheet = forms.CharField(
        label=_("Sheet"), required=False, max_length=100, help_text=_("Of a workbook with several sheets.")
    )
    date_format = forms.CharField(
        label=_("Form of dates"),
        required=False,
        max_length=40,
        widget=forms.TextInput({"list": "date-formats", "placeholder": "YYYY-MM-DD"}),
    )
    name_order = forms.ChoiceField(
        label=_("Order of names"),
        required=False,
        choices=[
            ("", _("No full names")),
            ("first-last", _("First name, then last name")),
            ("last-first", _("Last name, then first name")),
        ],
        help_text=_("In a column with full names."),
    )
    decimal = forms.ChoiceField(
        label=_("Before decimals"),
        required=False,
        choices=[("", _("Point, no thousands")), (",", _("Comma: 1.234,50")), (".", _("Point: 1,234.50"))],
    )
    split = forms.CharField(
        label=_("Several values in a cell"),
        required=False,
        max_length=200,
        help_text=_("The sign between them, such as ; or for one column tags=,"),
    )
    null_markers = forms.CharField(
        label=_("Further words for an empty cell"),
        required=False,
        max_length=200,
        help_text=_("With ; between several, such as none;not set"),
    )
    source = forms.CharField(
        label=_("Ids are from"),
        required=False,
        max_length=LONGEST_SOURCE,
        widget=forms.TextInput({"placeholder": _("Recognise it")}),
        help_text=_("The product whose ids are in the file."),
    )
    constants = forms.CharField(
        label=_("The same in each row"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea({"rows": 2, "placeholder": "owner=ann@example.com"}),
        help_text=_("A field that the file lacks and its value, one pair on a line."),
    )
    split_phones = forms.BooleanField(label=_("Part cells with several phone numbers"), required=False)
    on_match = forms.ChoiceField(
        label=_("Records that are known already"),
        choices=[(policy.value, label) for policy, label in POLICIES.items()],
        initial=DuplicatePolicy.UPDATE.value,
    )

    encodings = LIKELY
    date_formats = ("DD.MM.YYYY", "MM/DD/YYYY", "DD/MM/YYYY", "YYYY/MM/DD")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def clean_encoding(self) -> str | None:
        return self.cleaned_data["encoding"].strip() or None

    def clean_date_format(self) -> str | None:
        text: str = self.cleaned_data["date_format"].strip()
        if text:
            try:
                date_format_of(text)
            except MappingRefused as refused:
                raise ValidationError(translated(refused.message)) from refused
        return text or None

    def clean_constants(self) -> dict[str, str]:
        pairs = [line.partition("=") for line in self.cleaned_data["constants"].splitlines() if line.strip()]
        constants = {name.strip(): value.strip() for name, _, value in pairs}
        wrong = next((name or value for name, value in constants.items() if not (name and value)), None)
        if wrong is not None:
            raise ValidationError(
                gettext("“%(line)s” is no pair: write a field, =, and its value.") % {"line": wrong}
            )
        return constants

    def options(self, columns: Mapping[int, str | None]) -> ImportOptions:
        """Return the options of a valid form.

        :param columns: the fields that were chosen for columns, by number.
        """
        given = self.cleaned_data
        split, by_column = _separators(given["split"])
        return ImportOptions(
            file=FileOptions(
                encoding=given["encoding"],
                delimiter=DELIMITERS.get(given["delimiter"]),
                header_row=given["header_row"],
                sheet=given["sheet"] or None,
            ),
            columns=ColumnOptions(
                columns=columns,
                # The page shows what is left out.
                ignore_rest=True,
                split=split,
                split_columns=by_column,
                name_order=given["name_order"] or None,
                null_markers=[text.strip() for text in given["null_markers"].split(";") if text.strip()],
                date_format=given["date_format"],
                decimal=given["decimal"] or None,
                source=given["source"].strip() or None,
                constants=given["constants"],
            ),
        )


def _separators(text: str) -> tuple[str | None, dict[str, str]]:
    """Return the sign for all columns, and those for one column each, of words such as ``; tags=,``."""
    split, by_column = None, {}
    for word in text.split():
        name, equals, sign = word.rpartition("=")
        if equals and name and sign:
            by_column[name] = sign.strip("'\"") or sign
        else:
            split = word.strip("'\"") or word
    return split, by_column


def values_of(options: ImportOptions, *, split_phones: bool, on_duplicate: str) -> dict[str, Any]:
    """Return what a form of these options shows."""
    names = {sign: name for name, sign in DELIMITERS.items()}
    columns = options.columns
    by_column = [f"{name}={sign}" for name, sign in columns.split_columns.items()]
    return {
        "encoding": options.file.encoding,
        "delimiter": names.get(options.file.delimiter or "", ""),
        "header_row": options.file.header_row,
        "sheet": options.file.sheet,
        "date_format": columns.date_format,
        "name_order": columns.name_order,
        "decimal": columns.decimal,
        "source": columns.source,
        "constants": "\n".join(f"{name}={value}" for name, value in columns.constants.items()),
        "null_markers": ";".join(columns.null_markers),
        "split": " ".join([*([columns.split] if columns.split else []), *by_column]),
        "split_phones": split_phones,
        "on_match": on_duplicate,
    }


def recognised() -> ImportOptions:
    """Return the options of a file of which nothing was said yet."""
    return replace(ImportOptions(), columns=ColumnOptions(ignore_rest=True))
