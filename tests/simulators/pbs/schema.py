"""The API as data: schema.json for a release, and the lookups in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Release = tuple[int, ...]

# the packages of the published versions, because section 13 refers to packages
PACKAGES = {"3.2": "3.2.10", "3.3": "3.3.4", "3.4": "3.4.2", "4.0": "4.0.19", "4.2": "4.2.3"}


def _release(package: str) -> Release:
    """`4.2.3-1` in comparable form; the packaging revision after the dash does not affect behaviour."""
    return tuple(int(part) for part in package.partition("-")[0].split("."))


def _as_of(node: Any, current: Release) -> Any:
    """A part of the schema in the release `current`: without newer parts, with older rules."""

    def known(part: Any) -> bool:
        return not (isinstance(part, dict) and "since" in part and current < _release(part["since"]))

    if isinstance(node, list):
        return [_as_of(part, current) for part in node if known(part)]
    if not isinstance(node, dict):
        return node
    result = {name: _as_of(part, current) for name, part in node.items() if known(part)}
    for package, rules in result.pop("before", {}).items():
        if current < _release(package):
            result.update(rules)
    return result


@dataclass(frozen=True)
class Endpoint:
    """A verb on a path: its permission, its parameters, and the configuration file it reads or changes."""

    verb: str
    path: str
    permission: dict[str, Any]
    parameters: dict[str, dict[str, Any]]
    config: str | None


class Schema:
    """The API of a release: `types`, `roles`, `privileges`, endpoints and ACL paths."""

    def __init__(self, version: str) -> None:
        self.package = PACKAGES[version]
        self._current = _release(self.package)
        data = _as_of(json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8")), self._current)
        self.privileges: list[str] = list(data["privileges"])
        self.roles: dict[str, list[str]] = {
            role: [privilege for privilege in self.privileges if privilege in known["privileges"]]
            for role, known in data["roles"].items()
        }
        self.role_comments: dict[str, str] = {role: known["comment"] for role, known in data["roles"].items()}
        data["types"]["role"]["enum"] = self.roles
        self.types: dict[str, dict[str, Any]] = {}
        for name, rule in data["types"].items():
            self.types[name] = self._resolved(rule)
        self._acl_paths: list[dict[str, Any]] = data["aclPaths"]
        self.endpoints = [
            Endpoint(
                verb=verb,
                path=path,
                permission=entry["permission"],
                parameters={name: self._resolved(rule) for name, rule in entry.get("parameters", {}).items()},
                config=entry.get("config"),
            )
            for path, verbs in data["endpoints"].items()
            for verb, entry in verbs.items()
        ]

    def since(self, package: str) -> bool:
        """Whether this release behaves as `package` and later ones do."""
        return self._current >= _release(package)

    def find(self, verb: str, segments: Sequence[str]) -> tuple[Endpoint, dict[str, str]] | None:
        """The endpoint for a decoded path, and the values of its path parameters."""
        for endpoint in self.endpoints:
            values = _match(endpoint.path, segments) if endpoint.verb == verb else None
            if values is not None:
                return endpoint, values
        return None

    def below(self, path: str) -> list[str]:
        """The names directly below `path`, for its directory index."""
        prefix = path + "/"
        names = (
            endpoint.path[len(prefix) :].split("/")[0]
            for endpoint in self.endpoints
            if endpoint.path.startswith(prefix)
        )
        return sorted({name for name in names if not name.startswith("{")})

    def is_acl_path(self, path: str) -> bool:
        """Whether an ACL entry may be added for `path`; the object itself (datastore, remote) need not exist."""
        segments = [segment for segment in path.split("/") if segment]
        for entry in self._acl_paths:
            depth = entry["path"].count("/") if entry["path"] != "/" else 0
            deep_enough = depth <= len(segments) <= depth + entry.get("deeper", 0)
            if deep_enough and _match(entry["path"], segments[:depth]) is not None:
                return True
        return False

    def _resolved(self, rule: dict[str, Any]) -> dict[str, Any]:
        """A rule merged with the named type that it refers to, at every depth."""
        merged = {**self.types.get(rule.get("$type", ""), {}), **rule}
        if "properties" in merged:
            merged["properties"] = {name: self._resolved(inner) for name, inner in merged["properties"].items()}
        return merged


def _match(template: str, segments: Sequence[str]) -> dict[str, str] | None:
    """The values that `segments` give to the placeholders of `template`; None if they do not match."""
    parts = [part for part in template.split("/") if part]
    if len(parts) != len(segments):
        return None
    values = {}
    for part, segment in zip(parts, segments):
        if part.startswith("{"):
            values[part[1:-1]] = segment
        elif part != segment:
            return None
    return values
