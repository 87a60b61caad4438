# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to Pocket ID."""

from __future__ import annotations

from functools import cached_property

from ansible.module_utils.basic import env_fallback

from ..core.client import Authorization, Client, requests, require_requests, verification
from ..core.errors import FleetgateError, refuse
from ..core.fields import CREDENTIAL
from ..core.oidc import secret_is_right

CONNECTION = {
    "url": {"type": "str", "fallback": (env_fallback, ["POCKETID_URL"])},
    "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["POCKETID_API_KEY"])},
    "validate_certs": {"type": "bool", "default": True, "fallback": (env_fallback, ["POCKETID_VALIDATE_CERTS"])},
    "ca_path": {"type": "path", "fallback": (env_fallback, ["POCKETID_CA_PATH"])},
    "timeout": {"type": "int", "default": 10, "fallback": (env_fallback, ["POCKETID_TIMEOUT"])},
}

PAGE = 100


class PocketIdClient(Client):
    """One Pocket ID server, signed in with an API key of an administrator (Pocket ID 2.14.0)."""

    def __init__(self, params, check_mode):
        problems = []
        if not params["url"]:
            problems.append(
                "url: must be given, the address that people sign in at, for example https://id.example.org"
            )
        elif not params["url"].startswith(("https://", "http://")):
            problems.append(f"url: '{params['url']}' must begin with https://")
        if not params["api_key"]:
            problems.append(
                "api_key: must be given; an administrator makes one under Settings, API keys (or the server has STATIC_API_KEY)"
            )
        elif CREDENTIAL.problem(params["api_key"]):
            problems.append(f"api_key: {CREDENTIAL.problem(params['api_key'])}")
        refuse(problems)
        require_requests()
        session = requests.Session()
        session.auth = Authorization("X-API-Key", params["api_key"])
        super().__init__(
            f"Pocket ID {params['url']}", session, params["url"], check_mode, params["timeout"], verification(params)
        )

    def read_all(self, *path, sort, search=""):
        """All entries of a list. The server clamps a page number that is too high, so only its own count ends the loop."""
        entries, page, pages = [], 1, 1
        while page <= pages:
            answer = self.read(
                *path, **{"pagination[page]": page, "pagination[limit]": PAGE, "sort[column]": sort, "search": search}
            )
            entries += answer["data"]
            pages = answer["pagination"]["totalPages"]
            page += 1
        return entries

    def payload(self, verb, body):
        # a DELETE says what it means in its query
        return {"params": body} if verb == "DELETE" else super().payload(verb, body)

    def explain(self, response):
        if response.status_code == 401:
            return "the API key is not accepted; it is wrong, has expired or was removed"
        try:
            body = response.json()
        except ValueError:
            return response.reason
        text = body.get("error", response.reason)
        details = body.get("details") or {}
        fields = "; ".join(f"{one.get('field')}: {one.get('message')}" for one in details.get("fields") or ())
        if response.status_code == 403:
            text += " (the owner of the API key must be an administrator)"
        return f"{text}: {fields}" if fields else text

    def read_bytes(self, *path, **query):
        """What is behind a path that does not answer with JSON."""
        return self._send("GET", path, params=query).content

    def accepts_secret(self, client_id, secret):
        """Whether a secret is one of those that an OIDC client has now."""
        return secret_is_right(self, f"{self.base_url}/api/oidc/token", client_id, secret, "https://localhost/")

    @cached_property
    def version(self):
        """Version of the server as numbers, for example (2, 14, 0)."""
        try:
            text = self.read("api", "version", "current")["currentVersion"]
        except FleetgateError as error:
            if error.status != 404:
                raise
            raise FleetgateError(
                f"{self.title} is too old: the server does not tell its version, which 2.3 and later do"
            ) from None
        return tuple(int(number) for number in text.lstrip("v").split("-")[0].split("."))
