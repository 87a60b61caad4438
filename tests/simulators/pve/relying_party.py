"""The node as OpenID relying party: discovery, authorization URL, code exchange, ID token, userinfo.

Behaviour and texts of errors: proxmox-openid 1.0.3 and openidconnect 4.0.1. Nothing of discovery is cached, and the
requests in flight are kept by the node that made their authorization URL.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, import_key

from .errors import ApiError

PENDING_SECONDS = 10 * 60
PENDING_REQUESTS = 100
TIMEOUT = 10
REQUIRED_METADATA = {
    "issuer": str,
    "authorization_endpoint": str,
    "jwks_uri": str,
    "response_types_supported": list,
    "subject_types_supported": list,
    "id_token_signing_alg_values_supported": list,
}
KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP", "HS": "oct"}  # by the first letters of the algorithm


@dataclass
class Client:
    """A realm as client of its issuer."""

    issuer: str
    client_id: str
    secret: str | None
    redirect_url: str
    prompt: str | None
    scopes: list[str]
    acr_values: list[str]
    audiences: list[str]


@dataclass
class Pending:
    """An authorization request in flight."""

    csrf_token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    created: float = field(default_factory=time.time)

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class RelyingParty:
    """`verify`: the bundle of authorities that issuers' certificates must come from, as `requests` takes it."""

    def __init__(self, verify: str | bool) -> None:
        self._verify = verify
        self._pending: dict[str, list[Pending]] = {}
        self._lock = threading.Lock()

    def authorization_url(self, client: Client, realm: str) -> str:
        metadata = self._discover(client)
        pending = self._new_pending(realm)
        query = {
            "response_type": "code",
            "client_id": client.client_id,
            "state": json.dumps({"csrf_token": pending.csrf_token, "realm": realm}, separators=(",", ":")),
            "code_challenge": pending.challenge,
            "code_challenge_method": "S256",
            "redirect_uri": client.redirect_url,
            "scope": " ".join(["openid", *client.scopes]),
            "nonce": pending.nonce,
            "acr_values": " ".join(client.acr_values),
            "display": "page",
            "prompt": client.prompt or "",
        }
        given = {name: value for name, value in query.items() if value}
        endpoint = metadata["authorization_endpoint"]
        # the encoding of the URL standard, which differs from Python's in these two characters
        return f"{endpoint}{'&' if '?' in endpoint else '?'}" + urlencode(given, quote_via=_quoted)

    def redeem_state(self, state: str) -> tuple[str, Pending]:
        """The realm and the request that `state` belongs to, which cannot be used again."""
        try:
            public = json.loads(state)
            realm, csrf_token = public["realm"], public["csrf_token"]
        except (ValueError, KeyError, TypeError) as error:
            raise ApiError(f"invalid state: {error}\n") from error
        with self._lock:
            waiting = self._waiting(realm)
            pending = next((request for request in waiting if request.csrf_token == csrf_token), None)
            if pending is None:
                raise ApiError("no openid auth state found (possible timeout)\n")
            waiting.remove(pending)
        return realm, pending

    def claims(self, client: Client, code: str, pending: Pending, query_userinfo: int) -> dict:
        """The claims of the verified ID token, with those it lacks from userinfo if that is to be asked."""
        metadata = self._discover(client)
        answer = self._exchange(client, metadata, code, pending)
        claims = self._verified(client, metadata, answer["id_token"], pending)
        if query_userinfo:
            userinfo = self._userinfo(metadata, answer["access_token"])
            claims.update({name: value for name, value in userinfo.items() if claims.get(name) is None})
        return claims

    def _new_pending(self, realm: str) -> Pending:
        with self._lock:
            waiting = self._waiting(realm)
            if len(waiting) > PENDING_REQUESTS:  # so one more than the number says
                raise ApiError(f"too many pending openid auth request for realm {realm}\n")
            waiting.append(Pending())
            return waiting[-1]

    def _waiting(self, realm: str) -> list[Pending]:
        oldest = time.time() - PENDING_SECONDS
        self._pending[realm] = [request for request in self._pending.get(realm, []) if request.created >= oldest]
        return self._pending[realm]

    def _discover(self, client: Client) -> dict:
        _require_url(client.issuer)
        metadata = self._json("GET", f"{client.issuer.removesuffix('/')}/.well-known/openid-configuration")
        if not all(isinstance(metadata.get(name), kind) for name, kind in REQUIRED_METADATA.items()):
            raise ApiError("Failed to parse server response\n")
        if metadata["issuer"] != client.issuer:
            raise ApiError(
                f"Validation error: unexpected issuer URI `{metadata['issuer']}` (expected `{client.issuer}`)\n"
            )
        keys = self._json("GET", metadata["jwks_uri"], content_types=("application/json", "application/jwk-set+json"))
        if not isinstance(keys.get("keys"), list):
            raise ApiError("Failed to parse server response\n")
        _require_url(client.redirect_url)
        return {**metadata, "keys": keys["keys"]}

    def _json(self, verb: str, url: str, content_types: tuple[str, ...] = ("application/json",), **request) -> dict:
        headers = {"Accept": "application/json", **request.pop("headers", {})}
        with requests.Session() as http:  # a new one every time: no cookie survives
            http.trust_env = False
            try:
                response = http.request(verb, url, timeout=TIMEOUT, headers=headers, verify=self._verify, **request)
                response.raise_for_status()
            except requests.RequestException as error:
                raise ApiError("Request failed\n") from error
        if response.status_code != 200:
            raise ApiError(f"Server returned invalid response: HTTP status code {response.status_code} at {url}\n")
        content_type = response.headers.get("Content-Type", content_types[0])
        if content_type.partition(";")[0].lower() not in content_types:
            raise ApiError(
                f'Server returned invalid response: Unexpected response Content-Type: "{content_type}",'
                f" should be `{content_types[0]}`\n"
            )
        try:
            answer = response.json()
        except ValueError as error:
            raise ApiError("Failed to parse server response\n") from error
        if not isinstance(answer, dict):
            raise ApiError("Failed to parse server response\n")
        return answer

    def _exchange(self, client: Client, metadata: dict, code: str, pending: Pending) -> dict:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": pending.verifier,
            "redirect_uri": client.redirect_url,
        }
        login = None
        if client.secret is None:
            form["client_id"] = client.client_id
        else:
            login = (quote_plus(client.client_id), quote_plus(client.secret))
        answer = self._json("POST", metadata.get("token_endpoint", ""), data=form, auth=login)
        if not (isinstance(answer.get("id_token"), str) and isinstance(answer.get("access_token"), str)):
            raise ApiError("Server did not return an ID token\n")
        return answer

    def _verified(self, client: Client, metadata: dict, id_token: str, pending: Pending) -> dict:
        try:
            header = json.loads(base64.urlsafe_b64decode(id_token.partition(".")[0] + "=="))
            algorithm = header["alg"]
            if algorithm not in metadata["id_token_signing_alg_values_supported"]:
                raise ApiError(f"algorithm `{algorithm}` is not allowed\n")
            if str(header.get("typ", "JWT")).upper() != "JWT" or "cty" in header or "crit" in header:
                raise ApiError("unexpected header of the ID token\n")
            key = _signing_key(client, metadata["keys"], algorithm, header.get("kid"))
            claims = jwt.decode(id_token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ApiError(f"Failed to verify ID token: {error}\n") from error
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        sound = (
            claims.get("iss") == client.issuer
            and client.client_id in audiences
            and all(name in (client.client_id, *client.audiences) for name in audiences)
            and isinstance(claims.get("exp"), (int, float))
            and claims["exp"] > time.time()
            and isinstance(claims.get("iat"), (int, float))
            and isinstance(claims.get("sub"), str)
            and claims.get("nonce") == pending.nonce
        )
        if not sound:
            raise ApiError("Failed to verify ID token: a claim is not acceptable\n")
        return dict(claims)

    def _userinfo(self, metadata: dict, access_token: str) -> dict:
        answer = self._json(
            "GET", metadata.get("userinfo_endpoint", ""), headers={"Authorization": f"Bearer {access_token}"}
        )
        if not isinstance(answer.get("sub"), str):
            raise ApiError("Failed to contact userinfo endpoint: Failed to parse server response\n")
        return answer


def _quoted(text: str, *_options: object) -> str:
    return quote_plus(text, safe="*").replace("~", "%7E")


def _require_url(text: str) -> None:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ApiError("invalid URL\n") from error
    if not parts.scheme:
        raise ApiError("relative URL without a base\n")


def _signing_key(client: Client, keys: list[dict], algorithm: str, kid: str | None) -> object:
    """The one key that can have signed the token; for HS algorithms the secret of a confidential client."""
    kind = KEY_TYPES.get(algorithm[:2])
    if kind == "oct":
        if client.secret is None:
            raise ApiError("symmetric signatures are disallowed for public clients\n")
        return OctKey.import_key(client.secret)
    fitting = [
        key
        for key in keys
        if key["kty"] == kind
        and kid in (None, key.get("kid"))
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    ]
    if len(fitting) != 1:
        raise ApiError(f"expected one signing key, found {len(fitting)}\n")
    return import_key(fitting[0])
