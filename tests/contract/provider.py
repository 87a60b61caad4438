"""A scripted OpenID provider for the logins of PVE and PBS: right by default, wrong on request."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug import Request, Response
from werkzeug.exceptions import BadRequest, NotFound

from tests.simulators.digests import s256_challenge

SIGNING, STRANGER = (RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}) for _each in range(2))


class Provider:
    """WSGI application at the URL `issuer`; it knows one `client` (id and secret) and one login at a time.

    A test changes `metadata`, `client`, `key` and `algorithm` of signatures, `claims` of the ID token, `userinfo`, and
    the responses of `broken` pages; None removes a value of metadata or claims.
    """

    def __init__(self, issuer: str, client: tuple[str, str | None]) -> None:
        self.issuer = issuer
        self.client = client
        self.key, self.algorithm = SIGNING, "RS256"
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"sub": "ann"}
        self.broken: dict[str, Response] = {}
        self.metadata: dict[str, Any] = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self._asked: dict[str, str] = {}

    def log_in(self, url: str) -> dict[str, str]:
        """Follow the authorization URL and log in; return the parameters sent back to the relying party."""
        self._asked = dict(parse_qsl(urlsplit(url).query))
        return {"state": self._asked["state"], "code": "the code", "redirect-url": self._asked["redirect_uri"]}

    @Request.application
    def __call__(self, request: Request) -> Response:
        page = request.path.rpartition("/")[2]
        pages = {
            "openid-configuration": self._configuration,
            "jwks": self._keys,
            "token": self._token,
            "userinfo": self._userinfo,
        }
        if page in self.broken:
            return self.broken[page]
        if page not in pages:
            raise NotFound
        return Response(json.dumps(pages[page](request)), content_type="application/json")

    def _configuration(self, _request: Request) -> dict[str, Any]:
        return present(self.metadata)

    def _keys(self, _request: Request) -> dict[str, Any]:
        return {"keys": [SIGNING.as_dict(private=False)]}

    def _userinfo(self, request: Request) -> dict[str, Any]:
        return self.userinfo if request.headers["Authorization"] == "Bearer access" else {}

    def _token(self, request: Request) -> dict[str, Any]:
        """Tokens for the client, the code and the verifier that are due, and for no others."""
        given = request.authorization
        client = request.form.get("client_id"), None
        if given:
            client = unquote_plus(given.username), unquote_plus(given.password)
        shown = request.form["code"], request.form["redirect_uri"], request.form["code_verifier"]
        due = "the code", self._asked["redirect_uri"], self._asked["code_challenge"]
        if client != self.client or (*shown[:2], s256_challenge(shown[2])) != due:
            raise BadRequest("invalid_grant")
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": client[0],
            "sub": "ann",
            "iat": now,
            "exp": now + 60,
            "nonce": self._asked["nonce"],
            **self.claims,
        }
        header = {"alg": self.algorithm, "kid": "first"}
        id_token = jwt.encode(header, present(claims), self.key, algorithms=[self.algorithm])
        return {"access_token": "access", "token_type": "Bearer", "id_token": id_token}


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
