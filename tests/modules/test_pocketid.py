"""Particularities of Pocket ID: releases, secrets and their rotation, LDAP, one-time logins, searches."""

from __future__ import annotations

import importlib
import re
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.simulators.pocketid import PocketIdSimulator
from tests.simulators.server import Authority, Fault, Observed, serve

RELEASES = ("2.0", "2.2", "2.9", "2.12", "2.13", "2.14")
LONG_AGO = timedelta(days=100)
CLIENT = {"id": "app", "name": "App"}


@dataclass
class Server:
    """A simulated server, and modules that are run against it."""

    simulator: PocketIdSimulator
    observed: Observed
    connection: dict[str, Any]

    def ask(self, module, check=False, **options):
        definition = importlib.import_module(
            f"ansible_collections.fleetgate.proxmox.plugins.modules.pocketid_{module}"
        ).MODULE
        checked = ArgumentSpecValidator(definition.argument_spec).validate({**self.connection, **options})
        assert checked.error_messages == []
        return definition.execute(checked.validated_parameters, check)

    def run(self, module, **options):
        """The result of a task; check mode predicts it, and a second run changes nothing."""
        predicted, done = self.ask(module, check=True, **options), self.ask(module, **options)
        assert not done.get("failed"), done
        assert (predicted["plan"], predicted["diff"]) == (done["plan"], done["diff"])
        return done

    def same(self, module, **options):
        again = self.ask(module, **options)
        assert again.get("plan") == [] and again["changed"] is False, again
        return again

    def refused(self, module, **options):
        self.observed.journal.clear()
        result = self.ask(module, **options)
        assert result["failed"] and not result["changed"], result
        assert [one for one in self.observed.writes() if "token" not in one.path] == []
        return result["msg"]

    def secrets(self):
        return [one.value for one in self.simulator.state.clients["app"].secrets]

    def age(self):
        """Let all secrets of the client be old."""
        for one in self.simulator.state.clients["app"].secrets:
            one.created -= LONG_AGO


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def start(authority):
    with ExitStack() as stack:

        def started(version="2.14", **options):
            simulator = PocketIdSimulator(version, **options)
            observed = Observed(simulator.app())
            port = stack.enter_context(serve(observed, authority.tls("127.0.0.1")))
            simulator.issuer = f"https://127.0.0.1:{port}"
            return Server(
                simulator,
                observed,
                {"url": simulator.issuer, "api_key": simulator.api_key, "ca_path": str(authority.bundle)},
            )

        yield started


@pytest.fixture
def server(start):
    return start()


class TestReleases:
    @pytest.mark.parametrize("release", RELEASES)
    def test_all_options_supported_by_a_release_are_applied(self, start, release):
        server, version = start(release), tuple(map(int, release.split(".")))
        user = {
            "username": "ann",
            "email": "ann@example.org",
            "first_name": "Ann",
            "display_name": "Ann",
            "custom_claims": {"team": "ops"},
        }
        state = {
            "users": [user],
            "groups": [{"name": "staff", "users": ["ann"]}],
            "clients": [
                {**CLIENT, "allowed_groups": ["staff"], "federated_identities": [{"issuer": "https://ci.example.org"}]}
            ],
            "scim_providers": [{"client": "app", "endpoint": "https://app.example.org/scim"}],
        }
        server.run("state", **state)
        server.same("state", **state)
        told = server.ask("info", claims=[{"client": "app", "username": "ann"}])
        server.same("state", **{kind: told[kind] for kind in state})
        assert told["claims"][0]["claims"]["groups"] == ["staff"] and told["claims"][0]["claims"]["team"] == "ops"
        assert version < (2, 3) or told["version"].startswith(release)
        secret = server.ask("client", **CLIENT, secret_candidates=[], return_secret=True, replace_secret=True)["secret"]
        assert (
            server.same("client", **CLIENT, secret_candidates=["wrong", secret], return_secret=True)["secret"] == secret
        )
        server.run("api_key", username="ann", name="key", return_secret=True)
        server.same("api_key", username="ann", name="key")

    @pytest.mark.parametrize(
        ("release", "options", "message"),
        [
            (
                "2.9",
                {"description": "x"},
                "description: needs version 2.10 or later (Pocket ID https://.* has 2.9.0); leave it out",
            ),
            ("2.8", {"requires_pushed_authorization_requests": True}, "needs version 2.9 or later"),
            (
                "2.9",
                {"federated_identities": [{"issuer": "https://a.example.org", "replay_protection": True}]},
                "replay_protection needs version 2.10",
            ),
            ("2.11", {"secret": "a-chosen-client-secret"}, "secret: with a chosen value needs version 2.12 or later"),
            ("2.13", {"secret": "x" * 73}, "secret: must not be longer than 72 characters"),
            ("2.12", {"access_token_duration_minutes": 5}, "needs version 2.13 or later"),
            (
                "2.13",
                {"secret": "a-chosen-client-secret", "secret_expires_at": "2035-01-01T00:00:00Z"},
                "secret_expires_at: needs version 2.14 or later",
            ),
            (
                "2.13",
                {"secrets": [{"name": one, "value": f"a-secret-called-{one}"} for one in ("blue", "green")]},
                "secrets: needs version 2.14 or later",
            ),
        ],
    )
    def test_unsupported_option_is_refused_before_the_first_write(self, start, release, options, message):
        server = start(release)
        assert all(part in server.refused("client", **CLIENT, **options) for part in message.split(".*"))
        assert server.simulator.state.clients == {}

    def test_empty_value_of_an_unsupported_option_is_no_change(self, start):
        server = start("2.9")
        server.run("client", **CLIENT, description="", skip_consent=False, access_token_duration_minutes=60)
        server.same("client", **CLIENT, description="", skip_consent=False)

    @pytest.mark.parametrize("module", ["state", "info"])
    def test_version_1_is_refused(self, start, module):
        assert "has version 1, but 2.0 or later is required" in start("1.16").refused(module)

    @pytest.mark.parametrize("release", ["2.0", "2.3"])
    def test_user_without_required_names_is_refused(self, start, release):
        message = start(release).refused("user", username="ann", email="ann@example.org")
        assert "first_name: is required to create user ann" in message and "display_name: is required" in message


class TestClients:
    def test_allowed_groups_of_an_unrestricted_client_are_kept(self, server):
        server.run("group", name="staff")
        server.run("client", **CLIENT, allowed_groups=["staff"])
        server.run("client", id="app", is_group_restricted=False)
        assert server.simulator.state.clients["app"].groups
        plan = server.run("client", id="app", name="New name")["plan"]
        assert [step["path"] for step in plan] == ["/api/oidc/clients/app", "/api/oidc/clients/app/allowed-user-groups"]
        assert server.ask("info", gather=["clients"])["clients"][0]["allowed_groups"] == ["staff"]
        server.same("state", clients=server.ask("info")["clients"])

    def test_self_registered_client_is_not_changed(self, start):
        url = "https://tool.example.org/metadata.json"
        server = start(registered=(url,))
        server.same("client", name=url)
        for options in ({"skip_consent": True}, {"state": "absent"}):
            assert "registered itself from its metadata document" in server.refused("client", name=url, **options)
        server.run("client", **CLIENT)
        plan = server.run("state", exclusive={"clients": [{"name": "*"}]})["plan"]
        assert [step["path"] for step in plan] == ["/api/oidc/clients/app"]

    def test_scim_provider_keeps_its_token_and_is_removed_with_its_client(self, server):
        server.run("client", **CLIENT)
        wiki = {"client": "app", "endpoint": "https://app.example.org/scim"}
        server.run("scim_provider", **wiki, token="a-token-of-a-receiver")
        server.run("scim_provider", client="app", endpoint="https://app.example.org/v2")
        assert "token" not in server.ask("info")["scim_providers"][0]
        (told,) = server.ask("info", show_secrets=True)["scim_providers"]
        assert told == {"client": "app", "endpoint": "https://app.example.org/v2", "token": "a-token-of-a-receiver"}
        server.same("state", scim_providers=[told])
        server.run("client", id="app", state="absent")
        server.same("scim_provider", client="app", state="absent")
        assert "client app does not exist" in server.refused("scim_provider", **wiki)


class TestSecrets:
    def test_secret_is_rotated_by_age_with_an_overlap(self, server):
        options = {**CLIENT, "return_secret": True, "secret_max_age": 90, "secret_overlap": 7}
        first = server.ask("client", **options, secret_candidates=[])["secret"]
        assert server.same("client", **options, secret_candidates=[first])["secret"] == first
        server.age()
        second = server.ask("client", **options, secret_candidates=[first])["secret"]
        assert server.secrets() == [first, second]
        assert server.same("client", **options, secret_candidates=[first, second])["secret"] == second
        server.age()
        server.simulator.state.clients["app"].secrets[1].created += timedelta(days=92)
        (step,) = server.run("client", **options, secret_candidates=[first, second])["plan"]
        assert step["verb"] == "DELETE" and server.secrets() == [second]

    def test_generated_secret_without_overlap_replaces_all_others(self, server):
        server.run("client", **CLIENT, secret="the-first-client-secret")
        told = server.run("client", **CLIENT, secret_candidates=[], return_secret=True, secret_overlap=0)
        assert server.secrets() == [told["secret"]]

    def test_declared_set_of_secrets_replaces_all_others(self, server):
        blue, green = (
            {"name": "blue", "value": "the-blue-client-secret"},
            {"name": "green", "value": "the-green-client-secret"},
        )
        for value in ("an-old-client-secret", "the-blue-client-secret"):
            server.run("client", **CLIENT, secret=value)
        # both begin with the same letters, so it is not certain which is which
        done = server.run("client", **CLIENT, secrets=[blue, green], secret_overlap=0, return_secret=True)
        assert done["secrets"] == {"blue": blue["value"], "green": green["value"]}
        assert sorted(server.secrets()) == sorted([blue["value"], green["value"]])
        server.same("client", **CLIENT, secrets=[blue, green], secret_overlap=0)
        server.run("client", **CLIENT, secrets=[{"name": "red", "value": "red-client-secret-1"}], secret_overlap=0)
        assert server.secrets() == ["red-client-secret-1"]

    def test_secret_without_a_value_in_a_set_is_generated(self, server):
        options = {**CLIENT, "secret_overlap": 0, "return_secret": True}
        made = server.ask(
            "client", **options, secrets=[{"name": "blue"}, {"name": "green", "value": "the-green-client-secret"}]
        )["secrets"]
        known = [{"name": "blue", "candidates": [made["blue"]]}, {"name": "green", "value": made["green"]}]
        assert server.same("client", **options, secrets=known)["secrets"] == made
        state = server.same("state", clients=[{"id": "app", "secrets": known, "return_secret": True}])
        assert state["secrets"] == {f"app/{name}": value for name, value in made.items()}

    def test_expiry_of_a_secret_can_be_changed(self, server):
        options = {**CLIENT, "secret": "a-chosen-client-secret"}
        server.run("client", **options)
        for ends in ("2035-01-01T00:00:00Z", "2036-01-01 00:00:00+01:00"):
            server.run("client", **options, secret_expires_at=ends)
            server.same("client", **options, secret_expires_at=ends)
            assert server.secrets() == ["a-chosen-client-secret"]
        server.same("client", **options)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (
                {"secret": "a-chosen-client-secret", "secret_expires_at": "2020-01-01T00:00:00Z"},
                "secret_expires_at: '2020-01-01T00:00:00Z' is in the past",
            ),
            (
                {"secret": "a-chosen-client-secret", "secret_expires_at": "2035-01-01"},
                "must be a date and time with a time zone",
            ),
            (
                {"callback_urls": ["https://a.example.org:70000/"]},
                "callback_urls: 'https://a.example.org:70000/' has a port above 65535",
            ),
            (
                {"callback_urls": ["https://a.example.org/(x)"]},
                "has a character that Pocket ID rejects in a callback URL",
            ),
            (
                {"secret": "a-chosen-client-secret", "secret_max_age": 9},
                "secret_max_age: applies only to generated secrets",
            ),
            ({"secret_overlap": 1}, "secret_overlap: requires a declared secret that is kept"),
            ({"secrets": [{"name": "blue"}]}, "return_secret: is required for secrets without a value"),
            ({"secrets": [{"name": "blue", "value": "short"}]}, "secrets: [0].value: must have at least 16 characters"),
            ({"secrets": [{"name": "b", "value": "x" * 16}] * 2}, "'b' is a duplicate secret name"),
            ({"secrets": [{"name": "b", "value": "x" * 16}], "secret": "y" * 16}, "mutually exclusive"),
        ],
    )
    def test_contradictory_secret_options_are_refused(self, server, options, message):
        assert message in server.refused("client", **CLIENT, **options)

    def test_limit_of_twenty_secrets_is_reported(self, server):
        for number in range(20):
            server.ask("client", **CLIENT, secret=f"{number:02}-is-a-client-secret")
        assert "secret: the client has 20 secrets, and Pocket ID keeps at most 20; remove unused" in server.refused(
            "client", **CLIENT, secret="x" * 16
        )

    GENERATED = {"callback_urls": ["https://pve1.example.org:8006"], "return_secret": True}
    COMPLETE = {**GENERATED, "secret_candidates_complete": True}

    def interrupted(self, server):
        """A run that ended before a host received the secret that it created."""
        return server.ask("client", **CLIENT, **self.GENERATED, secret_candidates=[])["secret"]

    def test_leftover_secrets_of_interrupted_runs_are_removed_later(self, server):
        for _each in range(2):
            self.interrupted(server)
        server.ask("client", **CLIENT, secret="a-secret-of-somebody")
        server.age()
        kept = server.ask("client", **CLIENT, **self.COMPLETE, secret_candidates=[])
        assert server.secrets() == ["a-secret-of-somebody", kept["secret"]]
        assert [step["reason"].partition(": ")[2] for step in kept["plan"]][-3:-1] == [
            "a secret left by an interrupted run"
        ] * 2
        server.same("client", **CLIENT, **self.COMPLETE, secret_candidates=[kept["secret"]])

    @pytest.mark.parametrize(
        ("age", "options", "urls"),
        [
            (False, {}, []),
            (True, {"secret_candidates_complete": False}, []),
            (True, {}, ["https://pve9.example.org:8006"]),
        ],
    )
    def test_secrets_possibly_used_by_another_host_are_kept(self, server, age, options, urls):
        left = self.interrupted(server)
        server.simulator.state.clients["app"].settings["callbackURLs"] += urls
        if age:
            server.age()
        appended = {**self.COMPLETE, **options, "append": ["callback_urls"]}
        server.ask("client", **CLIENT, **appended, secret_candidates=[])
        assert left in server.secrets() and len(server.secrets()) == 2

    def test_all_candidate_secrets_are_kept(self, server):
        left, first, second = (self.interrupted(server) for _each in range(3))
        server.age()
        server.run("client", **CLIENT, **self.COMPLETE, secret_candidates=[first, second])
        assert server.secrets() == [first, second] and left

    def test_repeatedly_interrupted_runs_never_reach_the_limit(self, server):
        """Each run ends right after it created a secret, and the next one begins at once."""
        for _each in range(25):
            made = server.ask("client", **CLIENT, **self.COMPLETE, secret_candidates=[])
            assert made["secret"].startswith("f_") and made["secret"] in server.secrets()
        assert len(server.secrets()) == 20

    def test_complete_candidates_require_callback_urls(self, server):
        assert "secret_candidates_complete: requires callback_urls" in server.refused(
            "client", **CLIENT, return_secret=True, secret_candidates_complete=True
        )


class TestDirectory:
    @pytest.fixture
    def ldap(self, start):
        return start(directory={"crew": ["lena", "leo"]})

    @pytest.mark.parametrize(
        ("module", "options"),
        [
            ("user", {"username": "lena", "first_name": "Lena"}),
            ("user", {"username": "lena", "state": "absent"}),
            ("user", {"username": "lena", "locale": "en"}),
            ("group", {"name": "crew", "friendly_name": "The crew"}),
            ("group", {"name": "crew", "users": []}),
            ("group", {"name": "crew", "state": "absent"}),
            ("state", {"exclusive": {"groups": [{"name": "*"}]}}),
        ],
    )
    def test_options_managed_by_ldap_are_refused(self, ldap, module, options):
        assert "is managed by the LDAP directory" in ldap.refused(module, **options)

    def test_options_not_managed_by_ldap_are_changed(self, ldap):
        ldap.run("user", username="lena", custom_claims={"team": "ops"})
        ldap.run("group", name="crew", custom_claims={"site": "north"})
        ldap.run("client", **CLIENT, allowed_groups=["crew"])
        told = ldap.ask("info")
        ldap.same("state", users=told["users"], groups=told["groups"])

    def test_ldap_objects_can_be_changed_once_ldap_is_disabled(self, ldap):
        ldap.run("settings", settings={"ldapEnabled": False})
        ldap.run("group", name="crew", users=["lena"])
        ldap.run("user", username="leo", state="absent")


class TestPeople:
    def test_one_time_token_signs_its_user_in(self, server):
        ann = {"username": "ann", "email": "ann@example.org"}
        token = server.run("user", **ann, one_time_access="new", one_time_access_seconds=3600)["secret"]
        assert len(token) == 12
        assert "secret" not in server.same("user", **ann, one_time_access="new")
        told = server.run("state", users=[{**ann, "one_time_access": "always"}])
        assert list(told["secrets"]) == ["user ann"] and len(told["plan"]) == 1

    @staticmethod
    def people(**addresses):
        return [
            {"username": name, "email": address and f"{address}@example.org"} for name, address in addresses.items()
        ]

    @pytest.mark.parametrize(
        ("users", "message"),
        [
            (
                people(olga="olga", nova="nora"),
                "user nova: email: 'nora@example.org' is already used by user nora, but must be unique",
            ),
            (people(olga="new", nova="new"), "user nova: email: 'new@example.org' is also declared for user olga"),
            (people(nora="ivan", ivan="nora"), "user nora, user ivan: email: the values would be exchanged"),
            (
                people(olga="olga", Olga="other"),
                "user Olga: differs only in case from user olga, which is also declared",
            ),
            (
                [*people(nova="nora"), {"username": "nora", "state": "absent"}],
                "user nora, which is only removed after other changes",
            ),
            (people(olga="a..b"), "email: 'a..b@example.org' is not an e-mail address"),
            ([{"username": "olga", "email": "olga@localhost"}], "email: 'olga@localhost' is not an e-mail address"),
            ([{"username": "nora", "custom_claims": {1: "a", "1": "b"}}], "custom_claims: '1' is given more than once"),
        ],
    )
    def test_duplicate_or_invalid_user_fields_are_refused_before_the_first_write(self, server, users, message):
        server.run("state", users=self.people(nora="nora", ivan="ivan"))
        assert message in server.refused("state", users=[*self.people(first="first"), *users])
        assert message in server.ask("state", check=True, users=users)["msg"]

    def test_email_is_released_before_another_user_gets_it(self, server):
        server.run("state", users=self.people(nora="nora", ivan="ivan"))
        moved = self.people(new="ivan", ivan="nora", nora="nora.n")
        plan = server.run("state", users=moved)["plan"]
        assert [step["reason"] for step in plan] == ["user nora: email", "user ivan: email", "user new is missing"]
        server.same("state", users=moved)

    def test_claims_of_a_user_without_access_report_the_refusal(self, server):
        server.run(
            "state",
            users=[{"username": "ann", "email": "ann@example.org"}],
            clients=[{**CLIENT, "is_group_restricted": True}],
        )
        (told,) = server.ask("info", gather=[], claims=[{"client": "app", "username": "ann", "scopes": ["openid"]}])[
            "claims"
        ]
        assert told == {"client": "app", "username": "ann", "admitted": False, "claims": {}}
        assert "user bob does not exist" in server.ask("info", claims=[{"client": "app", "username": "bob"}])["msg"]

    def test_api_key_is_stored_in_a_file_and_renewed(self, server, tmp_path):
        file = tmp_path / "key"
        server.run("user", username="ann", email="ann@example.org", is_admin=True)
        options = {"username": "ann", "name": "fleet", "secret_file": str(file)}
        assert "secret" not in server.run("api_key", **options)
        with_it = {**server.connection, "api_key": file.read_text().strip()}
        assert Server(server.simulator, server.observed, with_it).ask("info", gather=["version"])["version"] == "2.14.0"
        (key,) = server.simulator.state.keys.values()
        key.expires -= timedelta(days=400)
        old = file.read_text()
        (step,) = server.run("api_key", **options)["plan"]
        assert step["reason"] == "api_key ann!fleet has expired" and file.read_text() != old
        assert "description: is '' on the server and cannot be changed" in server.refused(
            "api_key", **options, description="new"
        )
        server.run("api_key", username="ann", name="fleet", state="absent")
        assert server.simulator.state.keys == {}

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"username": "ann"}, "secret_file: or return_secret is required"),
            ({"username": "nobody", "return_secret": True}, "user nobody does not exist"),
            ({"username": "ann", "secret_file": "/no/such/folder/key"}, "cannot be written on the node"),
        ],
    )
    def test_api_key_without_a_place_to_store_it_is_not_created(self, server, options, message):
        server.run("user", username="ann", email="ann@example.org")
        assert message in server.refused("api_key", name="fleet", **options)


class TestLockout:
    @pytest.fixture
    def boss(self, server):
        """A server of which boss is the only administrator, and boss's key."""
        server.run("user", username="boss", email="boss@example.org", is_admin=True)
        key = server.ask("api_key", username="boss", name="fleet", return_secret=True)["secret"]
        return Server(server.simulator, server.observed, {**server.connection, "api_key": key})

    LOSSES = ({"is_admin": False}, {"disabled": True}, {"state": "absent"})

    @pytest.mark.parametrize("loss", LOSSES)
    def test_demoting_the_callers_own_user_is_refused_unless_allowed(self, boss, loss):
        boss.run("user", username="other", email="other@example.org", is_admin=True)
        state = {"users": [{"username": "ann", "email": "ann@example.org"}, {"username": "boss", **loss}]}
        assert "user boss: this user owns the API key of this task" in boss.refused("state", **state)
        assert boss.ask("state", check=True, **state)["failed"]
        state["users"][1]["allow_lockout"] = True
        assert boss.ask("state", check=True, **state)["plan"]

    def test_callers_own_user_is_not_pruned(self, boss):
        assert "user boss: this user owns the API key of this task" in boss.refused(
            "state", exclusive={"users": [{"name": "*"}]}
        )

    @pytest.mark.parametrize("loss", LOSSES)
    def test_last_administrator_is_kept_unless_another_is_declared(self, server, boss, loss):
        """The built-in account of the static key cannot sign in."""
        change = {"username": "boss", **loss}
        assert "user boss: no administrator would be left who can sign in" in server.refused("state", users=[change])
        server.run("state", users=[change, {"username": "new", "email": "new@example.org", "is_admin": True}])

    def test_removing_the_callers_own_key_is_refused_unless_allowed(self, boss):
        for name in ("other", "third"):
            boss.run("api_key", username="boss", name=name, return_secret=True)
        gone = {"username": "boss", "name": "fleet", "state": "absent"}
        assert "api_key boss!fleet: this key authenticates the task" in boss.refused("api_key", **gone)
        assert boss.ask("api_key", check=True, **gone, allow_lockout=True)["plan"]
        boss.run("api_key", username="boss", name="other", state="absent")


class TestSettings:
    def test_undeclared_settings_are_kept(self, server):
        server.run(
            "settings",
            settings={"appName": "Sign-on", "cimdUrlAllowlist": ["https://a.example.org/*"]},
            ldap_bind_password="a-password-of-ldap",
        )
        done = server.run("settings", settings={"sessionDuration": 30})
        assert done["diff"] == {
            "before": {"settings": {"settings": {"sessionDuration": "60"}}},
            "after": {"settings": {"settings": {"sessionDuration": "30"}}},
        }
        there = server.simulator.state.configuration
        assert (there["appName"], there["cimdUrlAllowlist"], there["ldapBindPassword"]) == (
            "Sign-on",
            '["https://a.example.org/*"]',
            "a-password-of-ldap",
        )
        assert "ldapBindPassword" not in repr(done) and "a-password" not in repr(server.ask("info"))

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"settings": {"appNam": "x"}}, "settings: 'appNam' is unknown to Pocket ID"),
            (
                {"settings": {"smtpPassword": "x"}},
                "settings: 'smtpPassword' has an option of its own; use smtp_password",
            ),
            ({"settings": {"appName": "x" * 31}}, "settings: appName: 'xxx.* must not be longer than 30 characters"),
            ({"settings": {"smtpTls": "ssl"}}, "settings: smtpTls: 'ssl' must be one of none, starttls, tls"),
            (
                {"settings": {"sessionDuration": "an hour"}},
                "settings: sessionDuration: 'an hour' must be a whole number",
            ),
            ({"signup_default_groups": ["nobody"]}, "settings: group nobody does not exist"),
        ],
    )
    def test_invalid_settings_are_refused(self, server, options, message):
        assert re.search(message, server.refused("settings", **options))


class TestReading:
    def test_single_object_is_read_by_search(self, server):
        server.run(
            "state", users=[{"username": f"user{number}", "email": f"u{number}@example.org"} for number in range(101)]
        )
        for options in ({"username": "user7"}, {"username": "user100", "disabled": True}):
            server.observed.journal.clear()
            assert not server.ask("user", check=True, **options).get("failed")
            assert [one.path for one in server.observed.journal] == ["/api/users"]
        assert len(server.ask("info", gather=["users"])["users"]) == 102

    def test_retry_after_is_honoured(self, server):
        server.observed.faults.append(Fault(status=429, headers={"Retry-After": "1"}, times=2))
        server.run("user", username="ann", email="ann@example.org")
