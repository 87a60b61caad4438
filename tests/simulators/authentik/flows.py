"""The browser endpoints: the authorization endpoint, and flows with their stages (authentik/flows/views/executor.py).

Flows run through the executor, an API that needs only the session cookie of the browser: GET returns the challenge of
the stage, POST answers it. A completed stage redirects to the executor, the last one returns the target of the flow.
After a login, POST also requires the CSRF token of the session, and over HTTPS a Referer of the same origin.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Response, jsonify, redirect, request
from werkzeug import Response as BaseResponse

from .oauth import BASE, Place, admitted, authorization_uris
from .state import Grant, Row, Session, State, now, random_text
from .values import seconds

if TYPE_CHECKING:
    from .app import AuthentikSimulator

COOKIE = "authentik_session"
CSRF_COOKIE, CSRF_HEADER = "authentik_csrf", "X-authentik-CSRF"
EXECUTOR = "/api/v3/flows/executor"
AUTHENTICATION = "default-authentication-flow"
CONSENT = "default-provider-authorization-explicit-consent"
STAGES = {AUTHENTICATION: ("identification", "password"), CONSENT: ("consent",)}
FORBIDDEN = ("javascript", "data", "vbscript")


class Flows:
    """The pages and the executor of a server."""

    def __init__(self, simulator: AuthentikSimulator) -> None:
        self._simulator = simulator

    def routes(self) -> list[Place]:
        return [
            Place("GET", f"{BASE}/authorize/", self.authorize),
            Place("GET", "/if/flow/<slug>/", self.shell),
            Place("GET", f"{EXECUTOR}/<slug>/", self.challenge),
            Place("POST", f"{EXECUTOR}/<slug>/", self.answer),
        ]

    @property
    def _state(self) -> State:
        return self._simulator.state

    # -- the authorization endpoint ----------------------------------------------------------------------------

    def authorize(self) -> BaseResponse:
        query = request.args.to_dict()
        provider = self._state.find("provider", client_id=query.get("client_id", ""))
        if provider is None:
            return _page(400, "Client ID Error")
        wrong = self._wrong_uri(provider, query.get("redirect_uri", ""))
        if wrong:
            return _page(400, wrong)
        if query.get("response_type") != "code":
            return _refused(
                query,
                "unsupported_response_type",
                "The authorization server does not support obtaining an authorization code using this method",
            )
        if "grant_types" in provider and "authorization_code" not in provider["grant_types"]:
            return _refused(query, "invalid_request", "The request is otherwise malformed")
        application = self._state.application_of(provider["pk"])
        if application is None:
            return _page(200, "Access denied")
        session_id, session = self._session()
        if session.user is None:
            flow = self._flow(provider["authentication_flow"]) or AUTHENTICATION
            session.flow, session.stage = flow, 0
            return self._with_cookie(
                redirect(f"/if/flow/{flow}/?{urlencode({**query, 'next': request.full_path})}"), session_id
            )
        if not self._state.admits(application, session.user):
            return _page(200, "Access denied")
        session.then = self._granted(provider, session, session.user, query)
        if self._flow(provider["authorization_flow"]) == CONSENT:
            session.flow, session.stage = CONSENT, 0
            return redirect(f"/if/flow/{CONSENT}/?{urlencode(query)}")
        # a flow without stages redirects immediately
        return redirect(session.then)

    def _wrong_uri(self, provider: Row, uri: str) -> str:
        """The title of the error page, empty for a valid URI. Without stored URIs the first one used is stored."""
        if uri and not authorization_uris(provider):
            taken = {"matching_mode": "strict", "url": uri}
            if "grant_types" in provider:
                taken["redirect_uri_type"] = "authorization"
            provider["redirect_uris"] = [taken]
        if not uri or not admitted(provider, uri) or urlsplit(uri).scheme in FORBIDDEN:
            return "Redirect URI Error"
        return ""

    def _granted(self, provider: Row, session: Session, user: int, query: dict[str, str]) -> str:
        """The redirect to the client, with a code. Unmapped scopes are dropped silently."""
        mapped = [self._state.row("mapping", pk)["scope_name"] for pk in provider["property_mappings"]]
        asked = list(dict.fromkeys(query.get("scope", "").split())) or mapped
        code = uuid.uuid4().hex
        expires = now() + timedelta(seconds=seconds(provider["access_code_validity"]) or 0)
        scopes = [scope for scope in asked if scope in mapped]
        self._state.codes[code] = Grant(user, provider["pk"], scopes, query, session, expires)
        return _back(query, {"code": code, "state": query.get("state", "")})

    # -- flows -------------------------------------------------------------------------------------------------

    def shell(self, slug: str) -> BaseResponse:
        if self._state.find("flow", slug=slug) is None:
            return _page(404, "Not Found")
        return _page(200, "authentik")

    def challenge(self, slug: str) -> BaseResponse:
        session_id, session = self._session()
        if slug not in STAGES:
            return _page(404, "Not Found")
        if session.flow != slug:
            session.flow, session.stage = slug, 0
        return self._with_cookie(jsonify(self._shown(slug, session)), session_id)

    def answer(self, slug: str) -> BaseResponse:
        session_id, session = self._session()
        if session.user is not None and _looks_forged(session):
            # the executor turns all errors into a challenge, and shows their text to nobody who is not signed in
            return jsonify({"component": "ak-stage-flow-error", "request_id": random_text(32)})
        if session.flow != slug or slug not in STAGES:
            return self.challenge(slug)
        given = request.get_json(silent=True) or request.form.to_dict()
        problem = self._passed(slug, session, given)
        if problem:
            return self._with_cookie(jsonify({**self._shown(slug, session), "response_errors": problem}), session_id)
        session.stage += 1
        if session.stage < len(STAGES[slug]):
            return self._with_cookie(redirect(request.full_path.rstrip("?")), session_id)
        session.flow = None
        if slug == CONSENT:
            return jsonify({"component": "xak-flow-redirect", "to": session.then})
        target = parse_qs(request.args.get("query", "")).get("next", ["/"])[0]
        if urlsplit(target).netloc:
            return jsonify({"component": "ak-stage-access-denied", "error_message": "Invalid next URL"})
        user = self._state.find("user", username=session.pending)
        assert user is not None
        # a login renews the session id
        del self._state.sessions[session_id]
        session.user, session.since = user["pk"], now()
        session_id = random_text(32)
        self._state.sessions[session_id] = session
        session.csrf_token = random_text(32)
        response = self._with_cookie(jsonify({"component": "xak-flow-redirect", "to": target}), session_id)
        response.set_cookie(CSRF_COOKIE, session.csrf_token, secure=request.scheme == "https", samesite="Lax")
        return response

    def _shown(self, slug: str, session: Session) -> dict[str, Any]:
        stage = STAGES[slug][session.stage]
        result: dict[str, Any] = {
            "component": f"ak-stage-{stage}",
            "flow_info": {"title": slug, "layout": "stacked", "cancel_url": "/flows/-/cancel/"},
        }
        if stage == "identification":
            result.update(
                user_fields=["email", "username"],
                password_fields=False,
                flow_designation="authentication",
                primary_action="Log in",
                sources=[],
            )
        else:
            result.update(pending_user=session.pending, pending_user_avatar="")
        if stage == "consent":
            session.consent_token = str(uuid.uuid4())
            result.update(token=session.consent_token, permissions=[], additional_permissions=[])
        return result

    def _passed(self, slug: str, session: Session, given: dict[str, Any]) -> dict[str, Any]:
        """The errors of an answer by field, empty if the stage is passed.

        Whether a user exists must not be revealed, so an unknown name is refused only with the password.
        """
        stage = STAGES[slug][session.stage]
        if stage == "identification":
            named = given.get("uid_field", "")
            if not named:
                return _wrong("uid_field", "This field may not be blank.")
            user = self._state.find("user", username=named) or self._state.find("user", email=named)
            session.pending = user["username"] if user else named
            return {}
        if stage == "password":
            user = self._state.find("user", username=session.pending)
            right = user and user["is_active"] and given.get("password") in self._passwords(user)
            return {} if right else _wrong("password", "Invalid password")
        return (
            {}
            if given.get("token") == session.consent_token
            else _wrong("token", "Invalid consent token, re-showing prompt")
        )

    def _passwords(self, user: Row) -> list[str]:
        """The password of a user and its app passwords, which the password stage takes too (authentik/core/auth.py)."""
        own = self._state.passwords.get(user["pk"])
        tokens = self._state.all("token")
        app = [row["key"] for row in tokens if row["user"] == user["pk"] and row["intent"] == "app_password"]
        return [*app, *([own] if own else [])]

    # -- sessions ----------------------------------------------------------------------------------------------

    def _session(self) -> tuple[str, Session]:
        name = request.cookies.get(COOKIE, "")
        known = self._state.sessions.get(name)
        user = self._state.get("user", known.user) if known and known.user is not None else None
        if known is None or (user and not user["is_active"]):
            # the session of a user who is inactive stays, and is one of nobody meanwhile
            name = random_text(32)
            known = self._state.sessions[name] = Session()
        elif user is None:
            known.user = None
        return name, known

    @staticmethod
    def _with_cookie(response: BaseResponse, session_id: str) -> BaseResponse:
        response.set_cookie(COOKIE, session_id, httponly=True, secure=request.scheme == "https", samesite="Lax")
        return response

    def _flow(self, pk: str | None) -> str | None:
        flow = self._state.get("flow", pk) if pk else None
        return flow["slug"] if flow else None


def _looks_forged(session: Session) -> bool:
    """Whether Django's CSRF protection refuses a POST in a signed-in session."""
    origin = urlsplit(request.headers.get("Referer", ""))[:2]
    if request.scheme == "https" and origin != (request.scheme, request.host):
        return True
    return request.cookies.get(CSRF_COOKIE) is None or request.headers.get(CSRF_HEADER) != session.csrf_token


def _page(status: int, title: str) -> BaseResponse:
    return Response(
        f"<!doctype html><title>{title} - authentik</title>", status, content_type="text/html; charset=utf-8"
    )


def _wrong(field: str, text: str) -> dict[str, Any]:
    return {field: [{"string": text, "code": "invalid"}]}


def _refused(query: dict[str, str], error: str, text: str) -> BaseResponse:
    return redirect(_back(query, {"error": error, "error_description": text, "state": query.get("state", "")}))


def _back(query: dict[str, str], values: dict[str, str]) -> str:
    uri = query["redirect_uri"]
    return f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode(values)}"
