"""The contract of Proxmox Backup Server's access API, fact by fact, over HTTPS; tests are named by its sections.

Without more the facts are asked of the simulator. Given FLEETGATE_PBS_URL (https://host:8007), FLEETGATE_PBS_TOKEN
(`user@realm!name:secret`, with the role Admin on /) and FLEETGATE_PBS_CA (a bundle) they are asked of that server,
which should be a 4.2. Cases that need root's password, another release, a clock, the default realm, a directory or an
identity provider are then skipped. What is made there has `fg-` and a random number in its name, and is removed.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from tests.simulators.pbs import PbsSimulator
from tests.simulators.pbs.call import ROUTES
from tests.simulators.pbs.facts import CASES
from tests.simulators.pbs.facts.language import (
    ABSENT, ACL, BOB, MADE, OPENID, REALM, REALM_BODY, REALM_MADE, ROOT_PASSWORD, TOKEN, USER, USERS, grant, has,
)
from tests.simulators.pbs.facts.openid import ACCOUNTS, AUTHORIZATION_URLS, LET_IN, NOT_DISCOVERED, REFUSED, USER_NAMES
from tests.simulators.pbs.facts.provider import CALLBACK, Login, Provider
from tests.simulators.pbs.facts.rights import DECLARED, EFFECTIVE
from tests.simulators.pbs.facts.server import Clock, Server, Stage
from tests.simulators.pbs.facts.transport import PASSWORD_CHANGES, TOKEN_HEADERS
from tests.simulators.pbs.schema import Schema
from tests.simulators.server import Authority, serve

REAL = os.environ.get("FLEETGATE_PBS_URL")
ORACLE = "root@pam!oracle:11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def staged(authority: Authority) -> Iterator[Stage]:
    stage = Stage()
    with serve(stage, authority.tls("127.0.0.1")) as port:
        stage.url = f"https://127.0.0.1:{port}"
        yield stage


# One for the backup server, one for the provider.
stage = pytest.fixture(staged, scope="module", name="stage")
second_stage = pytest.fixture(staged, scope="module", name="second_stage")


@pytest.fixture
def simulated(request: pytest.FixtureRequest) -> Callable[..., Server]:
    """Starts a simulator with the given options; skips where a real server is asked."""
    if REAL:
        pytest.skip("needs powers that only the simulator has")
    stage, authority = request.getfixturevalue("stage"), request.getfixturevalue("authority")

    def start(**options: Any) -> Server:
        token, _, secret = ORACLE.partition(":")
        clock = Clock()
        simulator = PbsSimulator(passwords={"root@pam": ROOT_PASSWORD, BOB[0]: BOB[1]}, tokens={token: secret},
                                 trust=authority.bundle, clock=clock, **options)
        stage.app = simulator.app()
        return Server(stage.url, str(authority.bundle), ORACLE, "fg-1", simulator, clock)

    return start


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server under test; a real one is tidied up."""
    if REAL:
        server = Server(REAL, os.environ["FLEETGATE_PBS_CA"], os.environ["FLEETGATE_PBS_TOKEN"],
                        f"fg-{uuid.uuid4().hex[:8]}")
        yield server
        server.clean()
    else:
        yield request.getfixturevalue("simulated")()


@pytest.mark.parametrize(("steps", "version"), CASES)
def test_facts(request: pytest.FixtureRequest, steps: tuple, version: str | None) -> None:
    server = request.getfixturevalue("simulated")(version=version) if version else request.getfixturevalue("server")
    server.ask(*steps)


# 1. Transport


def test_1_error_bodies_are_plain_text_under_the_name_of_json(server: Server) -> None:
    for request, status in [(f"GET {REALM}", 400), ("GET /nope", 404), ("GET /nodes", 403)]:
        answer = server.call(request)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json;charset=UTF-8")
        assert not answer.text.startswith("{")


def test_1_rejected_credentials(server: Server) -> None:
    answer = server.call("GET /version", token="")
    assert (answer.status_code, answer.text) == (401, "authentication failed")
    assert "Content-Type" not in answer.headers
    assert answer.headers["Set-Cookie"].startswith("__Host-PBSAuthCookie=; Expires=Thu, 01 Jan 1970")
    assert server.call("GET /nope", token="").status_code == 401, "asked for credentials before the path is looked up"


@pytest.mark.parametrize("request_", ["GET /ping", "GET /access/domains"])
def test_1_open_to_the_world(server: Server, request_: str) -> None:
    server.data(request_, token="")


@pytest.mark.parametrize("path", [endpoint.path for endpoint in Schema("4.2").endpoints if endpoint.verb == "GET"
                                  and endpoint.config and not endpoint.parameters.keys() - {"path", "exact"}])
def test_1_digest_beside_data(server: Server, path: str) -> None:
    answer = server.call(f"GET {path}").json()
    assert re.fullmatch("[0-9a-f]{64}", answer["digest"])
    assert "digest" not in str(answer["data"])


def test_1_any_change_of_the_file_makes_a_digest_stale(server: Server) -> None:
    server.ask(MADE)
    digest = server.call(f"GET {USER}").json()["digest"]
    server.ask((f"POST {USERS}", {"userid": "{n}-2@pbs"}), (f"PUT {USER}", {"digest": digest}, 400))
    digest = server.call(f"GET {USERS}").json()["digest"]
    server.ask((f"PUT {USER}", {"digest": digest, "comment": "d"}))


def test_1_lists_come_in_any_order(simulated: Callable[..., Server]) -> None:
    server = simulated()
    assert len({tuple(row["roleid"] for row in server.data("GET /access/roles")) for _each in range(5)}) > 1


def test_1_delays_of_refusals(simulated: Callable[..., Server]) -> None:
    server = simulated(slow_failures=True)
    for request, token, seconds in [("GET /nodes", None, 0.5), ("GET /version", "", 3.0)]:
        started = time.monotonic()
        server.call(request, token=token)
        assert time.monotonic() - started >= seconds


def test_every_described_endpoint_is_simulated_and_no_other() -> None:
    assert set(ROUTES) == {(endpoint.verb, endpoint.path) for endpoint in Schema("4.2").endpoints}


# 2. Authentication


@pytest.mark.parametrize(("header", "status"), TOKEN_HEADERS)
def test_2_token_header(server: Server, header: str, status: int) -> None:
    token, _, secret = server.identity().partition(":")
    coded = "".join(f"%{ord(character):02X}" for character in secret)
    credentials = header.format(id=token, secret=secret, coded=coded, coded_id=quote(token))
    assert server.call("GET /version", Authorization=credentials).status_code == status


@pytest.mark.parametrize("path", [TOKEN, USER])
@pytest.mark.parametrize("change", [{"enable": False}, {"expire": 1}])
def test_2_disabled_or_expired_token_or_owner(server: Server, path: str, change: dict) -> None:
    token = server.identity()
    server.ask((f"PUT {path}", change))
    server.ask(("GET /version", None, 401), token=token)
    server.ask((f"PUT {path}", {"enable": True, "expire": 0}))
    server.ask(("GET /version",), token=token)


def test_2_regenerated_secret_and_token_without_a_user(server: Server) -> None:
    token, _, secret = server.identity().partition(":")
    new = server.data(f"PUT {TOKEN}", {"regenerate": True})["secret"]
    server.ask(("GET /version", None, 401), token=f"{token}:{secret}")
    server.ask(("GET /version",), token=f"{token}:{new}")
    orphan = server.data(f"POST {USERS}/{{n}}-2@pbs/token/t")
    server.ask(("GET /version", None, 401), token=f"{orphan['tokenid']}:{orphan['value']}")
    server.ask((f"DELETE {USERS}/{{n}}-2@pbs/token/t",))


def test_2_a_stale_cookie_wins_over_a_good_token(server: Server) -> None:
    server.ask(("GET /version", None, 401), Cookie="PBSAuthCookie=PBS:root@pam:00000000::c2lnbmF0dXJl")


def test_2_tickets(simulated: Callable[..., Server]) -> None:
    server = simulated()
    answer = server.call("POST /access/ticket", {"username": "root@pam", "password": ROOT_PASSWORD}, token="").json()
    assert (answer["status"], answer["success"]) == (200, True)
    made = answer["data"]
    assert re.fullmatch("PBS:root@pam:[0-9A-F]{8}::[A-Za-z0-9+/]+=*", made["ticket"])
    cookie = {"token": "", "Cookie": f"PBSAuthCookie={quote(made['ticket'])}"}
    server.ask(("GET /nodes",), **cookie)
    server.ask((*MADE, 401), **cookie)
    server.ask((*MADE, 401), **cookie, CSRFPreventionToken="00000000:x")
    server.ask(MADE, **cookie, CSRFPreventionToken=made["CSRFPreventionToken"])
    server.ask(("GET /version", None, 401), token="", Cookie=f"PBSAuthCookie={made['ticket'][:-4]}AAA=")
    again = {"username": "root@pam", "password": made["ticket"]}
    server.ask(("POST /access/ticket", again), ("POST /access/ticket", {**again, "username": BOB[0]}, 401),
               ("POST /access/ticket", {**again, "tfa-challenge": made["ticket"]}, 401), token="")
    bob = server.by_ticket(*BOB)
    server.ask((f"PUT {USERS}/{BOB[0]}", {"enable": False}))
    server.ask(("GET /version", None, 401), **bob)
    server.clock.ahead = 7210
    server.ask(("GET /nodes", None, 401), ("POST /access/ticket", again, 401), **cookie)


def test_2_http_only_tickets(simulated: Callable[..., Server]) -> None:
    server = simulated()
    answer = server.call("POST /access/ticket", {"username": "root@pam", "password": ROOT_PASSWORD, "http-only": True})
    assert "ticket" not in answer.json()["data"]
    assert answer.json()["data"]["ticket-info"].startswith("PBS:root@pam:")
    name, _, ticket = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
    assert name == "__Host-PBSAuthCookie" and answer.headers["Set-Cookie"].endswith("HttpOnly; Path=/;")
    server.ask(("GET /nodes",), token="", Cookie=f"PBSAuthCookie=stale; {name}={ticket}")
    server.ask(("POST /access/ticket", {"username": "root@pam", "http-only": True}), Cookie=f"{name}={ticket}")
    assert "Expires=Thu, 01 Jan 1970" in server.call("DELETE /access/ticket", token="").headers["Set-Cookie"]
    older = simulated(version="3.4")
    older.ask(("GET /version",), Cookie=f"{name}={ticket}")
    made = older.call("POST /access/ticket", {"username": "root@pam", "password": ROOT_PASSWORD}).json()
    assert made.keys() == {"data"}


def test_2_older_releases_say_what_is_wrong_with_credentials(simulated: Callable[..., Server]) -> None:
    answer = simulated(version="4.0").call("GET /version", token="")
    assert answer.text == "authentication failed - no authentication credentials provided."
    assert "Set-Cookie" not in simulated(version="3.4").call("GET /version", token="").headers


@pytest.mark.parametrize(("caller", "body", "status"), PASSWORD_CHANGES)
def test_2_change_of_password(simulated: Callable[..., Server], caller: Any, body: dict, status: int) -> None:
    server = simulated()
    token = server.data(f"POST {USERS}/{BOB[0]}/token/t")
    options = {"root": server.by_ticket(), BOB: server.by_ticket(*BOB), "token of root": {},
               "token of bob": {"token": f"{token['tokenid']}:{token['value']}"}}[caller]
    server.ask(("PUT /access/password", {"password": "a new password", **body}, status), **options)


def test_2_governing_passwords_needs_the_root_of_the_tree(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask(MADE, grant(BOB[0], "/access", "Admin"))
    body = {"userid": "{n}@pbs", "password": "a new password", "confirmation-password": BOB[1]}
    server.ask(("PUT /access/password", body, 400), **server.by_ticket(*BOB))
    server.ask(grant(BOB[0], "/", "Admin"))
    server.ask(("PUT /access/password", body), ("PUT /access/password", {**body, "userid": "root@pam"}, 400),
               **server.by_ticket(*BOB))


# 4 to 9. Who may do what


def test_4_directories_are_contacted(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask(("POST /config/access/ad", {"realm": "{n}", "server1": "dc1"}))
    server.simulator.directory_reachable = False
    server.ask(("PUT /config/access/ad/{n}", {"comment": "c"}, 400),
               ("GET /config/access/ad/{n}", None, 200, {"comment": ABSENT}),
               ("POST /config/access/ldap", {"realm": "{n}-2", "server1": "x", "base-dn": "x", "user-attr": "x"}, 400))


def test_5_root_comes_back(simulated: Callable[..., Server]) -> None:
    server = simulated()
    root = server.by_ticket()
    server.ask((f"DELETE {USERS}/root@pam",), (f"GET {USERS}/root@pam", None, 200, {"comment": "Superuser"}), **root)


def test_5_rows_wait_for_the_next_user_of_the_name(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask(MADE, grant("{n}@pbs", "/", "Audit"), (f"DELETE {USER}",), MADE,
               ("GET /access/permissions?auth-id={n}@pbs&path=/", None, 200, {"/": {"Sys.Audit": True}}))


def test_5_a_user_governs_itself_by_ticket_only(simulated: Callable[..., Server]) -> None:
    server = simulated()
    path = f"{USERS}/{BOB[0]}"
    made = server.data(f"POST {path}/token/t", **server.by_ticket(*BOB))
    steps = [(f"GET {path}",), (f"PUT {path}", {"expire": 0}), (f"GET {path}/token",), (f"PUT {path}/token/t", {}),
             (f"GET {USERS}", None, 200, lambda rows: [row["userid"] for row in rows] == [BOB[0]])]
    server.ask(*steps, (f"GET {USERS}/root@pam", None, 403), (f"POST {USERS}", {"userid": "{n}@pbs"}, 403),
               **server.by_ticket(*BOB))
    server.ask(*((request[0], request[1] if request[1:] else None, 403) for request in steps[:-1]), steps[-1],
               token=f"{made['tokenid']}:{made['value']}")
    server.ask((f"DELETE {path}",), **server.by_ticket(*BOB))


def test_7_unprivileged_users_write_rows_of_their_own_tokens(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask(MADE, (f"POST {TOKEN}",))
    bob = server.by_ticket(*BOB)
    made = server.data(f"POST {USERS}/{BOB[0]}/token/t", **bob)
    own = grant(f"{BOB[0]}!t", "/", "Admin")
    refused = re.compile("^Unprivileged ")
    server.ask(own, (*grant("{n}@pbs!t", "/", "Audit"), 400, refused), (*grant(BOB[0], "/", "Audit"), 400, refused),
               (f"PUT {ACL}", {"path": "/", "role": "Audit", "group": "admins"}, 400, refused),
               (f"PUT {ACL}", {"path": "/", "role": "Audit"}, 400, refused),
               (f"GET {ACL}", None, 200, lambda rows: [row["ugid"] for row in rows] == [f"{BOB[0]}!t"]), **bob)
    server.ask((*own, 400, refused), (f"GET {ACL}", None, 200, []), token=f"{made['tokenid']}:{made['value']}")


def test_7_checks_use_an_acl_of_up_to_five_seconds(simulated: Callable[..., Server]) -> None:
    server = simulated(permission_cache=True)
    token = server.identity()
    mine = "GET /access/permissions?path=/"
    assert server.data(mine, token=token) == {}
    server.ask(grant("{n}@pbs", "/", "Audit"), grant("{n}@pbs!t", "/", "Audit"),
               (f"GET {ACL}", None, 200, has(ugid="{n}@pbs!t")))
    assert server.data(mine, token=token) == {}
    server.clock.ahead = 5
    assert server.data(mine, token=token)["/"]["Sys.Audit"]
    server.ask(grant("{n}@pbs!t", "/", "Audit", delete=True))
    assert server.data(mine, token=token)
    server.ask((f"PUT {USER}", {"comment": "a write of users renews it"}))
    assert server.data(mine, token=token) == {}


@pytest.mark.parametrize(("user_rows", "token_rows", "path", "privileges"), EFFECTIVE)
def test_9_effective_permissions(
    server: Server, user_rows: list, token_rows: list, path: str, privileges: dict[str, bool]
) -> None:
    token = server.identity(user_rows, token_rows)
    expected = {path: privileges} if privileges else {}
    assert server.data(f"GET /access/permissions?path={path}", token=token) == expected
    assert server.data(f"GET /access/permissions?auth-id={{n}}@pbs!t&path={path}") == expected
    assert server.data("GET /access/permissions", token=token).get(path, {}) == (
        privileges if path in ("/", "/datastore") else {})


def test_9_permissions_of_others(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask((f"POST {USERS}/{BOB[0]}/token/t",))
    server.ask((f"GET /access/permissions?auth-id={BOB[0]}!t",),
               ("GET /access/permissions?auth-id=root@pam", None, 400, "not allowed to list permissions of root@pam"),
               **server.by_ticket(*BOB))
    everything = server.data("GET /access/permissions", **server.by_ticket())
    assert everything.keys() == {"/", "/access", "/datastore", "/remote", "/system"}
    assert all(len(privileges) == 23 and all(privileges.values()) for privileges in everything.values())


@pytest.mark.parametrize(("row", "request_", "body", "status"), DECLARED)
def test_4_to_11_declared_permissions(
    server: Server, row: tuple, request_: str, body: dict | None, status: int
) -> None:
    server.ask(REALM_MADE)
    token = server.identity([row], [row])
    server.ask((request_, body, status), token=token)


def test_11_what_a_monitor_sees_of_datastores(simulated: Callable[..., Server]) -> None:
    server = simulated(datastores=("tank", "vault"))
    everything = server.identity([("/", "Audit")], [("/", "Audit")])
    server.ask(("GET /admin/datastore", None, 200, lambda rows: {row["store"] for row in rows} == {"tank", "vault"}),
               token=everything)
    server.n = "fg-2"
    row = ("/datastore/tank/ns", "DatastoreReader")
    below = server.identity([row], [row])
    server.ask(("GET /admin/datastore", None, 200,
                [{"store": "tank", "mount-status": "nonremovable", "backend-type": "filesystem"}]),
               ("GET /admin/datastore/tank/status", None, 200, {"total": 0, "used": 0, "avail": 0}),
               ("GET /admin/datastore/vault/status", None, 403), ("GET /config/datastore", None, 200, []), token=below)
    server.n = "fg-3"
    server.ask(("GET /admin/datastore", None, 200, []), ("GET /status/datastore-usage", None, 200, []),
               token=server.identity([("/", "Audit")]))


# 10. OpenID login


@pytest.fixture
def login(simulated: Callable[..., Server], second_stage: Stage) -> Callable[..., Login]:
    """Starts a provider, and a server with the realm {n}, which has the given settings."""

    def start(settings: dict[str, Any] | None = None, version: str = "4.2") -> Login:
        second_stage.app = provider = Provider(second_stage.url)
        server = simulated(version=version)
        body = {**REALM_BODY, "issuer-url": provider.issuer, "autocreate": True, **(settings or {})}
        server.ask((f"POST {OPENID}", body))
        return Login(server, provider)

    return start


@pytest.mark.parametrize(("settings", "expected"), AUTHORIZATION_URLS)
def test_10_authorization_url(login: Callable[..., Login], settings: dict, expected: dict) -> None:
    walk = login(settings)
    page, _, query = walk.url().partition("?")
    asked = dict(parse_qsl(query))
    assert page == walk.provider.metadata["authorization_endpoint"]
    assert {name: asked.get(name) for name in expected} == expected
    assert (asked["response_type"], asked["client_id"], asked["redirect_uri"], asked["display"]) == (
        "code", "pbs", CALLBACK, "page")
    assert asked["code_challenge_method"] == "S256" and asked["code_challenge"] and asked["nonce"] and asked["state"]


def test_10_login_creates_a_user_without_rights_and_never_changes_it(login: Callable[..., Login]) -> None:
    walk = login()
    walk.provider.claims = {"given_name": "Ann", "family_name": "L", "email": "ann@example.org", "groups": ["admins"]}
    answer = walk.walk().json()
    assert (answer["status"], answer["success"], answer["data"]["username"]) == (200, True, "ann@fg-1")
    by_ticket = {"token": "", "Cookie": f"PBSAuthCookie={answer['data']['ticket']}",
                 "CSRFPreventionToken": answer["data"]["CSRFPreventionToken"]}
    walk.server.ask(("GET /access/permissions", None, 200, {}), ("GET /admin/datastore", None, 200, []),
                    (f"PUT {USERS}/ann@fg-1", {}), **by_ticket)
    walk.provider.claims = {"given_name": "Anna", "family_name": "Lee"}
    walk.userid()
    walk.server.ask((f"GET {USERS}", None, 200, lambda rows: {"userid": "ann@{n}", "firstname": "Ann",
                                                               "email": "ann@example.org"} in rows))


@pytest.mark.parametrize(("claim", "id_token", "userinfo", "user"), USER_NAMES)
def test_10_user_name(
    login: Callable[..., Login], claim: str | None, id_token: dict, userinfo: dict, user: str | None
) -> None:
    walk = login({"username-claim": claim} if claim else {})
    walk.provider.claims, walk.provider.userinfo = id_token, {"sub": "ann", **userinfo}
    answer = walk.walk()
    if answer.status_code == 200:
        assert answer.json()["data"]["username"] == f"{user}@fg-1"
    else:
        assert answer.status_code == 401 and user in (None, answer.text)


@pytest.mark.parametrize(("autocreate", "account", "reason"), ACCOUNTS)
def test_10_accounts(login: Callable[..., Login], autocreate: bool, account: dict | None, reason: str | None) -> None:
    walk = login({"autocreate": autocreate})
    if account is not None:
        walk.server.ask((f"POST {USERS}", {"userid": "ann@{n}", **account}))
    answer = walk.walk()
    assert answer.status_code == (401 if reason else 200)
    assert reason is None or answer.text == walk.server.named(reason)


@pytest.mark.parametrize(("settings", "metadata", "change"), LET_IN.values(), ids=LET_IN)
def test_10_providers_that_are_let_in(
    login: Callable[..., Login], settings: dict, metadata: dict, change: dict
) -> None:
    walk = login(settings)
    walk.provider.metadata.update(metadata)
    vars(walk.provider).update(change)
    assert walk.userid() == "ann@fg-1"


def test_10_client_without_a_key(login: Callable[..., Login]) -> None:
    walk = login()
    walk.server.ask((f"PUT {REALM}", {"delete": ["client-key"]}))
    walk.provider.client = ("pbs", None)
    assert walk.userid() == "ann@fg-1"


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_10_providers_that_are_refused(login: Callable[..., Login], change: dict) -> None:
    walk = login()
    body = walk.provider.log_in(walk.url())
    vars(walk.provider).update(change)
    answer = walk.server.call("POST /access/openid/login", body, token="")
    assert answer.status_code == 401 and answer.text
    walk.server.ask((f"GET {USERS}/ann@{{n}}", None, 400))


@pytest.mark.parametrize(("settings", "metadata"), NOT_DISCOVERED.values(), ids=NOT_DISCOVERED)
def test_10_discovery_fails(login: Callable[..., Login], settings: dict, metadata: dict) -> None:
    walk = login()
    walk.provider.metadata.update(metadata)
    changes = {name: value.format(issuer=walk.provider.issuer) for name, value in settings.items()}
    walk.server.ask((f"PUT {REALM}", changes),
                    ("POST /access/openid/auth-url", {"realm": "{n}", "redirect-url": CALLBACK}, 400))


def test_10_a_state_is_good_once_and_for_ten_minutes(login: Callable[..., Login]) -> None:
    walk = login()
    body = walk.provider.log_in(walk.url())
    back = "POST /access/openid/login"
    walk.server.ask((back, body), (back, body, 401), token="")
    body = walk.provider.log_in(walk.url())
    walk.server.clock.ahead = 601
    walk.server.ask((back, body, 401), token="")


def test_10_another_redirect_url_or_code_fails_at_the_provider(login: Callable[..., Login]) -> None:
    walk = login()
    assert walk.walk(**{"redirect-url": "https://other:8007"}).status_code == 401
    assert walk.walk(code="another").status_code == 401


def test_10_at_most_101_logins_wait(login: Callable[..., Login]) -> None:
    walk = login()
    for _each in range(101):
        walk.url()
    asked = ("POST /access/openid/auth-url", {"realm": "{n}", "redirect-url": CALLBACK})
    walk.server.ask((*asked, 400))
    walk.server.clock.ahead = 601
    walk.server.ask(asked)


def test_10_http_only(login: Callable[..., Login]) -> None:
    answer = login().walk(**{"http-only": True})
    assert answer.headers["Set-Cookie"].startswith("__Host-PBSAuthCookie=PBS:ann@fg-1:")
    assert answer.json()["data"].keys() == {"username", "ticket-info", "CSRFPreventionToken"}
    older = login(version="3.4")
    assert older.walk(**{"http-only": True}).status_code == 400
    assert older.walk().json().keys() == {"data"}
