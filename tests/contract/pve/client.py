"""Sends recorded requests to a server, and serves the issuers that they refer to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from urllib.parse import quote

import requests
from werkzeug import Response
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ..provider import Provider

ORACLE = "root@pam!oracle"
ROOT_PASSWORD = "root-password"
ISSUER_HOST = "https://id.example.com"

# Requests that are missing in the recordings but required by later cases.
UNRECORDED = {"boolean spelling 0 as read back": ("DELETE", "/api2/json/access/domains/xb0")}
TICKET_OF = {
    "login with a ticket as password": "admin@pve",
    "ticket for another user made with a root ticket": "root@pam",
    "ticket in the Authorization header": "admin@pve",
}
RIGHT_DIGEST = ("update right digest", "update with only a right digest")


class Issuers:
    """WSGI application at the URL `host`: /good works, the others have a broken discovery document each."""

    def __init__(self, host: str) -> None:
        self.host = host
        providers = {
            name: Provider(f"{host}/{name}", ("pve", None))
            for name in ("good", "mismatch", "slash", "notfound", "html", "incomplete")
        }
        self.good = providers["good"]
        providers["mismatch"].metadata["issuer"] = f"{host}/other"
        providers["slash"].metadata["issuer"] = f"{host}/slash/"
        providers["notfound"].broken = {"openid-configuration": Response(status=404)}
        providers["html"].broken = {"openid-configuration": Response("<html></html>", content_type="text/html")}
        providers["incomplete"].metadata = {"issuer": f"{host}/incomplete"}
        self._app = DispatcherMiddleware(NotFound(), {f"/{name}": provider for name, provider in providers.items()})

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        return self._app(environ, start_response)


class Client:
    """Sends recorded requests and fills in omitted parts: secrets, tickets, digests, the login at the issuer."""

    def __init__(self, url: str, ca: str, oracle: str, issuers: Issuers | None = None) -> None:
        """`oracle`: full token id and secret, joined by `=`, of what the recordings call root@pam!oracle."""
        self._url = url
        self._issuers = issuers
        self._issuer_host = issuers.host if issuers else ISSUER_HOST
        self._oracle = oracle
        self._tokens: dict[str, str] = {}
        self._old_tokens: dict[str, str] = {}
        self._passwords = {"root@pam": ROOT_PASSWORD}
        self._logins: dict[str, dict] = {}
        self._realm = "a1"
        self._ca = ca
        self._http = requests.Session()
        self._http.trust_env = False

    def replay(self, case: dict) -> dict:
        """The answer to a recorded request, in the form in which answers are recorded."""
        name, request = case["case"], case["request"]
        params = self._filled_in(case)
        headers = self._headers(name, request)
        body = {"data": request["raw_body"].encode()} if "raw_body" in request else {}
        if not body and request["method"] in ("POST", "PUT") and params is not None:
            content_type = request.get("content_type", "")
            body = {"data": json.dumps(params).encode() if content_type == "application/json" else params}
        elif not body:
            body = {"params": params}
        answer = self._send(request["method"], request["path"], headers=headers, **body)
        self._remember(request, params, answer)
        if name in UNRECORDED:
            self.as_oracle(*UNRECORDED[name])
        return answer

    def _send(self, method: str, path: str, headers: dict[str, str], **body) -> dict:
        response = self._http.request(method, self._url + path, headers=headers, verify=self._ca, timeout=30, **body)
        text = (
            response.content.decode()
            .replace(self._issuer_host, ISSUER_HOST)
            .replace(quote(self._issuer_host, safe=""), quote(ISSUER_HOST, safe=""))
        )
        content_type = response.headers.get("Content-Type")
        parsed = json.loads(text) if content_type and "json" in content_type else text or None
        reason = response.reason.replace(self._issuer_host, ISSUER_HOST)
        answer = {"status": response.status_code, "reason": reason, "body": parsed}
        return answer | ({"content_type": content_type} if content_type else {})

    def _filled_in(self, case: dict) -> dict | None:
        params = case["request"]["params"]
        if params is None:
            return None
        params = dict(params)
        if "issuer-url" in params:
            params["issuer-url"] = params["issuer-url"].replace(ISSUER_HOST, self._issuer_host)
        if params.get("password") == "<ticket>":
            params["password"] = self._login(TICKET_OF[case["case"]])["ticket"]
        if params.get("digest") == "<sha1-digest>":
            params["digest"] = "0" * 40
            if case["case"] in RIGHT_DIGEST:
                params["digest"] = self.as_oracle("GET", case["request"]["path"])["body"]["data"]["digest"]
        if params.get("state") == "<state from auth-url>":
            params.update(self._authorized(case))
        return params

    def _authorized(self, case: dict) -> dict[str, str]:
        """State and code of a login that begins with an authorization URL, as the notes of the cases say."""
        params = {"realm": self._realm, "redirect-url": case["request"]["params"]["redirect-url"]}
        answer = self._send("POST", "/api2/json/access/openid/auth-url", headers={}, data=params)
        url = answer["body"]["data"].replace(ISSUER_HOST, self._issuer_host)
        provider, claims = self._issuers.good, case["identity_claims"]
        provider.claims = claims["id_token"]
        provider.userinfo = claims["userinfo"] or {"sub": claims["id_token"]["sub"]}
        if case["case"] == "login, wrong nonce":
            provider.claims = {**claims["id_token"], "nonce": "of-another-request"}
        code = case["request"]["params"]["code"]
        return {**provider.log_in(url), **({} if code == "<authorization code>" else {"code": code})}

    def _headers(self, case: str, request: dict) -> dict[str, str]:
        headers = {"Content-Type": request["content_type"]} if request.get("content_type") else {}
        auth = request["auth"] or {}
        if "token" in auth:
            tokens = self._old_tokens if case == "old secret is refused" else self._tokens
            headers |= self._token_header(auth["token"], tokens, wrong="secret" in auth)
        if "authorization_header" in auth:
            headers["Authorization"] = auth["authorization_header"]
        if "ticket" in auth:
            login = self._login(auth["ticket"])
            headers["Cookie"] = f"PVEAuthCookie={quote(login['ticket'], safe='')}"
            headers |= {"CSRFPreventionToken": login["CSRFPreventionToken"]} if auth.get("csrf") else {}
        for name, value in request.get("headers", {}).items():
            if "<ticket>" in value:
                value = value.replace("<ticket>", self._login(TICKET_OF[case])["ticket"])
            # the only recorded case is that of a wrong one
            headers[name] = self._login("root@pam")["CSRFPreventionToken"] if value == "<csrf-token>" else value
        return headers

    def _token_header(self, token: str, tokens: dict[str, str], wrong: bool) -> dict[str, str]:
        full = self._oracle if token == ORACLE else f"{token}={tokens[token]}"
        return {"Authorization": f"PVEAPIToken={full}{'-wrong' if wrong else ''}"}

    def as_oracle(self, method: str, path: str) -> dict:
        return self._send(method, path, headers={"Authorization": f"PVEAPIToken={self._oracle}"})

    def _login(self, userid: str) -> dict:
        if userid not in self._logins:
            params = {"username": userid, "password": self._passwords[userid]}
            answer = self._send("POST", "/api2/json/access/ticket", headers={}, data=params)
            self._logins[userid] = answer["body"]["data"]
        return self._logins[userid]

    def _remember(self, request: dict, params: dict | None, answer: dict) -> None:
        if answer["status"] != 200 or request["method"] not in ("POST", "PUT"):
            return
        data = answer["body"]["data"]
        if isinstance(data, dict) and "full-tokenid" in data:
            self._old_tokens[data["full-tokenid"]] = self._tokens.get(data["full-tokenid"], "")
            self._tokens[data["full-tokenid"]] = data["value"]
        if params and "password" in params and "userid" in params:
            self._passwords[params["userid"]] = params["password"]
        if params and params.get("type") == "openid" and "autocreate" in params:
            self._realm = params["realm"]  # logins follow in the realms that say whether users are created
