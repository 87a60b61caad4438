"""Applications, OAuth2 providers and bindings (authentik/core/api/applications, providers/oauth2, policies/api/bindings)."""

from __future__ import annotations

from typing import Any

from . import files, values
from .call import Call, route
from .errors import ApiError, Crash, Invalid, together
from .kinds import Kind, page_of
from .state import Row, random_text
from .values import Field

RESERVED = ("authorize", "token", "device", "userinfo", "introspect", "revoke")
GRANTS = (
    "authorization_code",
    "implicit",
    "hybrid",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
)
PROXY_ONLY = ("external_host", "mode")
PROXY_NAMES = {
    "component": "ak-provider-proxy-form",
    "verbose_name": "Proxy Provider",
    "verbose_name_plural": "Proxy Providers",
    "meta_model_name": "authentik_providers_proxy.proxyprovider",
}
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


# -- providers -----------------------------------------------------------------------------------------------------


def _provider_fields(call: Call) -> list[Field]:
    grants = (*GRANTS, EXCHANGE) if call.version >= (2026, 8) else GRANTS
    return [
        Field("name", values.text(blank=False)),
        Field("authorization_flow", values.one_of("flow")),
        Field("invalidation_flow", values.one_of("flow")),
        Field("authentication_flow", values.one_of("flow"), None, nullable=True),
        Field(
            "redirect_uris", values.redirects(call.version), check_of_patch=values.redirects(call.version, partial=True)
        ),
        Field("client_type", values.choice("confidential", "public"), "confidential"),
        Field("client_id", values.text(blank=False, longest=255), lambda: random_text(40)),
        Field("client_secret", values.text(longest=255), lambda: random_text(128)),
        Field("grant_types", values.choices(*grants), list, since=(2026, 5)),
        Field("signing_key", values.one_of("key"), None, nullable=True),
        Field("encryption_key", values.one_of("key"), None, nullable=True),
        Field("property_mappings", values.many_of("mapping"), list),
        Field(
            "sub_mode",
            values.choice("hashed_user_id", "user_id", "user_uuid", "user_username", "user_email", "user_upn"),
            "hashed_user_id",
        ),
        Field("issuer_mode", values.choice("per_provider", "global"), "per_provider"),
        Field("include_claims_in_id_token", values.flag, True),
        Field("access_code_validity", values.duration, "minutes=1"),
        Field("access_token_validity", values.duration, "hours=1"),
        Field("refresh_token_validity", values.duration, "days=30"),
        Field("refresh_token_threshold", values.duration, "seconds=0", since=(2025, 10)),
        Field("logout_uri", values.url, "", since=(2025, 10)),
        Field("logout_method", values.choice("backchannel", "frontchannel"), "backchannel", since=(2025, 10)),
    ]


def view_provider(call: Call, row: Row) -> Row:
    """An entry of a redirect URI without a matching mode is stored, and then no answer can be rendered."""
    if not all("matching_mode" in uri for uri in row["redirect_uris"]):
        raise Crash
    application = call.state.application_of(row["pk"])
    return {
        **{name: value for name, value in row.items() if name not in PROXY_ONLY},
        "component": "ak-provider-oauth2-form",
        "assigned_application_slug": application and application["slug"],
        "assigned_application_name": application and application["name"],
        "assigned_backchannel_application_slug": None,
        "assigned_backchannel_application_name": None,
        "verbose_name": "OAuth2/OpenID Provider",
        "verbose_name_plural": "OAuth2/OpenID Providers",
        "meta_model_name": "authentik_providers_oauth2.oauth2provider",
    }


def view_by_type(call: Call, row: Row) -> Row:
    """A provider in applications and in lists of all types, the only views that distinguish a proxy from an OAuth2 provider."""
    shown = view_provider(call, row)
    return {**shown, **PROXY_NAMES} if "external_host" in row else shown


PROVIDER = Kind(
    "provider",
    "/providers/oauth2/",
    "OAuth2Provider",
    "authentik_providers_oauth2",
    _provider_fields,
    view_provider,
    unique=(
        ("name", "provider with this name already exists."),
        ("client_id", "OAuth2/OpenID Provider with this Client ID already exists."),
    ),
    filters=("name", "client_id", "client_type", "sub_mode", "issuer_mode", "signing_key"),
)
PROVIDER.register()


@route("GET", "/providers/all/", needs="authentik_core.view_provider")
def all_providers(call: Call) -> tuple[int, Any]:
    rows = call.state.all("provider")
    words = call.request.args.get("search", "").lower()
    return 200, page_of(
        call, [row for row in rows if words in row["name"].lower()], lambda row: view_by_type(call, row)
    )


@route("POST", "/providers/proxy/")
def create_proxy(call: Call) -> tuple[int, Any]:
    """A proxy provider is an OAuth2 provider with more fields, which is why the list of those has it as well."""
    body = call.body()
    host = body.get("external_host")
    if not host:
        raise Invalid({"external_host": ["This field is required."]})
    # seen on 2026.5.0-rc1
    if body.get("mode", "proxy") == "proxy" and not body.get("internal_host"):
        raise Invalid({"internal_host": ["Internal host cannot be empty when forward auth is disabled."]})
    callbacks = [{"matching_mode": "strict", "url": f"{host}/outpost.goauthentik.io/callback"}]
    row = PROVIDER.create(call, {**body, "redirect_uris": callbacks})
    row.update(external_host=host, mode=body.get("mode", "proxy"))
    return 201, view_by_type(call, row)


@route("GET", "/providers/oauth2/<key>/setup_urls/", needs="")
def setup_urls(call: Call, key: str) -> tuple[int, Any]:
    provider = PROVIDER.find(call, key)
    application = call.state.application_of(provider["pk"])
    base = f"{call.origin}/application/o/"
    result: dict[str, Any] = {
        "issuer": issuer(call.origin, provider, application),
        "authorize": f"{base}authorize/",
        "token": f"{base}token/",
        "user_info": f"{base}userinfo/",
        "provider_info": None,
        "logout": None,
    }
    if call.version >= (2026, 8):
        result["dcr_registration"] = None
    if application:
        own = f"{base}{application['slug']}/"
        result.update(
            provider_info=f"{own}.well-known/openid-configuration", logout=f"{own}end-session/", jwks=f"{own}jwks/"
        )
    return 200, result


def issuer(origin: str, provider: Row, application: Row | None) -> str | None:
    if provider["issuer_mode"] == "global":
        return f"{origin}/"
    return f"{origin}/application/o/{application['slug']}/" if application else None


# -- applications --------------------------------------------------------------------------------------------------


def _slug(_state: Any, value: Any) -> str:
    message = "Enter a valid \u201cslug\u201d consisting of letters, numbers, underscores or hyphens."
    slug: str = values.text(blank=False, pattern=r"[-a-zA-Z0-9_]+", message=message)(None, value)
    if slug in RESERVED:
        raise Invalid([f"The slug '{slug}' is reserved and cannot be used for applications."])
    return slug


def _application_fields(call: Call) -> list[Field]:
    return [
        Field("name", values.text(blank=False)),
        Field("slug", _slug if call.version >= (2025, 12) else _short_slug),
        Field("provider", values.one_of("provider"), None, nullable=True),
        Field("backchannel_providers", values.many_of("provider"), list),
        Field("group", values.text(), ""),
        Field("meta_launch_url", values.url, ""),
        Field("open_in_new_tab", values.flag, False),
        Field("meta_icon", files.icon, "", since=files.ICON_IS_A_FIELD),
        Field("meta_description", values.text(), ""),
        Field("meta_publisher", values.text(), ""),
        Field("policy_engine_mode", values.choice("any", "all"), "any"),
        Field("meta_hide", values.flag, False, since=(2026, 5)),
    ]


def _short_slug(state: Any, value: Any) -> str:
    if len(str(value)) > 50:
        raise Invalid(["Ensure this field has no more than 50 characters."])
    return _slug(state, value)


def _on_create_application(call: Call, row: Row) -> None:
    row.setdefault("meta_icon", None)
    call.state.listed.clear()


def view_application(call: Call, row: Row) -> Row:
    provider = call.state.get("provider", row["provider"])
    origin = provider and next((uri["url"] for uri in provider["redirect_uris"]), None)
    result = {
        **row,
        "provider_obj": provider and view_by_type(call, provider),
        "launch_url": row["meta_launch_url"] or origin,
    }
    url = files.url_of(call.simulator, row["meta_icon"])
    if call.version < files.ICON_IS_A_FIELD:
        result["meta_icon"] = url
    else:
        result.update(meta_icon_url=url, meta_icon_themed_urls=None)
    if call.version >= (2026, 8):
        result["pbm_uuid"] = row["pk"]
    return result


APPLICATION = Kind(
    "application",
    "/core/applications/",
    "Application",
    "authentik_core",
    _application_fields,
    view_application,
    key="slug",
    unique=(
        ("slug", "Application with this slug already exists."),
        ("provider", "Application with this provider already exists."),
    ),
    search=("name", "slug", "group"),
    filters=("name", "slug", "group"),
    on_create=_on_create_application,
)
APPLICATION.register(lists=False)


@route("GET", "/core/applications/", needs="")
def list_applications(call: Call) -> tuple[int, Any]:
    """Without a search the list comes from a cache by user and page, regardless of the filters."""
    query = call.request.args
    rows = APPLICATION.filtered(call, sorted(call.state.all("application"), key=lambda row: row["name"]))
    if query.get("superuser_full_list", "").lower() == "true" and call.is_superuser:
        return 200, page_of(call, rows, lambda row: view_application(call, row))
    answer = page_of(call, rows, lambda row: row)
    shown = [row["pk"] for row in answer["results"] if call.state.admits(row, call.user["pk"])]
    if not query.get("search"):
        place = (call.user["pk"], answer["pagination"]["current"])
        shown = call.state.listed.get(place) or shown
        call.state.listed[place] = shown
    found = [call.state.get("application", pk) for pk in shown]
    return 200, {**answer, "results": [view_application(call, row) for row in found if row]}


@route("GET", "/core/applications/<key>/check_access/", needs="")
def check_access(call: Call, key: str) -> tuple[int, Any]:
    application, user = APPLICATION.find(call, key), call.user["pk"]
    wanted = call.request.args.get("for_user")
    if wanted and call.is_superuser:
        user = int(wanted)
    return 200, {"passing": call.state.admits(application, user), "messages": [], "log_messages": []}


@route(
    "POST", "/core/applications/<key>/set_icon/", needs="authentik_core.change_application", until=files.ICON_IS_A_FIELD
)
def set_icon(call: Call, key: str) -> tuple[int, Any]:
    """Set or clear the icon; the old file is kept unless cleared, and every file type is accepted, even an empty file."""
    application = APPLICATION.find(call, key)
    form, file = call.form()
    if form.get("clear", "false").lower() == "true":
        call.state.files.pop(application["meta_icon"] or "", None)
        application["meta_icon"] = None
    elif file is None:
        raise ApiError(400, None)
    else:
        application["meta_icon"] = files.keep(call.state, file.filename or "", file.read())
    return 200, {}


@route(
    "POST",
    "/core/applications/<key>/set_icon_url/",
    needs="authentik_core.change_application",
    until=files.ICON_IS_A_FIELD,
)
def set_icon_url(call: Call, key: str) -> tuple[int, Any]:
    application = APPLICATION.find(call, key)
    application["meta_icon"] = call.body()["url"]
    return 200, {}


@route("PUT", "/core/transactional/applications/")
def transactional(call: Call) -> tuple[int, Any]:
    """Create an application, its provider and bindings, or nothing."""
    body = call.body()
    missing = {name: ["This field is required."] for name in ("app", "provider_model", "provider") if name not in body}
    if missing:
        raise Invalid(missing)
    provider, part = None, "provider"
    application = None
    try:
        provider = PROVIDER.create(call, body["provider"])
        part = "app"
        application = APPLICATION.create(call, {**body["app"], "provider": provider["pk"]})
        part = "policy_bindings"
        for binding in body.get("policy_bindings") or ():
            BINDING.create(call, {**binding, "target": application["pk"]})
    except Invalid as problem:
        for kind, row in (("application", application), ("provider", provider)):
            if row:
                call.state.remove(kind, row["pk"])
        raise Invalid({part: problem.body}) from None
    return 200, {"applied": True, "logs": []}


# -- bindings ------------------------------------------------------------------------------------------------------


def _binding_fields(_call: Call) -> list[Field]:
    return [
        Field("target", values.one_of("application")),
        Field("policy", values.one_of("policy"), None, nullable=True),
        Field("group", values.one_of("group"), None, nullable=True),
        Field("user", values.one_of("user"), None, nullable=True),
        Field("order", values.number()),
        Field("enabled", values.flag, True),
        Field("negate", values.flag, False),
        Field("timeout", values.number(0), 30),
        Field("failure_result", values.flag, False),
    ]


def _check_binding(call: Call, given: dict[str, Any], row: Row | None) -> None:
    if "target" not in given:
        raise Crash
    count = sum(bool(given.get(name)) for name in ("group", "policy", "user"))
    if count != 1:
        raise together(
            "One of 'group', 'policy', 'user' must be set."
            if not count
            else "Only one of 'group', 'policy', 'user' can be set."
        )
    after = {**(row or {"policy": None}), **given}
    same = [
        binding
        for binding in call.state.all("binding")
        if binding is not row and all(binding[name] == after[name] for name in ("policy", "target", "order"))
    ]
    # the database accepts several without a policy; only the check of an update does not
    if same and (row is not None or after["policy"]):
        raise together("The fields policy, target, order must make a unique set.")


def view_binding(call: Call, row: Row) -> Row:
    group, user, policy = (call.state.get(kind, row[kind]) for kind in ("group", "user", "policy"))
    result = {
        **row,
        "group_obj": group and {name: group[name] for name in ("pk", "name", "is_superuser")},
        "user_obj": user and {name: user[name] for name in ("pk", "username", "name", "email")},
        "policy_obj": policy and {name: policy[name] for name in ("pk", "name")},
    }
    return {**result, "expires": None, "expiring": False} if call.version >= (2026, 8) else result


BINDING = Kind(
    "binding",
    "/policies/bindings/",
    "PolicyBinding",
    "authentik_policies",
    _binding_fields,
    view_binding,
    search=(),
    filters=("target", "policy", "enabled", "order"),
    references=("target", "policy"),
    check=_check_binding,
    saved=lambda call, row: call.state.listed.clear(),
)
BINDING.register()


@route("GET", "/providers/oauth2/<key>/preview_user/")
def preview_user(call: Call, key: str) -> tuple[int, Any]:
    from .oauth import claims_of

    provider = PROVIDER.find(call, key)
    user = int(call.request.args.get("for_user", call.user["pk"]))
    if call.state.get("user", user) is None:
        raise ApiError(400, {"for_user": "User not found"})
    scopes = [call.state.row("mapping", pk)["scope_name"] for pk in provider["property_mappings"]]
    return 200, {"preview": claims_of(call.state, provider, user, scopes)}
