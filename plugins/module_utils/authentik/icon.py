# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Uploaded icons of applications (authentik 2024.12 to 2026.2, lib/utils/file, admin/files).

The name of an uploaded file contains a hash of its content. So nothing has to be read back to detect another
picture, and no other file has that name. It is in the directory where servers up to 2025.10 put icons, so that an
application keeps its icon when the server is upgraded.
"""

from __future__ import annotations

import re
from hashlib import sha256

from ..core.fields import Picture

ICON = Picture(largest=25 * 1024 * 1024, endings=("svg", "png", "jpg", "jpeg", "gif", "webp", "avif", "ico"))
_FOLDER = "application-icons"
# from this version on an icon is a field with the name of a file, and files have their own API
ICON_IS_A_FIELD = (2025, 12)


def name_of(slug: str, path: str) -> str:
    """The name under which the picture at `path` is uploaded as the icon of an application."""
    with open(path, "rb") as source:
        content = source.read()
    return f"{_FOLDER}/{slug}-{sha256(content).hexdigest()[:16]}.{path.rpartition('.')[2].lower()}"


def uploaded_name(slug: str, reported: str, version: tuple[int, ...]) -> str | None:
    """The name created by `name_of`, extracted from the icon that the server reports, or None for any other icon.

    Up to 2025.10 the server reports the URL of the file, which may be signed, and if a file of that name exists it adds a
    random suffix to the name of the next.
    """
    name = rf"({_FOLDER}/{slug}-[0-9a-f]{{16}})(?:_[A-Za-z0-9]{{7}})?(\.[a-z]+)"
    found = re.fullmatch(name if version >= ICON_IS_A_FIELD else rf"(?:.*/)?{name}(?:\?.*)?", reported)
    return found and found[1] + found[2]
