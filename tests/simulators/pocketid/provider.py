"""The OpenID provider for browsers: discovery, the authorization endpoint and its interactive steps.

The steps of a browser are done here with a session token and JSON (Pocket ID 2.14.0 and 2.13.0, observed).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from flask import Response, redirect
from markupsafe import escape
from werkzeug import Response as BaseResponse

from . import rules, views
from .call import Call, Need, route
from .callback import admits
from .claims import SCOPES, known_scopes
from .errors import ApiError, breakdown, invalid, missing
from .state import Client, Grant, Interaction, now, random_text

CODE_LIFE = timedelta(minutes=15)
SHORTEST_STATE = 8
PROMPTS = ("none", "login", "consent", "select_account")
RESPONSE_MODES = ("query", "fragment", "form_post")
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")


class Refused(Exception):
    """An OAuth 2.0 error: its name and description."""

    def __init__(self, error: str, text: str) -> None:
        super().__init__(text)
        self.error, self.text = error, text


class Stopped(Exception):
    """An error that must not be sent to the client: the provider shows its text in the browser."""


@route("GET", "/.well-known/openid-configuration", Need.NOBODY)
def discovery(call: Call) -> tuple[int, Any]:
    issuer = call.simulator.issuer
    return 200, {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/api/oidc/token",
        "userinfo_endpoint": f"{issuer}/api/oidc/userinfo",
        "introspection_endpoint": f"{issuer}/api/oidc/introspect",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "end_session_endpoint": f"{issuer}/api/oidc/end-session",
        "pushed_authorization_request_endpoint": f"{issuer}/api/oidc/par",
        "device_authorization_endpoint": f"{issuer}/api/oidc/device/authorize",
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": [*GRANT_TYPES, "urn:ietf:params:oauth:grant-type:device_code"],
        "scopes_supported": list(SCOPES),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "claims_supported": [
            "sub",
            "given_name",
            "family_name",
            "name",
            "display_name",
            "email",
            "email_verified",
            "preferred_username",
            "picture",
            "groups",
            "auth_time",
            "amr",
        ],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "Bearer"],
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": list(PROMPTS),
    }


@route("GET", "/.well-known/oauth-authorization-server", Need.NOBODY, since=(2, 14))
def authorization_server(call: Call) -> tuple[int, Any]:
    return discovery(call)


@route("GET", "/.well-known/jwks.json", Need.NOBODY)
def key_set(call: Call) -> tuple[int, Any]:
    return 200, {"keys": [{**call.simulator.key.as_dict(private=False), "alg": "RS256", "use": "sig"}]}


@dataclass
class Asked:
    """A request for authorization that names a client and one of its redirect URIs."""

    client: Client
    parameters: dict[str, str]
    interaction: Interaction | None

    @property
    def redirect_uri(self) -> str:
        return self.parameters["redirect_uri"]

    @property
    def scopes(self) -> list[str]:
        return known_scopes(self.parameters.get("scope", ""))

    @property
    def prompts(self) -> list[str]:
        return self.parameters.get("prompt", "").split()

    def answered(self, values: dict[str, str]) -> BaseResponse:
        """The response that returns to the client: a redirect or, if requested, a self-submitting form."""
        mode = self.parameters.get("response_mode")
        if mode == "form_post":
            fields = "".join(
                f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in values.items()
            )
            page = f'<form method="post" action="{escape(self.redirect_uri)}">{fields}</form>'
            return Response(f"<!doctype html>{page}", content_type="text/html;charset=UTF-8")
        mark = "#" if mode == "fragment" else "&" if urlsplit(self.redirect_uri).query else "?"
        return Response(
            status=303, headers={"Location": self.redirect_uri.removesuffix("?") + mark + urlencode(values)}
        )


@route("GET", "/authorize", Need.SESSION_IF_ANY)
@route("POST", "/authorize", Need.SESSION_IF_ANY)
def authorize(call: Call) -> BaseResponse:
    try:
        asked = _asked(call)
        try:
            return _authorized(call, asked)
        except Refused as refusal:
            return asked.answered(
                {"error": refusal.error, "error_description": refusal.text, "state": asked.parameters.get("state", "")}
            )
    except Stopped as stop:
        return redirect("/interaction/error?" + urlencode({"error": str(stop)}))


@route("GET", "/api/oidc/interactions/<interaction_id>", Need.NOBODY)
def get_interaction(call: Call, interaction_id: str) -> tuple[int, Any]:
    return 200, _shown(call, _find_interaction(call, interaction_id))


@route("POST", "/api/oidc/interactions/<interaction_id>/complete", Need.SESSION)
def complete_interaction(call: Call, interaction_id: str) -> tuple[int, Any]:
    """Complete a step; the last one leads back to the authorization endpoint. Passkeys are not simulated."""
    step = call.body(rules.STEP)["step"]
    interaction = _find_interaction(call, interaction_id)
    try:
        _take(call, interaction, step)
    except Refused as refusal:
        raise breakdown() from refusal
    if interaction.steps:
        return 200, {"interaction": _shown(call, interaction)}
    return 200, {"redirectUrl": f"/authorize?interaction={quote(interaction.id)}"}


def _asked(call: Call) -> Asked:
    """The request, or that of an interaction; refused without a valid client to return to."""
    parameters = call.request.values.to_dict()
    interaction = None
    if "interaction" in parameters:
        interaction = call.state.interactions.get(parameters["interaction"])
        if interaction is None:
            raise Stopped("The interaction session is invalid or has expired.")
        parameters = interaction.parameters
    client = call.state.clients.get(parameters.get("client_id", ""))
    if client is None:
        raise Stopped("The requested OAuth 2.0 Client does not exist.")
    redirect_uri = parameters.get("redirect_uri")
    if not redirect_uri:
        raise Stopped("The 'redirect_uri' parameter is required when using OpenID Connect 1.0.")
    if not admits(client.settings["callbackURLs"], redirect_uri):
        raise Stopped(f"The redirect_uri '{redirect_uri}' is not registered for this client.")
    mode = parameters.get("response_mode", "query")
    if mode not in RESPONSE_MODES:
        raise Stopped(f'Request with unsupported response_mode "{mode}".')
    return Asked(client, parameters, interaction)


def _authorized(call: Call, asked: Asked) -> BaseResponse:
    client, parameters = asked.client, asked.parameters
    if parameters.get("response_type") != "code":
        raise Refused("unsupported_response_type", "only the response type 'code' is supported")
    if len(parameters.get("state", "")) < SHORTEST_STATE:
        raise Refused("invalid_state", f"the state must have at least {SHORTEST_STATE} characters")
    if client.settings["pkceEnabled"] and not parameters.get("code_challenge"):
        raise Refused("invalid_request", "the client requires PKCE, but 'code_challenge' is missing")
    if client.settings["requiresPushedAuthorizationRequests"] and not asked.interaction:
        # pushed requests are not simulated, and the server has no better name for this refusal either
        raise Refused("error", "the client must push its authorization requests")
    if not set(asked.prompts) <= set(PROMPTS) or "none" in asked.prompts and len(asked.prompts) > 1:
        raise Refused("invalid_request", "the prompt is not one that can be shown")
    if call.user is None:
        if "none" in asked.prompts:
            raise Refused("login_required", "the user must log in")
        demanded = [
            step
            for step, wanted in (
                ("authenticate", True),
                ("select_account", "select_account" in asked.prompts),
                ("reauthenticate", "login" in asked.prompts or client.settings["requiresReauthentication"]),
                ("consent", "consent" in asked.prompts),
            )
            if wanted
        ]
        return _interact(call, asked, demanded)
    if not call.state.admits(client, call.caller.id):
        raise Stopped("You are not allowed to access this service.")
    if asked.interaction:
        _hand_over(call, asked.interaction)
        steps = asked.interaction.steps
    else:
        steps = _open_steps(call, client, asked.scopes, parameters)
    if "none" in asked.prompts and steps:
        error = "consent_required" if "consent" in steps else "login_required"
        raise Refused(error, "the request forbids the interaction that is needed")
    if parameters.get("code_challenge") and not client.settings["pkceEnabled"]:
        client.pkce_supported = True
    if steps:
        return _interact(call, asked, steps)
    return _granted(call, asked)


def _granted(call: Call, asked: Asked) -> BaseResponse:
    if asked.parameters.get("code_challenge_method", "plain") not in ("plain", "S256"):
        raise Refused("invalid_request", "the code_challenge_method is not supported")
    if asked.interaction:
        del call.state.interactions[asked.interaction.id]
    _consent(call, asked.client, asked.scopes)
    code = f"pocket_id_ac_{random_text(43)}.{random_text(43)}"
    call.state.codes[code] = Grant(
        asked.client.id,
        call.caller.id,
        asked.scopes,
        asked.redirect_uri,
        asked.parameters,
        call.session,
        expires=now() + CODE_LIFE,
    )
    return asked.answered(
        {
            "code": code,
            "iss": call.simulator.issuer,
            "scope": " ".join(asked.scopes),
            "state": asked.parameters["state"],
        }
    )


def _interact(call: Call, asked: Asked, steps: list[str]) -> BaseResponse:
    interaction = asked.interaction or Interaction(
        asked.client.id, asked.scopes, asked.parameters, steps, call.user.id if call.user else None
    )
    call.state.interactions[interaction.id] = interaction
    return redirect(f"/interaction?interaction={interaction.id}")


def _open_steps(call: Call, client: Client, scopes: list[str], parameters: dict[str, str]) -> list[str]:
    """The remaining steps of a user with a session, in order."""
    prompts = parameters.get("prompt", "").split()
    agreed = call.state.consents.get((call.caller.id, client.id))
    consented = client.settings["skipConsent"] or agreed is not None and set(scopes) <= set(agreed)
    needed = {
        "select_account": "select_account" in prompts,
        "reauthenticate": "login" in prompts
        or client.settings["requiresReauthentication"]
        or _too_old(call, parameters.get("max_age", "")),
        "consent": "consent" in prompts or not consented,
    }
    return [step for step, wanted in needed.items() if wanted]


def _too_old(call: Call, max_age: str) -> bool:
    if not max_age:
        return False
    if not max_age.isdecimal():
        raise Refused("invalid_request", "'max_age' must be a number that is not negative")
    return bool(time.time() >= call.session["iat"] + int(max_age))


def _take(call: Call, interaction: Interaction, step: str) -> None:
    """Complete a step if it is the first open one."""
    client = call.state.clients[interaction.client]
    _hand_over(call, interaction)
    if not interaction.steps:
        return
    if step != interaction.steps[0]:
        raise invalid(text=f"Expected interaction step {interaction.steps[0]} but got {step}")
    if step == "reauthenticate":
        raise missing("reauthenticationToken")
    interaction.user = call.caller.id
    interaction.steps = interaction.steps[1:]
    if step == "authenticate":
        required = _open_steps(call, client, interaction.scopes, interaction.parameters)
        interaction.steps = [
            name
            for name in ("select_account", "reauthenticate", "consent")
            if name in interaction.steps or name in required
        ]
    if step == "consent":
        _consent(call, client, interaction.scopes)


def _hand_over(call: Call, interaction: Interaction) -> None:
    """Assign the interaction of another user to the caller, with the caller's own steps."""
    if interaction.user not in (None, call.caller.id):
        client = call.state.clients[interaction.client]
        interaction.steps = _open_steps(call, client, interaction.scopes, interaction.parameters)
        interaction.user = call.caller.id


def _consent(call: Call, client: Client, scopes: list[str]) -> None:
    agreed = call.state.consents.setdefault((call.caller.id, client.id), [])
    agreed.extend(scope for scope in scopes if scope not in agreed)


def _find_interaction(call: Call, interaction_id: str) -> Interaction:
    if interaction_id not in call.state.interactions:
        raise ApiError(404, "not_found", "OIDC interaction not found or expired", resource="OIDC interaction")
    return call.state.interactions[interaction_id]


def _shown(call: Call, interaction: Interaction) -> dict[str, Any]:
    client = views.client_summary(call.state.clients[interaction.client], call.version)
    view = {
        "id": interaction.id,
        "scopes": interaction.scopes,
        "scopeInfo": [],
        "client": client,
        "requiredSteps": interaction.steps,
    }
    return {**view, "currentStep": interaction.steps[0]} if interaction.steps else view
