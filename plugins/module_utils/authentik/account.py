# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A person at authentik, who signs in with a password, or an app password, through the flow executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from ..core.client import verification
from ..core.secrets import excerpt
from ..oidc.login import CLIENT, PERSON, Account, Refusal, not_allowed, not_registered, query_of, target_of, title_of

_Answer = Mapping[str, Any]


class AuthentikAccount(Account):
    """Each account object has a browser session of its own: authentik keeps the steps of a flow in the session."""

    def __init__(self, connection: dict[str, Any], person: str, password: str, _session: str) -> None:
        super().__init__(f"authentik {connection['url']}", person, connection["timeout"], verification(connection))
        if not password:
            raise Refusal(
                PERSON,
                f"without a password {person} cannot sign in at {self.title}",
                "give fleetgate_prove.password, the password of the person or an app password",
            )
        self._password = password

    def explain(self, response: Any) -> str:
        return str(response.json().get("detail") or response.reason)

    def _authorized(self, url: str, redirect_uri: str) -> str:
        target = url
        client_id = query_of(url)["client_id"]
        while not target.startswith(redirect_uri):
            page = urlsplit(target)
            if page.path.startswith("/if/flow/"):
                target = self._through(target, client_id)
                continue
            answer = self._page("GET", target)
            then = target_of(answer, target)
            if not then:
                raise self._refusal(title_of(answer).removesuffix(" - authentik"), client_id, redirect_uri)
            target = then
        return target

    def _through(self, url: str, client_id: str) -> str:
        """Take the stages of a flow, and return where it leads to."""
        page = urlsplit(url)
        executor = f"/api/v3/flows/executor/{page.path.split('/')[3]}/"
        stages: dict[str, Callable[[_Answer], dict[str, Any]]] = {
            "ak-stage-identification": self._identification,
            "ak-stage-password": lambda _challenge: {"password": self._password},
            "ak-stage-consent": lambda challenge: {"token": challenge["token"]},
            "ak-stage-user-login": lambda _challenge: {"remember_me": False},
        }
        challenge = self._challenge(self._page("GET", executor, params={"query": page.query}))
        while challenge["component"] != "xak-flow-redirect":
            component = challenge["component"]
            self._check(challenge, client_id)
            if component not in stages:
                raise Refusal(
                    PERSON,
                    f"the flow of {self.title} asks {self.person} for {component.removeprefix('ak-stage-')}",
                    "use a person whose flow asks for a password only, for example without a second factor",
                )
            answer = {"component": component, **stages[component](challenge)}
            # required once the session is signed in
            proof = {"Referer": url, "X-authentik-CSRF": self.session.cookies.get("authentik_csrf", "")}
            challenge = self._challenge(
                self._page("POST", executor, params={"query": page.query}, json=answer, headers=proof)
            )
        # without an origin where the flow leads on at authentik
        return urljoin(url, str(challenge["to"]))

    def _identification(self, challenge: _Answer) -> dict[str, Any]:
        """Flows may ask for the password on the same page."""
        together = {"password": self._password} if challenge.get("password_fields") else {}
        return {"uid_field": self.person, **together}

    def _challenge(self, answer: Any) -> dict[str, Any]:
        """The next challenge; a passed stage redirects to it."""
        while then := target_of(answer, answer.url):
            answer = self._page("GET", then)
        return dict(self._json(answer))

    def _check(self, challenge: _Answer, client_id: str) -> None:
        if challenge["component"] == "ak-stage-access-denied":
            raise not_allowed(self.title, self.person, client_id, excerpt(challenge.get("error_message") or ""))
        errors = challenge.get("response_errors")
        if errors:
            texts = [error["string"] for found in errors.values() for error in found]
            raise Refusal(
                PERSON,
                f"{self.title} does not sign {self.person} in: {excerpt('; '.join(texts))}",
                "check the name and the password of the person, and that the user is active; an app password only works where"
                " the password stage of the flow accepts app passwords",
            )

    def _refusal(self, title: str, client_id: str, redirect_uri: str) -> Refusal:
        if "redirect" in title.lower():
            return not_registered(self.title, redirect_uri, client_id, title)
        if "denied" in title.lower():
            return not_allowed(self.title, self.person, client_id, title)
        return Refusal(
            CLIENT, f"{self.title} refuses the client {client_id}: {title}", "run the playbook wire, and see its log"
        )
