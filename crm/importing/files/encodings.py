"""Shows how a text that is not UTF-8 would read in other encodings. Nothing is guessed: a person chooses."""

import unicodedata
from typing import BinaryIO

#: Those that other products write, the most frequent first.
LIKELY = (
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "mac_roman",
    "cp850",
    "shift_jis",
    "gb18030",
    "euc_kr",
    "big5",
)
#: How much of the file has to be of an encoding for it to be shown, in bytes.
SAMPLE = 1024 * 1024
#: How much of a line is shown, in characters.
WINDOW = 60
MOST_LINES = 3


def not_utf8(file: BinaryIO, bad_line: bytes) -> str:
    """Return what to type for a file that is not UTF-8, with the samples to choose by."""
    file.seek(0)
    start = file.read(SAMPLE)
    start = start[: start.rfind(b"\n") + 1] or start
    lines = [line for line in start.splitlines() if not line.isascii()][:MOST_LINES]
    lines = lines or [bad_line]
    readings: dict[str, list[str]] = {}
    for encoding in LIKELY:
        reading = _read(lines, start, encoding)
        if reading is not None:
            readings.setdefault(reading, []).append(encoding)
    if not readings:
        return "Save the file as UTF-8."
    choices = [
        f"\n  --encoding {names[0]}: {reading}"
        + (f" (so do {', '.join(names[1:])})" if len(names) > 1 else "")
        for reading, names in readings.items()
    ]
    return "Name the encoding in which these words are right:" + "".join(choices)


def _read(lines: list[bytes], start: bytes, encoding: str) -> str | None:
    """Return the lines as an encoding reads them; None if they are not of it."""
    try:
        start.decode(encoding)
        texts = [line.decode(encoding) for line in lines]
    except UnicodeDecodeError:
        return None
    if any(
        unicodedata.category(sign) in ("Cc", "Cn", "Co") for text in texts for sign in text if sign != "\t"
    ):
        return None
    return " | ".join(_window(text) for text in texts)


def _window(text: str) -> str:
    """Return the part of a line around its first letter that is not ASCII."""
    place = next((at for at, sign in enumerate(text) if not sign.isascii()), 0)
    begin = max(0, min(place - WINDOW // 2, len(text) - WINDOW))
    return text[begin : begin + WINDOW].strip()
