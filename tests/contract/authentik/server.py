"""The server under test, simulated or real, and helpers to read its responses."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.simulators.browser import AtAuthentik
from tests.simulators.digests import s256_challenge

API = "/api/v3"
PVE = "https://pve1.example.org:8006"
IMPLICIT, EXPLICIT = (f"default-provider-authorization-{how}-consent" for how in ("implicit", "explicit"))
STRICT = {"matching_mode": "strict", "url": PVE}
VERIFIER = "v" * 43
CHALLENGE = s256_challenge(VERIFIER)


@dataclass
class Server:
    """The server under test, the token of an administrator, and a prefix for the names of this case."""

    url: str
    ca: str | bool
    token: str
    n: str
    made: list[str] = field(default_factory=list)

    def call(self, request: str, body: Any = None, token: str | None = None, **options: Any) -> requests.Response:
        """`request` is `VERB /path?query` below the API, or with `//` in front below the host; an empty token is none."""
        verb, path = request.split(" ", 1)
        headers = dict(options.pop("headers", {}))
        if token != "":
            headers.setdefault("Authorization", f"Bearer {token or self.token}")
        if body is not None:
            options["json"] = body
        with requests.Session() as session:
            session.trust_env = False
            url = self.url + (path[1:] if path.startswith("//") else API + path)
            return session.request(
                verb, url, headers=headers, verify=self.ca, timeout=30, allow_redirects=False, **options
            )

    def ask(self, request: str, body: Any = None, status: int | None = None, **options: Any) -> Any:
        """The JSON of a response with the expected status."""
        answer = self.call(request, body, **options)
        assert answer.status_code == status if status else answer.ok, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    @cached_property
    def version(self) -> tuple[int, ...]:
        return tuple(map(int, self.ask("GET /admin/version/")["version_current"].split(".")[:2]))

    # -- objects of a case --------------------------------------------------------------------------------

    def make(self, path: str, body: dict[str, Any], key: str = "pk") -> dict[str, Any]:
        made = self.ask(f"POST {path}", body, 201)
        self.made.append(f"{path}{made[key]}/")
        return made

    @property
    def name(self) -> str:
        return f"{self.n}-{len(self.made)}"

    def flow(self, slug: str) -> str:
        return self.ask(f"GET /flows/instances/{slug}/")["pk"]

    @property
    def flows(self) -> dict[str, str]:
        """The flows that every provider requires."""
        return {
            "authorization_flow": self.flow(IMPLICIT),
            "invalidation_flow": self.flow("default-provider-invalidation-flow"),
        }

    @cached_property
    def mappings(self) -> dict[str, str]:
        """The scope mappings that authentik brings along."""
        found = self.ask("GET /propertymappings/provider/scope/?page_size=100")["results"]
        return {
            one["scope_name"]: one["pk"]
            for one in found
            if (one["managed"] or "").startswith("goauthentik.io/providers/oauth2/")
        }

    @cached_property
    def rsa_key(self) -> str:
        return self.key("rsa")["pk"]

    def key(self, kind: str) -> dict[str, Any]:
        body = {"common_name": self.name, "validity_days": 10, "alg": kind}
        made = self.ask("POST /crypto/certificatekeypairs/generate/", body, 200)
        self.made.append(f"/crypto/certificatekeypairs/{made['pk']}/")
        return made

    def bare_provider(self, **values: Any) -> dict[str, Any]:
        """A provider with required fields only."""
        return self.make("/providers/oauth2/", {"name": self.name, **self.flows, "redirect_uris": [STRICT], **values})

    def proxy(self) -> dict[str, Any]:
        """A proxy provider."""
        body = {"name": self.name, "external_host": "https://tool.example.org", "mode": "forward_single", **self.flows}
        made = self.ask("POST /providers/proxy/", body, 201)
        self.made.append(f"/providers/oauth2/{made['pk']}/")
        return made

    def provider(self, **values: Any) -> dict[str, Any]:
        """A provider that allows logins."""
        body = {
            "signing_key": self.rsa_key,
            "property_mappings": [self.mappings[scope] for scope in ("openid", "email", "profile")],
        }
        if self.version >= (2026, 5):
            body["grant_types"] = ["authorization_code"]
        return self.bare_provider(**{**body, **values})

    def application(self, provider: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
        body = {"name": self.name, "slug": self.name, "provider": provider and provider["pk"]}
        return self.make("/core/applications/", {**body, **values}, key="slug")

    def group(self, **values: Any) -> dict[str, Any]:
        return self.make("/core/groups/", {"name": self.name, **values})

    def user(self, **values: Any) -> dict[str, Any]:
        name = self.name
        return self.make(
            "/core/users/", {"username": name, "name": f"Name of {name}", "email": f"{name}@example.org", **values}
        )

    def bind(self, application: dict[str, Any], order: int = 0, **values: Any) -> dict[str, Any]:
        return self.make("/policies/bindings/", {"target": application["pk"], "order": order, **values})

    def api_token(self, user: dict[str, Any], **values: Any) -> str:
        """The key of a new API token of a user."""
        token = self.make(
            "/core/tokens/",
            {"identifier": self.name, "user": user["pk"], "expiring": False, **values},
            key="identifier",
        )
        return self.ask(f"GET /core/tokens/{token['identifier']}/view_key/")["key"]

    # -- the OpenID provider -----------------------------------------------------------------------------------

    def discovery(self, slug: str) -> dict[str, Any]:
        return self.ask(f"GET //application/o/{slug}/.well-known/openid-configuration", token="")

    def authorization_url(self, provider: dict[str, Any], **changes: str | None) -> str:
        query = {
            "client_id": provider["client_id"],
            "redirect_uri": PVE,
            "response_type": "code",
            "scope": "openid email profile",
            "state": "the-state",
            "nonce": "the-nonce",
            **changes,
        }
        return f"{self.url}/application/o/authorize/?{urlencode({name: value for name, value in query.items() if value is not None})}"

    def browser(self, user: dict[str, Any]) -> AtAuthentik:
        return AtAuthentik(self.url, self.token, user["username"], self.ca)

    def returned(self, user: dict[str, Any], provider: dict[str, Any], **changes: str | None) -> dict[str, str]:
        """The parameters with which a user's browser is sent back to the client."""
        target = self.browser(user).authorize(self.authorization_url(provider, **changes))
        return dict(parse_qsl(urlsplit(target).query))

    def redeem(self, provider: dict[str, Any], code: str, secret: str | None = None, **form: str) -> requests.Response:
        auth = provider["client_id"], provider["client_secret"] if secret is None else secret
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": PVE, **form}
        return self.call("POST //application/o/token/", token="", data=form, auth=auth)

    def verified(self, slug: str, token: str) -> dict[str, Any]:
        keys = KeySet.import_key_set(self.ask(f"GET //application/o/{slug}/jwks/", token=""))
        return jwt.decode(token, keys, algorithms=["RS256"]).claims

    def clean(self) -> None:
        for path in reversed(self.made):
            self.call(f"DELETE {path}")


def found(answer: dict[str, Any], name: str) -> set[str]:
    return {row[name] for row in answer["results"]}


def oauth_error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]
