"""Parameter verification, driven by schema.json (pve-common 9.2.1: RESTHandler.pm, JSONSchema.pm)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError, parameter_error
from .values import split_list, true

MISSING = "property is missing and it is not optional"
UNKNOWN = "property is not defined in schema and the schema does not allow additional properties"
REFERENCES = {list: "ARRAY", dict: "HASH", bool: "JSON::PP::Boolean"}
NUMBER = re.compile(r"^[+-]?(\d+\.\d+|\d+\.|\.\d+|\d+)([eE][+-]?\d+)?$")
YES, NO = ("1", "on", "yes", "true"), ("0", "off", "no", "false")


@dataclass(frozen=True)
class Endpoint:
    """A verb on a path: its parameters by name, its permissions, and whether an API token may call it."""

    verb: str
    path: str
    permissions: dict[str, Any]
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    allowtoken: bool = True
    proxyto: str | None = None


class Schema:
    """The endpoints and formats of a version.

    `data`: `{"texts": {...}, "formats": {name: [[regex, error], ...] | {key: property}},
    "endpoints": {path: {verb: {"permissions", "parameters", "allowtoken", "proxyto"}}}}`.
    """

    def __init__(self, data: dict[str, Any], privileges: Iterable[str]) -> None:
        self._texts = data["texts"]
        self._formats = data["formats"]
        self._privileges = set(privileges)
        self._tree: dict[str | None, Any] = {}
        for path, verbs in data["endpoints"].items():
            node = self._tree
            for segment in path.split("/"):
                node = node.setdefault(segment, {}) if segment else node
            node[None] = {verb: Endpoint(verb, path, **details) for verb, details in verbs.items()}

    def find(self, verb: str, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        """The endpoint of a request and the parameters in its path. Empty segments are ignored."""
        node, in_path = self._tree, {}
        for segment in filter(None, path.split("/")):
            name = next((key for key in node if key and key.startswith("{")), None)
            if name and re.fullmatch(r"\S+", segment, re.ASCII):
                in_path[name.strip("{}")] = segment
                node = node[name]
            elif segment in node:
                node = node[segment]
            else:
                return None
        endpoint = node.get(None, {}).get(verb)
        return (endpoint, in_path) if endpoint else None

    def properties(self, verb: str, path: str) -> dict[str, dict[str, Any]]:
        found = self.find(verb, path)
        return found[0].parameters if found else {}

    def verify(self, endpoint: Endpoint, param: dict[str, Any]) -> dict[str, Any]:
        """Return `param` with strings where the schema requires them; refuse with all invalid parameters at once."""
        joined = {name: _as_text(value, endpoint.parameters.get(name, {})) for name, value in param.items()}
        if errors := self._object_errors(joined, endpoint.parameters):
            raise parameter_error(errors)
        return joined

    def require(self, name: str, value: str) -> str:
        """Return `value` if it has the format `name`, outside of the parameter verification."""
        if error := self._format_error(name, value):
            raise ApiError(error)
        return value

    def value_error(self, value: object, prop: dict[str, Any]) -> str | None:
        """The first error of a value, outside of the parameter verification."""
        return self._error(value, prop, "")

    def matches(self, name: str, value: object) -> bool:
        return isinstance(value, str) and self._format_error(name, value) is None

    def parse_property_string(self, name: str, text: str, path: str = "") -> dict[str, str]:
        """`key=value,...` with the keys of the format `name`."""
        properties, values = self._formats[name], {}
        for part in text.split(","):
            if not part.strip():
                continue
            key, equals, value = part.partition("=")
            if not equals:
                raise ApiError("value without key, but schema does not define a default key\n")
            if not key or not value:
                raise ApiError("missing key in comma-separated list property\n")
            if key in values:
                raise ApiError(f"duplicate key in comma-separated list property: {key}\n")
            if key not in properties:
                raise ApiError(f"invalid key in comma-separated list property: {key}\n")
            values[key] = _as_boolean(value) if properties[key]["type"] == "boolean" else value
        if errors := self._object_errors(values, properties, f"{path}." if path else ""):
            raise ApiError("format error\n" + "".join(f"{key}: {text}\n" for key, text in errors.items()))
        return values

    def _object_errors(
        self, values: dict[str, Any], properties: dict[str, dict[str, Any]], prefix: str = ""
    ) -> dict[str, str]:
        errors: dict[str, str] = {}

        def add(name: str, text: str | None) -> None:
            if text:
                # the backslash is real: the product joins with a single-quoted '\n'
                errors[prefix + name] = f"{errors[prefix + name]}\\n{text}" if prefix + name in errors else text

        for name, prop in properties.items():
            add(name, self._error(values.get(name), prop, prefix + name))
        for name in values:
            required = properties.get(name, {}).get("requires")
            if name not in properties:
                add(name, UNKNOWN)
            elif required and values.get(required) is None:
                add(required, self._texts["requires"].format(prefix + name))
        return errors

    def _error(self, value: object, prop: dict[str, Any], path: str) -> str | None:
        """The first error of `value`."""
        if value is None:
            return None if prop.get("optional") else MISSING
        if error := _type_error(prop["type"], value):
            return error
        if isinstance(value, bool):
            return None  # a JSON boolean is an object to the product, and objects have no further checks
        text = str(value)
        if "format" in prop and (error := self._format_error(prop["format"], text, path)):
            return f"invalid format - {error}"
        if "pattern" in prop and not re.search(f"^{prop['pattern']}$", text):
            return "value does not match the regex pattern"
        if len(text) > prop.get("maxLength", len(text)):
            return f"value may only be {prop['maxLength']} characters long"
        if len(text) < prop.get("minLength", 0):
            return f"value must be at least {prop['minLength']} characters long"
        if NUMBER.search(text) and float(text) > prop.get("maximum", float("inf")):
            return f"value must have a maximum value of {prop['maximum']}"
        if NUMBER.search(text) and float(text) < prop.get("minimum", float("-inf")):
            return f"value must have a minimum value of {prop['minimum']}"
        if "enum" in prop and text not in prop["enum"]:
            return f"value '{text}' does not have a value in the enumeration '{', '.join(prop['enum'])}'"
        return None

    def _format_error(self, name: str, text: str, path: str = "") -> str | None:
        if name.endswith("-list"):
            errors = (self._format_error(name.removesuffix("-list"), entry) for entry in split_list(text))
            return next(filter(None, errors), None)
        if name.endswith("-opt"):
            return self._format_error(name.removesuffix("-opt"), text) if true(text) else None
        if name == "pve-priv":
            return None if text in self._privileges else f"invalid privilege '{text}'\n"
        if name == "address":
            known = _is_address(text) or self.matches("dns-name", text)
            return None if known else f"value does not look like a valid address: {text}\n"
        rules = self._formats[name]
        if isinstance(rules, dict):
            try:
                self.parse_property_string(name, text, path)
            except ApiError as error:
                return error.message
            return None
        broken = (error for regex, error in rules if not re.search(regex, text))
        return next((f"{error.format(text, len(text))}\n" for error in broken), None)


def _as_text(value: object, prop: dict[str, Any]) -> object:
    """Join an array given for a `-list` parameter, and convert a JSON number given for a string."""
    if isinstance(value, list) and value and prop.get("format", "").endswith("-list"):
        return ",".join(str(entry) for entry in value)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if number and prop.get("type") == "string" else value


def _as_boolean(text: str) -> str:
    """Property strings, unlike parameters, accept more spellings of a boolean."""
    if text.lower() in YES:
        return "1"
    return "0" if text.lower() in NO else text


def _type_error(kind: str, value: object) -> str | None:
    if kind == "boolean" and isinstance(value, bool):
        return None
    if type(value) in REFERENCES:
        return f"type check ('{kind}') failed - got {REFERENCES[type(value)]}"
    text = str(value)
    good = {"boolean": text in ("0", "1"), "integer": bool(re.search(r"^[+-]?\d+$", text))}.get(kind, True)
    return None if good else f"type check ('{kind}') failed - got '{text}'"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
