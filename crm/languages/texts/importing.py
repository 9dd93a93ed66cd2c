"""What the code of importing says to people.

Written by ``make messages``: do not edit. See config/texts_of_services.py.
"""

from django.utils.translation import gettext_noop

TEXTS = (
    gettext_noop("%(count)s cells, but %(width)s columns: column %(beyond)s has %(shown)s."),
    gettext_noop("%(count)s rows have this name. Rename them first."),
    gettext_noop("%(encoding)s is not a known encoding."),
    gettext_noop("%(filled)s: a row of totals is left out."),
    gettext_noop("%(read_as)sMissing columns: %(names)s."),
    gettext_noop(
        '%(read_as)sUnknown columns: %(names)s. Leave them out with --ignore-rest, or name their fields, such as --map "%(first)s=FIELD". Known columns: %(columns)s.'
    ),
    gettext_noop("%(shown)s is no date as --date-format %(date_format)s says."),
    gettext_noop("%(shown)s is no number whose decimals stand after '%(sign)s'."),
    gettext_noop(
        "%(shown)s may be two numbers: say which sign stands before decimals, --decimal , or --decimal ."
    ),
    gettext_noop("%(text)s is no form of a date: write it as DD.MM.YYYY or MM/DD/YYYY."),
    gettext_noop("%(title)s holds one value: --split is for %(names)s and tags."),
    gettext_noop(
        "%(titles)s holds full names. Say what comes first in them: --name-order first-last (Ann Berg) or --name-order last-first (Berg Ann)."
    ),
    gettext_noop("%(titles)s is %(cells)s: the row is left out."),
    gettext_noop("A sheet has at most %(rows)s rows and %(most_columns)s columns. Convert it to CSV."),
    gettext_noop("Another process has just ended this import: see job %(uuid)s."),
    gettext_noop("Another process has taken over import %(uuid)s."),
    gettext_noop(
        "Cell {} holds a formula without its result: open the file in a spreadsheet and save it again."
    ),
    gettext_noop("Cell {} holds the error {}."),
    gettext_noop("Dry run, nothing is stored: %(counts)s."),
    gettext_noop("Enter a date as YYYY-MM-DD."),
    gettext_noop("Enter a time as 2026-12-31 or 2026-12-31 13:45, in the time zone of the company."),
    gettext_noop("Enter a time between 1970 and now."),
    gettext_noop("Enter a uuid, as an export has it."),
    gettext_noop("Enter an object of titles and fields."),
    gettext_noop("Enter yes or no."),
    gettext_noop("Line %(began)s: a property has %(longest_value)s characters at most."),
    gettext_noop("Line %(began)s: the card that begins here never ends."),
    gettext_noop("Line %(line)s: %(count)s columns, but a file has %(most_columns)s at most."),
    gettext_noop("Line %(line)s: %(name)s stands outside of a card."),
    gettext_noop("Line %(line)s: %(title)s is nested too deep."),
    gettext_noop("Line %(line)s: a card begins within that of line %(began)s."),
    gettext_noop("Line %(line)s: a card has %(most_columns)s properties at most."),
    gettext_noop("Line %(line)s: a cell has %(longest_cell)s characters at most."),
    gettext_noop("Line %(line)s: a value has %(longest_cell)s characters at most."),
    gettext_noop("Line %(line)s: half of a surrogate pair is no character."),
    gettext_noop("Line %(line)s: more than %(most_columns)s different keys."),
    gettext_noop("Line %(line)s: more than %(most_columns)s different properties."),
    gettext_noop("Line %(line)s: there is a NUL character."),
    gettext_noop("Line %(line)s: two values would be %(title)s."),
    gettext_noop("Line %(number)s of the plan is no row of a plan."),
    gettext_noop("Line %(number)s: %(charset)s is not a known charset."),
    gettext_noop("Line %(number)s: %(head)s has no value after a colon."),
    gettext_noop("Line %(number)s: %(said)s."),
    gettext_noop("Line %(number)s: JSON Lines holds one object on each line, such as {...}."),
    gettext_noop("Line %(number)s: a line has %(longest_line)s characters at most."),
    gettext_noop("Line %(number)s: a parameter of %(head)s cannot be read."),
    gettext_noop("Line %(number)s: no JSON at character %(pos)s: %(msg)s."),
    gettext_noop("Line %(number)s: no property of a vCard, such as TEL:+46812345678."),
    gettext_noop("Line %(number)s: the value is not in %(charset)s."),
    gettext_noop("Line %(number)s: there is a NUL character."),
    gettext_noop("Line %(self)s: the file is not in %(name)s."),
    gettext_noop(
        "Line %(wanted)s holds no header: --header-row names a line with cells among the first %(header_lines)s."
    ),
    gettext_noop("Lines above the header in line %(header)s are left out."),
    gettext_noop("More than %(most_repeated)s values: leave some out."),
    gettext_noop("Name the encoding in which these words are right:"),
    gettext_noop("No %(name)s has this external id of %(name_key)s: import the %(name_2)ss first."),
    gettext_noop("No %(name)s has this uuid."),
    gettext_noop("No contact type has this name: make it first."),
    gettext_noop("No member has this username, e-mail address or name."),
    gettext_noop("No person has this e-mail address."),
    gettext_noop("Now another record is meant: %(object_id)s."),
    gettext_noop("Save the file as UTF-8."),
    gettext_noop("Several people have this e-mail address."),
    gettext_noop("The command was not run again."),
    gettext_noop("The command was stopped, and not run again."),
    gettext_noop("The database failed: %(error)s. %(stored)s."),
    gettext_noop("The file has %(count)s columns, and no column %(beyond)s."),
    gettext_noop("The file has no column %(names)s to --split."),
    gettext_noop("The file has no column %(names)s."),
    gettext_noop(
        "The file holds more than %(most_bytes)s MB when it is unpacked. Unpack it and import it in parts."
    ),
    gettext_noop("The file holds no card with a property."),
    gettext_noop("The file is %(kind)s, which has no %(name)s: leave it out."),
    gettext_noop("The file is HTML or XML, whatever its name. Save it as CSV or XLSX."),
    gettext_noop("The file is a JSON array. Write one object on each line (JSON Lines)."),
    gettext_noop("The file is a PDF document. Export the table as CSV or XLSX."),
    gettext_noop("The file is a ZIP archive but no XLSX file. Unpack it and import what is in it."),
    gettext_noop("The file is an empty ZIP archive."),
    gettext_noop("The file is an old Excel workbook or has a password. Save it as XLSX or CSV."),
    gettext_noop("The file is compressed twice. Unpack it."),
    gettext_noop("The file is empty; each of its lines is a JSON object."),
    gettext_noop("The file is empty; its first line names the columns."),
    gettext_noop("The file is marked as %(marked)s: leave --encoding out."),
    gettext_noop("The file is no XLSX file."),
    gettext_noop("The file is no plan: name one that --plan has written."),
    gettext_noop("The gzip file is damaged or cut off. Compress it again."),
    gettext_noop("The import has not ended: wait for its end."),
    gettext_noop(
        "The import was begun %(most_starts)s times and got no further; the rows before are stored."
    ),
    gettext_noop("The import was stopped before its end, and undone."),
    gettext_noop("The name of a sheet holds no NUL character."),
    gettext_noop("The plan says %(action)s, but now it would be: %(now)s. Make a new plan."),
    gettext_noop("The plan says nothing of line %(number)s: make a new one."),
    gettext_noop("The plan was made for another file or other options. Make a new plan."),
    gettext_noop("The plan was made for another import: %(named)s differ. Make a new plan."),
    gettext_noop("The record was changed by %(by)s at %(created_at)s UTC."),
    gettext_noop(
        "The record was changed since the plan: its version is %(version_before)s, and was %(version)s."
    ),
    gettext_noop("The record was changed since."),
    gettext_noop("The record was deleted already."),
    gettext_noop("The row would change the record otherwise now. Make a new plan."),
    gettext_noop("The sheet cannot be read. Convert it to CSV."),
    gettext_noop("The sheet is too large when it is unpacked. Convert it to CSV."),
    gettext_noop("The sheet takes too long to read. Convert it to CSV."),
    gettext_noop("The uploaded file is gone: import it again."),
    gettext_noop(
        "The uploaded file is gone: it is kept for a day, and until it is imported. Upload it again."
    ),
    gettext_noop("The user who started the import may no longer import."),
    gettext_noop("The workbook has a password. Save it without one."),
    gettext_noop("There is no plan to apply: wait for its end, or make a new one."),
    gettext_noop("There is no sheet %(sheet)s. The workbook has: %(names)s."),
    gettext_noop("This dry run was of another file, or had other options. Make a new one."),
    gettext_noop("This file is being imported by another plan: wait for its end."),
    gettext_noop("This was a dry run: it stored nothing."),
    gettext_noop("Unknown fields: %(name)s. Known fields: %(columns)s."),
    gettext_noop("Unknown name. Choose one of: %(value)s."),
    gettext_noop(
        "Your company may have %(most)s imports open at once and has %(found)s: wait until one has ended, or have the operator raise OPEN_IMPORTS_PER_COMPANY."
    ),
)
