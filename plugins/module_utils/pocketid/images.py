# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Comparison of two image files by the picture they show.

Pocket ID strips metadata from PNG, JPEG and WebP files before it stores them (2.14.0, observed), so a logo that
is read back may differ from the file that was sent, although the picture is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack
from typing import Any


def same_picture(image: bytes, other: bytes) -> bool:
    return image == other or bool(_picture(image) == _picture(other))


def _picture(data: bytes) -> Any:
    """The parts of a file that define the picture; for other formats the whole file."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return [
                chunk for name, chunk in _chunks(data, 8, ">I4s", 4) if name in (b"IHDR", b"PLTE", b"tRNS", b"IDAT")
            ]
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return [
                (name, chunk) for name, chunk in _chunks(data, 12, "<4sI", 0) if name not in (b"VP8X", b"EXIF", b"XMP ")
            ]
        if data.startswith(b"\xff\xd8"):
            return _jpeg_segments(data)
    except (ValueError, IndexError):
        pass
    return data


def _chunks(data: bytes, position: int, header: str, trailer: int) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk; PNG ends a chunk with a checksum, WebP pads it to an even length."""
    while position + 8 <= len(data):
        size, name = sorted(unpack(header, data[position : position + 8]), key=lambda part: isinstance(part, bytes))
        yield name, data[position + 8 : position + 8 + size]
        position += 8 + size + trailer
        if not trailer:
            position += size % 2


def _jpeg_segments(data: bytes) -> list[bytes]:
    """All segments except application data and comments; the last is the compressed picture."""
    kept: list[bytes] = []
    position = 2
    while True:
        marker = data[position + 1]
        if marker == 0xDA:
            return [*kept, data[position:]]
        end = position + 2 + unpack(">H", data[position + 2 : position + 4])[0]
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(data[position:end])
        position = end
