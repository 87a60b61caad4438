# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read-only objects that applications refer to by name: flows, key pairs, scope mappings and policies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.resource import Resource
from .permissions import SUPERUSER
from .resource import named

if TYPE_CHECKING:
    from ..core.plan import ServerState

MANAGED = "goauthentik.io/providers/oauth2/scope-"


class Flow(Resource):
    name = "flow"
    plural = "flows"
    key = ("slug",)
    audit_permission = SUPERUSER
    fields = (named("slug"), named("name"), named("designation"))

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        return list(server.client.read_all("flows", "instances"))


class KeyPair(Resource):
    """Pairs of certificate and private key. Up to 2025.10 the key type has another field name."""

    name = "key pair"
    plural = "key_pairs"
    key = ("name",)
    audit_permission = SUPERUSER
    fields = (named("name"), named("key_type"), named("managed"))

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        for pair in server.client.read_all("crypto", "certificatekeypairs", has_key="true"):
            yield {**pair, "key_type": pair.get("key_type") or pair.get("private_key_type")}


class ScopeMapping(Resource):
    """Scope mappings by name; those that authentik provides are named by their scope, such as email."""

    name = "scope mapping"
    plural = "scope_mappings"
    key = ("name",)
    audit_permission = SUPERUSER
    fields = (named("name"), named("scope_name"), named("managed"))

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        mappings = server.client.read_all("propertymappings", "provider", "scope")
        for mapping in sorted(mappings, key=_own):
            yield {**mapping, "name": mapping["scope_name"]} if _own(mapping) else mapping


class Policy(Resource):
    name = "policy"
    plural = "policies"
    key = ("name",)
    audit_permission = SUPERUSER
    fields = (named("name"), named("component"))

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        return list(server.client.read_all("policies", "all"))


def _own(mapping: dict[str, Any]) -> bool:
    return (mapping["managed"] or "").startswith(MANAGED)
