"""Section 6: logos of clients."""

from __future__ import annotations

import base64
import struct
import zlib

import pytest
import requests

from .server import CLIENTS, Server, told

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><metadata>kept</metadata></svg>'
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI////////////////////////////////////////"
    "////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z"
)
# A TIFF header and one entry, the description of the image.
EXIF = struct.pack(">2sHLHHHLLL", b"MM", 42, 8, 1, 0x010E, 2, 19, 26, 0) + b"secret description\0"


def png(*chunks: tuple[bytes, bytes], blank: bool = False) -> bytes:
    """One grey pixel with these chunks; `blank` fills them with zeroes and a valid checksum."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    extra = b"".join(chunk(kind, bytes(len(data)) if blank else data) for kind, data in chunks)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")


def jpeg(exif: bytes) -> bytes:
    return JPEG[:2] + struct.pack(">2sH6s", b"\xff\xe1", 8 + len(exif), b"Exif\0\0") + exif + JPEG[2:]


def webp(flags: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """An extended WebP with these flags; its pixels are irrelevant."""
    rows = ((b"VP8X", bytes([flags]) + bytes(9)), (b"VP8L", b"12345"), *chunks)
    body = b"".join(struct.pack("<4sI", kind, len(data)) + data + bytes(len(data) % 2) for kind, data in rows)
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body


STORED = [
    ("a.svg", SVG, SVG, "image/svg+xml"),
    ("a.svg", b"", b"", "image/svg+xml"),
    ("a.png", png(), png(), "image/png"),
    ("A.PNG", png((b"tEXt", b"Software\0kept")), png((b"tEXt", b"Software\0kept")), "image/png"),
    ("a.png", png((b"eXIf", EXIF)), png((b"eXIf", EXIF), blank=True), "image/png"),
    ("a.png", b"not a png", b"not a png", "image/png"),
    ("a.jpg", JPEG, JPEG, "image/jpeg"),
    ("a.jpeg", jpeg(EXIF), jpeg(bytes(len(EXIF))), "image/jpeg"),
    ("a.png", jpeg(EXIF), jpeg(bytes(len(EXIF))), "image/png"),
    ("a.webp", webp(0x10, (b"ICCP", b"kept")), webp(0x10, (b"ICCP", b"kept")), "image/webp"),
    (
        "a.webp",
        webp(0x1C, (b"ICCP", b"kept"), (b"EXIF", b"odd"), (b"XMP ", b"gone")),
        webp(0x10, (b"ICCP", b"kept")),
        "image/webp",
    ),
    ("a.gif", b"GIF89a", b"GIF89a", "image/gif"),
    ("a.ico", b"x", b"x", "image/x-icon"),
    ("svg", SVG, SVG, "image/svg+xml"),
]


def upload(
    server: Server, client: str, name: str, data: bytes, query: str = "", part: str = "file"
) -> requests.Response:
    return server.call(f"POST {CLIENTS}/{client}/logo{query}", files={part: (name, data)})


@pytest.mark.parametrize(("name", "data", "stored", "content_type"), STORED)
def test_6_logo_is_stored_without_metadata(
    server: Server, name: str, data: bytes, stored: bytes, content_type: str
) -> None:
    client = server.client()["id"]
    for sent in (data, stored):
        assert upload(server, client, name, sent).status_code == 204
        answer = server.call(f"GET {CLIENTS}/{client}/logo", key="")
        assert (answer.content, answer.headers["Content-Type"]) == (stored, content_type)
    assert not {"ETag", "Last-Modified"} & set(answer.headers)
    assert answer.headers["Cache-Control"].startswith("public, max-age=900")
    head = server.call(f"HEAD {CLIENTS}/{client}/logo", key="")
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(stored)))
    assert server.ask(f"GET {CLIENTS}/{client}")["hasLogo"] is True


def test_6_light_and_dark_logos_are_separate(server: Server) -> None:
    client = server.client()["id"]
    path = f"{CLIENTS}/{client}/logo"
    absent = {"status": 404, "code": "image_not_found"}

    def shown(query: str) -> bytes:
        return server.call(f"GET {path}{query}", key="").content

    for request in (f"GET {path}", f"DELETE {path}", f"DELETE {path}?light=false"):
        server.refused(request, **absent)
    assert upload(server, client, "a.svg", SVG).status_code == 204
    assert shown("") == shown("?light=true") == shown("?light=false") == SVG
    assert upload(server, client, "a.png", png(), "?light=false").status_code == 204
    assert shown("") == SVG and shown("?light=false") == shown("?light=junk") == png()
    assert server.call(f"GET {path}?skipCache=1", key="").headers["Cache-Control"] == "private, no-store"
    assert server.ask(f"PUT {CLIENTS}/{client}", {"name": "x"})["hasDarkLogo"] is True
    server.ask(f"DELETE {path}", status=204)
    server.refused(f"GET {path}", **absent)
    assert shown("?light=false") == png()
    logos = server.ask(f"GET {CLIENTS}/{client}/meta", key="")
    assert (logos["hasLogo"], logos["hasDarkLogo"]) == (False, True)


def test_6_invalid_uploads_are_refused(server: Server) -> None:
    client = server.client()["id"]
    for name in ("a.txt", "a", "a.svg.gz"):
        assert upload(server, client, name, SVG).json()["code"] == "file_type_not_supported"
    answer = upload(server, client, "a.svg", SVG, part="logo")
    assert (answer.status_code, told(answer.json()["details"])) == (400, [("file", "required")])
    large = upload(server, client, "a.svg", b"x" * (2 << 20))
    assert (large.status_code, large.json()["code"]) == (413, "file_too_large")
    assert large.json()["details"] == {"max_size": "2.00 MB"}
    assert upload(server, client, "a.svg", b"x" * ((2 << 20) - 500)).status_code == 204
    assert upload(server, "nope", "a.svg", SVG).status_code == 404
    server.refused(f"POST {CLIENTS}/{client}/logo", {}, status=400, code="invalid_request_body")
    assert server.call(f"POST {CLIENTS}/{client}/logo", key="", files={"file": ("a.svg", SVG)}).status_code == 401
