"""Checks that the content of a file has the type that its extension names."""

import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import IO

from django.core.exceptions import ValidationError

#: Pixels of an image; a picture of few bytes may unpack to gigabytes.
MOST_PIXELS = 100_000_000
MOST_MEMBERS = 10_000
HEAD = 32

TYPES: Mapping[str, str] = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "txt": "text/plain",
    "csv": "text/csv",
}
PDF = TYPES["pdf"]
#: What browsers show by themselves, whatever it holds. No SVG: it is markup.
PREVIEWED = frozenset({TYPES[extension] for extension in ("jpg", "png", "gif", "webp", "pdf")})
_OLE_START = bytes.fromhex("D0CF11E0A1B11AE1")
#: Streams that distinguish the old office formats; the container stores names in UTF-16.
_OLE_STREAMS = {"doc": ["WordDocument"], "xls": ["Workbook", "Book"], "ppt": ["PowerPoint Document"]}
_ZIP_MEMBERS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_MARKUP = re.compile(r"\s*<(?:[!?]|(?:html|head|body|svg|script|iframe|math|xml)\b)", re.IGNORECASE)
_JPEG_WITHOUT_SIZE = {0xC4, 0xC8, 0xCC}
_MOST_JPEG_SEGMENTS = 1_000


def type_of(content: IO[bytes], extension: str) -> str:
    """Return the media type of a file.

    :param extension: of its name, in lower case, without the dot.
    :raises ValidationError: if the type is not allowed, the content is of another one, or an image has too
        many pixels.
    """
    if extension not in TYPES:
        allowed = ", ".join(TYPES)
        raise ValidationError(f"This type of file is not accepted; the name must end in one of: {allowed}.")
    content.seek(0)
    head = content.read(HEAD)
    if not head:
        raise ValidationError("The file is empty.")
    if not _CHECKS.get(extension, _is_image)(content, head, extension):
        raise ValidationError(f"The content of the file is not that of a .{extension} file.")
    return TYPES[extension]


def pixels_of(content: IO[bytes], extension: str) -> int:
    """Return the number of pixels of an image whose type was checked."""
    content.seek(0)
    width, height = _SIZES[TYPES[extension]](content, content.read(HEAD)) or (0, 0)
    return width * height


def _is_image(content: IO[bytes], head: bytes, extension: str) -> bool:
    reader = _SIZES[TYPES[extension]]
    try:
        size = reader(content, head)
    except (struct.error, IndexError):
        # It ends within its own header.
        return False
    if size is None:
        return False
    width, height = size
    if width * height > MOST_PIXELS:
        raise ValidationError(f"The image has more than {MOST_PIXELS:,} pixels.")
    return width > 0 and height > 0


def _png_size(_content: IO[bytes], head: bytes) -> tuple[int, int] | None:
    if not head.startswith(b"\x89PNG\r\n\x1a\n") or head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def _gif_size(_content: IO[bytes], head: bytes) -> tuple[int, int] | None:
    if not head.startswith((b"GIF87a", b"GIF89a")):
        return None
    width, height = struct.unpack("<HH", head[6:10])
    return width, height


def _webp_size(_content: IO[bytes], head: bytes) -> tuple[int, int] | None:
    if not head.startswith(b"RIFF") or head[8:12] != b"WEBP":
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_size(content: IO[bytes], head: bytes) -> tuple[int, int] | None:
    if not head.startswith(b"\xff\xd8\xff"):
        return None
    content.seek(2)
    # From segment to segment, to the one that starts the frame.
    for _ in range(_MOST_JPEG_SEGMENTS):
        start, code, length = struct.unpack(">BBH", content.read(4))
        if start != 0xFF or length < 2:
            return None
        if 0xC0 <= code <= 0xCF and code not in _JPEG_WITHOUT_SIZE:
            height, width = struct.unpack(">xHH", content.read(5))
            return width, height
        content.seek(length - 2, 1)
    return None


def _is_pdf(_content: IO[bytes], head: bytes, _extension: str) -> bool:
    return head.startswith(b"%PDF-")


def _is_old_office(content: IO[bytes], head: bytes, extension: str) -> bool:
    if not head.startswith(_OLE_START):
        return False
    content.seek(0)
    inside = content.read()
    # Any order and place: the directory of the container may stand anywhere in the file.
    return any(name.encode("utf-16-le") in inside for name in _OLE_STREAMS[extension])


def _is_new_office(content: IO[bytes], head: bytes, extension: str) -> bool:
    # An archive is read from its end, and may stand behind anything else.
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(content) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error):
        return False
    # Macros run when the file is opened.
    with_programs = any(name.lower().endswith("vbaproject.bin") for name in names)
    wanted = {"[Content_Types].xml", _ZIP_MEMBERS[extension]}
    return wanted <= names and not with_programs and len(names) <= MOST_MEMBERS


def _is_text(content: IO[bytes], head: bytes, _extension: str) -> bool:
    content.seek(0)
    raw = content.read()
    marked = next((name for mark, name in _BYTE_ORDER_MARKS.items() if head.startswith(mark)), None)
    # cp1252 last: it decodes almost anything.
    for encoding in [marked] if marked else ["utf-8", "cp1252"]:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Browsers that guess types would run markup.
        return not _CONTROL.search(text) and not _MARKUP.match(text)
    return False


_SIZES: Mapping[str, Callable[[IO[bytes], bytes], tuple[int, int] | None]] = {
    "image/jpeg": _jpeg_size,
    "image/png": _png_size,
    "image/gif": _gif_size,
    "image/webp": _webp_size,
}
_CHECKS: Mapping[str, Callable[[IO[bytes], bytes, str], bool]] = {
    "pdf": _is_pdf,
    **dict.fromkeys(_OLE_STREAMS, _is_old_office),
    **dict.fromkeys(_ZIP_MEMBERS, _is_new_office),
    **dict.fromkeys(("txt", "csv"), _is_text),
}
