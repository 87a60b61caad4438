# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A person at an identity provider, who signs in as with a browser: from an authorization URL to the code for the server."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urljoin, urlsplit, urlunsplit

from ..core.client import Authorization, Client, require_requests
from ..core.errors import FleetgateError
from ..core.secrets import excerpt
from ..core.transport import requests

# what the result of a refused sign-on is about
PERSON, CLIENT, REDIRECT, ACCESS, SECRET, TOKEN = (
    "account",
    "client",
    "redirect URI",
    "access",
    "client secret",
    "token",
)

# what a provider answers to a request that must not ask anything, where nobody is signed in
_NOBODY_SIGNED_IN = ("login_required", "interaction_required", "consent_required", "account_selection_required")
_TITLE = re.compile(r"<title>\s*(.*?)\s*</title>", re.S | re.I)


class Refusal(FleetgateError):
    """Why an identity provider does not sign a person in: the check that it concerns, the cause and the remedy."""

    def __init__(self, check: str, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.check, self.problem, self.remedy = check, problem, remedy


class Account(Client):
    """A person at a provider. It sends cookies and credentials only to the origin of the authorization endpoint."""

    def __init__(self, title: str, person: str, timeout: float, verify: bool | str) -> None:
        require_requests()
        super().__init__(title, requests.Session(), "", check_mode=True, timeout=timeout, verify=verify)
        self.person = person
        self._origin = ""

    @property
    def session_secret(self) -> str:
        """What another account object can continue the session with; empty where each signs in by itself."""
        return ""

    def code(self, url: str) -> str:
        """The authorization code for the server that the URL is from."""
        query = query_of(url)
        self._origin = _origin(url)
        with self.understanding():
            target = self._authorized(url, query["redirect_uri"])
        answer = query_of(target)
        if "code" in answer:
            return answer["code"]
        error, text = answer.get("error", "no code"), answer.get("error_description", "")
        raise Refusal(
            CLIENT,
            f"{self.title} refuses the authorization request: {excerpt(error)}{f' ({excerpt(text)})' if text else ''}",
            f"compare the client {query['client_id']} with what wire sets up, and see the log of {self.title}",
        )

    def _authorized(self, url: str, redirect_uri: str) -> str:
        """The URL at the server that the pages of the provider lead to."""
        raise NotImplementedError

    # -- what all browsers do ----------------------------------------------------------------------------------

    def _page(self, verb: str, target: str, **content: Any) -> Any:
        """The answer of a page of the provider, whatever its status is."""
        url = urljoin(self._origin, target)
        if _origin(url) != self._origin:
            raise Refusal(
                PERSON,
                f"{self.title} sends {self.person} on to {_origin(url)} to sign in",
                "prove the sign-on with a person who has a password at the provider itself",
            )
        self.base_url = url
        return self._send(verb, (), range(300, 600), **content)

    def _json(self, answer: Any) -> Any:
        if answer.status_code >= 400:
            raise FleetgateError(
                f"{self.title}: {answer.request.method} {urlsplit(answer.url).path} was refused with"
                f" {answer.status_code}: {excerpt(self._explained(answer))}",
                status=answer.status_code,
            )
        return self._content(answer)


def target_of(answer: Any, base: str) -> str:
    """Where an answer redirects to, "" if it does not."""
    location = answer.headers.get("Location", "")
    return urljoin(base, location) if 300 <= answer.status_code < 400 and location else ""


def title_of(answer: Any) -> str:
    """The title of a page, which is what error pages say in short."""
    found = _TITLE.search(answer.text)
    return excerpt(found[1]) if found else f"{answer.status_code} {answer.reason}"


def not_registered(title: str, uri: str, client_id: str, words: str = "") -> Refusal:
    reason = f" ({words})" if words else ""
    return Refusal(
        REDIRECT,
        f"the redirect URI {uri} is not registered for the client {client_id} at {title}{reason}",
        "run the playbook wire for this host, or register it at the provider; a name that only people use belongs into"
        " fleetgate_names",
    )


def not_allowed(title: str, person: str, client_id: str, words: str = "") -> Refusal:
    reason = f" ({words})" if words else ""
    return Refusal(
        ACCESS,
        f"{title} does not let {person} use the client {client_id}{reason}",
        "add the person to one of the groups that may use the client, or allow another group with allowed_groups in"
        " fleetgate_client",
    )


# -- the redirect URI, without a person -------------------------------------------------------------------------------


def registered(client: Client, endpoint: str, client_id: str, scopes: str, uri: str) -> Refusal | None:
    """Ask the authorization endpoint whether a redirect URI is registered; nobody signs in. None if it is.

    With `prompt=none` the error that nobody is signed in goes to the redirect URI, and to no other (OpenID Connect Core, section
    3.1.2.6). A provider must not redirect to a URI that is not registered.
    """
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": uri,
        "scope": scopes,
        "state": token_urlsafe(16),
        "nonce": token_urlsafe(16),
        "code_challenge": _challenge(token_urlsafe(32)),
        "code_challenge_method": "S256",
        "prompt": "none",
    }
    answer = client.with_base_url(_with_query(endpoint, query))._send("GET", (), range(300, 500))
    target = target_of(answer, endpoint)
    error = query_of(target).get("error", "") if target else ""
    if target.startswith(uri):
        if not error or error in _NOBODY_SIGNED_IN:
            return None
        description = query_of(target).get("error_description", "")
        return Refusal(
            CLIENT,
            f"the issuer refuses authorization requests of the client {client_id}: {excerpt(error)} {excerpt(description)}".strip(),
            "compare the client with what wire sets up, and see the log of the identity provider",
        )
    if "client" in error.lower() and "redirect" not in error.lower():
        return Refusal(
            CLIENT,
            f"the issuer refuses the client {client_id} ({excerpt(error)})",
            "run the playbook wire, or correct the client id in fleetgate_client",
        )
    if error or 400 <= answer.status_code < 500:
        return not_registered("the issuer", uri, client_id, excerpt(error) or title_of(answer))
    return None


# -- the claims of a person -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Identity:
    """What the issuer says of a person: claims of the ID token, with those of userinfo that it lacks."""

    claims: Mapping[str, Any] = field(repr=False)
    issued: float = 0
    expires: float = 0
    audience: tuple[str, ...] = ()


@dataclass(frozen=True)
class RelyingParty:
    """The client as a realm has it, and the issuer's endpoints. `secret` is empty for a public client."""

    client: Client
    document: Mapping[str, Any]
    client_id: str
    secret: str = field(repr=False)
    asks_userinfo: bool = True

    def identity(self, account: Account, url: str) -> Identity:
        """Sign in with the authorization request of a server, but redeem the code here: servers do not show claims."""
        verifier, asked = token_urlsafe(48), query_of(url)
        asked.update(
            state=token_urlsafe(24),
            nonce=token_urlsafe(24),
            code_challenge=_challenge(verifier),
            code_challenge_method="S256",
        )
        parts = urlsplit(url)
        code = account.code(urlunsplit(parts._replace(query=urlencode(asked))))
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked["redirect_uri"],
            "code_verifier": verifier,
        }
        auth = (quote_plus(self.client_id), quote_plus(self.secret)) if self.secret else Authorization("", "")
        if not self.secret:
            form["client_id"] = self.client_id
        with self.client.understanding():
            tokens = self._redeemed(account, form, auth)
            claims = _claims(tokens["id_token"], self.client_id)
            audience = claims.get("aud")
            audience = audience if isinstance(audience, list) else [audience]
            further = self._userinfo(tokens["access_token"]) if self.asks_userinfo else {}
            found = {**further, **{name: value for name, value in claims.items() if value is not None}}
            return Identity(found, claims.get("iat", 0), claims.get("exp", 0), tuple(map(str, audience)))

    def _redeemed(self, account: Account, form: dict[str, str], auth: Any) -> dict[str, Any]:
        answer = self.client.probe(self.document["token_endpoint"], form, auth, allowed_status=range(400, 500))
        content = answer.json()
        if answer.status_code == 200:
            return dict(content)
        error, text = content.get("error", ""), content.get("error_description", "")
        if error in ("invalid_client", "unauthorized_client"):
            raise Refusal(
                SECRET,
                f"the issuer rejects the secret that the realm has for the client {self.client_id}",
                "run the playbook wire, which gives the realm a secret that works",
            )
        if error == "access_denied":
            raise not_allowed("the issuer", account.person, self.client_id, excerpt(text))
        raise Refusal(
            TOKEN,
            f"the token endpoint refuses the code: {excerpt(error)} {excerpt(text)}".strip(),
            "see the log of the identity provider",
        )

    def _userinfo(self, access_token: str) -> dict[str, Any]:
        endpoint = self.document.get("userinfo_endpoint")
        if not endpoint:
            return {}
        other = self.client.with_base_url(endpoint)
        answer = other._send("GET", (), range(400, 500), headers={"Authorization": f"Bearer {access_token}"})
        if answer.status_code >= 400:
            raise Refusal(
                TOKEN,
                f"the userinfo endpoint refuses its own access token with {answer.status_code}",
                "set query_userinfo to false in fleetgate_realm, or see the log of the identity provider",
            )
        return dict(answer.json())


def _claims(token: str, client_id: str) -> dict[str, Any]:
    """The claims of an ID token. It comes from the token endpoint over TLS, so its signature need not be verified."""
    parts = token.split(".")
    if len(parts) == 5:
        raise Refusal(
            TOKEN,
            f"the ID token of the client {client_id} is encrypted, which PVE and PBS cannot read",
            "remove the encryption key of the client at the identity provider",
        )
    return dict(json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))))


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def query_of(url: str) -> dict[str, str]:
    """The parameters in the query of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def _with_query(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
