"""The objects of a new installation (flows, key pairs, scope mappings), and policies."""

from __future__ import annotations

from typing import Any

from . import values
from .call import Call, route
from .errors import Invalid
from .kinds import Kind, page_of
from .state import KEY_KINDS, Row, State
from .values import Field

MANAGED = "goauthentik.io/providers/oauth2/scope-"
SCOPES = {
    "openid": "authentik default OAuth Mapping: OpenID 'openid'",
    "email": "authentik default OAuth Mapping: OpenID 'email'",
    "profile": "authentik default OAuth Mapping: OpenID 'profile'",
    "entitlements": "authentik default OAuth Mapping: Application Entitlements",
    "offline_access": "authentik default OAuth Mapping: OpenID 'offline_access'",
    "goauthentik.io/api": "authentik default OAuth Mapping: authentik API access",
}
FLOWS = {
    "default-authentication-flow": "authentication",
    "default-provider-authorization-implicit-consent": "authorization",
    "default-provider-authorization-explicit-consent": "authorization",
    "default-provider-invalidation-flow": "invalidation",
    "default-invalidation-flow": "invalidation",
}
SELF_SIGNED = "authentik Self-signed Certificate"


def install(state: State) -> None:
    """Create the objects of the default blueprints."""
    for slug, designation in FLOWS.items():
        state.add("flow", {"slug": slug, "name": slug, "title": slug, "designation": designation})
    for scope, name in SCOPES.items():
        managed = MANAGED + ("authentik_api" if "/" in scope else scope)
        state.add(
            "mapping",
            {"managed": managed, "name": name, "scope_name": scope, "description": "", "expression": "return {}"},
        )
    new_key(state, SELF_SIGNED, "rsa")


def new_key(state: State, name: str, kind: str) -> Row:
    row = state.add("key", {"name": name, "key_type": kind, "managed": None})
    state.keys[row["pk"]] = KEY_KINDS[kind]()
    return row


def _flow_fields(_call: Call) -> list[Field]:
    designations = ("authentication", "authorization", "invalidation", "enrollment", "recovery")
    return [
        Field("slug", values.text(blank=False)),
        Field("name", values.text(blank=False)),
        Field("title", values.text()),
        Field("designation", values.choice(*designations)),
    ]


FLOW = Kind(
    "flow",
    "/flows/instances/",
    "Flow",
    "authentik_flows",
    _flow_fields,
    lambda call, row: row,
    key="slug",
    unique=(("slug", "Flow with this slug already exists."),),
    search=("name", "slug"),
    filters=("slug", "name", "designation"),
)
FLOW.register()


def _mapping_fields(_call: Call) -> list[Field]:
    return [
        Field("managed", values.text(), None, nullable=True),
        Field("name", values.text(blank=False)),
        Field("expression", values.text(blank=False)),
        Field("scope_name", values.text(blank=False, pattern=r"\S+", message="Value must not contain spaces.")),
        Field("description", values.text(), ""),
    ]


MAPPING = Kind(
    "mapping",
    "/propertymappings/provider/scope/",
    "ScopeMapping",
    "authentik_providers_oauth2",
    _mapping_fields,
    lambda call, row: {**row, "component": "ak-property-mapping-provider-scope-form"},
    unique=(("name", "Property Mapping with this name already exists."),),
    search=("name", "scope_name"),
    filters=("managed", "scope_name", "name"),
)
MAPPING.register()


def _view_key(call: Call, row: Row) -> Row:
    result = {name: row[name] for name in ("pk", "name", "managed")}
    kind = "key_type" if call.version >= (2025, 12) else "private_key_type"
    return {**result, kind: row["key_type"], "private_key_available": True}


KEY = Kind(
    "key",
    "/crypto/certificatekeypairs/",
    "CertificateKeyPair",
    "authentik_crypto",
    lambda call: [Field("name", values.text(blank=False))],
    _view_key,
    filters=("name", "managed"),
)
KEY.register(writes=False)
route("DELETE", KEY.path + "<key>/")(KEY.removed)


@route("POST", "/crypto/certificatekeypairs/generate/")
def generate(call: Call) -> tuple[int, Any]:
    kinds = (
        {"rsa": "rsa", "ecdsa": "ec", "ed25519": "ed25519"}
        if call.version >= (2026, 2)
        else {"rsa": "rsa", "ecdsa": "ec"}
    )
    fields = [
        Field("common_name", values.text(blank=False)),
        Field("validity_days", values.number()),
        Field("subject_alt_name", values.text(), ""),
        Field("alg", values.choice(*kinds), "rsa"),
    ]
    given = values.read_body(call.state, fields, call.body(), False, True)
    if call.state.find("key", name=given["common_name"]):
        raise Invalid({"common_name": ["This field must be unique."]})
    return 200, _view_key(call, new_key(call.state, given["common_name"], kinds[given["alg"]]))


def _policy_fields(_call: Call) -> list[Field]:
    return [
        Field("name", values.text(blank=False)),
        Field("expression", values.text(blank=False)),
        Field("execution_logging", values.flag, False),
    ]


def _view_policy(call: Call, row: Row) -> Row:
    bound = sum(binding["policy"] == row["pk"] for binding in call.state.all("binding"))
    return {**row, "component": "ak-policy-expression-form", "bound_to": bound}


EXPRESSION = Kind(
    "policy",
    "/policies/expression/",
    "ExpressionPolicy",
    "authentik_policies_expression",
    _policy_fields,
    _view_policy,
    unique=(("name", "policy with this name already exists."),),
    filters=("name",),
)
EXPRESSION.register()


@route("GET", "/policies/all/", needs="authentik_policies.view_policy")
def all_policies(call: Call) -> tuple[int, Any]:
    rows = EXPRESSION.filtered(call, call.state.all("policy"))
    return 200, page_of(call, rows, lambda row: _view_policy(call, row))
