# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets that results must never contain, in every form in which a server may return them."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from ansible.module_utils.common.parameters import remove_values

# Maximum length of a quotation (a response of a server, the value of an option) and of a whole message.
LONGEST_EXCERPT = 500
LONGEST_SENTENCE = 1500

# shorter encoded forms would also match other text
_SHORTEST_ENCODED = 6

# user and password within a URL; options with the address of a server may have them without the scheme
_USERINFO = re.compile(r"//([^/\s@?#]+)@")
_ADDRESSES = {"url", "api_host", "issuer"}
_ESCAPED = re.compile(r"%[0-9A-F]{2}")

_secrets: ContextVar[frozenset[str]] = ContextVar("secrets", default=frozenset())


@contextmanager
def secrets_of_task(secrets: Iterable[str]) -> Iterator[None]:
    """Make `excerpt` mask these secrets within the block."""
    token = _secrets.set(frozenset(secrets))
    try:
        yield
    finally:
        _secrets.reset(token)


def excerpt(text: object) -> str:
    """Quote a text in a message, with the secrets of the task masked. It is masked before it is shortened, which could split a secret."""
    return cut(remove_values(str(text), _secrets.get()), LONGEST_EXCERPT)


def cut(text: str, longest: int) -> str:
    """Shorten a text that is too long by its middle part, because the end of a message often says what to do."""
    if len(text) <= longest:
        return text
    mark = f" [... {len(text)} characters] "
    tail = longest // 4
    return text[: longest - tail - len(mark)] + mark + text[-tail:]


def secret_values(argument_spec: dict[str, Any], params: dict[str, Any]) -> set[str]:
    """Return the values of all secret options, even where their types or those of enclosing options are wrong.

    Passwords within URLs are included.
    """
    secrets: set[str] = set()
    for name, value in params.items():
        option: dict[str, Any] = argument_spec.get(name) or next(
            (spec for spec in argument_spec.values() if name in spec.get("aliases", ())), {}
        )
        if option.get("no_log"):
            secrets.update(_scalars(value))
        elif option.get("options"):
            entries = value if isinstance(value, (list, tuple)) else [value]
            for entry in entries:
                if isinstance(entry, dict):
                    secrets |= secret_values(option["options"], entry)
        for text in _scalars(value):
            given = _USERINFO.findall(text)
            if name in _ADDRESSES:
                given.append(text.rpartition("@")[0].rpartition("//")[2])
            for part in (part for userinfo in given for part in (userinfo, userinfo.partition(":")[2])):
                secrets |= {part, unquote(part)}
    return secrets - {""}


def every_form(secrets: Iterable[str]) -> set[str]:
    """Return secrets as they are, and as they appear in URLs, forms, JSON, HTML and base64."""
    forms: set[str] = set()
    for secret in map(str, secrets):
        escaped = {quote(secret, safe=safe) for safe in ("", "/", "!'()*", "!'()*/")} | {quote_plus(secret)}
        forms |= escaped | {_ESCAPED.sub(lambda code: code[0].lower(), form) for form in escaped}
        text = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)} | {
            repr(secret)[1:-1]
        }
        forms |= text | {form.replace("/", "\\/") for form in text}
        forms |= {
            escape(secret),
            escape(secret, quote=False),
            escape(secret).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        }
        forms |= _base64_forms(secret) | {secret}
    return forms - {""}


def _base64_forms(secret: str) -> set[str]:
    """Return a secret in base64, alone and within a text, without the characters that depend on adjacent ones."""
    raw = secret.encode(errors="surrogateescape")
    if len(raw) < _SHORTEST_ENCODED:
        return set()
    forms = {b64encode(raw).decode().rstrip("=")}
    for before, first in enumerate((0, 2, 3)):
        encoded = b64encode(b"\0" * before + raw).decode().rstrip("=")
        incomplete = (before + len(raw)) % 3 != 0
        forms.add(encoded[first : len(encoded) - incomplete])
    return forms | {form.replace("+", "-").replace("/", "_") for form in forms}


def _scalars(value: Any) -> Iterator[str]:
    """Return all strings and numbers within a value, as strings."""
    if isinstance(value, dict):
        for element in value.values():
            yield from _scalars(element)
    elif isinstance(value, (list, tuple, set)):
        for element in value:
            yield from _scalars(element)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
