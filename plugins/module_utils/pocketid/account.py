# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A person at Pocket ID, who signs in with a one-time access token that an administrator's API key creates."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ..core.client import Authorization, verification, version_problem
from ..core.errors import FleetgateError
from ..core.secrets import excerpt
from ..oidc.login import CLIENT, PERSON, Account, Refusal, not_allowed, not_registered, query_of, target_of
from .client import PocketIdClient

# the steps of a sign-on that need no passkey
_STEPS = ("authenticate", "select_account", "consent")
# the protocol of the browser before is another
_SINCE = (2, 10)


class PocketIdAccount(Account):
    """Servers limit the exchanges of one-time tokens to a few a minute, so one session serves for all hosts of a run."""

    def __init__(self, connection: dict[str, Any], person: str, _password: str, session: str) -> None:
        super().__init__(f"Pocket ID {connection['url']}", person, connection["timeout"], verification(connection))
        self._secret = session or _signed_in(connection, person)
        self.session.auth = Authorization("Authorization", f"Bearer {self._secret}")

    @property
    def session_secret(self) -> str:
        return self._secret

    def explain(self, response: Any) -> str:
        body = response.json()
        return str(body.get("error") or response.reason)

    def _authorized(self, url: str, redirect_uri: str) -> str:
        target = target_of(self._page("GET", url), url)
        while target and not target.startswith(redirect_uri):
            asked = query_of(target)
            if "interaction" in asked and urlsplit(target).path.startswith("/interaction"):
                target = self._interacted(asked["interaction"], target)
            elif "error" in asked:
                raise self._refusal(asked["error"], url, redirect_uri)
            else:
                target = target_of(self._page("GET", target), target)
        return target

    def _interacted(self, number: str, base: str) -> str:
        """Take the steps that Pocket ID asks for, and return where it leads to then."""
        path = f"/api/oidc/interactions/{number}"
        view = self._json(self._page("GET", path))
        while view.get("currentStep"):
            step = view["currentStep"]
            if step not in _STEPS:
                raise Refusal(
                    PERSON,
                    f"{self.title} asks {self.person} for the step {step}, which needs a passkey",
                    "sign in by hand, or turn off requires_reauthentication of the client and prompt of the realm",
                )
            answer = self._json(self._page("POST", f"{path}/complete", json={"step": step}))
            if "redirectUrl" in answer:
                return target_of(self._page("GET", answer["redirectUrl"]), base)
            view = answer["interaction"]
        return target_of(self._page("GET", f"/authorize?interaction={number}"), base)

    def _refusal(self, error: str, url: str, redirect_uri: str) -> Refusal:
        """What an error page says, which has a text only."""
        client_id = query_of(url)["client_id"]
        text = excerpt(error)
        if "redirect" in error.lower():
            return not_registered(self.title, redirect_uri, client_id, text)
        if "not allowed" in error.lower():
            return not_allowed(self.title, self.person, client_id, text)
        return Refusal(
            CLIENT, f"{self.title} refuses the client {client_id}: {text}", "run the playbook wire, and see its log"
        )


def _signed_in(connection: dict[str, Any], person: str) -> str:
    """The session of a person. It is made in the name of the person, whatever the passkeys are."""
    client = PocketIdClient(connection, True)
    with client.understanding():
        if too_old := version_problem(client, _SINCE):
            raise FleetgateError(f"proving a sign-on {too_old}")
        found = client.look_up("api", "users", by="username", names={person})
        user = next((user for user in found if user["username"] == person), None)
        if user is None:
            raise Refusal(
                PERSON,
                f"{client.title} has no user {person}",
                "correct the name of the person, which is case-sensitive, or declare the person in fleetgate_users",
            )
        if user.get("disabled"):
            raise Refusal(
                PERSON, f"the user {person} is disabled at {client.title}", "enable the user, or name another person"
            )
        return client.session_of(person)
