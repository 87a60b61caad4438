"""PVE and PBS as relying parties: discovery, authorization URLs with PKCE, code exchange, verified ID tokens, userinfo.

Both products build on the same library, so they behave the same and fail with the same messages (proxmox-openid
1.0.3, openidconnect 4.0.1), but handle failures differently. Discovery is not cached between calls.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, Key, OctKey, import_key

from .digests import s256_challenge

PENDING_SECONDS, PENDING_LIMIT = 10 * 60, 101
TIMEOUT = 10
JSON, KEY_SET = "application/json", "application/jwk-set+json"
METADATA = {
    "issuer": str,
    "authorization_endpoint": str,
    "jwks_uri": str,
    "response_types_supported": list,
    "subject_types_supported": list,
    "id_token_signing_alg_values_supported": list,
}
KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}  # by the first letters of the algorithm


class OpenIdError(Exception):
    """An error between relying party and provider, with the message of the library."""


@dataclass(frozen=True)
class Client:
    """A realm as client of its issuer, and its parameters."""

    issuer: str
    client_id: str
    client_key: str | None
    redirect_url: str
    scopes: list[str]
    prompt: str | None
    acr_values: list[str]
    audiences: list[str]

    @classmethod
    def of_realm(cls, settings: Mapping[str, Any], redirect_url: str, split_list: Callable[[str], list[str]]) -> Client:
        """The client for the `settings` of a realm; `split_list` parses a list in a string as the product does."""
        return cls(
            issuer=settings["issuer-url"],
            client_id=settings["client-id"],
            client_key=settings.get("client-key"),
            redirect_url=redirect_url,
            scopes=split_list(settings.get("scopes", "email profile")),
            prompt=settings.get("prompt"),
            acr_values=split_list(settings.get("acr-values", "")),
            audiences=split_list(settings.get("audiences", "")),
        )


@dataclass(frozen=True)
class Pending:
    """A pending login at the provider."""

    realm: str
    started: float
    csrf_token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def state(self) -> str:
        return json.dumps({"csrf_token": self.csrf_token, "realm": self.realm}, separators=(",", ":"))


class RelyingParty:
    """A server. Pending logins are limited in age and, in each realm, in number; each can be redeemed once.

    `trust`: the CA bundle for the certificates of issuers. `ahead`: seconds by which the server's clock is wrong.
    """

    def __init__(self, trust: str | Path | None, clock: Callable[[], float] = time.time) -> None:
        self.trust = trust
        self.ahead = 0.0
        self._time = clock
        self._pending: list[Pending] = []
        self._lock = threading.Lock()

    def clock(self) -> float:
        return self._time() + self.ahead

    def date(self) -> str:
        """The Date header of the server's answers."""
        return formatdate(self.clock(), usegmt=True)

    def authorization_url(self, realm: str, client: Client) -> str:
        """The authorization URL. `openid` is always requested, so a realm that has it in its scopes sends it twice."""
        endpoint = self._discover(client)["authorization_endpoint"]
        pending = self._started(realm)
        query = {
            "response_type": "code",
            "client_id": client.client_id,
            "state": pending.state,
            "code_challenge": s256_challenge(pending.verifier),
            "code_challenge_method": "S256",
            "redirect_uri": client.redirect_url,
            "scope": " ".join(["openid", *client.scopes]),
            "nonce": pending.nonce,
            "acr_values": " ".join(client.acr_values) or None,
            "display": "page",
            "prompt": client.prompt or None,
        }
        given = {name: value for name, value in query.items() if value is not None}
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(given, quote_via=_form_encoded)}"

    def returned(self, state: str) -> Pending:
        """Remove and return the pending login of a `state`."""
        try:
            public = json.loads(state)
            wanted = public["realm"], public["csrf_token"]
        except (ValueError, TypeError, KeyError) as error:
            raise OpenIdError(f"invalid state: {error}") from error
        with self._lock:
            self._forget_old()
            for pending in self._pending:
                if (pending.realm, pending.csrf_token) == wanted:
                    self._pending.remove(pending)
                    return pending
        raise OpenIdError("no openid auth state found (possible timeout)")

    def claims(self, client: Client, pending: Pending, code: str, asks_userinfo: bool = True) -> dict[str, Any]:
        """The claims of the verified ID token and, if requested, the missing ones from userinfo."""
        metadata = self._discover(client)
        with _failing_as("Failed to contact token endpoint"):
            tokens = self._exchanged(metadata, client, pending, code)
        with _failing_as("Failed to verify ID token"):
            claims = self._verified(tokens["id_token"], metadata, client, pending)
        if not asks_userinfo:
            return claims
        with _failing_as("Failed to contact userinfo endpoint"):
            userinfo = self._userinfo(metadata, tokens["access_token"])
        return {**userinfo, **{name: value for name, value in claims.items() if value is not None}}

    def _started(self, realm: str) -> Pending:
        with self._lock:
            self._forget_old()
            if sum(pending.realm == realm for pending in self._pending) >= PENDING_LIMIT:
                raise OpenIdError(f"too many pending openid auth request for realm {realm}")
            self._pending.append(Pending(realm, self.clock()))
            return self._pending[-1]

    def _forget_old(self) -> None:
        oldest = self.clock() - PENDING_SECONDS
        self._pending = [pending for pending in self._pending if pending.started >= oldest]

    def _discover(self, client: Client) -> dict[str, Any]:
        """The issuer's metadata and, under `keys`, its keys. The issuer must be identical."""
        _require_url(client.issuer)
        metadata = self._ask("GET", f"{client.issuer.removesuffix('/')}/.well-known/openid-configuration")
        missing = next((name for name in METADATA if name not in metadata), None)
        if missing:
            place = f"at line 1 column {len(json.dumps(metadata, separators=(',', ':')))}"
            raise OpenIdError(f"Failed to parse server response: missing field `{missing}` {place}")
        if not all(isinstance(metadata[name], kind) for name, kind in METADATA.items()):
            raise OpenIdError("Failed to parse server response")
        if metadata["issuer"] != client.issuer:
            found = metadata["issuer"]
            raise OpenIdError(f"Validation error: unexpected issuer URI `{found}` (expected `{client.issuer}`)")
        keys = self._ask("GET", metadata["jwks_uri"], content_types=(JSON, KEY_SET)).get("keys")
        if not isinstance(keys, list):
            raise OpenIdError("Failed to parse server response")
        _require_url(client.redirect_url)
        return {**metadata, "keys": [key for key in keys if isinstance(key, dict)]}

    def _exchanged(self, metadata: dict[str, Any], client: Client, pending: Pending, code: str) -> dict[str, Any]:
        """The tokens for a code. A client with a key authenticates by HTTP Basic, a public client sends only its id."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": pending.verifier,
            "redirect_uri": client.redirect_url,
        }
        basic = None
        if client.client_key is None:
            form["client_id"] = client.client_id
        else:
            basic = _form_encoded(client.client_id), _form_encoded(client.client_key)
        tokens = self._ask("POST", _endpoint(metadata, "token"), data=form, auth=basic)
        if not all(isinstance(tokens.get(name), str) for name in ("access_token", "token_type", "id_token")):
            raise OpenIdError("Failed to parse server response")
        return tokens

    def _verified(self, id_token: str, metadata: dict[str, Any], client: Client, pending: Pending) -> dict[str, Any]:
        """The claims of a valid ID token that the issuer signed for this client and login."""

        def key(token: GuestProtocol) -> Key:
            return _signing_key(token.headers(), metadata["keys"], client)

        try:
            allowed = metadata["id_token_signing_alg_values_supported"]
            claims = jwt.decode(id_token, key, algorithms=allowed).claims
        except (JoseError, ValueError, KeyError) as error:  # a KeyError for an unknown curve
            raise OpenIdError(str(error)) from error
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        trusted = [client.client_id, *client.audiences]
        acceptable = {
            "iss": claims.get("iss") == client.issuer,
            "aud": client.client_id in audiences and all(audience in trusted for audience in audiences),
            "exp": isinstance(claims.get("exp"), (int, float)) and claims["exp"] > self.clock(),
            "iat": isinstance(claims.get("iat"), (int, float)),
            "nonce": claims.get("nonce") == pending.nonce,
            "sub": isinstance(claims.get("sub"), str),
        }
        for name, is_acceptable in acceptable.items():
            if not is_acceptable:
                raise OpenIdError(f"claim `{name}` is not acceptable: {claims.get(name)!r}")
        return claims

    def _userinfo(self, metadata: dict[str, Any], access_token: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}"}
        userinfo = self._ask("GET", _endpoint(metadata, "userinfo"), headers=headers)
        if not isinstance(userinfo.get("sub"), str):
            raise OpenIdError("Failed to parse server response")
        return userinfo

    def _ask(self, verb: str, url: str, content_types: tuple[str, ...] = (JSON,), **options: Any) -> dict[str, Any]:
        """Request a JSON object from the provider."""
        headers = {"Accept": JSON, **options.pop("headers", {})}
        with requests.Session() as session:
            # a real server does not use the .netrc and the proxies of the user who runs the tests
            session.trust_env = False
            try:
                answer = session.request(
                    verb,
                    url,
                    timeout=TIMEOUT,
                    headers=headers,
                    verify=str(self.trust) if self.trust else True,
                    **options,
                )
                answer.raise_for_status()
            except requests.RequestException as error:
                raise OpenIdError(_failed_request(error)) from error
        if answer.status_code != 200:
            raise OpenIdError(f"Server returned invalid response: HTTP status code {answer.status_code} at {url}")
        content_type = answer.headers.get("Content-Type", JSON)
        if content_type.partition(";")[0].strip().lower() not in content_types:
            raise OpenIdError(
                f'Server returned invalid response: Unexpected response Content-Type: "{content_type}",'
                f" should be `{JSON}`"
            )
        try:
            data = answer.json()
        except requests.JSONDecodeError as error:
            raise OpenIdError("Failed to parse server response") from error
        if not isinstance(data, dict):
            raise OpenIdError("Failed to parse server response")
        return data


def _failed_request(error: requests.RequestException) -> str:
    """The message of the product's HTTP library, if known, which contains the cause twice."""
    cause = ""
    if error.response is not None:
        cause = f"http status: {error.response.status_code}"
    elif "Connection refused" in str(error):
        cause = "io: Connection refused (os error 111)"
    return f"Request failed: ureq request failed - {cause}: {cause}" if cause else "Request failed"


@contextmanager
def _failing_as(what: str) -> Iterator[None]:
    try:
        yield
    except OpenIdError as error:
        raise OpenIdError(f"{what}: {error}") from error


def _form_encoded(text: str | bytes, *_options: object) -> str:
    """Encode as in the URL standard, which differs from Python in these two characters; `urlencode` passes options."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def _require_url(text: str) -> None:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise OpenIdError("invalid URL") from error
    if not parts.scheme:
        raise OpenIdError("relative URL without a base")


def _endpoint(metadata: dict[str, Any], name: str) -> str:
    endpoint = metadata.get(f"{name}_endpoint")
    if not isinstance(endpoint, str):
        raise OpenIdError(f"the provider has no {name} endpoint")
    return endpoint


def _signing_key(header: dict[str, Any], keys: list[dict[str, Any]], client: Client) -> Key:
    """The only key that can have signed the token; for HS algorithms the secret of a confidential client."""
    if str(header.get("typ", "JWT")).lower().removeprefix("application/") not in ("jwt", "jose"):
        raise OpenIdError(f"unexpected or unsupported JWT type `{header['typ']}`")
    if "cty" in header or "crit" in header:
        raise OpenIdError("unexpected content type or critical field in the header")
    algorithm, kid = header["alg"], header.get("kid")
    if algorithm.startswith("HS"):
        if client.client_key is None:
            raise OpenIdError("symmetric signatures are disallowed for public clients")
        return OctKey.import_key(client.client_key)
    fitting = [
        key
        for key in keys
        if key.get("kty") == KEY_TYPES.get(algorithm[:2], "none")
        and kid in (None, key.get("kid"))
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    ]
    if len(fitting) != 1:
        raise OpenIdError(f"expected one signing key, found {len(fitting)}")
    return import_key(fitting[0])
