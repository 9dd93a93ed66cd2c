"""The smallest files of each type that is taken, and hostile ones, made here."""

import io
import struct
import zipfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
OLE = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(504)


def png(width: int = 2, height: int = 3) -> bytes:
    header = struct.pack(">II", width, height) + b"\x08\x06\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + bytes(4)


def gif(width: int = 2, height: int = 3) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0;"


def jpeg(width: int = 2, height: int = 3) -> bytes:
    first = b"\xff\xe0" + struct.pack(">H", 16) + bytes(14)
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + bytes(3)
    return b"\xff\xd8" + first + frame + b"\xff\xd9"


def webp(kind: bytes, header: bytes) -> bytes:
    return b"RIFF" + bytes(4) + b"WEBP" + kind + bytes(4) + header + bytes(8)


WEBP_LOSSY = webp(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", 2, 3))
WEBP_LOSSLESS = webp(b"VP8L", b"\x2f" + struct.pack("<I", 1 | 2 << 14))
WEBP_EXTENDED = webp(b"VP8X", bytes(4) + b"\x01\0\0" + b"\x02\0\0")


def ole(stream: str) -> bytes:
    return OLE + stream.encode("utf-16-le") + bytes(64)


def archive(*members: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for member in members:
            packed.writestr(member, "<x/>")
    return stream.getvalue()


def office(member: str, *others: str) -> bytes:
    return archive("[Content_Types].xml", member, *others)


#: Of each type that is taken, by file name.
GOOD: dict[str, bytes] = {
    "photo.jpg": jpeg(),
    "photo.JPEG": jpeg(),
    "logo.png": png(),
    "logo.gif": gif(),
    "lossy.webp": WEBP_LOSSY,
    "lossless.webp": WEBP_LOSSLESS,
    "extended.webp": WEBP_EXTENDED,
    "offer.pdf": PDF,
    "letter.doc": ole("WordDocument"),
    "sheet.xls": ole("Workbook"),
    "old sheet.xls": ole("Book"),
    "talk.ppt": ole("PowerPoint Document"),
    "letter.docx": office("word/document.xml"),
    "sheet.xlsx": office("xl/workbook.xml"),
    "talk.pptx": office("ppt/presentation.xml"),
    "notes.txt": "Grüße\n".encode(),
    "old notes.txt": "Grüße\n".encode("cp1252"),
    "list.csv": b"\xef\xbb\xbfname,email\r\nJane,<jane@example.com>\r\n",
    "wide.csv": "name\temail\n".encode("utf-16"),
}


def upload(name: str, content: bytes = PDF) -> Any:
    """Return a file as it appears in a request."""
    return SimpleUploadedFile(name, content)
