"""Pocket ID and authentik: a concurrent change at any moment before the last read of a task is not lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.simulators.authentik import AuthentikSimulator
from tests.simulators.pocketid import PocketIdSimulator
from tests.simulators.server import Authority, Observed, serve
from tests.support import in_process

TOKEN = "simulated-bootstrap-token"
PVE, PBS, OTHER = "https://pve1.example.org:8006", "https://pbs1.example.org:8007", "https://pve9.example.org:8006"


@dataclass
class Race:
    """Preparing tasks, the task, the concurrent change of the server's state, and the resulting object."""

    prepared: list[tuple[str, dict[str, Any]]]
    task: tuple[str, dict[str, Any]]
    somebody_else: Callable[[Any], Any]
    expected: dict[str, Any]


def user(state, name):
    return next(one for one in state.users.values() if one.profile["username"] == name)


def client(state, **settings):
    state.clients["app"].settings.update(settings)


def member(state):
    next(iter(state.groups.values())).members.append(user(state, "bob").id)


def redirect(state, url):
    provider = state.all("provider")[0]
    entry = {"matching_mode": "strict", "url": url, "redirect_uri_type": "authorization"}
    if entry not in provider["redirect_uris"]:
        provider["redirect_uris"].append(entry)


def enter(state, group, parent):
    state.find("group", name=group)["parents"].append(state.find("group", name=parent)["pk"])


PEOPLE = ("state", {"users": [{"username": name, "email": f"{name}@example.org"} for name in ("ann", "bob", "eve")]})
APP = ("client", {"id": "app", "name": "App", "callback_urls": [PVE]})
APPLICATION = ("application", {"slug": "app", "name": "App", "redirect_uris": [PVE]})
BOUND = (
    "state",
    {
        "groups": [{"name": "staff"}],
        "applications": [APPLICATION[1]],
        "bindings": [{"application": "app", "group": "staff"}],
    },
)
POCKETID = {
    "callback URLs are added": Race(
        [APP], ("client", {"id": "app", "callback_urls": [PBS], "append": ["callback_urls"]}),
        lambda state: client(state, callbackURLs=[PVE, OTHER]), {"callback_urls": sorted([PVE, PBS, OTHER])},
    ),
    "an option that is not declared": Race(
        [APP], ("client", {"id": "app", "name": "The App"}), lambda state: client(state, pkceEnabled=True), {"name": "The App", "pkce_enabled": True}
    ),
    "allowed groups are added": Race(
        [("state", {"groups": [{"name": name} for name in ("a1", "b1", "c1")]}), ("client", {**APP[1], "allowed_groups": ["a1"]})],
        ("client", {"id": "app", "allowed_groups": ["b1"], "append": ["allowed_groups"]}),
        lambda state: state.clients["app"].groups.append(next(one.id for one in state.groups.values() if one.name == "c1")),
        {"allowed_groups": ["a1", "b1", "c1"]},
    ),
    "a user is disabled": Race(
        [PEOPLE], ("user", {"username": "ann", "first_name": "Ann"}),
        lambda state: user(state, "ann").profile.update(disabled=True), {"first_name": "Ann", "disabled": True},
    ),
    "members are added": Race(
        [PEOPLE, ("group", {"name": "staff", "users": ["ann"]})], ("group", {"name": "staff", "users": ["eve"], "append": ["users"]}), member,
        {"users": ["ann", "bob", "eve"]},
    ),
    "members are removed": Race(
        [PEOPLE, ("group", {"name": "staff", "users": ["ann"]})], ("group", {"name": "staff", "users": ["ann"], "remove": ["users"]}), member,
        {"users": ["bob"]},
    ),
    "settings": Race(
        [], ("settings", {"settings": {"appName": "Sign-on"}}), lambda state: state.configuration.update(sessionDuration="5"),
        {"settings": {"appName": "Sign-on", "sessionDuration": "5"}},
    ),
    "the receiver of SCIM": Race(
        [APP, ("scim_provider", {"client": "app", "endpoint": PVE})], ("scim_provider", {"client": "app", "endpoint": PBS}),
        lambda state: [setattr(one, "token", "new") for one in state.scim_providers.values()], {"endpoint": PBS},
    ),
}  # fmt: skip
AUTHENTIK = {
    "redirect URIs are added": Race(
        [APPLICATION], ("application", {"slug": "app", "redirect_uris": [PBS], "append": ["redirect_uris"]}),
        lambda state: redirect(state, OTHER), {"redirect_uris": sorted([PVE, PBS, OTHER])},
    ),
    "patterns go with redirect URIs": Race(
        [APPLICATION], ("application", {"slug": "app", "redirect_uri_patterns": [r"https://pve[0-9]:8006"]}),
        lambda state: redirect(state, OTHER), {"redirect_uris": sorted([PVE, OTHER]), "redirect_uri_patterns": [r"https://pve[0-9]:8006"]},
    ),
    "scopes are added": Race(
        [APPLICATION], ("application", {"slug": "app", "property_mappings": ["offline_access"], "append": ["property_mappings"]}),
        lambda state: state.all("provider")[0]["property_mappings"].append(state.find("mapping", scope_name="entitlements")["pk"]),
        {"property_mappings": ["email", "entitlements", "offline_access", "openid", "profile"]},
    ),
    "parents are added": Race(
        [("state", {"groups": [{"name": name} for name in ("a1", "b1", "c1")]})], ("group", {"name": "a1", "parents": ["b1"], "append": ["parents"]}),
        lambda state: enter(state, "a1", "c1"), {"parents": ["b1", "c1"]},
    ),
    "members are added": Race(
        [("state", {"users": [{"username": "ann"}, {"username": "bob"}], "groups": [{"name": "staff"}]})],
        ("group", {"name": "staff", "users": ["ann"], "append": ["users"]}),
        lambda state: state.find("group", name="staff")["users"].append(state.find("user", username="bob")["pk"]), {"users": ["ann", "bob"]},
    ),
    "a binding is negated": Race(
        [BOUND], ("binding", {"application": "app", "group": "staff", "policy_timeout": 5}),
        lambda state: state.all("binding")[0].update(negate=True), {"negate": True, "policy_timeout": 5},
    ),
    "a token is described": Race(
        [("token", {"identifier": "ci", "expiring": False})], ("token", {"identifier": "ci", "description": "Pipeline"}),
        lambda state: state.find("token", identifier="ci").update(expiring=True), {"description": "Pipeline", "expiring": True},
    ),
}  # fmt: skip
CASES = [(system, name) for system, races in (("pocketid", POCKETID), ("authentik", AUTHENTIK)) for name in races]


class Server:
    """A simulated server and modules that are run against it; `meanwhile` is called after a number of requests."""

    def __init__(self, system, simulator, authority):
        self.system, self.simulator, self.authority = system, simulator, authority
        self.observed = Observed(simulator.app())
        self.connection = {
            "ca_path": str(authority.bundle),
            **({"api_key": simulator.api_key} if system == "pocketid" else {"token": TOKEN}),
        }

    def run(self, module, **options):
        return in_process.run(f"{self.system}_{module}", **self.connection, **options)

    def disturb(self, number, meanwhile):
        """Apply the concurrent change once, after the response to a request."""
        plain, seen = self.observed.app, []

        def disturbed(environ, start_response):
            answer = plain(environ, start_response)
            seen.append(environ["PATH_INFO"])
            if len(seen) == number:
                meanwhile(self.simulator.state)
            return answer

        self.observed.app = disturbed


@contextmanager
def prepared(system, race, authority):
    simulator = PocketIdSimulator("2.14") if system == "pocketid" else AuthentikSimulator(token=TOKEN)
    server = Server(system, simulator, authority)
    with serve(server.observed, authority.tls("127.0.0.1")) as port:
        server.connection["url"] = f"https://127.0.0.1:{port}"
        if system == "pocketid":
            simulator.issuer = server.connection["url"]
        for module, options in race.prepared:
            server.run(module, **options)
        server.observed.journal.clear()
        yield server


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", autouse=True)
def number_of_races():
    raced = []
    yield raced
    print(f"\nlost updates at identity providers: {len(raced)} races tried, with {len(CASES)} kinds of change")


@pytest.mark.parametrize(("system", "name"), CASES)
def test_concurrent_changes_are_both_kept(authority, number_of_races, system, name):
    race = {"pocketid": POCKETID, "authentik": AUTHENTIK}[system][name]
    module, options = race.task
    with prepared(system, race, authority) as server:
        server.run(module, **options)
        reads = next(index for index, one in enumerate(server.observed.journal) if one.verb != "GET")
    # the last read precedes the first write; a later change could be detected by the server only
    assert reads > 1
    for number in range(1, reads):
        with prepared(system, race, authority) as server:
            server.disturb(number, race.somebody_else)
            result = server.run(module, **options)
            shown = server.run("info", gather=["settings"])["settings"] if module == "settings" else result[module]
        has = {"settings": {name: shown[name] for name in race.expected["settings"]}} if module == "settings" else shown
        assert {option: has[option] for option in race.expected} == race.expected, f"after request {number} of {reads}"
        number_of_races.append((system, name, number))
