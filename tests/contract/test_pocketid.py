"""The contract of Pocket ID's administration API and OpenID provider, fact by fact, over HTTPS.

Without more the facts are asked of the simulator, as 2.14 and as 2.13. Given FLEETGATE_POCKETID_URL, the static key in
FLEETGATE_POCKETID_API_KEY and perhaps a bundle of authorities in FLEETGATE_POCKETID_CA they are asked of that server, a
2.13 or 2.14 with SQLite and without rate limits. Everything that is made there has `fg-` and a random number in its
name and is removed afterwards; the application configuration is changed and put back.
"""

from __future__ import annotations

import base64
import os
import re
import struct
import time
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core.util import create_half_hash
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.simulators.pocketid import PocketIdSimulator
from tests.simulators.server import Authority, serve

REAL = os.environ.get("FLEETGATE_POCKETID_URL")
CLIENTS, USERS, GROUPS = "/api/oidc/clients", "/api/users", "/api/user-groups"
CONFIGURATION, KEYS = "/api/application-configuration", "/api/api-keys"
PVE = "https://pve1.example.org:8006"
VERIFIER = "v" * 43
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
        """`request` is `VERB /path?query`; an empty key is none. Nothing is remembered from one call to the next."""
        verb, path = request.split(" ", 1)
        headers = dict(options.pop("headers", {}))
        if key != "":
            headers["X-API-Key"] = key or self.key
        if body is not None:
            options["json"] = body
        with requests.Session() as session:
            session.trust_env = False
            return session.request(verb, self.url + path, headers=headers, verify=self.ca, timeout=30,
                                   allow_redirects=False, **options)

    def ask(self, request: str, body: Any = None, status: int | None = None, **options: Any) -> Any:
        """The answer's JSON, after a look at its status."""
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
        return tuple(map(int, self.ask("GET /api/version/current")["currentVersion"].split(".")))

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
        name, _, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
        assert name == "__Host-access_token" if self.url.startswith("https:") else name == "access_token"
        return {"Authorization": f"Bearer {value}"}

    def authorize(self, client: str, session: dict[str, str] | None = None, **changes: str | None) -> requests.Response:
        """A request for a login as a relying party makes it; a change to None leaves a parameter out."""
        query = {"client_id": client, "redirect_uri": PVE, "response_type": "code", "scope": ALL_SCOPES,
                 "state": "state-of-enough", "nonce": "nonce-of-enough", **changes}
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


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=["real"] if REAL else ["2.14", "2.13"])
def address(request: pytest.FixtureRequest, authority: Authority) -> Iterator[tuple[str, str | bool, str]]:
    """URL, bundle and key of the server under test."""
    if REAL:
        yield REAL.rstrip("/"), os.environ.get("FLEETGATE_POCKETID_CA", True), os.environ["FLEETGATE_POCKETID_API_KEY"]
        return
    simulator = PocketIdSimulator(version=request.param)
    with serve(simulator.app(), authority.tls("127.0.0.1")) as port:
        simulator.issuer = f"https://127.0.0.1:{port}"
        yield simulator.issuer, str(authority.bundle), simulator.api_key


@pytest.fixture
def server(address: tuple[str, str | bool, str]) -> Iterator[Server]:
    server = Server(*address, n=f"fg-{uuid.uuid4().hex[:8]}")
    yield server
    server.clean()


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


# 1. Authentication


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "no such key"}, {"Authorization": "Bearer junk"}])
def test_1_without_credentials(server: Server, headers: dict[str, str]) -> None:
    answer = server.call(f"GET {CLIENTS}", key="", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_1_the_static_key_is_a_listed_administrator(server: Server) -> None:
    own = server.ask(f"GET {USERS}/me")
    assert own["id"] == "00000000-0000-0000-0000-000000000000" and own["isAdmin"] and own["email"] is None
    assert own["username"].startswith("static-api-user-")
    assert own in server.ask(f"GET {USERS}?search=static-api-user")["data"]


def test_1_sessions(server: Server) -> None:
    user = server.user()
    session = server.session(user["id"])
    assert server.ask(f"GET {USERS}/me", key="", headers=session)["id"] == user["id"]
    cookie = {"Cookie": f"__Host-access_token={session['Authorization'].split()[1]}"}
    assert server.ask(f"GET {USERS}/me", key="", headers=cookie)["id"] == user["id"]
    server.refused(f"GET {USERS}", status=403, code="forbidden", key="", headers=session)
    # a session is looked at before the key, so it can stand in the key's way
    server.refused(f"GET {USERS}", status=403, code="forbidden", headers=cookie)
    assert server.ask(f"GET {USERS}/me")["id"] != server.ask(f"GET {USERS}/me", headers=session)["id"] == user["id"]
    server.ask(f"PUT {USERS}/{user['id']}", {**user, "disabled": True})
    server.refused(f"GET {USERS}/me", status=403, code="user_disabled", key="", headers=session)


def test_1_one_time_tokens(server: Server) -> None:
    user = server.user()
    path = f"POST {USERS}/{user['id']}/one-time-access-token"
    longer = 12 if server.version >= (2, 14) else 16
    lengths = {2: 6, 900: 6, 901: longer, "15m": 6, "1h": longer, "1.5h": longer, 31 * 86400: longer, 0: 6, "": 6}
    for ttl, length in lengths.items():
        assert len(server.ask(path, {"ttl": ttl}, 201)["token"]) == length, ttl
    for ttl in (1, 1.9, -5, 31 * 86400 + 1):
        assert told(server.refused(path, {"ttl": ttl}, status=400, code="validation_failed")) == [("ttl", "ttl")]
    for ttl in ("junk", True, None):
        server.refused(path, {"ttl": ttl}, status=400, code="invalid_request_body")
    server.refused(path, status=400, code="invalid_request_body")
    server.refused(f"POST {USERS}/nobody/one-time-access-token", {}, status=404, code="user_not_found")

    token = server.ask(path, {}, 201)["token"]
    exchange = "POST /api/one-time-access-token/"
    bad = {"status": 401, "code": "token_invalid_or_expired", "key": ""}
    server.refused(f"{exchange}{token.swapcase()}", **bad)
    assert server.ask(f"{exchange}{token}", key="")["userGroups"] == []
    server.refused(f"{exchange}{token}", **bad)
    soon = server.ask(path, {"ttl": 2}, 201)["token"]
    time.sleep(3)
    server.refused(f"{exchange}{soon}", **bad)


def test_1_a_disabled_user_keeps_the_token_but_gets_no_session(server: Server) -> None:
    user = server.user(disabled=True)
    token = server.ask(f"POST {USERS}/{user['id']}/one-time-access-token", {}, 201)["token"]
    server.refused(f"POST /api/one-time-access-token/{token}", status=403, code="user_disabled", key="")
    server.ask(f"PUT {USERS}/{user['id']}", {**user, "disabled": False})
    server.ask(f"POST /api/one-time-access-token/{token}", status=200, key="")


# 2. Lists


def test_2_pages(server: Server) -> None:
    for number in range(5):
        server.client(name=f"{server.n} {'edcba'[number]}", pkceEnabled=number % 2 == 0)
    ids = [f"{server.n}-{number}" for number in range(5)]
    search = f"search={quote(server.n.upper())}"

    def page(query: str) -> tuple[list[str], tuple[int, ...]]:
        answer = server.ask(f"GET {CLIENTS}?{search}&{query}")
        counts = answer["pagination"]
        return [row["id"] for row in answer["data"]], tuple(
            counts[name] for name in ("totalPages", "totalItems", "currentPage", "itemsPerPage"))

    assert page("") == (ids, (1, 5, 1, 20))
    assert page("pagination[limit]=2") == (ids[:2], (3, 5, 1, 2))
    assert page("pagination%5Blimit%5D=2&pagination%5Bpage%5D=3") == (ids[4:], (3, 5, 3, 2))
    assert page("pagination[limit]=2&pagination[page]=9") == (ids[4:], (3, 5, 3, 2))
    assert page("pagination[limit]=0&pagination[page]=-1") == (ids, (1, 5, 1, 20))
    assert page("pagination[limit]=500")[1] == (1, 5, 1, 100)
    # a number that is none stops the reading of the options where it stands
    assert page("pagination[limit]=x&pagination[page]=9&sort[column]=name") == (ids, (1, 5, 1, 20))
    assert page("sort[column]=name")[0] == ids[::-1] == page("sort[column]=Name&sort[direction]=junk")[0]
    assert page("sort[column]=name&sort[direction]=desc")[0] == ids
    assert page("sort[column]=id&sort[direction]=desc")[0] == ids == page("sort[column]=nonsense")[0]
    assert page("filters[pkceEnabled]=true")[0] == ids[::2] == page("filters[pkceEnabled][0]=true")[0]
    assert page("filters[pkceEnabled][0]=true&filters[pkceEnabled][1]=false")[0] == ids
    assert page("filters[name]=x")[0] == ids
    assert server.ask(f"GET {CLIENTS}?search=no+such+{server.n}") == {
        "data": [], "pagination": {"totalPages": 1, "totalItems": 0, "currentPage": 1, "itemsPerPage": 20}}


@pytest.mark.parametrize(("kind", "values", "term", "found"), [
    ("group", {"friendlyName": "tidewater"}, "tidewater", False),
    ("group", {}, "{n}", True),
    ("user", {"firstName": "Zoë{n}"}, "Zoë{n}", True),
    ("user", {"lastName": "{n}x"}, "{n}X", True),
    ("user", {"displayName": "tidewater{n}"}, "tidewater{n}", False),
    ("user", {}, "{n}%25@example", True),
    ("user", {}, "{n}_0@example", True),
])
def test_2_search(server: Server, kind: str, values: dict, term: str, found: bool) -> None:
    made = getattr(server, kind)(**{name: value.replace("{n}", server.n) for name, value in values.items()})
    path = {"user": USERS, "group": GROUPS}[kind]
    rows = server.ask(f"GET {path}?search={term.replace('{n}', server.n)}&pagination[limit]=100")["data"]
    assert (made["id"] in names(rows)) is found


# 3. Errors


@pytest.mark.parametrize(("body", "content_type", "status"), [
    (b'{"name": "{n}", "friendlyName": "{n}"}', "application/json", 201),
    (b'{"NAME": "{n}", "friendlyname": "{n}", "unknown": 1} and more', "application/vnd.x+json; charset=utf-8", 201),
    (b'{"name": "{n}", "friendlyName": "{n}"}', "text/plain", 400),
    (b'{"name": "{n}", "friendlyName": "{n}"}', None, 400),
    (b"{", "application/json", 400), (b"", "application/json", 400), (b"[]", "application/json", 400),
    (b'{"name": 5, "friendlyName": "{n}"}', "application/json", 400),
])
def test_3_bodies(server: Server, body: bytes, content_type: str | None, status: int) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = server.call(f"POST {GROUPS}", data=body.replace(b"{n}", server.n.encode()), headers=headers)
    assert answer.status_code == status, answer.text
    if status == 201:
        server.made.append(f"{GROUPS}/{answer.json()['id']}")
    else:
        assert answer.json()["code"] == "invalid_request_body" and "details" not in answer.json()


def test_3_broken_rules_are_told_together(server: Server) -> None:
    details = server.refused(f"POST {GROUPS}", {"name": "x"}, status=400, code="validation_failed")
    assert told(details) == [("friendlyName", "required"), ("name", "too_short")]


@pytest.mark.parametrize(("request_", "status"), [
    ("GET /api/nothing", 404), ("PATCH /api/oidc/clients/x", 404), ("GET /api/oidc/token", 404), ("GET /nothing", 200),
    ("GET /api/oidc/clients/", 301), ("GET /healthz", 204), ("HEAD /healthz", 204),
])
def test_3_other_paths(server: Server, request_: str, status: int) -> None:
    answer = server.call(request_)
    assert answer.status_code == status
    if status == 404:
        assert answer.json().keys() == {"error"}
    if status == 301:
        assert urlsplit(answer.headers["Location"]).path == CLIENTS


# 4. Clients

CLIENT_DEFAULTS = {
    "description": "", "hasLogo": False, "hasDarkLogo": False, "launchURL": None, "requiresReauthentication": False,
    "clientType": "standard", "callbackURLs": [], "logoutCallbackURLs": [], "isPublic": False, "pkceEnabled": False,
    "requiresPushedAuthorizationRequests": False, "skipConsent": False, "isGroupRestricted": False,
    "accessTokenDurationMinutes": 60, "refreshTokenDurationMinutes": 43200,
}
CLIENT_SETTINGS = {
    "description": "d", "callbackURLs": [PVE], "logoutCallbackURLs": ["https://out.example.org"], "pkceEnabled": True,
    "requiresReauthentication": True, "requiresPushedAuthorizationRequests": True, "skipConsent": True,
    "launchURL": PVE, "isGroupRestricted": True, "accessTokenDurationMinutes": 7, "refreshTokenDurationMinutes": 8,
}
BAD_CLIENTS = [
    ({"name": ""}, "name", "required"), ({"name": None}, "name", "required"), ({"name": "x" * 51}, "name", "too_long"),
    ({"id": "a"}, "id", "too_short"), ({"id": "a b"}, "id", "client_id"), ({"id": "a" * 129}, "id", "too_long"),
    ({"description": "d" * 151}, "description", "too_long"),
    ({"launchURL": ""}, "launchURL", "invalid_format"), ({"launchURL": "nope"}, "launchURL", "invalid_format"),
    ({"accessTokenDurationMinutes": -1}, "accessTokenDurationMinutes", "token_duration"),
    ({"refreshTokenDurationMinutes": 525601}, "refreshTokenDurationMinutes", "token_duration"),
    ({"callbackURLs": [PVE, "nope"]}, "callbackURLs[1]", "callback_url_pattern"),
    ({"logoutCallbackURLs": ["nope"]}, "logoutCallbackURLs[0]", "callback_url_pattern"),
]
MISFIT_CLIENTS = [{"isPublic": "yes"}, {"accessTokenDurationMinutes": "5"}, {"accessTokenDurationMinutes": 5.5},
                  {"callbackURLs": PVE}, {"callbackURLs": [5]}, {"credentials": []}]


def credentials(server: Server, **values: Any) -> dict[str, Any]:
    return {**values, "secrets": []} if server.several_secrets else values


def test_4_life_of_a_client(server: Server) -> None:
    client = server.client()
    assert client == {**CLIENT_DEFAULTS, "id": client["id"], "name": server.n, "credentials": credentials(server),
                      "allowedUserGroups": []}
    path = f"{CLIENTS}/{client['id']}"
    assert server.ask(f"GET {path}") == client
    listed = server.ask(f"GET {CLIENTS}?search={server.n}")["data"]
    assert listed == [{**{name: value for name, value in client.items() if name != "allowedUserGroups"},
                       "allowedUserGroupsCount": 0}]
    assert server.ask(f"GET {path}/meta", key="") == {
        name: client[name] for name in ("id", "name", "description", "hasLogo", "hasDarkLogo", "launchURL",
                                        "requiresReauthentication", "clientType")}
    conflict = {"name": "another", "id": client["id"]}
    server.refused(f"POST {CLIENTS}", conflict, status=409, code="client_id_already_exists")
    update = {"name": "new", **CLIENT_SETTINGS, "id": "ignored", "clientType": "ignored"}
    updated = server.ask(f"PUT {path}", update, 200)
    assert updated == server.ask(f"GET {path}")
    assert updated == {**client, **CLIENT_SETTINGS, "name": "new"}
    server.ask(f"DELETE {path}", status=204)
    for request in (f"GET {path}", f"GET {path}/meta", f"DELETE {path}", f"GET {path}/logo"):
        assert server.refused(request, status=404, code="not_found") == {"resource": "OIDC client"}
    server.refused(f"PUT {path}", {"name": "x"}, status=404, code="not_found")


def test_4_an_update_replaces_everything(server: Server) -> None:
    shown = {"issuer": "https://ci.example.org", "audience": "a", "replayProtection": True}
    given = {"federatedIdentities": [{**shown, "subject": "", "jwks": ""}], "secrets": [{"id": "ignored"}]}
    client = server.client(**CLIENT_SETTINGS, credentials=given)
    assert client["credentials"] == credentials(server, federatedIdentities=[shown])
    assert server.ask(f"PUT {CLIENTS}/{client['id']}", {"name": server.n}) == {
        **CLIENT_DEFAULTS, "id": client["id"], "name": server.n, "credentials": credentials(server),
        "allowedUserGroups": []}
    server.refused(f"PUT {CLIENTS}/{client['id']}", {}, status=400, code="validation_failed")


@pytest.mark.parametrize(("body", "field_", "code"), BAD_CLIENTS)
def test_4_rules(server: Server, body: dict, field_: str, code: str) -> None:
    details = server.refused(f"POST {CLIENTS}", {"name": "x", **body}, status=400, code="validation_failed")
    assert told(details) == [(field_, code)]


@pytest.mark.parametrize("body", MISFIT_CLIENTS)
def test_4_types(server: Server, body: dict) -> None:
    server.refused(f"POST {CLIENTS}", {"name": "x", **body}, status=400, code="invalid_request_body")


def test_4_what_is_taken(server: Server) -> None:
    assert server.client(name="e\u0301")["name"] == "\u00e9"
    assert len(server.client(name="\u00e9" * 50)["name"]) == 50
    assert uuid.UUID(server.client(id="")["id"])
    nothing = dict.fromkeys(("isPublic", "callbackURLs", "launchURL", "description", "credentials"))
    assert server.client(**nothing, accessTokenDurationMinutes=0)["accessTokenDurationMinutes"] == 60
    assert server.client(hasLogo=True)["hasLogo"] is False


def test_4_a_public_client_has_pkce_and_gets_no_secret(server: Server) -> None:
    client = server.client(isPublic=True)
    assert client["pkceEnabled"] is True
    path = f"{CLIENTS}/{client['id']}/{'secrets' if server.several_secrets else 'secret'}"
    server.refused(f"POST {path}", status=400, code="validation_failed")


def test_4_allowed_groups(server: Server) -> None:
    client, one, two = server.client(isGroupRestricted=True), server.group(), server.group()
    path = f"{CLIENTS}/{client['id']}"
    chosen = {"userGroupIds": [one["id"], two["id"], "unknown"]}
    answer = server.ask(f"PUT {path}/allowed-user-groups", chosen, 200)
    assert "allowedUserGroups" not in answer and answer["isGroupRestricted"] is True
    groups = server.ask(f"GET {path}")["allowedUserGroups"]
    assert names(groups) == {one["id"], two["id"]}
    assert {(group["userCount"], len(group["customClaims"])) for group in groups} == {(0, 0)}
    assert server.ask(f"GET {CLIENTS}?search={server.n}")["data"][0]["allowedUserGroupsCount"] == 2
    kept = server.ask(f"PUT {path}", {"name": server.n, "isGroupRestricted": True})["allowedUserGroups"]
    assert names(kept) == names(groups)

    assert server.ask(f"PUT {path}", {"name": server.n})["allowedUserGroups"] == []
    assert server.ask(f"GET {path}")["allowedUserGroups"] == []
    server.ask(f"PUT {path}/allowed-user-groups", chosen)
    assert server.ask(f"GET {path}")["isGroupRestricted"] is False
    assert len(server.ask(f"GET {path}")["allowedUserGroups"]) == 2
    server.ask(f"DELETE {GROUPS}/{one['id']}")
    assert names(server.ask(f"GET {path}")["allowedUserGroups"]) == {two["id"]}
    server.ask(f"PUT {path}/allowed-user-groups", {"userGroupIds": []})
    assert server.ask(f"GET {path}")["allowedUserGroups"] == []

    for body in ({}, {"userGroupIds": None}):
        server.refused(f"PUT {path}/allowed-user-groups", body, status=400, code="validation_failed")
    server.refused(f"PUT {CLIENTS}/nope/allowed-user-groups", {"userGroupIds": []}, status=404, code="not_found")


def test_4_allowed_groups_from_the_other_end(server: Server) -> None:
    client, group = server.client(), server.group()
    path = f"{GROUPS}/{group['id']}"
    answer = server.ask(f"PUT {path}/allowed-oidc-clients", {"oidcClientIds": [client["id"], "unknown"]}, 200)
    assert answer["allowedOidcClients"] == [server.ask(f"GET {CLIENTS}/{client['id']}/meta")]
    client = server.ask(f"GET {CLIENTS}/{client['id']}")
    assert (names(client["allowedUserGroups"]), client["isGroupRestricted"]) == ({group["id"]}, False)
    server.ask(f"PUT {path}/allowed-oidc-clients", {"oidcClientIds": []})
    assert server.ask(f"GET {path}")["allowedOidcClients"] == []


def test_4_logo_urls_fail_after_the_client_was_stored(server: Server) -> None:
    for number, (url, status, code) in enumerate([
        ("https://127.0.0.1/x.png", 400, "validation_failed"), ("https://192.168.1.1/x.png", 400, "validation_failed"),
        ("ftp://x/x.png", 400, "validation_failed"), ("", 400, "validation_failed"),
        ("https://nowhere.invalid/x.png", 422, "logo_download_failed"),
    ]):
        body = {"name": "x", "id": f"{server.n}-logo-{number}", ("logoUrl", "darkLogoUrl")[number % 2]: url}
        server.made.append(f"{CLIENTS}/{body['id']}")
        details = server.refused(f"POST {CLIENTS}", body, status=status, code=code)
        if status == 400:
            assert told(details) == [("logoUrl", "invalid_value")]
        assert server.ask(f"GET {CLIENTS}/{body['id']}")["hasLogo"] is False


# 5. Secrets


def works(server: Server, client: str, secret: str) -> bool:
    """Whether introspection takes the secret; it has no side effect."""
    answer = server.introspect((client, secret))
    if answer.status_code == 200:
        assert answer.json() == {"active": False}
        return True
    assert oauth_error(answer) == (401, "request_unauthorized")
    return False


def test_5_generated_and_chosen_secrets(server: Server) -> None:
    client = server.client()["id"]
    assert not works(server, client, "")
    generated = server.secret(client)
    assert re.fullmatch("[A-Za-z0-9]{32}", generated)
    assert works(server, client, generated) and not works(server, client, generated[:-1])
    chosen = "chosen by the caller"
    assert server.secret(client, chosen) == chosen
    assert works(server, client, chosen)
    assert works(server, client, generated) is server.several_secrets
    path = f"{CLIENTS}/{client}/{'secrets' if server.several_secrets else 'secret'}"
    for body, code in (({"secret": "x" * 15}, "too_short"), ({"secret": "\u00fc" * 16}, "printascii")):
        assert told(server.refused(f"POST {path}", body, status=400, code="validation_failed")) == [("secret", code)]
    server.refused(f"POST {path}", status=400, code="invalid_request_body", data=b'{"secret": "0123456789abcdef"}')
    server.ask(f"POST {path}", data=b"", headers={"Content-Type": "text/plain"})
    server.refused(f"POST {path.replace(client, 'nope')}", status=404, code="not_found")


def test_5_secrets_survive_updates(server: Server) -> None:
    client = server.client()["id"]
    secret = server.secret(client)
    server.ask(f"PUT {CLIENTS}/{client}", {"name": "x"})
    assert works(server, client, secret)
    for public in (True, False):
        server.ask(f"PUT {CLIENTS}/{client}", {"name": "x", "isPublic": public})
        assert works(server, client, secret) and not works(server, client, "anything at all")


def test_5_several_secrets(server: Server) -> None:
    client = server.client()["id"]
    path = f"{CLIENTS}/{client}/secrets"
    if not server.several_secrets:
        assert server.call(f"GET {path}").json().keys() == {"error"}
        assert server.call(f"POST {path}").status_code == 404
        server.secret(client)
        assert server.ask(f"GET {CLIENTS}/{client}")["credentials"] == {}
        return
    assert server.call(f"POST {CLIENTS}/{client}/secret").json().keys() == {"error"}
    assert server.ask(f"GET {path}") == []
    later = (datetime.now(timezone.utc) + timedelta(seconds=2)).isoformat()
    values = ["first-secret-of-many", "first-secret-of-many", "short-lived-secret"]
    ends = [None, None, later]
    made = [server.ask(f"POST {path}", {"secret": value, "expiresAt": end}, 201) for value, end in zip(values, ends)]
    assert [(row["prefix"], row["secret"], row["isActive"]) for row in made] == [(v[:4], v, True) for v in values]
    assert [bool(row["expiresAt"]) for row in made] == [False, False, True]
    shown = [{name: value for name, value in row.items() if name != "secret"} for row in made]
    assert shown == server.ask(f"GET {path}") == server.ask(f"GET {CLIENTS}/{client}")["credentials"]["secrets"]

    server.ask(f"DELETE {path}/{made[0]['id']}", status=204)
    assert works(server, client, values[1])
    server.ask(f"DELETE {path}/{made[1]['id']}", status=204)
    assert not works(server, client, values[1])
    details = server.refused(f"DELETE {path}/{made[1]['id']}", status=404, code="not_found")
    assert details == {"resource": "Client secret"}
    assert works(server, client, values[2])
    time.sleep(2.5)
    assert not works(server, client, values[2])
    assert [row["isActive"] for row in server.ask(f"GET {path}")] == [False]

    for _each in range(19):
        server.ask(f"POST {path}", {"secret": "the-same-for-all"}, 201)
    server.refused(f"POST {path}", status=400, code="validation_failed")
    past = {"expiresAt": "2020-01-01T00:00:00Z"}
    server.refused(f"POST {path}", past, status=400, code="validation_failed")
    server.refused(f"POST {path}", {"expiresAt": "tomorrow"}, status=400, code="invalid_request_body")


@pytest.mark.parametrize("redirect_uri", [PVE, "https://not.registered.example", None])
@pytest.mark.parametrize("basic", [True, False])
def test_5_a_secret_is_tested_with_a_code_that_cannot_exist(
    server: Server, basic: bool, redirect_uri: str | None
) -> None:
    client = server.client(callbackURLs=[PVE])["id"]
    secret = server.secret(client)

    def answer(client_id: str, value: str) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": "cannot-exist"}
        if redirect_uri:
            form["redirect_uri"] = redirect_uri
        if basic:
            return server.token((client_id, value), **form)
        return server.token(**form, client_id=client_id, client_secret=value)

    assert oauth_error(answer(client, secret)) == (400, "invalid_grant")
    assert oauth_error(answer(client, "wrong")) == (401, "invalid_client")
    assert oauth_error(answer(client, "")) == (401, "invalid_client")
    assert oauth_error(answer("no-such-client", secret)) == (401, "invalid_client")
    assert "WWW-Authenticate" not in answer(client, "wrong").headers
    assert answer(client, secret).headers["Cache-Control"] == "no-store"


def test_5_requests_that_do_not_test_a_secret(server: Server) -> None:
    client = server.client()["id"]
    secret = server.secret(client)
    form = {"grant_type": "authorization_code", "code": "cannot-exist"}
    assert oauth_error(server.token(**form)) == (400, "invalid_request")
    for value in (secret, "wrong"):
        assert oauth_error(server.token((client, value), grant_type="nonsense")) == (400, "invalid_request")
        assert oauth_error(server.token((client, value))) == (400, "invalid_request")
    answer = server.call("POST /api/oidc/token", form, key="", auth=(client, secret))
    assert oauth_error(answer) == (400, "invalid_request")
    both = server.token((client, ""), **form, client_id=client, client_secret=secret)
    assert oauth_error(both) == (401, "invalid_client")
    server.ask(f"PUT {CLIENTS}/{client}", {"name": "x", "isPublic": True})
    assert oauth_error(server.token((client, "wrong"), **form)) == (400, "invalid_grant")
    assert oauth_error(server.token(**form, client_id=client)) == (400, "invalid_grant")


@pytest.mark.parametrize(("secret", "plain"), [
    ("all-printable ~!@#$^&*()_=[]{}|;:,./<>?", (400, "invalid_grant")),
    ("a+plus+sign+in+it", (401, "invalid_client")),
    ("a%2Bplus-sign-coded", (401, "invalid_client")),
    ("a%per-cent-sign-xx", (400, "invalid_request")),
])
def test_5_http_basic_is_form_encoded_inside(server: Server, secret: str, plain: tuple[int, str]) -> None:
    client = server.client()["id"]
    server.secret(client, secret)
    form = {"grant_type": "authorization_code", "code": "cannot-exist"}
    assert oauth_error(server.token((client, secret), **form)) == plain
    assert oauth_error(server.token((client, quote(secret, safe="")), **form)) == (400, "invalid_grant")
    assert oauth_error(server.token(**form, client_id=client, client_secret=secret)) == (400, "invalid_grant")
    assert works(server, client, secret) is (plain[0] == 400 and "%" not in secret)
    assert works(server, client, quote(secret, safe=""))


# 6. Logos

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><metadata>kept</metadata></svg>'
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI////////////////////////////////////////"
    "////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z"
)
# A TIFF header and one entry, the description of the image.
EXIF = struct.pack(">2sHLHHHLLL", b"MM", 42, 8, 1, 0x010E, 2, 19, 26, 0) + b"secret description\0"


def png(*chunks: tuple[bytes, bytes], blank: bool = False) -> bytes:
    """One grey pixel with these chunks; `blank` makes them zeroes with a checksum that fits."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    extra = b"".join(chunk(kind, bytes(len(data)) if blank else data) for kind, data in chunks)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")


def jpeg(exif: bytes) -> bytes:
    return JPEG[:2] + struct.pack(">2sH6s", b"\xff\xe1", 8 + len(exif), b"Exif\0\0") + exif + JPEG[2:]


def webp(flags: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """An extended WebP with these flags; the pixels are of no interest to anybody."""
    rows = ((b"VP8X", bytes([flags]) + bytes(9)), (b"VP8L", b"12345"), *chunks)
    body = b"".join(struct.pack("<4sI", kind, len(data)) + data + bytes(len(data) % 2) for kind, data in rows)
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body


STORED = [
    ("a.svg", SVG, SVG, "image/svg+xml"),
    ("a.svg", b"", b"", "image/svg+xml"),
    ("a.png", png(), png(), "image/png"),
    ("A.PNG", png((b"tEXt", b"Software\0kept")), png((b"tEXt", b"Software\0kept")), "image/png"),
    ("a.png", png((b"eXIf", EXIF)), png((b"eXIf", EXIF), blank=True), "image/png"),
    ("a.png", b"not a png", b"not a png", "image/png"),
    ("a.jpg", JPEG, JPEG, "image/jpeg"),
    ("a.jpeg", jpeg(EXIF), jpeg(bytes(len(EXIF))), "image/jpeg"),
    ("a.png", jpeg(EXIF), jpeg(bytes(len(EXIF))), "image/png"),
    ("a.webp", webp(0x10, (b"ICCP", b"kept")), webp(0x10, (b"ICCP", b"kept")), "image/webp"),
    ("a.webp", webp(0x1C, (b"ICCP", b"kept"), (b"EXIF", b"odd"), (b"XMP ", b"gone")), webp(0x10, (b"ICCP", b"kept")),
     "image/webp"),
    ("a.gif", b"GIF89a", b"GIF89a", "image/gif"),
    ("a.ico", b"x", b"x", "image/x-icon"),
    ("svg", SVG, SVG, "image/svg+xml"),
]


def upload(
    server: Server, client: str, name: str, data: bytes, query: str = "", part: str = "file"
) -> requests.Response:
    return server.call(f"POST {CLIENTS}/{client}/logo{query}", files={part: (name, data)})


@pytest.mark.parametrize(("name", "data", "stored", "content_type"), STORED)
def test_6_what_is_stored(server: Server, name: str, data: bytes, stored: bytes, content_type: str) -> None:
    client = server.client()["id"]
    for sent in (data, stored):
        assert upload(server, client, name, sent).status_code == 204
        answer = server.call(f"GET {CLIENTS}/{client}/logo", key="")
        assert (answer.content, answer.headers["Content-Type"]) == (stored, content_type)
    assert not {"ETag", "Last-Modified"} & set(answer.headers)
    assert answer.headers["Cache-Control"].startswith("public, max-age=900")
    head = server.call(f"HEAD {CLIENTS}/{client}/logo", key="")
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(stored)))
    assert server.ask(f"GET {CLIENTS}/{client}")["hasLogo"] is True


def test_6_light_and_dark(server: Server) -> None:
    client = server.client()["id"]
    path = f"{CLIENTS}/{client}/logo"
    absent = {"status": 404, "code": "image_not_found"}

    def shown(query: str) -> bytes:
        return server.call(f"GET {path}{query}", key="").content

    for request in (f"GET {path}", f"DELETE {path}", f"DELETE {path}?light=false"):
        server.refused(request, **absent)
    assert upload(server, client, "a.svg", SVG).status_code == 204
    assert shown("") == shown("?light=true") == shown("?light=false") == SVG
    assert upload(server, client, "a.png", png(), "?light=false").status_code == 204
    assert shown("") == SVG and shown("?light=false") == shown("?light=junk") == png()
    assert server.call(f"GET {path}?skipCache=1", key="").headers["Cache-Control"] == "private, no-store"
    assert server.ask(f"PUT {CLIENTS}/{client}", {"name": "x"})["hasDarkLogo"] is True
    server.ask(f"DELETE {path}", status=204)
    server.refused(f"GET {path}", **absent)
    assert shown("?light=false") == png()
    logos = server.ask(f"GET {CLIENTS}/{client}/meta", key="")
    assert (logos["hasLogo"], logos["hasDarkLogo"]) == (False, True)


def test_6_refused_uploads(server: Server) -> None:
    client = server.client()["id"]
    for name in ("a.txt", "a", "a.svg.gz"):
        assert upload(server, client, name, SVG).json()["code"] == "file_type_not_supported"
    answer = upload(server, client, "a.svg", SVG, part="logo")
    assert (answer.status_code, told(answer.json()["details"])) == (400, [("file", "required")])
    large = upload(server, client, "a.svg", b"x" * (2 << 20))
    assert (large.status_code, large.json()["code"]) == (413, "file_too_large")
    assert large.json()["details"] == {"max_size": "2.00 MB"}
    assert upload(server, client, "a.svg", b"x" * ((2 << 20) - 500)).status_code == 204
    assert upload(server, "nope", "a.svg", SVG).status_code == 404
    server.refused(f"POST {CLIENTS}/{client}/logo", {}, status=400, code="invalid_request_body")
    assert server.call(f"POST {CLIENTS}/{client}/logo", key="", files={"file": ("a.svg", SVG)}).status_code == 401


# 7. Callback URLs

STORABLE = [
    PVE, f"{PVE}/", "*", "https://*", "*://x", "https://*.example.org:*/**", "https://x*y/", "http://x:0",
    "https://x:65535", "https://x/#f", "https://x/:id", "https://x/a b", "https://x/\u00fc", "https://x/a?b=[",
    "https://\u00fc.example/", "https://", "https://:8006", "https://x:", "https://-x_y", "https://user:pw@x",
    "https://[2001:db8::1]:8006", "ftp://x/", "app://cb", "myapp:/cb", "pve1:8006", "pve1.example.org:8006/x",
    "https://x/[a",
]
NOT_STORABLE = [
    "", "x", "/x", "pve1.example.org", "**", "://x", "https:x", "mailto:a@b", "myapp:cb", "1https://x", "htt*://x",
    "javascript:alert(1)", "JavaScript:x", "data:text/html,x", "https://a b", " https://x", "https://[::1",
    "https://[::1]x", "https://x:abc", "https://x:65536", "https://x:08006", "https://x:80:90", "https://x/%zz",
    "https://x/(", "https://x/{", "https://x/\\", "https://x/+", "https://x/a+", "https://x/a}", "https://x@y@z",
    "https://x/\x01",
]
HOST = "https://pve1.example.org"
MATCHES = [
    (PVE, PVE, True), (PVE, f"{PVE}/", True), (PVE, f"{PVE}/x/y", True), (PVE, "https://PVE1.example.org:8006", True),
    (PVE, f"{PVE}?a=1", False), (PVE, f"{PVE}/#x", False), (f"{PVE}/#x", f"{PVE}/#x", False), (PVE, HOST, False),
    (PVE, "http://pve1.example.org:8006", False),
    (PVE, "https://pve1.example.org:8007", False), (PVE, "https://xpve1.example.org:8006", False),
    (PVE, "https://user:pw@pve1.example.org:8006/", True), ("https://user@pve1.example.org:8006", PVE, False),
    (f"{PVE}/", PVE, True), (f"{PVE}/", f"{PVE}/", True), (f"{PVE}/", f"{PVE}/x", False),
    (f"{PVE}/a", f"{PVE}/a", True), (f"{PVE}/a", f"{PVE}/a/", False), (f"{PVE}/a/", f"{PVE}/a", False),
    (f"{PVE}/A", f"{PVE}/a", False),
    (HOST, f"{HOST}:443", True), (f"{HOST}:443", HOST, True), (HOST, PVE, False), ("http://x:80", "http://x", True),
    ("*", PVE, True), ("*", "http://x.example", True), ("*", "/relative", False), ("*", "https://x:port", False),
    (PVE, "https://[pve1.example.org:8006", False),
    ("https://*", HOST, True), ("https://*", PVE, False), ("https://*:*", PVE, True), (f"{HOST}:*", PVE, True),
    (f"{HOST}:*", HOST, True), ("https://pve*.example.org:8006", PVE, True), ("https://*.example.org:8006", PVE, True),
    ("https://*.example.org:8006", "https://a.b.example.org:8006", True),
    ("https://*.example.org", "https://example.org", False),
    ("*://x", "http://x", True), ("https://*@x", "https://x", True), ("https://u:*@x", "https://u:p@x", True),
    (f"{PVE}/*", f"{PVE}/x", True), (f"{PVE}/*", f"{PVE}/x/y", False), (f"{PVE}/*", PVE, False),
    (f"{PVE}/*", f"{PVE}/", False), (f"{PVE}/**", f"{PVE}/x/y", True), (f"{PVE}/**", PVE, True),
    (f"{PVE}/**/y", f"{PVE}/a/b/y", True), (f"{PVE}/**/y", f"{PVE}/y", False),
    # letters after a single star are its name and stand for nothing
    (f"{PVE}/a*b", f"{PVE}/aXb", True), (f"{PVE}/a*b", f"{PVE}/aX", True), (f"{PVE}/a*b", f"{PVE}/a/b", False),
    (f"{PVE}/?a=*", f"{PVE}/?a=1", True), (f"{PVE}/?a=*", f"{PVE}/", False), (f"{PVE}/?a=*", f"{PVE}/?a=1&b=2", False),
    (f"{PVE}/?a=*", f"{PVE}/?a=x/y", False), (f"{PVE}?a=1", f"{PVE}?a=1", True), (f"{PVE}?a=1", f"{PVE}/?a=1", True),
    (f"{PVE}/?b=1&c=2", f"{PVE}/?c=2&b=1", True), (f"{PVE}/?b=1&b=2", f"{PVE}/?b=2&b=1", False),
    ("http://127.0.0.1/cb", "http://127.0.0.1:99/cb", True), ("http://127.0.0.1:5/cb", "http://127.0.0.1:99/cb", True),
    ("http://[::1]/cb", "http://[::1]:99/cb", True), ("http://localhost/cb", "http://localhost:99/cb", True),
    ("http://localhost:1/cb", "http://localhost:99/cb", False),
    ("http://localhost/cb", "http://localhost:99/cb/", False),
    ("https://127.0.0.1/cb", "https://127.0.0.1:99/cb", False), ("http://127.0.0.1/cb", "http://localhost/cb", False),
    ("https://[2001:db8::1]:8006", "https://[2001:db8::1]:8006", True),
    ("https://[2001:db8::1]:8006", "https://[2001:db8::2]:8006", False),
    ("https://10.0.0.1:8006", "https://10.0.0.1:8006", True), ("app://cb", "app://cb", True),
    ("app://cb/*", "app://cb/z", True), ("pve1:8006", "pve1:8006", True), ("pve1:8006", "pve1:8006/", False),
    (f"{PVE}/#f", f"{PVE}/", True),
]


def test_7_what_may_be_stored(server: Server) -> None:
    client = server.client()["id"]
    for urls in (STORABLE, STORABLE[::-1]):
        body = {"name": "x", "callbackURLs": urls}
        assert server.ask(f"PUT {CLIENTS}/{client}", body)["callbackURLs"] == urls == server.ask(
            f"GET {CLIENTS}/{client}")["callbackURLs"]


@pytest.mark.parametrize("url", NOT_STORABLE)
def test_7_what_may_not_be_stored(server: Server, url: str) -> None:
    body = {"name": "x", "callbackURLs": [PVE, url]}
    details = server.refused(f"POST {CLIENTS}", body, status=400, code="validation_failed")
    assert told(details) == [("callbackURLs[1]", "callback_url_pattern")]


@pytest.mark.parametrize(("pattern", "uri", "admitted"), MATCHES)
def test_7_which_redirect_uris_match(server: Server, pattern: str, uri: str, admitted: bool) -> None:
    client = server.client(callbackURLs=["https://another.example/never", pattern])["id"]
    answer = server.authorize(client, redirect_uri=uri)
    if admitted:
        assert interaction(answer)
    else:
        assert stopped(answer) == f"The redirect_uri '{uri}' is not registered for this client."


def test_7_no_callback_url_admits_nothing(server: Server) -> None:
    assert "is not registered" in stopped(server.authorize(server.client()["id"]))


# 8. Groups


def test_8_life_of_a_group(server: Server) -> None:
    group = server.group()
    path = f"{GROUPS}/{group['id']}"
    own = {"id": group["id"], "name": f"{server.n}-0", "friendlyName": server.n, "customClaims": [], "ldapId": None}
    assert group == {**own, "createdAt": group["createdAt"], "users": [], "allowedOidcClients": []}
    read = server.ask(f"GET {path}")
    assert read == {**group, "createdAt": read["createdAt"]}
    listed = server.ask(f"GET {GROUPS}?search={server.n}")["data"]
    assert listed == [{**own, "createdAt": read["createdAt"], "userCount": 0}]
    for name in (group["name"], group["name"].upper()):
        answer = server.call(f"POST {GROUPS}", {"name": name, "friendlyName": "the same as another"})
        if answer.status_code == 201:
            server.made.append(f"{GROUPS}/{answer.json()['id']}")
        assert answer.status_code == (409 if name == group["name"] else 201)
    assert server.ask(f"PUT {path}", {"name": "", "friendlyName": "x"}, 400)["code"] == "validation_failed"
    taken = {"name": group["name"].upper(), "friendlyName": "xx"}
    assert server.refused(f"PUT {path}", taken, status=409, code="already_in_use") == {"property": "name"}
    renamed = {"name": f"{server.n} \u00fc/x", "friendlyName": "xx"}
    assert server.ask(f"PUT {path}", renamed, 200)["name"] == renamed["name"]
    server.ask(f"DELETE {path}", status=204)
    for request, body in ((f"GET {path}", None), (f"DELETE {path}", None), (f"PUT {path}", renamed),
                          (f"PUT {path}/users", {"userIds": []}),
                          (f"PUT {path}/allowed-oidc-clients", {"oidcClientIds": []})):
        assert server.refused(request, body, status=404, code="not_found") == {"resource": "User group"}


def test_8_members(server: Server) -> None:
    group, one, two = server.group(), server.user(), server.user()
    path = f"{GROUPS}/{group['id']}"
    answer = server.ask(f"PUT {path}/users", {"userIds": [one["id"], two["id"], one["id"], "unknown"]}, 200)
    assert names(answer["users"]) == names(server.ask(f"GET {path}")["users"]) == {one["id"], two["id"]}
    assert all(user["userGroups"] == user["customClaims"] == [] for user in answer["users"])
    assert server.ask(f"GET {GROUPS}?search={server.n}")["data"][0]["userCount"] == 2
    own = server.ask(f"GET {USERS}/{one['id']}")["userGroups"]
    assert [(each["id"], each["userCount"]) for each in own] == [(group["id"], 0)]
    inverse = server.ask(f"GET {USERS}/{one['id']}/groups")
    assert [(each["id"], each["users"], "userCount" in each) for each in inverse] == [(group["id"], [], False)]
    renamed = server.ask(f"PUT {path}", {"name": f"{server.n}-new", "friendlyName": "xx"})
    assert names(renamed["users"]) == {one["id"], two["id"]}
    server.ask(f"DELETE {USERS}/{two['id']}")
    assert names(server.ask(f"GET {path}")["users"]) == {one["id"]}
    for body in ({}, {"userIds": None}):
        server.refused(f"PUT {path}/users", body, status=400, code="validation_failed")
    assert server.ask(f"PUT {path}/users", {"userIds": []})["users"] == []


def test_8_dates_of_creation_are_no_dates_of_creation(server: Server) -> None:
    user, group = server.user(), server.group()
    client = server.client(isGroupRestricted=True)["id"]
    path, first = f"GET {GROUPS}/{group['id']}", group["createdAt"]
    read = server.ask(path)["createdAt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)", first)
    assert read == re.sub(r"\.\d+", "", first)
    time.sleep(1.1)
    server.ask(f"PUT {CLIENTS}/{client}/allowed-user-groups", {"userGroupIds": [group["id"]]})
    # told anew without being so
    [of_client] = server.ask(f"PUT {CLIENTS}/{client}", {"name": "x", "isGroupRestricted": True})["allowedUserGroups"]
    [of_user] = server.user(userGroupIds=[group["id"]])["userGroups"]
    assert min(of_client["createdAt"], of_user["createdAt"]) > read
    assert server.ask(path)["createdAt"] == read
    # anew for good
    server.ask(f"PUT {USERS}/{user['id']}/user-groups", {"userGroupIds": [group["id"]]})
    assert server.ask(path)["createdAt"] > read


# 9. Custom claims


def test_9_custom_claims(server: Server) -> None:
    user, group = server.user(), server.group()
    path = f"PUT /api/custom-claims/user/{user['id']}"
    key = f"{server.n}-k"
    rows = [{"key": "dept", "value": "ops"}, {"key": key, "value": "e\u0301"}]
    composed = [rows[0], {"key": key, "value": "\u00e9"}]
    assert server.ask(path, rows, 200) == composed == server.ask(f"GET {USERS}/{user['id']}")["customClaims"]
    assert server.ask(path, composed[::-1]) == composed
    assert key in server.ask("GET /api/custom-claims/suggestions")
    for body, code, bad in (([{"key": "sub", "value": "x"}], "reserved_claim", "sub"),
                            ([composed[0], composed[0]], "duplicate_claim", "dept")):
        assert server.refused(path, body, status=400, code=code)["key"] == bad
    broken = [{"key": "x", "value": ""}, {"key": "", "value": "x"}]
    assert told(server.refused(path, broken, status=400, code="validation_failed")) == [("value", "required")]
    server.refused(path, {"key": "x", "value": "y"}, status=400, code="invalid_request_body")
    assert server.ask(f"GET {USERS}/{user['id']}")["customClaims"] == composed
    assert server.ask(path, []) == []

    of_group = f"PUT /api/custom-claims/user-group/{group['id']}"
    assert server.ask(of_group, rows[:1], 200) == rows[:1] == server.ask(f"GET {GROUPS}/{group['id']}")["customClaims"]
    assert server.ask(f"GET {GROUPS}?search={server.n}")["data"][0]["customClaims"] == rows[:1]
    server.refused("PUT /api/custom-claims/user/nobody", [], status=404, code="user_not_found")
    server.refused("PUT /api/custom-claims/user-group/none", [], status=404, code="not_found")


# 10. Users

BAD_USERS = [
    ({"email": None}, "email", "required"), ({"email": ""}, "email", "invalid_format"),
    ({"email": "x"}, "email", "invalid_format"), ({"email": "x@y"}, "email", "invalid_format"),
    ({"username": ""}, "username", "required"), ({"username": "-x"}, "username", "invalid_format"),
    ({"username": "x y"}, "username", "invalid_format"), ({"username": "x" * 51}, "username", "too_long"),
    ({"id": "x"}, "id", "uuid"), ({"firstName": "x" * 51}, "firstName", "too_long"),
    ({"lastName": "x" * 51}, "lastName", "too_long"), ({"displayName": "x" * 101}, "displayName", "too_long"),
]


def test_10_life_of_a_user(server: Server) -> None:
    group, chosen = server.group(), str(uuid.uuid4())
    given = {"id": chosen, "username": f"{server.n}.ann@x", "email": f"{server.n}@example.org", "firstName": "Ann",
             "lastName": "Lee", "displayName": "Ann Lee", "isAdmin": True, "emailVerified": True, "locale": "de"}
    user = server.user(**given, userGroupIds=[group["id"], "unknown"])
    path = f"{USERS}/{chosen}"
    shown = {**given, "disabled": False, "ldapId": None, "customClaims": []}
    assert {name: user[name] for name in shown} == shown and names(user["userGroups"]) == {group["id"]}
    read = server.ask(f"GET {path}")
    assert {**read, "userGroups": []} == {**user, "userGroups": []} and names(read["userGroups"]) == {group["id"]}

    bare = {"username": given["username"], "email": given["email"]}
    cleared = {"firstName": "", "lastName": "", "displayName": "", "isAdmin": False, "emailVerified": False,
               "locale": None}
    answer = server.ask(f"PUT {path}", {**bare, "id": str(uuid.uuid4()), "userGroupIds": []}, 200)
    assert answer == {**read, **cleared, "userGroups": []}
    assert server.ask(f"GET {path}") == {**read, **cleared}
    server.refused(f"PUT {path}", {"username": "x"}, status=400, code="validation_failed")

    groups = f"PUT {path}/user-groups"
    assert server.ask(groups, {"userGroupIds": ["unknown"]}, 200)["userGroups"] == []
    assert names(server.ask(groups, {"userGroupIds": [group["id"]]}, 200)["userGroups"]) == {group["id"]}
    server.refused(groups, {}, status=400, code="validation_failed")
    server.ask(f"DELETE {path}", status=204)
    for request, body in ((f"GET {path}", None), (f"DELETE {path}", None), (f"PUT {path}", bare),
                          (f"GET {path}/groups", None), (groups, {"userGroupIds": []})):
        server.refused(request, body, status=404, code="user_not_found")


@pytest.mark.parametrize(("body", "field_", "code"), BAD_USERS)
def test_10_rules(server: Server, body: dict, field_: str, code: str) -> None:
    given = {"username": server.n, "email": f"{server.n}@example.org", **body}
    assert told(server.refused(f"POST {USERS}", given, status=400, code="validation_failed")) == [(field_, code)]


def test_10_duplicates(server: Server) -> None:
    user = server.user(username=f"{server.n}.a")
    other = server.user(username=f"{server.n}.b")
    same = {"username": user["username"].upper(), "email": f"{server.n}-new@example.org"}
    for request in (f"POST {USERS}", f"PUT {USERS}/{other['id']}"):
        assert server.refused(request, same, status=409, code="already_in_use") == {"property": "username"}
        both = {"username": user["username"], "email": user["email"]}
        assert server.refused(request, both, status=409, code="already_in_use") == {"property": "email"}
    # addresses have a case, and an id that is taken is not told apart from a breakdown
    assert server.user(email=user["email"].upper())["email"] == user["email"].upper()
    taken = {"id": user["id"], "username": f"{server.n}.c", "email": f"{server.n}-c@example.org"}
    server.refused(f"POST {USERS}", taken, status=500, code="internal_error")


# 12. API keys


def test_12_api_keys(server: Server) -> None:
    admin = server.user(isAdmin=True)
    session = {"key": "", "headers": server.session(admin["id"])}
    body = {"name": server.n, "expiresAt": "2035-01-01T00:00:00Z"}
    server.refused(f"POST {KEYS}", body, status=403, code="api_key_auth_not_allowed")
    made = server.ask(f"POST {KEYS}", body, 201, **session)
    assert re.fullmatch("[A-Za-z0-9]{32}", made["token"])
    given = {name: made["apiKey"][name] for name in ("id", "createdAt")}
    assert made["apiKey"] == {**body, **given, "description": None, "lastUsedAt": None, "expirationEmailSent": False}
    assert server.ask(f"GET {USERS}/me", key=made["token"])["id"] == admin["id"]
    listed = server.ask(f"GET {KEYS}", **session)["data"]
    assert names(listed) == {made["apiKey"]["id"]} and listed[0]["lastUsedAt"]
    assert made["apiKey"]["id"] not in names(server.ask(f"GET {KEYS}")["data"])

    for wrong, code in (({"name": "ab"}, "validation_failed"), ({"expiresAt": None}, "validation_failed"),
                        ({"expiresAt": "2020-01-01T00:00:00Z"}, "invalid_api_key_expiration"),
                        ({"expiresAt": "soon"}, "invalid_request_body")):
        server.refused(f"POST {KEYS}", {**body, **wrong}, status=400, code=code, **session)
    renew = f"POST {KEYS}/{made['apiKey']['id']}/renew"
    server.refused(renew, body, status=409, code="api_key_not_expired", **session)
    server.refused(f"POST {KEYS}/none/renew", body, status=404, code="api_key_not_found", **session)
    server.refused(f"DELETE {KEYS}/{made['apiKey']['id']}", status=404, code="api_key_not_found")
    server.ask(f"DELETE {KEYS}/{made['apiKey']['id']}", status=204, key=made["token"])
    server.refused(f"GET {USERS}/me", status=401, code="not_signed_in", key=made["token"])


def test_12_a_key_expires_and_is_renewed(server: Server) -> None:
    admin = server.user(isAdmin=True)
    session = {"key": "", "headers": server.session(admin["id"])}
    soon = (datetime.now(timezone.utc) + timedelta(seconds=2)).isoformat()
    made = server.ask(f"POST {KEYS}", {"name": "abc", "expiresAt": soon}, 201, **session)
    time.sleep(3)
    server.refused(f"GET {USERS}/me", status=401, code="not_signed_in", key=made["token"])
    later = {"expiresAt": "2035-01-01T00:00:00Z"}
    renewed = server.ask(f"POST {KEYS}/{made['apiKey']['id']}/renew", later, 200, **session)
    assert renewed["token"] != made["token"]
    assert server.ask(f"GET {USERS}/me", key=renewed["token"])["id"] == admin["id"]
    server.ask(f"DELETE {USERS}/{admin['id']}")
    server.refused(f"GET {USERS}/me", status=401, code="not_signed_in", key=renewed["token"])


# 13. Configuration


@pytest.fixture
def configuration(server: Server) -> Iterator[dict[str, str]]:
    """The settings as they are, which are put back afterwards."""
    before = {row["key"]: row["value"] for row in server.ask(f"GET {CONFIGURATION}/all")}
    yield before
    server.ask(f"PUT {CONFIGURATION}", before)


def test_13_configuration(server: Server, configuration: dict[str, str]) -> None:
    rows = server.ask(f"GET {CONFIGURATION}/all")
    assert {(row["type"], row["isPublic"]) for row in rows} == {("", False)}
    changed = {**configuration, "smtpHost": "mail", "accentColor": "default"}
    answer = server.ask(f"PUT {CONFIGURATION}", {**changed, "accentColor": "", "unknown": "x"}, 200)
    assert {row["key"]: row["value"] for row in answer} == changed
    assert answer == server.ask(f"GET {CONFIGURATION}/all")
    public = {row["key"]: row["value"] for row in server.ask(f"GET {CONFIGURATION}", key="")}
    assert "smtpHost" not in public and public["appName"] == configuration["appName"]
    assert public["uiConfigDisabled"] == "false"

    broken = {"status": 400, "code": "validation_failed"}
    needed = told(server.refused(f"PUT {CONFIGURATION}", {"appName": "x"}, **broken))
    strict = server.version >= (2, 14)
    assert {("sessionDuration", "required"), ("ldapEnabled", "required")} <= set(needed)
    assert (("ldapSkipCertVerify", "required") in needed) is strict and len(needed) == (20 if strict else 17)
    bad = [("allowUserSignups", "maybe", "oneof"), ("smtpFrom", "x", "invalid_format")]
    if strict:
        bad += [("sessionDuration", "x", "invalid_format"), ("ldapEnabled", "yes", "invalid_format")]
    for name, value, code in bad:
        assert told(server.refused(f"PUT {CONFIGURATION}", {**configuration, name: value}, **broken)) == [(name, code)]
    number = {**configuration, "sessionDuration": 60}
    server.refused(f"PUT {CONFIGURATION}", number, status=400, code="invalid_request_body")
    server.refused("POST /api/application-configuration/sync-ldap", status=409, code="ldap_disabled")


def test_13_settings_for_new_users(server: Server, configuration: dict[str, str]) -> None:
    group = server.group()
    server.ask(f"PUT {CONFIGURATION}", {**configuration, "requireUserEmail": "false",
                                        "signupDefaultUserGroupIDs": f'["{group["id"]}"]',
                                        "signupDefaultCustomClaims": '[{"key": "k", "value": "v"}]'})
    user = server.user(email=None)
    assert user["email"] is None and user["customClaims"] == [] and names(user["userGroups"]) == {group["id"]}
    assert server.ask(f"GET {USERS}/{user['id']}")["customClaims"] == [{"key": "k", "value": "v"}]


# 16 and 17. OpenID


def test_16_discovery(server: Server) -> None:
    metadata = server.ask("GET /.well-known/openid-configuration", key="")
    assert metadata["issuer"] == server.url
    paths = {"authorization": "/authorize", "token": "/api/oidc/token", "userinfo": "/api/oidc/userinfo",
             "introspection": "/api/oidc/introspect", "end_session": "/api/oidc/end-session"}
    assert {name: metadata[f"{name}_endpoint"] for name in paths} == {n: server.url + path for n, path in paths.items()}
    assert metadata["jwks_uri"] == f"{server.url}/.well-known/jwks.json"
    assert set(metadata["scopes_supported"]) == {"openid", "profile", "email", "groups", "offline_access"}
    assert metadata["id_token_signing_alg_values_supported"] == ["RS256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    [key] = server.ask("GET /.well-known/jwks.json", key="")["keys"]
    assert (key["kty"], key["alg"], key["use"], bool(key["kid"])) == ("RSA", "RS256", "sig", True)
    assert "d" not in key
    other = server.call("GET /.well-known/oauth-authorization-server", key="")
    assert other.status_code == (200 if server.version >= (2, 14) else 404)


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


@pytest.fixture
def login(server: Server) -> Login:
    group = server.group()
    user = server.user(firstName="Ann", lastName="Lee", displayName="Ann of Ops", userGroupIds=[group["id"]])
    client = server.client(callbackURLs=[PVE], skipConsent=True, accessTokenDurationMinutes=5)["id"]
    return Login(server, user, group, server.session(user["id"]), client, (client, server.secret(client)))


def test_17_the_whole_flow(login: Login) -> None:
    server, user = login.server, login.user
    server.ask(f"PUT /api/custom-claims/user/{user['id']}",
               [{"key": "dept", "value": "ops"}, {"key": "level", "value": "5"}, {"key": "tags", "value": '["x"]'}])
    server.ask(f"PUT /api/custom-claims/user-group/{login.group['id']}",
               [{"key": "dept", "value": "of the group"}, {"key": "site", "value": "north"}])
    started = int(time.time())
    answer = server.authorize(login.client, login.session, code_challenge=create_s256_code_challenge(VERIFIER),
                              code_challenge_method="S256")
    back = returned(answer)
    assert answer.headers["Location"].startswith(f"{PVE}?")
    assert {**back, "code": ""} == {"code": "", "state": "state-of-enough", "iss": server.url, "scope": ALL_SCOPES}
    redeemed = login.redeem(back["code"], code_verifier=VERIFIER)
    assert redeemed.headers["Cache-Control"] == "no-store"
    tokens = redeemed.json()
    assert tokens.keys() == {"access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"}
    assert (tokens["token_type"], tokens["scope"]) == ("bearer", ALL_SCOPES) and 298 <= tokens["expires_in"] <= 300

    about_user = {
        "sub": user["id"], "preferred_username": user["username"], "given_name": "Ann", "family_name": "Lee",
        "name": "Ann Lee", "display_name": "Ann of Ops", "email": user["email"], "email_verified": False,
        "groups": [login.group["name"]], "picture": f"{server.url}/api/users/{user['id']}/profile-picture.png",
        "dept": "ops", "level": 5, "tags": ["x"], "site": "north",
    }
    claims = login.verified(tokens["id_token"])
    times = {name: claims[name] for name in ("iat", "exp", "auth_time", "rat")}
    assert claims == {
        **about_user, **times, "iss": server.url, "aud": [login.client], "nonce": "nonce-of-enough", "type": "id-token",
        "amr": ["otp"], "jti": claims["jti"], "at_hash": create_half_hash(tokens["access_token"], "RS256").decode(),
    }
    assert claims["exp"] - claims["iat"] in (3599, 3600) and abs(claims["iat"] - started) < 10
    assert claims["auth_time"] <= claims["rat"] <= claims["iat"]
    access = login.verified(tokens["access_token"], "at+jwt")
    assert {name: access[name] for name in ("aud", "client_id", "iss", "scope", "scp", "sub")} == {
        "aud": [login.client, server.url], "client_id": login.client, "iss": server.url, "scope": ALL_SCOPES,
        "scp": ALL_SCOPES.split(), "sub": user["id"]}
    assert server.bearing("/api/oidc/userinfo", tokens["access_token"]).json() == about_user
    told = server.introspect(login.auth, tokens["access_token"]).json()
    assert {name: told[name] for name in ("active", "client_id", "scope", "sub", "username")} == {
        "active": True, "client_id": login.client, "scope": ALL_SCOPES, "sub": user["id"], "username": user["id"]}


def test_17_a_code_is_good_once(login: Login) -> None:
    code = login.code()
    tokens = login.redeem(code).json()
    assert login.server.bearing("/api/oidc/userinfo", tokens["access_token"]).status_code == 200
    assert oauth_error(login.redeem(code)) == (400, "invalid_grant")
    # a second use is taken for a theft: what the first one brought is void
    assert login.server.bearing("/api/oidc/userinfo", tokens["access_token"]).status_code == 401
    assert login.server.introspect(login.auth, tokens["access_token"]).json() == {"active": False}


def test_17_wrong_uses_of_a_code(login: Login) -> None:
    server = login.server
    other = server.client()["id"]
    code = login.code()
    for answer in (login.redeem(code, redirect_uri="https://not.registered.example"),
                   login.redeem(code, redirect_uri=f"{PVE}/"),
                   server.token(login.auth, grant_type="authorization_code", code=code),
                   server.redeem((other, server.secret(other)), code)):
        assert oauth_error(answer) == (400, "invalid_grant")
    assert oauth_error(server.redeem((login.client, "wrong"), code)) == (401, "invalid_client")
    assert login.redeem(code).status_code == 200


@pytest.mark.parametrize(("challenge", "method", "verifier"), [
    (create_s256_code_challenge(VERIFIER), "S256", VERIFIER), (VERIFIER, "plain", VERIFIER), (VERIFIER, None, VERIFIER),
])
def test_17_pkce_is_possible_where_it_is_not_demanded(
    login: Login, challenge: str, method: str | None, verifier: str
) -> None:
    server = login.server
    asked = {"code_challenge": challenge, "code_challenge_method": method}
    assert "pkceSupported" not in server.ask(f"GET {CLIENTS}/{login.client}")
    assert login.redeem(login.code(**asked), code_verifier=verifier).status_code == 200
    client = server.ask(f"GET {CLIENTS}/{login.client}")
    assert (client["pkceSupported"], client["pkceEnabled"]) == (True, False)
    for form in ({}, {"code_verifier": "w" * 43}, {"code_verifier": "short"}):
        code = login.code(**asked)
        assert oauth_error(login.redeem(code, **form)) == (400, "invalid_grant")
        assert oauth_error(login.redeem(code, code_verifier=verifier)) == (400, "invalid_grant")
    # a failed try spends the challenge, and what is left is a code without one
    assert login.redeem(code).status_code == 200
    assert oauth_error(login.redeem(login.code(), code_verifier=verifier)) == (400, "invalid_grant")
    assert "pkceSupported" not in server.ask(f"PUT {CLIENTS}/{login.client}", {**client, "pkceEnabled": False})


def test_17_pkce_is_demanded(login: Login) -> None:
    server = login.server
    settings = {"name": "x", "callbackURLs": [PVE], "skipConsent": True}
    server.ask(f"PUT {CLIENTS}/{login.client}", {**settings, "pkceEnabled": True})
    for session in (login.session, None):
        back = returned(server.authorize(login.client, session))
        assert (back["error"], back["state"]) == ("invalid_request", "state-of-enough") and "code" not in back
    code = login.code(code_challenge=create_s256_code_challenge(VERIFIER), code_challenge_method="S256")
    assert login.redeem(code, code_verifier=VERIFIER).status_code == 200
    server.ask(f"PUT {CLIENTS}/{login.client}", {**settings, "isPublic": True})

    def redeem(code: str, **form: str) -> requests.Response:
        public = {"grant_type": "authorization_code", "client_id": login.client, "redirect_uri": PVE}
        return server.token(**public, code=code, **form)

    code = login.code(code_challenge=VERIFIER)
    for form, error in (({}, "invalid_grant"), ({"code_verifier": VERIFIER}, "invalid_grant"), ({}, "invalid_request")):
        assert oauth_error(redeem(code, **form)) == (400, error)
    assert redeem(login.code(code_challenge=VERIFIER), code_verifier=VERIFIER).status_code == 200


@pytest.mark.parametrize(("changes", "error"), [
    ({"state": "short"}, "invalid_state"), ({"state": None}, "invalid_state"),
    ({"response_type": "token"}, "unsupported_response_type"), ({"response_type": None}, "unsupported_response_type"),
    ({"code_challenge": "x" * 43, "code_challenge_method": "S512"}, "invalid_request"),
    ({"max_age": "junk"}, "invalid_request"), ({"max_age": "-1"}, "invalid_request"),
    ({"prompt": "nonsense"}, "invalid_request"), ({"prompt": "none login"}, "invalid_request"),
])
def test_17_refusals_that_the_client_gets(login: Login, changes: dict, error: str) -> None:
    back = returned(login.server.authorize(login.client, login.session, **changes))
    assert (back["error"], back["state"]) == (error, changes.get("state", "state-of-enough") or "")
    assert back["error_description"] and "code" not in back


@pytest.mark.parametrize(("changes", "text"), [
    ({"client_id": "no-such-client"}, "The requested OAuth 2.0 Client does not exist."),
    ({"client_id": None}, "The requested OAuth 2.0 Client does not exist."),
    ({"redirect_uri": "https://evil"}, "The redirect_uri 'https://evil' is not registered for this client."),
    ({"redirect_uri": None}, "The 'redirect_uri' parameter is required when using OpenID Connect 1.0."),
    ({"response_mode": "nonsense"}, 'Request with unsupported response_mode "nonsense".'),
    ({"interaction": "none"}, "The interaction session is invalid or has expired."),
])
def test_17_refusals_that_stay_at_the_provider(login: Login, changes: dict, text: str) -> None:
    assert stopped(login.server.authorize(login.client, login.session, **changes)) == text


@pytest.mark.parametrize(("changes", "scopes", "claims"), [
    ({"nonce": "8letters"}, ALL_SCOPES, {"nonce": "8letters"}), ({"nonce": None}, ALL_SCOPES, {"nonce": None}),
    ({"scope": "openid nonsense"}, "openid", {"groups": None, "email": None, "preferred_username": None}),
    ({"scope": "groups openid"}, "groups openid", {"preferred_username": None}),
    ({"redirect_uri": f"{PVE}/"}, ALL_SCOPES, None), ({"prompt": "none"}, ALL_SCOPES, {"amr": ["otp"]}),
])
def test_17_what_a_request_may_leave_open(login: Login, changes: dict, scopes: str, claims: dict | None) -> None:
    back = returned(login.server.authorize(login.client, login.session, **changes))
    assert back["scope"] == scopes
    answer = login.redeem(back["code"])
    if claims is None:
        assert oauth_error(answer) == (400, "invalid_grant")
    else:
        found = login.verified(answer.json()["id_token"])
        assert {name: found.get(name) for name in claims} == claims


def test_17_a_client_that_must_push_its_requests(login: Login) -> None:
    settings = {"name": "x", "callbackURLs": [PVE], "requiresPushedAuthorizationRequests": True}
    login.server.ask(f"PUT {CLIENTS}/{login.client}", settings)
    for session in (login.session, None):
        assert returned(login.server.authorize(login.client, session))["error"] == "error"


def test_17_a_short_nonce_is_found_out_when_the_code_is_spent(login: Login) -> None:
    code = login.code(nonce="7 chars")
    assert oauth_error(login.redeem(code)) == (400, "insufficient_entropy")
    assert oauth_error(login.redeem(code)) == (400, "invalid_grant")


def test_17_response_modes(login: Login) -> None:
    answer = login.server.authorize(login.client, login.session, response_mode="fragment")
    assert answer.status_code == 303 and answer.headers["Location"].startswith(f"{PVE}#code=")
    form = login.server.authorize(login.client, login.session, response_mode="form_post")
    assert (form.status_code, form.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    assert f'action="{PVE}"' in form.text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.text))
    assert login.redeem(fields["code"]).status_code == 200 and fields["state"] == "state-of-enough"
    posted = {"client_id": login.client, "redirect_uri": PVE, "response_type": "code", "state": "state-of-enough"}
    assert returned(login.server.call("POST /authorize", key="", headers=login.session, data=posted))["code"]


def test_17_tokens_without_openid(login: Login) -> None:
    tokens = login.tokens(scope="profile")
    assert "id_token" not in tokens
    assert oauth_error(login.server.bearing("/api/oidc/userinfo", tokens["access_token"])) == (403, "access_denied")
    own = login.server.token(login.auth, grant_type="client_credentials", scope="openid").json()
    assert (own["scope"], own.keys()) == ("", {"access_token", "expires_in", "scope", "token_type"})
    assert login.verified(own["access_token"], "at+jwt")["sub"] == f"client-{login.client}"
    assert oauth_error(login.server.bearing("/api/oidc/userinfo", own["access_token"])) == (403, "access_denied")
    wrong = login.server.token((login.client, "wrong"), grant_type="client_credentials")
    assert oauth_error(wrong) == (401, "invalid_client")


def test_17_userinfo_and_introspection_of_others(login: Login) -> None:
    server, tokens = login.server, login.tokens(scope="openid")
    other = server.client()["id"]
    assert server.introspect((other, server.secret(other)), tokens["access_token"]).json() == {"active": False}
    assert server.introspect(login.auth, tokens["id_token"]).json() == {"active": False}
    for token in ("junk", tokens["id_token"]):
        answer = server.bearing("/api/oidc/userinfo", token)
        assert oauth_error(answer) == (401, "request_unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer error=")
    unauthorized = server.call("POST /api/oidc/introspect", key="", data={
        "token": "dummy", "client_id": login.client, "client_secret": login.auth[1]})
    assert oauth_error(unauthorized) == (401, "request_unauthorized")
    assert oauth_error(server.introspect(("no-such-client", "x"))) == (401, "request_unauthorized")


def test_17_refresh(login: Login) -> None:
    def refresh(token: str) -> requests.Response:
        return login.server.token(login.auth, grant_type="refresh_token", refresh_token=token)

    first = login.tokens(scope="openid groups")
    second = refresh(first["refresh_token"])
    assert second.status_code == 200
    assert login.verified(second.json()["id_token"])["groups"] == [login.group["name"]]
    assert oauth_error(refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert oauth_error(refresh(second.json()["refresh_token"])) == (400, "invalid_grant")
    assert oauth_error(refresh("junk")) == (400, "invalid_grant")


def test_17_consent(login: Login) -> None:
    server = login.server
    client = server.client(callbackURLs=[PVE])["id"]
    back = returned(server.authorize(client, login.session, prompt="none"))
    assert back["error"] == "consent_required"
    waiting = interaction(server.authorize(client, login.session))
    path = f"/api/oidc/interactions/{waiting}"
    shown = server.ask(f"GET {path}", key="")
    assert shown["client"] == server.ask(f"GET {CLIENTS}/{client}/meta")
    assert (shown["scopes"], shown["currentStep"]) == (ALL_SCOPES.split(), "consent")
    assert shown["requiredSteps"] == ["consent"]
    step, session = {"step": "consent"}, {"key": "", "headers": login.session}
    server.refused(f"POST {path}/complete", step, status=401, code="not_signed_in", key="")
    server.refused(f"POST {path}/complete", step, status=403, code="api_key_auth_not_allowed")
    server.refused(f"POST {path}/complete", {"step": "authenticate"}, status=400, code="validation_failed", **session)
    assert interaction(server.call(f"GET /authorize?interaction={waiting}", **session)) == waiting
    resume = f"/authorize?interaction={waiting}"
    assert server.ask(f"POST {path}/complete", step, 200, **session) == {"redirectUrl": resume}
    assert returned(server.call(f"GET {resume}", **session))["state"] == "state-of-enough"
    assert stopped(server.call(f"GET {resume}", **session))
    assert server.refused(f"POST {path}/complete", step, status=404, code="not_found", **session) == {
        "resource": "OIDC interaction"}
    # once given, consent holds for these scopes and fewer
    assert server.code(client, login.session) and server.code(client, login.session, scope="openid")
    assert interaction(server.authorize(client, login.session, scope="openid offline_access"))
    assert interaction(server.authorize(client, login.session, prompt="consent"))


def test_17_a_login_that_begins_without_a_session(login: Login) -> None:
    server = login.server
    client = server.client(callbackURLs=[PVE])["id"]
    assert returned(server.authorize(client, prompt="none"))["error"] == "login_required"
    for headers in ({"Authorization": "Bearer junk"}, {"X-API-Key": server.key}):
        assert interaction(server.authorize(client, headers))
    waiting = interaction(server.authorize(client))
    path, session = f"/api/oidc/interactions/{waiting}", {"key": "", "headers": login.session}
    assert server.ask(f"GET {path}", key="")["requiredSteps"] == ["authenticate"]
    answer = server.ask(f"POST {path}/complete", {"step": "authenticate"}, 200, **session)
    assert answer["interaction"]["requiredSteps"] == ["consent"]
    assert server.ask(f"POST {path}/complete", {"step": "consent"}, 200, **session)["redirectUrl"]
    code = returned(server.call(f"GET /authorize?interaction={waiting}", **session))["code"]
    assert server.redeem((client, server.secret(client)), code).status_code == 200
    waiting = interaction(server.authorize(client, max_age="junk"))
    path = f"POST /api/oidc/interactions/{waiting}/complete"
    server.refused(path, {"step": "authenticate"}, status=500, code="internal_error", **session)


def test_17_another_user_does_not_inherit_consent(login: Login) -> None:
    server = login.server
    client = server.client(callbackURLs=[PVE])["id"]
    waiting = interaction(server.authorize(client, login.session))
    complete = f"POST /api/oidc/interactions/{waiting}/complete"
    server.ask(complete, {"step": "consent"}, 200, key="", headers=login.session)
    other = {"key": "", "headers": server.session(server.user()["id"])}
    assert interaction(server.call(f"GET /authorize?interaction={waiting}", **other)) == waiting
    server.ask(complete, {"step": "consent"}, 200, **other)
    assert returned(server.call(f"GET /authorize?interaction={waiting}", **other))["code"]


@pytest.mark.parametrize(("settings", "changes"), [
    ({"requiresReauthentication": True}, {}), ({}, {"prompt": "login"}), ({}, {"max_age": "0"}),
])
def test_17_a_fresh_passkey_cannot_be_had_without_a_browser(login: Login, settings: dict, changes: dict) -> None:
    server = login.server
    client = server.client(callbackURLs=[PVE], skipConsent=True, **settings)["id"]
    waiting = interaction(server.authorize(client, login.session, **changes))
    session = {"key": "", "headers": login.session}
    body = {"step": "reauthenticate"}
    path = f"POST /api/oidc/interactions/{waiting}/complete"
    details = server.refused(path, body, status=400, code="validation_failed", **session)
    assert told(details) == [("reauthenticationToken", "required")]


def test_17_restricted_clients(login: Login) -> None:
    server = login.server
    restricted = {"name": "x", "callbackURLs": [PVE], "skipConsent": True, "isGroupRestricted": True}
    server.ask(f"PUT {CLIENTS}/{login.client}", restricted)
    preview = f"GET {CLIENTS}/{login.client}/preview/{login.user['id']}?scopes=openid"
    assert stopped(server.authorize(login.client, login.session)) == "You are not allowed to access this service."
    assert interaction(server.authorize(login.client))
    server.refused(preview, status=403, code="oidc_access_denied")
    server.ask(f"PUT {CLIENTS}/{login.client}/allowed-user-groups", {"userGroupIds": [login.group["id"]]})
    server.ask(preview)
    code, other, tokens = login.code(), login.code(), login.tokens()
    members = f"PUT {GROUPS}/{login.group['id']}/users"
    server.ask(members, {"userIds": []})
    assert oauth_error(login.redeem(code)) == (403, "access_denied")
    refreshed = server.token(login.auth, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert oauth_error(refreshed) == (403, "access_denied")
    server.ask(members, {"userIds": [login.user["id"]]})
    server.ask(f"PUT {USERS}/{login.user['id']}", {**login.user, "disabled": True})
    assert oauth_error(login.redeem(other)) == (400, "invalid_grant")
    assert server.authorize(login.client, login.session).json()["code"] == "user_disabled"


def test_17_preview(login: Login) -> None:
    server, user = login.server, login.user
    path = f"GET {CLIENTS}/{login.client}/preview/{user['id']}"
    found = server.ask(f"{path}?scopes={quote('openid groups nonsense profile')}")
    assert found.keys() == {"idToken", "accessToken", "userInfo"}
    for claims in (found["idToken"], found["userInfo"]):
        assert (claims["sub"], claims["groups"], claims["preferred_username"]) == (
            user["id"], [login.group["name"]], user["username"])
        assert "email" not in claims and claims["type"] == "id-token"
    assert found["accessToken"]["scp"] == ["openid", "groups", "profile"]
    assert found["accessToken"]["aud"] == [login.client, server.url]
    assert "amr" not in found["idToken"] and "nonce" not in found["idToken"]
    assert re.match(r"\d{4}-\d\d-\d\dT", found["idToken"]["exp"]) and isinstance(found["idToken"]["auth_time"], int)
    server.refused(path, status=400, code="validation_failed")
    server.refused(f"GET {CLIENTS}/{login.client}/preview/nobody?scopes=openid", status=404, code="user_not_found")
    server.refused(f"GET {CLIENTS}/nope/preview/{user['id']}?scopes=openid", status=404, code="not_found")


def test_17_the_end_of_a_client_or_user_ends_their_logins(login: Login) -> None:
    server, tokens = login.server, login.tokens()
    codes = [login.code(), login.code()]
    server.ask(f"DELETE {CLIENTS}/{login.client}")
    assert oauth_error(login.redeem(codes[0])) == (401, "invalid_client")
    server.client(id=login.client, callbackURLs=[PVE], skipConsent=True)
    login.auth = (login.client, server.secret(login.client))
    assert oauth_error(login.redeem(codes[1])) == (400, "invalid_grant")
    assert server.bearing("/api/oidc/userinfo", tokens["access_token"]).status_code == 401
    tokens, code = login.tokens(), login.code()
    server.ask(f"DELETE {USERS}/{login.user['id']}")
    assert oauth_error(login.redeem(code)) == (400, "invalid_grant")
    assert server.bearing("/api/oidc/userinfo", tokens["access_token"]).status_code == 401


# 18 and 21. Version, and what only the simulator can be asked


def test_18_version(server: Server) -> None:
    assert re.fullmatch(r"2\.1[34]\.\d+", server.ask("GET /api/version/current")["currentVersion"])
    server.refused("GET /api/version/current", status=401, code="not_signed_in", key="")
    assert "latestVersion" in server.ask("GET /api/version/latest", key="")


def test_21_rate_limits() -> None:
    client = PocketIdSimulator(rate_limit=True).app().test_client()
    exchanges = [client.post("/api/one-time-access-token/x").status_code for _each in range(6)]
    assert exchanges == [401] * 5 + [429]
    answers = [client.get("/.well-known/jwks.json") for _each in range(500)]
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited[0].json["code"] == "rate_limited" and limited[0].headers["Retry-After"] == "1"
    assert client.get("/healthz").status_code == 204
    time.sleep(1)
    assert client.get("/.well-known/jwks.json").status_code == 200


def test_21_the_dialect_of_2_12(authority: Authority) -> None:
    simulator = PocketIdSimulator(version="2.12")
    with serve(simulator.app(), authority.tls("127.0.0.1")) as port:
        server = Server(f"https://127.0.0.1:{port}", str(authority.bundle), simulator.api_key, "fg")
        client = server.client()
        assert not {"clientType", "accessTokenDurationMinutes"} & client.keys()
        assert server.ask(f"POST {CLIENTS}", {"name": "x", "id": client["id"]}, 400).keys() == {"error"}
        assert server.ask(f"GET {CLIENTS}/none", status=404) == {"error": "Record not found"}
        assert server.ask(f"POST {CLIENTS}", status=500, data=b"{").keys() == {"error"}
        assert server.ask(f"POST {GROUPS}", status=201, data=b'{"name": "xx", "friendlyName": "xx"}')
        server.ask(f"DELETE {CLIENTS}/none", status=204)
        assert server.secret(client["id"])
