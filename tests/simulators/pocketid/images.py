"""The conversion of an uploaded logo before it is stored (Pocket ID 2.14.0 and 2.13.0, observed).

EXIF data is blanked in JPEG and PNG (same length, zeroes, a new checksum in PNG) and cut out of WebP; all other
bytes of every format are kept. An image without EXIF, or one read back from the server, is stored unchanged.
"""

from __future__ import annotations

import struct
import zlib

MIME_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "ico": "image/x-icon",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "heic": "image/heic",
}
PNG_START, JPEG_START, EXIF_START = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"Exif\0\0"
TIFF_STARTS = (b"II*\0", b"MM\0*")
# flags in the first byte of a VP8X chunk: has EXIF, has XMP
METADATA_FLAGS = 0x0C


def stripped(data: bytes, extension: str) -> bytes:
    """`data` as it is stored for a file name with this extension; JPEG and PNG are distinguished by their content."""
    if extension == "webp":
        return _webp(data)
    if extension in ("jpg", "jpeg", "png"):
        if data.startswith(PNG_START):
            return _png(data)
        if data.startswith(JPEG_START):
            return _jpeg(data)
    return data


def _png(data: bytes) -> bytes:
    place = len(PNG_START)
    while place + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        payload = data[place + 8 : place + 8 + length]
        if kind == b"eXIf" and payload.startswith(TIFF_STARTS):
            blank = bytes(length)
            checksum = struct.pack(">I", zlib.crc32(kind + blank))
            return data[: place + 8] + blank + checksum + data[place + 12 + length :]
        place += 12 + length
    return data


def _jpeg(data: bytes) -> bytes:
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
        length = struct.unpack(">H", data[place + 2 : place + 4])[0]
        start, end = place + 4 + len(EXIF_START), place + 2 + length
        if data[place + 4 : start] == EXIF_START and data[start:].startswith(TIFF_STARTS):
            return data[:start] + bytes(end - start) + data[end:]
        place = end
    return data


def _webp(data: bytes) -> bytes:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return data
    chunks, place = b"", 12
    while place < len(data):
        kind, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        chunk = data[place : place + 8 + size + size % 2]
        if len(chunk) < 8 + size:
            return data
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~METADATA_FLAGS]) + chunk[9:]
        if kind not in (b"EXIF", b"XMP "):
            chunks += chunk
        place += len(chunk)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
