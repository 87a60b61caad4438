"""The server under test, simulated or real, and helpers to read its responses."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import KeySet

CLIENTS, USERS, GROUPS = "/api/oidc/clients", "/api/users", "/api/user-groups"
CONFIGURATION = "/api/application-configuration"
PVE = "https://pve1.example.org:8006"
ALL_SCOPES = "openid profile email groups"


@dataclass
class Server:
    """The server under test, the key of an administrator, and a prefix for the names of this case."""

    url: str
    ca: str | bool
    key: str
    n: str
    made: list[str] = field(default_factory=list)

    def call(self, request: str, body: Any = None, key: str | None = None, **options: Any) -> requests.Response:
        """`request` is `VERB /path?query`; an empty key sends none. Calls share no cookies."""
        verb, path = request.split(" ", 1)
        headers = dict(options.pop("headers", {}))
        if key != "":
            headers["X-API-Key"] = key or self.key
        if body is not None:
            options["json"] = body
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                verb, self.url + path, headers=headers, verify=self.ca, timeout=30, allow_redirects=False, **options
            )

    def ask(self, request: str, body: Any = None, status: int | None = None, **options: Any) -> Any:
        """The JSON of a response with the expected status."""
        answer = self.call(request, body, **options)
        assert answer.status_code == status if status else answer.ok, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def refused(self, request: str, body: Any = None, *, status: int, code: str, **options: Any) -> dict[str, Any]:
        """The details of a refusal with this status and code."""
        answer = self.ask(request, body, status, **options)
        assert (answer["code"], bool(answer["error"])) == (code, True)
        assert uuid.UUID(answer["request_id"])
        return answer.get("details", {})

    @property
    def version(self) -> tuple[int, ...]:
        """Its numbers, which it returns since 2.3; earlier versions are detected by their features."""
        answer = self.call("GET /api/version/current")
        if answer.status_code == 404:
            settings = {row["key"] for row in self.ask(f"GET {CONFIGURATION}/all")}
            return (2, 2) if "emailVerificationEnabled" in settings else (2, 0)
        return tuple(map(int, answer.json()["currentVersion"].split(".")))

    @property
    def several_secrets(self) -> bool:
        return self.version >= (2, 14)

    def client(self, **settings: Any) -> dict[str, Any]:
        made = self.ask(f"POST {CLIENTS}", {"name": self.n, "id": f"{self.n}-{len(self.made)}", **settings}, 201)
        self.made.append(f"{CLIENTS}/{made['id']}")
        return made

    def group(self, **values: Any) -> dict[str, Any]:
        made = self.ask(f"POST {GROUPS}", {"name": f"{self.n}-{len(self.made)}", "friendlyName": self.n, **values}, 201)
        self.made.append(f"{GROUPS}/{made['id']}")
        return made

    def user(self, **values: Any) -> dict[str, Any]:
        name = f"{self.n}-{len(self.made)}"
        made = self.ask(f"POST {USERS}", {"username": name, "email": f"{name}@example.org", **values}, 201)
        self.made.append(f"{USERS}/{made['id']}")
        return made

    def secret(self, client: str, value: str | None = None) -> str:
        """A new secret for the client, in the dialect of the server."""
        body = {"secret": value} if value else None
        if self.several_secrets:
            return self.ask(f"POST {CLIENTS}/{client}/secrets", body, 201)["secret"]
        return self.ask(f"POST {CLIENTS}/{client}/secret", body, 200)["secret"]

    def session(self, user: str) -> dict[str, str]:
        """Headers of a session of the user, by a one-time token."""
        token = self.ask(f"POST {USERS}/{user}/one-time-access-token", {}, 201)["token"]
        answer = self.call(f"POST /api/one-time-access-token/{token}", key="")
        assert answer.status_code == 200, answer.text
        name, _mark, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
        assert name == "__Host-access_token" if self.url.startswith("https:") else name == "access_token"
        return {"Authorization": f"Bearer {value}"}

    def authorize(self, client: str, session: dict[str, str] | None = None, **changes: str | None) -> requests.Response:
        """A login request of a relying party; a change to None omits a parameter."""
        query = {
            "client_id": client,
            "redirect_uri": PVE,
            "response_type": "code",
            "scope": ALL_SCOPES,
            "state": "state-of-enough",
            "nonce": "nonce-of-enough",
            **changes,
        }
        given = {name: value for name, value in query.items() if value is not None}
        return self.call(f"GET /authorize?{urlencode(given)}", key="", headers=session or {})

    def code(self, client: str, session: dict[str, str], **changes: str | None) -> str:
        return returned(self.authorize(client, session, **changes))["code"]

    def token(self, auth: tuple[str, str] | None = None, **form: str) -> requests.Response:
        return self.call("POST /api/oidc/token", key="", data=form, auth=auth)

    def redeem(self, auth: tuple[str, str], code: str, **form: str) -> requests.Response:
        return self.token(auth, grant_type="authorization_code", code=code, **{"redirect_uri": PVE, **form})

    def introspect(self, auth: tuple[str, str], token: str = "dummy") -> requests.Response:
        return self.call("POST /api/oidc/introspect", key="", data={"token": token}, auth=auth)

    def bearing(self, path: str, token: str) -> requests.Response:
        return self.call(f"GET {path}", key="", headers={"Authorization": f"Bearer {token}"})

    def clean(self) -> None:
        for path in self.made:
            self.call(f"DELETE {path}")


@dataclass
class Login:
    """A user with a session, and a client with a secret that may skip consent."""

    server: Server
    user: dict[str, Any]
    group: dict[str, Any]
    session: dict[str, str]
    client: str
    auth: tuple[str, str]

    def code(self, **changes: str | None) -> str:
        return self.server.code(self.client, self.session, **changes)

    def redeem(self, code: str, **form: str) -> requests.Response:
        return self.server.redeem(self.auth, code, **form)

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        answer = self.redeem(self.code(**changes))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def verified(self, token: str, kind: str = "JWT") -> dict[str, Any]:
        keys = KeySet.import_key_set(self.server.ask("GET /.well-known/jwks.json", key=""))
        decoded = jwt.decode(token, keys, algorithms=["RS256"])
        assert decoded.header["typ"] == kind
        return decoded.claims


@dataclass
class Directory:
    """A server that is bound to an LDAP directory; `settings` are the application configuration."""

    server: Server
    settings: dict[str, str]

    def switch(self, on: bool) -> None:
        self.server.ask(f"PUT {CONFIGURATION}", {**self.settings, "ldapEnabled": "true" if on else "false"})

    def sync(self) -> None:
        self.server.ask(f"POST {CONFIGURATION}/sync-ldap", status=204)

    def there(self) -> dict[str, str]:
        """The paths of all synced objects by name."""
        users, groups = (self.server.ask(f"GET {path}?search=fg-")["data"] for path in (USERS, GROUPS))
        return {
            **{one["username"]: f"{USERS}/{one['id']}" for one in users if one["ldapId"]},
            **{one["name"]: f"{GROUPS}/{one['id']}" for one in groups if one["ldapId"]},
        }


def returned(answer: requests.Response) -> dict[str, str]:
    """The parameters with which the browser is sent back to the client."""
    assert answer.status_code == 303, f"{answer.status_code} {answer.headers.get('Location')} {answer.text}"
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query, keep_blank_values=True))


def stopped(answer: requests.Response) -> str:
    """The text with which the browser is kept at the provider."""
    place = urlsplit(answer.headers["Location"])
    assert (answer.status_code, place.path) == (302, "/interaction/error")
    return dict(parse_qsl(place.query))["error"]


def interaction(answer: requests.Response) -> str:
    place = urlsplit(answer.headers["Location"])
    assert (answer.status_code, place.path) == (302, "/interaction"), answer.headers["Location"]
    return dict(parse_qsl(place.query))["interaction"]


def oauth_error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def names(rows: list[dict[str, Any]]) -> set[str]:
    return {row["id"] for row in rows}


def told(details: dict[str, Any]) -> list[tuple[str, str]]:
    """The fields that a refusal names, each with its code."""
    return [(row["field"], row["code"]) for row in details["fields"]]
