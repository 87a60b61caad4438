"""A person with a browser: signs in on PVE and PBS, step by step over HTTPS, as the web interfaces do."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests


@dataclass
class SignedIn:
    """Who somebody became on a server, and their privileges by path."""

    userid: str
    rights: dict[str, list[str]]


class Refused(Exception):
    """A step of the sign-on was refused; the text says which, and what the server said."""


class Person:
    """Somebody with an account at an identity provider, which takes them from a server's sign-on page back to it."""

    def __init__(self, account: Account, trust: str) -> None:
        self._account = account
        self._trust = trust

    def sign_in(self, server: str, realm: str, address: str) -> SignedIn:
        """Sign in on a server through `realm`, as a browser that has its web interface open at `address`."""
        api = f"{server}/api2/json/access"
        begun = self._post(f"{api}/openid/auth-url", "ask where to sign in", {"realm": realm, "redirect-url": address})
        target = self._account.authorize(begun)
        returned = parse_qs(urlsplit(target).query)
        if "code" not in returned:
            raise Refused(f"the identity provider sends no code, but to {target}")
        answer = {"state": returned["state"][0], "code": returned["code"][0], "redirect-url": address}
        told = self._post(f"{api}/openid/login", "come back with the code", answer)
        cookie = {("PBS" if told["ticket"].startswith("PBS:") else "PVE") + "AuthCookie": told["ticket"]}
        rights = requests.get(f"{api}/permissions", cookies=cookie, verify=self._trust, timeout=10).json()["data"]
        return SignedIn(told["username"], {path: sorted(privileges) for path, privileges in sorted(rights.items())})

    def _post(self, url: str, what: str, form: dict[str, str]) -> Any:
        answer = requests.post(url, data=form, verify=self._trust, timeout=10)
        if answer.status_code != 200:
            raise Refused(f"could not {what}: {answer.status_code} {answer.reason} {answer.text}")
        return answer.json()["data"]


class Account:
    """A browser in which somebody has an account at the identity provider at the URL `provider`."""

    def __init__(self, provider: str, trust: str) -> None:
        self._provider = provider
        self._trust = trust
        self._session = requests.Session()

    def authorize(self, url: str) -> str:
        """Go through the pages of the identity provider, and return the URL that leads back to the server."""
        raise NotImplementedError

    def _ask(self, verb: str, path: str, what: str, **content: Any) -> requests.Response:
        url = urljoin(self._provider, path)
        answer = self._session.request(verb, url, verify=self._trust, timeout=10, **content)
        if answer.status_code >= 400:
            raise Refused(f"could not {what}: {answer.status_code} {answer.text}")
        return answer


class AtPocketId(Account):
    """An account at Pocket ID. An administrator's API key gives a one-time code to sign in with."""

    def __init__(self, provider: str, api_key: str, username: str, trust: str) -> None:
        super().__init__(provider, trust)
        key = {"X-API-Key": api_key}
        found = self._ask("GET", "/api/users", "look for the account", params={"search": username}, headers=key)
        user = next((one for one in found.json()["data"] if one["username"] == username), None)
        if user is None:
            raise Refused(f"Pocket ID knows nobody called {username}")
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
            target = self._ask("GET", consent["redirectUrl"], "go on", allow_redirects=False).headers.get(
                "Location", ""
            )
        return target


class AtAuthentik(Account):
    """An account at authentik. An administrator's token gives it a password; flows ask for the rest."""

    def __init__(self, provider: str, token: str, username: str, trust: str) -> None:
        super().__init__(provider, trust)
        self._username, self._password = username, secrets.token_urlsafe(12)
        bearer = {"Authorization": f"Bearer {token}"}
        found = self._ask(
            "GET", "/api/v3/core/users/", "look for the account", params={"username": username}, headers=bearer
        )
        user = next((one for one in found.json()["results"] if one["username"] == username), None)
        if user is None:
            raise Refused(f"authentik knows nobody called {username}")
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
                raise Refused(f"authentik goes no further than {target}: {answer.text}")
            target = urljoin(self._provider, answer.headers["Location"])
            while target.startswith(f"{self._provider}/if/flow/"):
                target = urljoin(self._provider, self._through(target))
        return target

    def post(self, path: str, body: dict[str, Any], **headers: str) -> requests.Response:
        """The answer to a request with the cookies of the browser, such as a page of somebody else makes it send."""
        url = urljoin(self._provider, path)
        return self._session.post(url, json=body, headers=headers, verify=self._trust, timeout=10)

    def _through(self, url: str) -> str:
        """Go through the flow of a page, stage by stage, and return where it leads to."""
        page = urlsplit(url)
        executor = f"/api/v3/flows/executor/{page.path.split('/')[3]}/"
        answers = {
            "ak-stage-identification": lambda told: {"uid_field": self._username},
            "ak-stage-password": lambda told: {"password": self._password},
            "ak-stage-consent": lambda told: {"token": told["token"]},
        }
        told = self._ask("GET", executor, "begin a flow", params={"query": page.query}).json()
        while told["component"] != "xak-flow-redirect":
            if told.get("response_errors") or told["component"] not in answers:
                raise Refused(f"authentik stops at {told['component']}: {told.get('response_errors')}")
            answer = {"component": told["component"], **answers[told["component"]](told)}
            # required once the session is signed in
            proof = {"Referer": url, "X-authentik-CSRF": self._session.cookies.get("authentik_csrf", "")}
            told = self._ask(
                "POST", executor, "go on in a flow", params={"query": page.query}, json=answer, headers=proof
            ).json()
        return str(told["to"])
