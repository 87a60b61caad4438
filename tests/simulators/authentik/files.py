"""Uploaded files and icons (authentik/admin/files of 2025.12.4 and 2026.2.2, lib/utils/file of 2024.12.5 and 2025.10.4)."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.exceptions import NotFound

from . import values
from .call import Call, route
from .errors import Crash, Invalid
from .state import State, random_text

if TYPE_CHECKING:
    from .app import AuthentikSimulator

ICON_IS_A_FIELD = (2025, 12)
LARGEST = 25 * 1024 * 1024
FOLDER = "application-icons"
PLAIN = ("http:", "https://", "fa://", "/static")


# -- names ---------------------------------------------------------------------------------------------------------


def broken_rule(name: str) -> str | None:
    """What is wrong with the name of a file."""
    if not name:
        return "File name cannot be empty"
    if not re.fullmatch(r"[a-zA-Z0-9._/-]+", name.replace("%(theme)s", "theme")):
        return (
            "File name can only contain letters (a-z, A-Z), numbers (0-9), dots (.), hyphens (-), underscores (_), "
            "forward slashes (/), and the placeholder %(theme)s for theme-specific files"
        )
    if "//" in name:
        return "File name cannot contain duplicate /"
    path = PurePosixPath(name)
    if path.is_absolute():
        return "Absolute paths are not allowed"
    if ".." in path.parts:
        return "Parent directory references ('..') are not allowed"
    if str(path).startswith("."):
        return "Paths cannot start with '.'"
    if len(str(path)) > 1024:
        return "File name too long (max 1024 characters)"
    if any(len(part) > 255 for part in path.parts):
        return "Path component too long (max 255 characters)"
    return None


def icon(state: Any, value: Any) -> str:
    """The icon field of an application; the file need not exist."""
    name: str = values.text()(state, value)
    broken = name and not name.startswith(PLAIN) and broken_rule(name)
    if broken:
        raise Invalid([broken])
    return name


def url_of(simulator: AuthentikSimulator, name: str | None) -> str | None:
    """The routes that serve icons: public up to 2025.10, then with signed URLs."""
    if not name:
        return None
    if simulator.version < ICON_IS_A_FIELD:
        return name if "://" in name or name.startswith("/static") else f"/media/public/{name}"
    if name.startswith(PLAIN):
        return name
    path = f"media/public/{name}"
    return f"/files/{path}?token={_signed(simulator, path)}"


def _signed(simulator: AuthentikSimulator, path: str) -> str:
    return sha256(f"{simulator.state.secret}:{path}".encode()).hexdigest()


def routes(simulator: AuthentikSimulator) -> list[tuple[str, str, Callable[..., Response]]]:
    """Where browsers get files."""

    def serve(name: str) -> Response:
        path = f"media/public/{name}"
        if simulator.version >= ICON_IS_A_FIELD and request.args.get("token") != _signed(simulator, path):
            raise NotFound
        if name not in simulator.state.files:
            raise NotFound
        return Response(simulator.state.files[name], content_type=_type_of(name))

    return [("GET", f"{'/files' if simulator.version >= ICON_IS_A_FIELD else ''}/media/public/<path:name>", serve)]


def _type_of(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


# -- the API of files, from 2025.12 on -----------------------------------------------------------------------------


def files_route(verb: str, path: str) -> Callable[..., Any]:
    what = "view" if verb == "GET" else "manage"
    return route(verb, path, needs=f"authentik_rbac.{what}_media_files", since=ICON_IS_A_FIELD)


@route("GET", "/root/config/", needs="")
def config(call: Call) -> tuple[int, Any]:
    kept = ["can_save_media"] if call.simulator.keeps_files else []
    return 200, {
        "error_reporting": {"enabled": False},
        "capabilities": [*kept, "can_impersonate"],
        "cache_timeout": 300,
    }


def _query(call: Call, name: str, default: str | None = None) -> str:
    value = call.request.args.get(name, default)
    if value is None:
        raise Invalid({name: ["This field is required."]})
    if not value.strip():
        raise Invalid({name: ["This field may not be blank."]})
    return value.strip()


def _check_usage(call: Call) -> None:
    usage = _query(call, "usage", "media")
    if usage not in ("media", "reports"):
        raise Invalid({"usage": [f'"{usage}" is not a valid choice.']})


@files_route("GET", "/admin/file/")
def list_files(call: Call) -> tuple[int, Any]:
    """List files, including those of the server; the search term is matched in lower case only."""
    _check_usage(call)
    only = call.request.args.get("manageable_only", "").lower() in ("true", "1", "t", "y", "yes", "on")
    names = [*([] if only else ["/static/authentik/sources/ldap.png"]), *call.state.files]
    if "search" in call.request.args:
        searched = _query(call, "search")
        names = [name for name in names if searched in name.lower()]
    return 200, [
        {"name": name, "url": url_of(call.simulator, name), "mime_type": _type_of(name), "themed_urls": None}
        for name in names
    ]


@files_route("POST", "/admin/file/")
def upload(call: Call) -> tuple[int, Any]:
    form, file = call.form()
    if file is None:
        wrong = "file" in form
        text = (
            "The submitted data was not a file. Check the encoding type on the form."
            if wrong
            else "No file was submitted."
        )
        raise Invalid({"file": [text]})
    content = file.read()
    if not content:
        raise Invalid({"file": ["The submitted file is empty."]})
    if len(content) > LARGEST:
        raise Invalid({"file": [f"File size ({len(content)}B) exceeds maximum allowed size ({LARGEST}B)."]})
    usage = form.get("usage", "media")
    if usage not in ("media", "reports"):
        raise Invalid([f"Invalid usage parameter provided: {usage}"])
    name = form.get("name", "").strip() or _base_name(file.filename or "")
    broken = broken_rule(name)
    if broken:
        raise Invalid([broken])
    _must_keep_files(call)
    if name in call.state.files:
        raise Invalid({"name": ["A file with this name already exists."]})
    call.state.files[name] = content
    return 200, None


@files_route("DELETE", "/admin/file/")
def delete(call: Call) -> tuple[int, Any]:
    """Delete a file; a missing file is not an error."""
    name = _query(call, "name")
    _check_usage(call)
    broken = broken_rule(name)
    if broken:
        raise Invalid([broken])
    _must_keep_files(call)
    call.state.files.pop(name, None)
    return 200, None


@files_route("GET", "/admin/file/used_by/")
def used_by(call: Call) -> tuple[int, Any]:
    name = _query(call, "name")
    return 200, [
        {
            "app": "authentik_core",
            "model_name": "application",
            "pk": row["pk"],
            "name": row["name"],
            "action": "left_dangling",
        }
        for row in call.state.all("application")
        if row["meta_icon"] == name
    ]


def _must_keep_files(call: Call) -> None:
    if not call.simulator.keeps_files:
        raise Crash


# -- the separate request that sets an icon, up to 2025.10 ---------------------------------------------------------


def keep(state: State, filename: str, content: bytes) -> str:
    """Store a file, and return its name, which is unique."""
    plain = re.sub(r"[^-\w.]", "", _base_name(filename).strip().replace(" ", "_"))
    name = f"{FOLDER}/{plain}"
    while name in state.files:
        stem, dot, ending = plain.rpartition(".")
        name = f"{FOLDER}/{stem or ending}_{random_text(7)}{dot}{ending if stem else ''}"
    state.files[name] = content
    return name


def _base_name(filename: str) -> str:
    return re.split(r"[/\\]", filename)[-1]
