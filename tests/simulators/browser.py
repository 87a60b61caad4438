"""A user with a browser, who signs in to PVE and PBS over HTTPS as the web interfaces do."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests


@dataclass
class SignedIn:
    """The user id after a login, its privileges by path, and the cookie with its ticket."""

    userid: str
    rights: dict[str, list[str]]
    cookie: dict[str, str]


class Refused(Exception):
    """A refused step of the login, with the error of the server."""


class Person:
    """A user with an account at an identity provider."""

    def __init__(self, account: Account, trust: str) -> None:
        self._account = account
        self._trust = trust

    def sign_in(self, server: str, realm: str, address: str) -> SignedIn:
        """Sign in to a server through `realm`, in a browser with its web interface at `address`."""
        api = f"{server}/api2/json/access"
        start = self._post(
            f"{api}/openid/auth-url", "request the authorization URL", {"realm": realm, "redirect-url": address}
        )
        target = self._account.authorize(start)
        returned = parse_qs(urlsplit(target).query)
        if "code" not in returned:
            raise Refused(f"the identity provider returned no code, but redirected to {target}")
        answer = {"state": returned["state"][0], "code": returned["code"][0], "redirect-url": address}
        login = self._post(f"{api}/openid/login", "redeem the code", answer)
        cookie = {("PBS" if login["ticket"].startswith("PBS:") else "PVE") + "AuthCookie": login["ticket"]}
        rights = requests.get(f"{api}/permissions", cookies=cookie, verify=self._trust, timeout=10).json()["data"]
        by_path = {path: sorted(privileges) for path, privileges in sorted(rights.items())}
        return SignedIn(login["username"], by_path, cookie)

    def _post(self, url: str, what: str, form: dict[str, str]) -> Any:
        answer = requests.post(url, data=form, verify=self._trust, timeout=10)
        if answer.status_code != 200:
            raise Refused(f"could not {what}: {answer.status_code} {answer.reason} {answer.text}")
        return answer.json()["data"]


class Account:
    """A browser with an account at the identity provider at the URL `provider`."""

    def __init__(self, provider: str, trust: str) -> None:
        self._provider = provider
        self._trust = trust
        self._session = requests.Session()

    def authorize(self, url: str) -> str:
        """Complete the pages of the identity provider, and return the URL that leads back to the server."""
        raise NotImplementedError

    def _ask(self, verb: str, path: str, what: str, **content: Any) -> requests.Response:
        url = urljoin(self._provider, path)
        answer = self._session.request(verb, url, verify=self._trust, timeout=10, **content)
        if answer.status_code >= 400:
            raise Refused(f"could not {what}: {answer.status_code} {answer.text}")
        return answer


class AtPocketId(Account):
    """An account at Pocket ID, which signs in with a one-time code created by an administrator's API key."""

    def __init__(self, provider: str, api_key: str, username: str, trust: str) -> None:
        super().__init__(provider, trust)
        key = {"X-API-Key": api_key}
        users = self._ask("GET", "/api/users", "find the account", params={"search": username}, headers=key)
        user = next((user for user in users.json()["data"] if user["username"] == username), None)
        if user is None:
            raise Refused(f"Pocket ID has no user {username}")
        code = self._ask(
            "POST", f"/api/users/{user['id']}/one-time-access-token", "get a one-time code", json={}, headers=key
        ).json()["token"]
        self._ask("POST", f"/api/one-time-access-token/{code}", "sign in at Pocket ID")

    def authorize(self, url: str) -> str:
        answer = self._ask("GET", url, "open the sign-on page", allow_redirects=False)
        target = answer.headers.get("Location", "")
        if "interaction=" in target:
            number = parse_qs(urlsplit(target).query)["interaction"][0]
            consent = self._ask(
                "POST", f"/api/oidc/interactions/{number}/complete", "consent", json={"step": "consent"}
            ).json()
            target = self._ask("GET", consent["redirectUrl"], "continue the login", allow_redirects=False).headers.get(
                "Location", ""
            )
        return target


class AtAuthentik(Account):
    """An account at authentik, whose password is set with an administrator's token."""

    def __init__(self, provider: str, token: str, username: str, trust: str) -> None:
        super().__init__(provider, trust)
        self._username, self._password = username, secrets.token_urlsafe(12)
        bearer = {"Authorization": f"Bearer {token}"}
        users = self._ask(
            "GET", "/api/v3/core/users/", "find the account", params={"username": username}, headers=bearer
        )
        user = next((user for user in users.json()["results"] if user["username"] == username), None)
        if user is None:
            raise Refused(f"authentik has no user {username}")
        self._ask(
            "POST",
            f"/api/v3/core/users/{user['pk']}/set_password/",
            "set a password",
            json={"password": self._password},
            headers=bearer,
        )

    def authorize(self, url: str) -> str:
        target = url
        while target.startswith(self._provider):
            answer = self._ask("GET", target, "open a page of authentik", allow_redirects=False)
            if not answer.is_redirect:
                raise Refused(f"authentik does not redirect from {target}: {answer.text}")
            target = urljoin(self._provider, answer.headers["Location"])
            while target.startswith(f"{self._provider}/if/flow/"):
                target = urljoin(self._provider, self._through(target))
        return target

    def post(self, path: str, body: dict[str, Any], **headers: str) -> requests.Response:
        """Send a request with the cookies of the browser, such as one forged by another site."""
        url = urljoin(self._provider, path)
        return self._session.post(url, json=body, headers=headers, verify=self._trust, timeout=10)

    def cookie(self, name: str) -> str:
        return self._session.cookies.get(name) or ""

    def _through(self, url: str) -> str:
        """Complete the flow of a page, and return its target."""
        page = urlsplit(url)
        executor = f"/api/v3/flows/executor/{page.path.split('/')[3]}/"
        answers = {
            "ak-stage-identification": lambda _challenge: {"uid_field": self._username},
            "ak-stage-password": lambda _challenge: {"password": self._password},
            "ak-stage-consent": lambda challenge: {"token": challenge["token"]},
        }
        challenge = self._ask("GET", executor, "start a flow", params={"query": page.query}).json()
        while challenge["component"] != "xak-flow-redirect":
            if challenge.get("response_errors") or challenge["component"] not in answers:
                raise Refused(f"authentik stops at {challenge['component']}: {challenge.get('response_errors')}")
            answer = {"component": challenge["component"], **answers[challenge["component"]](challenge)}
            # required once the session is signed in
            proof = {"Referer": url, "X-authentik-CSRF": self.cookie("authentik_csrf")}
            challenge = self._ask(
                "POST", executor, "continue a flow", params={"query": page.query}, json=answer, headers=proof
            ).json()
        return str(challenge["to"])
