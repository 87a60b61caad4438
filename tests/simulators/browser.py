"""A person with a browser: signs in on PVE and PBS through Pocket ID, step by step over HTTPS, as the web interfaces do."""

from __future__ import annotations

from dataclasses import dataclass
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
    """Somebody with an account at Pocket ID. An administrator's API key gives them a one-time code to sign in with."""

    def __init__(self, provider: str, api_key: str, username: str, trust: str) -> None:
        self._provider = provider
        self._trust = trust
        self._session = requests.Session()
        found = self._ask(
            "GET", "/api/users", "look for the account", params={"search": username}, headers={"X-API-Key": api_key}
        )
        user = next((one for one in found.json()["data"] if one["username"] == username), None)
        if user is None:
            raise Refused(f"Pocket ID knows nobody called {username}")
        code = self._ask(
            "POST",
            f"/api/users/{user['id']}/one-time-access-token",
            "get a one-time code",
            json={},
            headers={"X-API-Key": api_key},
        ).json()["token"]
        self._ask("POST", f"/api/one-time-access-token/{code}", "sign in at Pocket ID")

    def sign_in(self, server: str, realm: str, address: str) -> SignedIn:
        """Sign in on a server through `realm`, as a browser that has its web interface open at `address`."""
        api = f"{server}/api2/json/access"
        begun = self._post(f"{api}/openid/auth-url", "ask where to sign in", {"realm": realm, "redirect-url": address})
        returned = parse_qs(urlsplit(self._authorize(begun)).query)
        answer = {"state": returned["state"][0], "code": returned["code"][0], "redirect-url": address}
        told = self._post(f"{api}/openid/login", "come back with the code", answer)
        cookie = {("PBS" if told["ticket"].startswith("PBS:") else "PVE") + "AuthCookie": told["ticket"]}
        rights = requests.get(f"{api}/permissions", cookies=cookie, verify=self._trust, timeout=10).json()["data"]
        return SignedIn(told["username"], {path: sorted(privileges) for path, privileges in sorted(rights.items())})

    def _authorize(self, url: str) -> str:
        """Go through the pages of Pocket ID, and return the URL that leads back to the server."""
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
        if "code=" not in target:
            raise Refused(f"Pocket ID sends no code, but to {target}")
        return target

    def _ask(self, verb: str, path: str, what: str, **content) -> requests.Response:
        url = urljoin(self._provider, path)
        answer = self._session.request(verb, url, verify=self._trust, timeout=10, **content)
        if answer.status_code >= 400:
            raise Refused(f"could not {what}: {answer.status_code} {answer.text}")
        return answer

    def _post(self, url: str, what: str, form: dict):
        answer = requests.post(url, data=form, verify=self._trust, timeout=10)
        if answer.status_code != 200:
            raise Refused(f"could not {what}: {answer.status_code} {answer.reason} {answer.text}")
        return answer.json()["data"]
