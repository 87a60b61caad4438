"""Holds the Proxmox VE simulator to the recorded answers of the product.

Every transcript is replayed in order over HTTPS, and every answer compared: status, reason phrase, content type, body.
Strings like `<ticket>` in a recorded body stand for values that are new every time; lists have no order.
With FLEETGATE_PVE_URL (https://host:8006), FLEETGATE_PVE_TOKEN (user@realm!name=secret, of an administrator) and
FLEETGATE_PVE_CA (a bundle) set, the cases that neither write nor depend on earlier ones are sent to that server too.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from tests.simulators.pve import PveSimulator
from tests.simulators.pve.issuer import Issuer
from tests.simulators.server import Authority, serve

TRANSCRIPTS = sorted(Path(__file__).parent.joinpath("transcripts").glob("pve-*.jsonl"))
ORACLE, SECRET = "root@pam!oracle", "00000000-0000-4000-8000-000000000001"
ROOT_PASSWORD = "root-password"
ISSUER = "https://id.example.com"

# Answers that cannot be equal: the reason, and the body that is expected instead of the recorded one.
STAND_IN_VERSION = (
    "the recording of 8.4 has the version text of a stand-in for 9.2",
    {"data": {"version": "8.4.1", "release": "8.4", "repoid": "2a5fa54a8503f96d"}},
)
DIFFERENCES = {
    ("pve-84-auth", "read with ticket"): STAND_IN_VERSION,
    ("pve-84-auth", "ticket in the Authorization header"): STAND_IN_VERSION,
    ("pve-84-auth", "token after a blank instead of an equals sign"): STAND_IN_VERSION,
    ("pve-84-auth", "token percent-encoded in the header"): STAND_IN_VERSION,
    ("pve-84-auth", "token with Bearer prefix"): STAND_IN_VERSION,
    ("pve-84-auth", "a valid ticket cookie wins over a wrong token"): STAND_IN_VERSION,
    ("pve-84-misc", "version"): STAND_IN_VERSION,
    ("pve-84-misc", "cluster: request for this node"): STAND_IN_VERSION,
    ("pve-84-permissions", "version: every user"): STAND_IN_VERSION,
}

# What the recordings do not contain but later cases build upon.
UNRECORDED = {"boolean spelling 0 as read back": ("DELETE", "/api2/json/access/domains/xb0")}
TICKET_OF = {
    "login with a ticket as password": "admin@pve",
    "ticket for another user made with a root ticket": "root@pam",
    "ticket in the Authorization header": "admin@pve",
}
RIGHT_DIGEST = ("update right digest", "update with only a right digest")
HELD_LOCK = "another node holds the lock of user.cfg: fails after 10 seconds"

PLACEHOLDERS = {
    "<ticket>": r"PVE:[^:]+:[0-9A-F]{8}::[A-Za-z0-9+/=]+",
    "<csrf-token>": r"[0-9A-F]{8}:[A-Za-z0-9+/=]+",
    "<token-secret-uuid>": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "<sha1-digest>": r"[0-9a-f]{40}",
    "<tls-fingerprint>": r"([0-9A-F]{2}:){31}[0-9A-F]{2}",
    "<pid>": r"[0-9A-F]{8}",
    "<pstart>": r"[0-9A-F]{8}",
    "<starttime>": r"[0-9A-F]{8}",
    "<code-challenge>": r"[\w-]{43}",
    "<nonce>": r"[\w-]{22}",
    '<url-encoded {"csrf_token":"<random>","realm":"<realm>"}>': (
        r"%7B%22csrf_token%22%3A%22[\w-]{22}%22%2C%22realm%22%3A%22\w+%22%7D"
    ),
}
PLACEHOLDER = re.compile(f"({'|'.join(map(re.escape, PLACEHOLDERS))})")
HASH_ORDERED = ("content",)  # comma lists in no order, like the lists


def cases(transcript: Path) -> list[dict]:
    lines = [json.loads(line) for line in transcript.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["case"] != "_meta"]


def same(recorded: object, actual: object, key: str = "") -> bool:
    if isinstance(recorded, dict):
        return (
            isinstance(actual, dict)
            and recorded.keys() == actual.keys()
            and all(same(value, actual[name], name) for name, value in recorded.items())
        )
    if isinstance(recorded, list):
        return isinstance(actual, list) and same_unordered(recorded, actual)
    if recorded == "<epoch-integer>":
        return type(actual) is int and actual > 10**9
    if key in HASH_ORDERED and isinstance(recorded, str):
        return isinstance(actual, str) and sorted(recorded.split(",")) == sorted(actual.split(","))
    if isinstance(recorded, str) and PLACEHOLDER.search(recorded):
        pattern = "".join(PLACEHOLDERS.get(part, re.escape(part)) for part in PLACEHOLDER.split(recorded))
        return isinstance(actual, str) and bool(re.fullmatch(pattern, actual))
    return type(recorded) is type(actual) and recorded == actual


def same_unordered(recorded: list, actual: list) -> bool:
    left = list(actual)
    for entry in recorded:
        match = next((index for index, other in enumerate(left) if same(entry, other)), None)
        if match is None:
            return False
        del left[match]
    return not left


class Client:
    """Sends recorded requests, with what they leave out: secrets, tickets, digests, the path through the issuer."""

    def __init__(self, url: str, ca: str, oracle: str, issuer: Issuer) -> None:
        """`oracle`: full token id and secret, joined by `=`, of what the recordings call root@pam!oracle."""
        self.url = url
        self.issuer = issuer
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
        response = self._http.request(method, self.url + path, headers=headers, verify=self._ca, timeout=30, **body)
        text = (
            response.content.decode()
            .replace(self.issuer.base or ISSUER, ISSUER)
            .replace(quote(self.issuer.base or ISSUER, safe=""), quote(ISSUER, safe=""))
        )
        content_type = response.headers.get("Content-Type")
        parsed = json.loads(text) if content_type and "json" in content_type else text or None
        reason = response.reason.replace(self.issuer.base or ISSUER, ISSUER)
        answer = {"status": response.status_code, "reason": reason, "body": parsed}
        return answer | ({"content_type": content_type} if content_type else {})

    def _filled_in(self, case: dict) -> dict | None:
        params = case["request"]["params"]
        if params is None:
            return None
        params = dict(params)
        if "issuer-url" in params and self.issuer.base:
            params["issuer-url"] = params["issuer-url"].replace(ISSUER, self.issuer.base)
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
        url = answer["body"]["data"].replace(ISSUER, self.issuer.base)
        claims = case["identity_claims"]
        if case["case"] == "login, wrong nonce":
            claims = {**claims, "id_token": {**claims["id_token"], "nonce": "of-another-request"}}
        code, state = self.issuer.authorize(url, claims["id_token"], claims["userinfo"])
        recorded_code = case["request"]["params"]["code"]
        return {"state": state, "code": code if recorded_code == "<authorization code>" else recorded_code}

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


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def issuer(authority: Authority) -> Iterator[Issuer]:
    application = Issuer()
    with serve(application, authority.tls("127.0.0.1")) as port:
        application.base = f"https://127.0.0.1:{port}"
        yield application


def simulator(version: str, clustered: bool, trust: Path) -> PveSimulator:
    """A standalone node, or the cluster of the recordings: pve3 is offline, pve2 not reachable."""
    nodes = ("pve1", "pve2", "pve3") if clustered else ("pve1",)
    addresses = {name: f"127.0.0.1{number}" for number, name in enumerate(nodes, start=1)}
    simulated = PveSimulator(
        version,
        nodes,
        "lab" if clustered else None,
        addresses,
        {"root@pam": ROOT_PASSWORD},
        {ORACLE: SECRET},
        trust=trust,
    )
    for name in nodes[1:]:
        simulated.cluster.nodes[name].listening = False
        simulated.cluster.nodes[name].fingerprint = None
    if clustered:
        simulated.cluster.nodes["pve3"].online = False
    return simulated


def replayed(recorded: list[dict], simulated: PveSimulator, authority: Authority, issuer: Issuer) -> list[tuple]:
    """Every case with the simulator's answer."""
    outcome = []
    with serve(simulated.app("pve1"), authority.tls("127.0.0.1")) as port:
        client = Client(f"https://127.0.0.1:{port}", str(authority.bundle), f"{ORACLE}={SECRET}", issuer)
        for case in recorded:
            simulated.cluster.held_locks = {"user.cfg"} if case["case"] == HELD_LOCK else set()
            outcome.append((case, client.replay(case)))
    return outcome


def problems(name: str, outcome: list[tuple[dict, dict]]) -> list[str]:
    """The answers that are not as recorded or, where a difference is listed, as listed."""
    found = []
    for case, answer in outcome:
        recorded = case["response"]
        _reason, body = DIFFERENCES.get((name, case["case"]), ("", recorded["body"]))
        if not same({**recorded, "body": body}, answer):
            found.append(f"{case['case']}: expected {body}, recorded {recorded}\n  answered {answer}")
    return found


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: f"{path.stem}-{len(cases(path))}-cases")
def test_transcript(transcript: Path, authority: Authority, issuer: Issuer) -> None:
    version = "8.4" if transcript.stem.startswith("pve-84-") else "9.2"
    recorded = {False: [], True: []}  # by whether the recording was made in a cluster; one file has a part in each
    for case in cases(transcript):
        recorded[transcript.stem.endswith("permissions") or case["case"].startswith("cluster: ")].append(case)
    outcome = [
        answered
        for clustered, part in recorded.items()
        if part
        for answered in replayed(part, simulator(version, clustered, authority.bundle), authority, issuer)
    ]
    found = problems(transcript.stem, outcome)
    assert not found, "\n\n".join(found)


def test_listed_differences_are_real() -> None:
    recorded = {(path.stem, case["case"]): case["response"]["body"] for path in TRANSCRIPTS for case in cases(path)}
    assert [listed for listed, (_reason, body) in DIFFERENCES.items() if same(recorded[listed], body)] == []


STATELESS = {
    "auth": (
        "no authentication",
        "no authentication, unknown path",
        "unknown path with authentication",
        "unknown path below access",
        "unknown method PATCH",
        "directory index of access",
    ),
    "roles": ("read Administrator", "read NoAccess", "read PVEAdmin", "read PVEAuditor", "read PVETemplateUser"),
    "openid": ("openid index", "auth-url without parameters", "login without parameters"),
}


@pytest.mark.skipif("FLEETGATE_PVE_URL" not in os.environ, reason="no real server is named")
def test_real_server() -> None:
    url, ca, token = (os.environ[f"FLEETGATE_PVE_{name}"] for name in ("URL", "CA", "TOKEN"))
    client = Client(url.rstrip("/"), ca, token, Issuer())
    release = client.as_oracle("GET", "/api2/json/version")["body"]["data"]["release"]
    prefix = "pve-84" if release.startswith("8.") else "pve"
    outcome = [
        (case, client.replay(case))
        for path in TRANSCRIPTS
        for name, wanted in STATELESS.items()
        for case in cases(path)
        if path.stem == f"{prefix}-{name}" and case["case"] in wanted
    ]
    found = problems("a real server", outcome)
    assert outcome and not found, "\n\n".join(found)
