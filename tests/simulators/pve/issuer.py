"""A scripted OpenID issuer: what a test needs to walk a login through a realm, or to see it refused.

`/good` works. `/mismatch`, `/slash`, `/notfound`, `/html` and `/incomplete` have a broken discovery document each.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CONFIGURATION = "/.well-known/openid-configuration"


@dataclass
class Grant:
    """One authorization: the query of its authorization URL and the claims it ends in."""

    query: dict[str, str]
    id_token: dict
    userinfo: dict | None


class Issuer:
    """WSGI application; `base` is the URL it is served at."""

    def __init__(self) -> None:
        self.base = ""
        self._key = RSAKey.generate_key(2048, parameters={"kid": "contract", "use": "sig"})
        self._grants: dict[str, Grant] = {}
        self._userinfo: dict[str, dict] = {}

    def authorize(self, url: str, id_token: dict, userinfo: dict | None) -> tuple[str, str]:
        """What a browser brings back from the authorization URL once the person has logged in: code and state."""
        query = dict(parse_qsl(urlsplit(url).query))
        code = secrets.token_urlsafe()
        self._grants[code] = Grant(query, id_token, userinfo)
        return code, query["state"]

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        path, posted = environ["PATH_INFO"], environ["REQUEST_METHOD"] == "POST"
        if path == f"/html{CONFIGURATION}":
            start_response("200 OK", [("Content-Type", "text/html")])
            return [b"<html></html>"]
        content = self._content(path, environ)
        refusal = "400 Bad Request" if posted else "404 Not Found"
        start_response("200 OK" if content else refusal, [("Content-Type", "application/json")])
        return [json.dumps(content).encode()]

    def _content(self, path: str, environ: dict) -> dict | None:
        if path == "/good/token":
            form = dict(parse_qsl(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()))
            return self._token(form, environ.get("HTTP_AUTHORIZATION", ""))
        if path == "/good/userinfo":
            return self._userinfo.get(environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer "))
        if path == "/good/jwks":
            return {"keys": [self._key.as_dict(private=False)]}
        issuer_path, configuration, _rest = path.partition(CONFIGURATION)
        return self._configuration(issuer_path) if configuration and issuer_path != "/notfound" else None

    def _configuration(self, path: str) -> dict:
        issuer = self.base + {"/mismatch": "/other", "/slash": "/slash/"}.get(path, path)
        if path == "/incomplete":
            return {"issuer": issuer}
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{self.base}/good/authorize",
            "token_endpoint": f"{self.base}/good/token",
            "userinfo_endpoint": f"{self.base}/good/userinfo",
            "jwks_uri": f"{self.base}/good/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _token(self, form: dict[str, str], authorization: str) -> dict | None:
        """The tokens for a code, if the client proves that it made the authorization request."""
        grant = self._grants.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        basic = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")[0]
        if not grant or (challenge, form["redirect_uri"], form.get("client_id", basic)) != (
            grant.query["code_challenge"],
            grant.query["redirect_uri"],
            grant.query["client_id"],
        ):
            return None
        now = int(time.time())
        claims = {
            "iss": f"{self.base}/good",
            "aud": grant.query["client_id"],
            "iat": now,
            "exp": now + 60,
            "nonce": grant.query["nonce"],
            **grant.id_token,
        }
        access_token = secrets.token_urlsafe()
        self._userinfo[access_token] = grant.userinfo or {"sub": claims["sub"]}
        id_token = jwt.encode({"alg": "RS256", "kid": self._key.kid}, claims, self._key)
        return {"access_token": access_token, "token_type": "Bearer", "id_token": id_token}
