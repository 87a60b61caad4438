"""The server under test, simulated or real."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

from tests.simulators.pbs import PbsSimulator

from .language import ABSENT, ACL, ANY, FORM, JSON, OPENID, ROOT_PASSWORD, TOKEN, USER, USERS, Raw, Step, grant


class Clock:
    """A clock that a test can advance."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Server:
    """A server at `url`, the token of an administrator, the name for {n}; the other fields are set for a simulator."""

    url: str
    ca: str
    token: str
    n: str
    simulator: PbsSimulator | None = None
    clock: Clock | None = None

    def call(self, request: str, body: Any = None, token: str | None = None, **headers: str) -> requests.Response:
        """`request` is `VERB /path?query`; `body` a dict (JSON), a string (form) or Raw; an empty token sends none."""
        verb, path = self.named(request).split(" ", 1)
        credentials = self.token if token is None else token
        if credentials:
            headers.setdefault("Authorization", f"PBSAPIToken={credentials}")
        if isinstance(body, dict):
            body = Raw(JSON, json.dumps(self.named(body)))
        elif isinstance(body, str):
            body = Raw(FORM, self.named(body))
        if body is not None:
            headers["Content-Type"] = body.kind
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                verb,
                f"{self.url}/api2/json{path}",
                data=body.data.encode() if body else None,
                headers=headers,
                verify=self.ca,
                timeout=30,
            )

    def data(self, request: str, body: Any = None, **options: Any) -> Any:
        """The data of an answer that must be a success."""
        answer = self.call(request, body, **options)
        assert answer.status_code == 200, f"{request}: {answer.status_code} {answer.text}"
        return answer.json()["data"]

    def ask(self, *steps: tuple, **options: Any) -> None:
        """Walk the steps of a case."""
        for step in steps:
            request, body, status, expected = Step(*step)
            answer = self.call(request, body, **options)
            assert answer.status_code == status, f"{request}: {answer.status_code} {answer.text}"
            if expected is not ANY:
                self._check(answer.json()["data"] if status == 200 else answer.text, expected)

    def named(self, thing: Any) -> Any:
        """`thing` with a name in place of every {n}."""
        if isinstance(thing, str):
            return thing.replace("{n}", self.n)
        if isinstance(thing, dict):
            return {self.named(key): self.named(value) for key, value in thing.items()}
        return [self.named(each) for each in thing] if isinstance(thing, list) else thing

    def identity(self, user_rows: Sequence[tuple] = (), token_rows: Sequence[tuple] = ()) -> str:
        """Create the user and the token of {n} with ACL rows (path, role[, propagate]); return the credentials of the token.

        The user is written last, because that refreshes the ACL that the server caches for up to five seconds.
        """
        self.data(f"POST {USERS}", {"userid": "{n}@pbs"})
        made = self.data(f"POST {TOKEN}")
        for auth_id, rows in (("{n}@pbs", user_rows), ("{n}@pbs!t", token_rows)):
            for path, role, *propagate in rows:
                self.ask(grant(auth_id, path, role, propagate=propagate != [False]))
        self.data(f"PUT {USER}", {"comment": uuid.uuid4().hex})
        return f"{made['tokenid']}:{made['value']}"

    def by_ticket(self, userid: str = "root@pam", password: str = ROOT_PASSWORD) -> dict[str, str]:
        """The options of a call with a ticket."""
        made = self.data("POST /access/ticket", {"username": userid, "password": password}, token="")
        return {
            "token": "",
            "Cookie": f"PBSAuthCookie={made['ticket']}",
            "CSRFPreventionToken": made["CSRFPreventionToken"],
        }

    def clean(self) -> None:
        """Remove all objects named {n}: rows before identities before realms."""
        for row in self.data(f"GET {ACL}"):
            if self.n in row["ugid"]:
                self.ask(grant(row["ugid"], row["path"], row["roleid"], delete=True))
        for user in self.data(f"GET {USERS}"):
            if self.n in user["userid"]:
                self.call(f"DELETE {USERS}/{user['userid']}")
        for realm in self.data("GET /access/domains"):
            if self.n in realm["realm"]:
                self.call(f"DELETE {OPENID}/{realm['realm']}")

    def _check(self, data: Any, expected: Any) -> None:
        if isinstance(expected, dict) and isinstance(data, dict):
            assert not [key for key, value in expected.items() if (key in data) is (value is ABSENT)], data
            for key, value in expected.items():
                if value is not ABSENT:
                    self._check(data[key], value)
            # An empty dict is expected of an empty answer only.
            assert expected or not data, data
        elif isinstance(expected, type):
            assert isinstance(data, expected), data
        elif isinstance(expected, re.Pattern):
            assert expected.search(data), data
        elif callable(expected):
            # Predicates speak of {n}, too.
            assert expected(json.loads(json.dumps(data).replace(self.n, "{n}"))), data
        else:
            assert data == self.named(expected)
