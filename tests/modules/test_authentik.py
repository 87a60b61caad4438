"""Particularities of authentik: bindings that share an order, hidden secrets, permissions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import requests

from tests.modules.systems import task
from tests.modules.systems.authentik import PBS, PVE, start_anew
from tests.modules.systems.shared import LOGOS
from tests.simulators.authentik import AuthentikSimulator
from tests.simulators.server import Fault

PLAIN, PICTURE = (str(LOGOS / name) for name in ("plain.svg", "picture.png"))
APP = {"slug": "app", "name": "App", "redirect_uris": [PVE]}


class Authentik:
    """A new authentik, tasks on it, and its administrator."""

    def __init__(self, wired, ansible):
        self.wired, self._ansible = wired, ansible

    def run(self, *tasks, secrets=()):
        """The results of tasks, given as (module, options), none of which fails."""
        run = self._ansible.tasks(
            [task(self.wired, f"authentik_{module}", **options) for module, options in tasks], secrets=secrets
        ).succeeded()
        assert run.failed == []
        return run.results()

    def refused(self, module, check=False, **options):
        (result,) = self._ansible.tasks(
            [{**task(self.wired, f"authentik_{module}", **options), "check_mode": check}]
        ).results()
        assert result["failed"], result
        return result["msg"]

    def check(self, module, **options):
        """The result of a task in check mode."""
        return self._ansible.tasks(
            [{**task(self.wired, f"authentik_{module}", **options), "check_mode": True}]
        ).results()

    def ask(self, verb, path, **body):
        bearer = {"Authorization": f"Bearer {self.wired.fleet.authentik_token}"}
        url = f"{self.wired.fleet.authentik.url}/api/v3{path}"
        answer = requests.request(
            verb, url, json=body or None, headers=bearer, verify=str(self.wired.fleet.authority.bundle), timeout=10
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def key_of_a_user_with(self, *permissions):
        """The key of a token whose user has a role with some permissions."""
        user = self.ask("POST", "/core/users/", username="robot", name="")["pk"]
        role = self.ask("POST", "/rbac/roles/", name="robots")["pk"]
        self.grant(*permissions)
        self.ask("POST", "/core/groups/", name="robots", roles=[role], users=[user])
        self.ask("POST", "/core/tokens/", identifier="robot", user=user, expiring=False)
        return self.ask("GET", "/core/tokens/robot/view_key/")["key"]

    def grant(self, *permissions, **target):
        """Give permissions to the role of key_of_a_user_with, for all objects or for the one with `model` and `object_pk`."""
        [role] = self.ask("GET", "/rbac/roles/?name=robots")["results"]
        path = f"/rbac/permissions/assigned_by_roles/{role['pk']}/assign/"
        self.ask("POST", path, permissions=permissions, **target)

    def bindings(self, slug):
        target = self.ask("GET", f"/core/applications/{slug}/")["pk"]
        return self.ask("GET", f"/policies/bindings/?target={target}")["results"]


@pytest.fixture(scope="module")
def wired(fleet_of):
    return fleet_of("homelab")


@pytest.fixture
def authentik(wired, ansible):
    start_anew(wired)
    wired.fleet.authentik.observed.faults.clear()
    return Authentik(wired, ansible)


class TestApplications:
    def test_new_application_has_the_defaults_of_the_web_interface(self, authentik):
        made = authentik.run(("application", APP))[0]
        provider = authentik.ask("GET", "/providers/oauth2/?name=app")["results"][0]
        assert provider["signing_key"] and provider["authorization_flow"] and provider["invalidation_flow"]
        assert (provider["grant_types"], provider["client_id"], len(provider["property_mappings"])) == (
            ["authorization_code"],
            "app",
            3,
        )
        assert provider["redirect_uris"] == [
            {"matching_mode": "strict", "url": PVE, "redirect_uri_type": "authorization"}
        ]
        assert made["application"]["signing_key"] == "authentik Self-signed Certificate"
        assert [step["path"] for step in made["plan"]] == [
            "/providers/oauth2",
            "/core/applications",
            "/core/applications/app",
        ]

    def test_provider_is_attached_after_its_bindings_exist(self, authentik):
        """Nobody can sign in before access is restricted."""
        state = {
            "groups": [{"name": "staff"}],
            "applications": [APP],
            "bindings": [{"application": "app", "group": "staff"}],
        }
        plan = [step["path"] for step in authentik.run(("state", state))[0]["plan"]]
        assert plan[-2:] == ["/policies/bindings", "/core/applications/app"]

    def test_undeclared_options_of_an_application_are_kept(self, authentik):
        full = {
            **APP,
            "redirect_uri_patterns": [r"https://pve[0-9]:8006"],
            "logout_redirect_uris": ["https://a.example.org/bye"],
            "meta_publisher": "Us",
        }
        first, second = authentik.run(
            ("application", full), ("application", {"slug": "app", "redirect_uris": [PBS], "append": ["redirect_uris"]})
        )
        assert second["application"] == {**first["application"], "redirect_uris": sorted([PVE, PBS])}

    def test_redirect_uris_of_other_kinds_are_kept(self, authentik):
        authentik.run(("application", APP))
        provider = authentik.ask("GET", "/providers/oauth2/?name=app")["results"][0]
        odd = {"matching_mode": "regex", "url": "https://bye.*", "redirect_uri_type": "logout"}
        authentik.ask("PATCH", f"/providers/oauth2/{provider['pk']}/", redirect_uris=[*provider["redirect_uris"], odd])
        authentik.run(("application", {**APP, "redirect_uris": [PBS]}))
        kept = authentik.ask("GET", f"/providers/oauth2/{provider['pk']}/")["redirect_uris"]
        assert odd in kept and {one["url"] for one in kept} == {odd["url"], PBS}

    def test_application_created_through_the_api_is_completed(self, authentik):
        """Its provider has neither a key nor scopes nor a grant type; the declaration adds them."""
        flows = {flow["slug"]: flow["pk"] for flow in authentik.ask("GET", "/flows/instances/")["results"]}
        provider = authentik.ask(
            "POST",
            "/providers/oauth2/",
            name="By the API",
            redirect_uris=[],
            authorization_flow=flows["default-provider-authorization-implicit-consent"],
            invalidation_flow=flows["default-provider-invalidation-flow"],
        )
        authentik.ask("POST", "/core/applications/", name="App", slug="app", provider=provider["pk"])
        needed = {
            "signing_key": "authentik Self-signed Certificate",
            "property_mappings": ["openid", "email", "profile"],
            "grant_types": ["authorization_code"],
        }
        mended, again = authentik.run(*[("application", {**APP, **needed})] * 2)
        assert mended["changed"] and not again["changed"]
        assert authentik.ask("GET", f"/providers/oauth2/{provider['pk']}/")["signing_key"]

    def proxy(self, authentik, name, **values):
        """A proxy provider, which the server lists among the OAuth2 providers."""
        flows = {flow["slug"]: flow["pk"] for flow in authentik.ask("GET", "/flows/instances/")["results"]}
        return authentik.ask(
            "POST",
            "/providers/proxy/",
            name=name,
            external_host="https://tool.example.org",
            mode="forward_single",
            authorization_flow=flows["default-provider-authorization-implicit-consent"],
            invalidation_flow=flows["default-provider-invalidation-flow"],
            **values,
        )

    @pytest.mark.parametrize(
        "options", [APP, {"slug": "app", "meta_publisher": "Us"}, {"slug": "app", "state": "absent"}]
    )
    def test_application_with_a_proxy_provider_is_refused_before_the_first_write(self, authentik, options):
        provider = self.proxy(authentik, "Tool")
        authentik.ask("POST", "/core/applications/", name="App", slug="app", provider=provider["pk"])
        authentik.wired.fleet.forget()
        for check in (True, False):
            message = authentik.refused("state", check, groups=[{"name": "staff"}], applications=[options])
            assert "slug: 'app' has a provider of type proxy, but only OAuth2 providers are supported" in message
        assert authentik.wired.fleet.writes() == []

    def test_application_with_a_proxy_provider_round_trips_and_is_never_pruned(self, authentik):
        provider = self.proxy(authentik, "Tool")
        authentik.ask("POST", "/core/applications/", name="App", slug="app", provider=provider["pk"])
        told = authentik.run(("info", {"gather": ["applications"]}))[0]["applications"]
        given_back, pruned = authentik.run(
            ("state", {"applications": told}), ("state", {"exclusive": {"applications": [{"name": "*"}]}})
        )
        assert [one["slug"] for one in told] == ["app"] and not given_back["changed"] and not pruned["changed"]

    def test_name_or_client_id_of_another_provider_is_refused_in_check_mode_too(self, authentik):
        self.proxy(authentik, "app", client_id="taken")
        authentik.wired.fleet.forget()
        for check in (True, False):
            message = authentik.refused(
                "state", check, groups=[{"name": "staff"}], applications=[{**APP, "client_id": "taken"}]
            )
            assert "slug: 'app' is already the name of the provider app" in message
            assert "client_id: 'taken' is already the client id of the provider app" in message
        assert authentik.wired.fleet.writes() == []

    def test_two_applications_with_the_same_client_id_are_refused(self, authentik):
        message = authentik.refused("state", True, applications=[APP, {**APP, "slug": "other", "client_id": "app"}])
        assert "client_id: 'app' is declared for application app and application other" in message

    def test_orphaned_provider_is_attached_only_if_it_is_an_oauth2_provider(self, authentik):
        authentik.run(("application", APP))
        authentik.ask("DELETE", "/core/applications/app/")
        plan = authentik.run(("application", APP))[0]["plan"]
        assert [step["verb"] for step in plan] == ["PATCH", "POST", "PATCH"]
        self.proxy(authentik, "other")
        assert "slug: 'other' is already the name of the provider other" in authentik.refused(
            "application", **{**APP, "slug": "other"}
        )

    @pytest.mark.parametrize("key", ["ecdsa", "ed25519", None])
    def test_existing_signing_key_that_is_not_rsa_is_refused_or_repaired(self, authentik, key):
        authentik.run(("application", APP))
        pk = (
            key
            and authentik.ask(
                "POST", "/crypto/certificatekeypairs/generate/", common_name="curve", validity_days=10, alg=key
            )["pk"]
        )
        provider = authentik.ask("GET", "/core/applications/app/")["provider"]
        authentik.ask("PATCH", f"/providers/oauth2/{provider}/", signing_key=pk)
        has = "'curve' of the existing provider is not an RSA key" if key else "the existing provider has none"
        for check in (True, False):
            assert f"signing_key: {has}, which PVE and PBS require" in authentik.refused("application", check, **APP)
        repair = {**APP, "repair_signing_key": True}
        repaired, again = authentik.run(("application", repair), ("application", repair))
        assert repaired["application"]["signing_key"] == "authentik Self-signed Certificate" and not again["changed"]

    def test_rsa_signing_key_is_not_repaired(self, authentik):
        authentik.ask("POST", "/crypto/certificatekeypairs/generate/", common_name="own", validity_days=10, alg="rsa")
        kept = authentik.run(
            ("application", {**APP, "signing_key": "own"}), ("application", {**APP, "repair_signing_key": True})
        )[1]
        assert not kept["changed"] and kept["application"]["signing_key"] == "own"

    def test_declared_signing_key_that_is_not_rsa_is_refused(self, authentik):
        authentik.ask(
            "POST", "/crypto/certificatekeypairs/generate/", common_name="curve", validity_days=10, alg="ecdsa"
        )
        message = authentik.refused("application", **APP, signing_key="curve")
        assert "signing_key: 'curve' has a key of type ec; PVE and PBS verify RS256" in message

    def test_options_that_need_a_later_version_are_refused(self, fleet_of, ansible):
        old = Authentik(fleet_of("homelab", authentik="2024.12"), ansible)
        message = old.refused("application", **APP, logout_uri="https://a.example.org/out", meta_hide=True)
        assert (
            "logout_uri: needs version 2025.10 or later" in message
            and "meta_hide: needs version 2026.5 or later" in message
        )
        assert "slug: 'aaaa" in old.refused("application", **{**APP, "slug": "a" * 51})
        made, again = old.run(
            *[
                (
                    "application",
                    {**APP, "meta_icon": "https://a.example.org/i.svg", "grant_types": ["authorization_code"]},
                )
            ]
            * 2
        )
        assert made["application"]["meta_icon"] == "https://a.example.org/i.svg" and not again["changed"]


class TestIcons:
    """Uploaded files. Servers up to 2025.10 have another endpoint and keep all files."""

    @pytest.fixture(params=["2026.8", "2025.12", "2024.12"])
    def old_or_new(self, request, wired, authentik):
        self.simulator = AuthentikSimulator(request.param, token=wired.fleet.authentik_token)
        wired.fleet.authentik.observed.app = self.simulator.app()
        return authentik

    @pytest.fixture
    def new(self, wired, authentik):
        self.simulator = AuthentikSimulator(token=wired.fleet.authentik_token)
        wired.fleet.authentik.observed.app = self.simulator.app()
        return authentik

    def icon(self, authentik, slug="app"):
        """The icon of an application as a browser receives it."""
        told = authentik.ask("GET", f"/core/applications/{slug}/")
        url = authentik.wired.fleet.authentik.url + told.get("meta_icon_url", told["meta_icon"])
        return requests.get(url, verify=str(authentik.wired.fleet.authority.bundle), timeout=10).content

    def test_icon_is_uploaded_only_when_it_differs(self, old_or_new):
        made, again, changed, still = old_or_new.run(
            *[("application", {**APP, "icon": path}) for path in (PLAIN, PLAIN, PICTURE, PICTURE)]
        )
        assert [one["changed"] for one in (made, again, changed, still)] == [True, False, True, False]
        before, after = (one["application"]["meta_icon"] for one in (made, changed))
        assert re.fullmatch(r"application-icons/app-[0-9a-f]{16}\.svg", before)
        assert changed["diff"] == {
            "before": {"application app": {"meta_icon": before}},
            "after": {"application app": {"meta_icon": after}},
        }
        assert self.icon(old_or_new) == Path(PICTURE).read_bytes()

    def test_previous_icon_can_be_restored(self, old_or_new):
        back, again = old_or_new.run(
            *[("application", {**APP, "icon": path}) for path in (PLAIN, PICTURE, PLAIN, PLAIN)]
        )[2:]
        assert back["changed"] and not again["changed"]
        assert self.icon(old_or_new) == Path(PLAIN).read_bytes()

    def test_applications_with_icons_round_trip(self, old_or_new):
        told = old_or_new.run(("application", {**APP, "icon": PLAIN}), ("info", {"gather": ["applications"]}))[1]
        assert not old_or_new.run(("state", {"applications": told["applications"]}))[0]["changed"]

    def test_icon_uploaded_before_a_server_update_is_recognised(self, new):
        """Up to 2025.10 the server appends a random suffix to the name of an existing file."""
        made = new.run(("application", {**APP, "icon": PLAIN}))[0]["application"]["meta_icon"]
        other = made.replace(".svg", "_x7Qd2Lp.svg")
        self.simulator.state.files[other] = self.simulator.state.files.pop(made)
        new.ask("PATCH", "/core/applications/app/", meta_icon=other)
        same, changed = new.run(("application", {**APP, "icon": PLAIN}), ("application", {**APP, "icon": PICTURE}))
        assert not same["changed"] and changed["changed"]
        assert list(self.simulator.state.files) == [changed["application"]["meta_icon"]]

    @pytest.mark.parametrize(
        "other", [{"icon": PICTURE}, {"meta_icon": ""}, {"meta_icon": "fa://fa-server"}, {"state": "absent"}]
    )
    def test_file_is_deleted_when_no_longer_used_as_icon(self, new, other):
        new.run(("application", {**APP, "icon": PLAIN}), ("application", {**APP, **other}))
        assert len(self.simulator.state.files) == ("icon" in other)

    def test_file_used_by_another_application_is_kept(self, new):
        file = new.run(("application", {**APP, "icon": PLAIN}))[0]["application"]["meta_icon"]
        other = {**APP, "slug": "other", "meta_icon": file}
        new.run(
            ("application", other),
            ("application", {**APP, "meta_icon": ""}),
            ("application", {"slug": "other", "state": "absent"}),
        )
        assert list(self.simulator.state.files) == [file]

    def test_files_not_uploaded_by_the_collection_are_kept(self, new):
        self.simulator.state.files["application-icons/app.svg"] = b"<svg/>"
        new.run(
            ("application", {**APP, "meta_icon": "application-icons/app.svg"}), ("application", {**APP, "icon": PLAIN})
        )
        assert "application-icons/app.svg" in self.simulator.state.files

    def test_file_uploaded_by_an_interrupted_run_is_not_uploaded_again(self, new):
        named = {**APP, "slug": "App-1"}
        new.run(("application", named))
        new.wired.fleet.authentik.observed.faults.append(Fault("PATCH", ".*/applications/App-1/", 502))
        assert "502" in new.refused("application", **named, icon=PLAIN)
        plan = new.run(("application", {**named, "icon": PLAIN}))[0]["plan"]
        assert [step["path"] for step in plan] == ["/core/applications/App-1"]

    def test_icon_without_file_storage_is_refused_before_the_first_write(self, old_or_new):
        """Up to 2025.10 the server would accept the file and lose it with its container."""
        self.simulator.keeps_files = False
        message = old_or_new.refused("application", **APP, icon=PLAIN)
        assert "icon: cannot be uploaded, because the server has no file storage mounted" in message
        assert self.simulator.state.all("provider") == []


class TestSecrets:
    def test_generated_secret_is_returned_on_request_only(self, authentik):
        made, again, untold = authentik.run(
            ("application", {**APP, "return_secret": True}),
            ("application", {**APP, "return_secret": True}),
            ("application", APP),
        )
        assert len(made["secret"]) == 128 and again["secret"] == made["secret"] and not again["changed"]
        assert made["secret"] not in json.dumps(untold)

    def test_declared_secret_is_compared_and_not_printed(self, authentik):
        secret, other = "a-secret-that-was-declared", "another-secret-that-was-declared"
        tasks = [("application", {**APP, "client_secret": one}) for one in (secret, secret, other)]
        made, again, changed = authentik.run(*tasks, secrets=(secret, other))
        assert not again["changed"] and changed["diff"]["after"] == {
            "application app": {"client_secret": "(hidden, another value)"}
        }
        assert secret not in json.dumps([made, again, changed]) and other not in json.dumps([made, again, changed])

    def test_hidden_secret_is_tested_at_the_token_endpoint(self, authentik):
        authentik.run(("application", {**APP, "client_secret": "a-secret-that-was-declared"}))
        self.hide_secrets(authentik)
        tasks = [
            ("application", {**APP, "client_secret": one})
            for one in ("a-secret-that-was-declared", "another-secret", "another-secret")
        ]
        same, changed, again = authentik.run(*tasks)
        assert (same["changed"], changed["changed"], again["changed"]) == (False, True, False)
        assert "client_secret: must be given, because the server does not return it" in authentik.refused(
            "application", **APP, return_secret=True
        )

    @staticmethod
    def hide_secrets(authentik):
        """As later versions mean to do."""
        observed = authentik.wired.fleet.authentik.observed
        plain = observed.app

        def hiding(environ, start_response):
            told = []
            body = b"".join(plain(environ, lambda status, headers, exc_info=None: told.append((status, headers))))
            if b'"client_secret"' in body:
                answer = json.loads(body)
                for one in answer.get("results", [answer]):
                    one.pop("client_secret", None)
                body = json.dumps(answer).encode()
            status, headers = told[0]
            start_response(
                status,
                [(name, value) for name, value in headers if name != "Content-Length"]
                + [("Content-Length", str(len(body)))],
            )
            return [body]

        observed.app = hiding

    def test_token_key_is_returned_on_request(self, authentik):
        token = {"identifier": "ci", "expiring": False, "return_secret": True}
        made, again = authentik.run(("token", token), ("token", token))
        assert len(made["secret"]) == 60 and again["secret"] == made["secret"] and not again["changed"]

    def test_update_keeps_the_owner_of_a_token(self, authentik):
        token = {"identifier": "ci", "expiring": False}
        authentik.run(
            ("user", {"username": "robot"}),
            ("token", {**token, "user": "robot"}),
            ("token", {**token, "description": "Pipeline"}),
        )
        assert authentik.ask("GET", "/core/tokens/ci/")["user_obj"]["username"] == "robot"

    def test_token_with_another_intent_is_refused(self, authentik):
        authentik.ask("POST", "/core/tokens/", identifier="mail", intent="app_password")
        assert "is a token of intent app_password" in authentik.refused("token", identifier="mail", description="x")


class TestBindings:
    PEOPLE = (
        "state",
        {"groups": [{"name": "staff"}, {"name": "others"}], "users": [{"username": "ann"}], "applications": [APP]},
    )

    def test_each_binding_gets_a_distinct_order(self, authentik):
        bindings = [
            {"application": "app", "group": "staff"},
            {"application": "app", "user": "ann", "order": 4},
            {"application": "app", "group": "others"},
        ]
        told = authentik.run(self.PEOPLE, ("state", {"bindings": bindings}))[1]
        orders = [one["order"] for one in told["bindings"]]
        assert len(set(orders)) == 3 and orders[1] == 4
        assert sorted(orders) == sorted(one["order"] for one in authentik.bindings("app"))

    def test_bindings_that_share_an_order_can_be_changed(self, authentik):
        """They can be created by hand, but the server refuses every update that keeps the order."""
        authentik.run(self.PEOPLE)
        target = authentik.ask("GET", "/core/applications/app/")["pk"]
        for name in ("staff", "others"):
            group = authentik.ask("GET", f"/core/groups/?name={name}")["results"][0]["pk"]
            authentik.ask("POST", "/policies/bindings/", target=target, group=group, order=1)
        change = {"application": "app", "group": "staff", "negate": True}
        changed, again = authentik.run(("binding", change), ("binding", change))
        assert changed["changed"] and not again["changed"]
        assert sorted(one["order"] for one in authentik.bindings("app")) == [1, 2]

    def test_duplicate_binding_is_removed_completely(self, authentik):
        authentik.run(self.PEOPLE, ("binding", {"application": "app", "user": "ann"}))
        target = authentik.ask("GET", "/core/applications/app/")["pk"]
        group = authentik.ask("GET", "/core/groups/?name=staff")["results"][0]["pk"]
        for order in (5, 6):
            authentik.ask("POST", "/policies/bindings/", target=target, group=group, order=order)
        authentik.run(("binding", {"application": "app", "group": "staff", "state": "absent"}))
        assert [one["group"] for one in authentik.bindings("app")] == [None]

    def test_last_binding_is_removed_only_with_allow_everyone(self, authentik):
        last = {"application": "app", "group": "staff"}
        authentik.run(self.PEOPLE, ("binding", last))
        assert "application app would have no binding left" in authentik.refused("binding", **last, state="absent")
        assert "application app would have no binding left" in authentik.refused(
            "state", groups=[{"name": "staff", "state": "absent"}]
        )
        assert len(authentik.bindings("app")) == 1
        authentik.run(("state", {"bindings": [{**last, "state": "absent"}, {"application": "app", "user": "ann"}]}))
        assert [one["user_obj"]["username"] for one in authentik.bindings("app")] == ["ann"]
        authentik.run(("binding", {"application": "app", "user": "ann", "state": "absent", "allow_everybody": True}))
        assert authentik.bindings("app") == []

    def test_last_binding_can_be_removed_with_its_application(self, authentik):
        authentik.run(self.PEOPLE, ("binding", {"application": "app", "group": "staff"}))
        authentik.run(
            (
                "state",
                {
                    "applications": [{"slug": "app", "state": "absent"}],
                    "groups": [{"name": "staff", "state": "absent"}],
                },
            )
        )
        assert authentik.ask("GET", "/providers/oauth2/")["results"] == []

    def test_bindings_of_an_application_can_be_exclusive(self, authentik):
        wanted = {"bindings": [{"application": "app", "group": "staff"}]}
        authentik.run(self.PEOPLE, ("state", wanted), ("binding", {"application": "app", "user": "ann"}))
        only = {**wanted, "exclusive": {"bindings": [{"application": "app"}]}}
        changed, again = authentik.run(("state", only), ("state", only))
        assert len(changed["plan"]) == 1 and not again["changed"]
        assert [one["user"] for one in authentik.bindings("app")] == [None]


class TestLockout:
    """The token of the task belongs to akadmin, a superuser through the group authentik Admins."""

    ADMINS = {"name": "authentik Admins"}

    @pytest.mark.parametrize(
        ("kind", "entry"),
        [
            ("users", {"username": "akadmin", "is_active": False}),
            ("users", {"username": "akadmin", "groups": []}),
            ("users", {"username": "akadmin", "groups": ["authentik Admins"], "remove": ["groups"]}),
            ("users", {"username": "akadmin", "state": "absent"}),
            ("groups", {**ADMINS, "users": []}),
            ("groups", {**ADMINS, "users": ["akadmin"], "remove": ["users"]}),
            ("groups", {**ADMINS, "is_superuser": False}),
            ("groups", {**ADMINS, "state": "absent"}),
            ("tokens", {"identifier": "authentik-bootstrap-token", "state": "absent"}),
            ("tokens", {"identifier": "authentik-bootstrap-token", "expiring": True}),
            ("tokens", {"identifier": "authentik-bootstrap-token", "key": "another-key-for-the-pipeline"}),
        ],
    )
    def test_lockout_of_the_own_token_is_refused_unless_allowed(self, authentik, kind, entry):
        authentik.ask(
            "PATCH",
            "/core/tokens/authentik-bootstrap-token/",
            user=authentik.ask("GET", "/core/users/me/")["user"]["pk"],
            expiring=False,
        )
        state = {"groups": [{"name": "staff"}]}
        state[kind] = [*state.get(kind, []), entry]
        authentik.wired.fleet.forget()
        for check in (True, False):
            assert "set allow_lockout=true if that is intended" in authentik.refused("state", check, **state)
        assert authentik.wired.fleet.writes() == []
        state[kind][-1] = {**entry, "allow_lockout": True}
        (planned,) = authentik.check("state", **state)
        assert planned["plan"] and not planned["failed"]

    def test_superuser_through_another_group_can_leave_a_group(self, authentik):
        authentik.run(
            ("group", {"name": "root", "is_superuser": True}),
            ("group", {"name": "crew", "parents": ["root"], "users": ["akadmin"]}),
        )
        left = authentik.run(("group", {**self.ADMINS, "users": []}))[0]
        assert left["changed"]
        assert "group root: akadmin, the owner of this task's token" in authentik.refused(
            "group", name="root", is_superuser=False
        )
        assert "group crew: akadmin, the owner of this task's token" in authentik.refused(
            "group", name="crew", parents=[]
        )
        assert "group crew: akadmin" in authentik.refused("state", exclusive={"groups": [{"name": "crew"}]})

    def test_losing_own_roles_is_refused_for_other_users_than_superusers_too(self, authentik):
        key = authentik.key_of_a_user_with(
            *TestCaller.SEEING, "authentik_core.change_group", "authentik_core.remove_user_from_group"
        )
        message = authentik.refused("group", name="robots", users=[], token=key)
        assert "group robots: robot, the owner of this task's token, would lose roles" in message

    def test_token_options_reserved_to_superusers_are_refused(self, authentik):
        key = authentik.key_of_a_user_with(*TestCaller.SEEING)
        authentik.run(("user", {"username": "ann"}))
        message = authentik.refused("token", identifier="ci", expiring=False, user="ann", token=key)
        assert (
            "expiring: must be true, because" in message
            and "user: requires superuser rights to create tokens of other users" in message
        )


class TestCaller:
    def test_unsupported_version_is_refused(self, authentik):
        version = json.dumps({"version_current": "2024.8.6"})
        authentik.wired.fleet.authentik.observed.faults.append(
            Fault("GET", ".*/version/", 200, version, {"Content-Type": "application/json"})
        )
        assert "has version 2024.8, but 2024.12 or later is required" in authentik.refused("user", username="ann")

    def test_missing_permission_is_reported(self, authentik):
        token = {"identifier": "ann", "user": "ann", "expiring": False, "return_secret": True}
        key = authentik.run(("user", {"username": "ann"}), ("token", token))[1]["secret"]
        message = authentik.refused("user", username="bob", token=key)
        assert (
            "to perform this action. (the token's user lacks the permission authentik_core.view_user; administrators have all)"
            in message
        )

    def test_caller_without_superuser_gets_a_warning_about_incomplete_lists(self, authentik):
        told = {"user": {"pk": 9, "username": "ann", "is_superuser": False}}
        fault = Fault("GET", "/api/v3/core/users/me/", 200, json.dumps(told), {"Content-Type": "application/json"})
        authentik.wired.fleet.authentik.observed.faults.append(fault)
        assert authentik.run(("info", {"gather": ["applications"]}))[0]["warnings"] == [
            "ann lacks superuser rights (without it applications may be left out)"
        ]

    SEEING = [
        "authentik_core.view_application",
        "authentik_core.view_group",
        "authentik_core.view_user",
        "authentik_policies.view_policybinding",
        "authentik_providers_oauth2.view_oauth2provider",
        "authentik_providers_oauth2.view_scopemapping",
        "authentik_flows.view_flow",
        "authentik_crypto.view_certificatekeypair",
    ]

    def test_all_missing_permissions_are_reported_before_the_first_write(self, authentik):
        authentik.run(("group", {"name": "staff"}), ("application", APP))
        state = {
            "users": [{"username": "bob"}, {"username": "eve"}],
            "groups": [{"name": "staff", "attributes": {"floor": 2}}, {"name": "others"}],
            "applications": [{**APP, "group": "Fleet"}],
            "bindings": [{"application": "app", "group": "staff"}],
        }
        key = authentik.key_of_a_user_with(*self.SEEING, "authentik_core.add_group")
        authentik.wired.fleet.forget()
        message = authentik.refused("state", **state, token=key)
        assert re.findall(r"robot lacks the permission (\S+) \((.+?)\)", message) == [
            ("authentik_core.add_user", "user bob is missing"),
            ("authentik_core.add_user", "user eve is missing"),
            ("authentik_core.change_group", "group staff: attributes"),
            ("authentik_core.change_application", "application app: group"),
            ("authentik_policies.add_policybinding", "binding of app to group staff is missing"),
        ]
        assert authentik.wired.fleet.writes() == []

    REMOVING = {
        "groups": [{"name": "others"}],
        "users": [{"username": "bob", "state": "absent"}],
        "applications": [{"slug": "app", "state": "absent"}],
        "bindings": [{"application": "desk", "group": "staff", "state": "absent", "allow_everybody": True}],
    }
    TO_REMOVE = [
        ("authentik_policies.delete_policybinding", "remove binding of desk to group staff"),
        ("authentik_core.delete_application", "application app is declared absent"),
        ("authentik_providers_oauth2.delete_oauth2provider", "application app is declared absent, and its provider"),
        ("authentik_core.delete_user", "user bob is declared absent"),
    ]

    @pytest.fixture
    def furnished(self, authentik):
        authentik.run(
            ("group", {"name": "staff"}),
            ("user", {"username": "bob"}),
            ("application", APP),
            ("application", {**APP, "slug": "desk"}),
            ("binding", {"application": "desk", "group": "staff"}),
        )
        return authentik

    @pytest.mark.parametrize("check", [False, True])
    def test_missing_permissions_to_delete_are_reported_before_the_first_write(self, furnished, check):
        key = furnished.key_of_a_user_with(*self.SEEING, "authentik_core.add_group", "authentik_rbac.view_role")
        furnished.wired.fleet.forget()
        message = furnished.refused("state", check, **self.REMOVING, token=key)
        assert re.findall(r"robot lacks the permission (\S+) \((.+?)\)", message) == self.TO_REMOVE
        assert furnished.wired.fleet.writes() == []

    def test_reported_permissions_are_sufficient_to_delete(self, furnished):
        key = furnished.key_of_a_user_with(
            *self.SEEING, "authentik_core.add_group", *(permission for permission, _purpose in self.TO_REMOVE)
        )
        [planned] = furnished.check("state", **self.REMOVING, token=key)
        done, again = furnished.run(*[("state", {**self.REMOVING, "token": key})] * 2)
        assert planned["plan"] == done["plan"] and len(done["plan"]) == 5 and not again["changed"]
        assert not any("warnings" in one for one in (planned, done, again))

    def test_permission_to_delete_a_single_object_is_sufficient(self, furnished):
        """Without the permission to see roles it cannot be read, which is reported before anything is written."""
        key = furnished.key_of_a_user_with(*self.SEEING, "authentik_core.add_group")
        state = {"groups": [{"name": "others"}], "applications": [{"slug": "desk", "state": "absent"}], "token": key}
        desk = furnished.ask("GET", "/core/applications/desk/")
        for model, pk in (
            ("authentik_core.application", desk["pk"]),
            ("authentik_providers_oauth2.oauth2provider", desk["provider"]),
        ):
            app, _dot, name = model.partition(".")
            furnished.grant(f"{app}.delete_{name}", model=model, object_pk=str(pk))
        [planned] = furnished.check("state", **state)
        assert planned["warnings"] == [
            f"authentik {furnished.wired.fleet.authentik.url}: the request may be refused (application desk is declared absent"
            f"{more}): no role of robot has the permission {permission} for all objects, and whether one has it for this object"
            " cannot be read without the permission authentik_rbac.view_role; grant one of the two"
            for permission, more in (
                ("authentik_core.delete_application", ""),
                ("authentik_providers_oauth2.delete_oauth2provider", ", and its provider"),
            )
        ]
        furnished.grant("authentik_rbac.view_role")
        message = furnished.refused("application", slug="app", state="absent", token=key)
        assert (
            "robot lacks the permission authentik_core.delete_application (application app is declared absent)"
            in message
        )
        [done] = furnished.run(("state", state))
        assert "warnings" not in done and len(done["plan"]) == 3

    def test_missing_permission_to_change_members_is_reported_before_the_first_write(self, furnished):
        key = furnished.key_of_a_user_with(*self.SEEING, "authentik_core.add_group", "authentik_rbac.view_role")
        furnished.wired.fleet.forget()
        groups = [{"name": "others"}, {"name": "staff", "users": ["bob"]}]
        message = furnished.refused("state", groups=groups, token=key)
        assert "robot lacks the permission authentik_core.add_user_to_group (group staff: bob joins staff)" in message
        assert furnished.wired.fleet.writes() == []

    def test_own_token_is_deleted_without_a_permission(self, authentik):
        key = authentik.key_of_a_user_with(*self.SEEING)
        made, gone = authentik.run(
            *[("token", {"identifier": "own", "token": key, "state": state}) for state in ("present", "absent")]
        )
        assert made["changed"] and gone["changed"] and "warnings" not in gone

    def test_refused_deletion_names_the_permission_where_roles_are_not_reported(self, authentik):
        """Servers before 2025.12."""
        app = AuthentikSimulator("2024.12", token=authentik.wired.fleet.authentik_token).app()
        authentik.wired.fleet.authentik.observed.app = app
        authentik.run(("group", {"name": "staff"}))
        key = authentik.key_of_a_user_with(*self.SEEING)
        [planned] = authentik.check("group", name="staff", state="absent", token=key)
        assert planned["changed"] and "warnings" not in planned
        message = authentik.refused("group", name="staff", state="absent", token=key)
        assert "was refused with 403" in message and "lacks the permission authentik_core.delete_group" in message

    def test_icon_requires_its_own_permission(self, authentik):
        authentik.run(("application", APP))
        allowed = ["authentik_core.change_application", "authentik_rbac.view_media_files"]
        key = authentik.key_of_a_user_with(*self.SEEING, *allowed)
        message = authentik.refused("application", **APP, icon=PLAIN, token=key)
        assert "robot lacks the permission authentik_rbac.manage_media_files (application app: icon)" in message

    def test_reported_permissions_are_sufficient(self, authentik):
        made = [
            "authentik_core.add_application",
            "authentik_core.change_application",
            "authentik_providers_oauth2.add_oauth2provider",
        ]
        files = ["authentik_rbac.view_media_files", "authentik_rbac.manage_media_files"]
        key = authentik.key_of_a_user_with(
            *self.SEEING, *made, *files, "authentik_policies.add_policybinding", "authentik_core.add_group"
        )
        state = {
            "groups": [{"name": "staff"}],
            "applications": [{**APP, "icon": PLAIN}],
            "bindings": [{"application": "app", "group": "staff"}],
        }
        done, again = authentik.run(*[("state", {**state, "token": key})] * 2)
        assert len(done["plan"]) == 6 and not again["changed"]

    @pytest.mark.parametrize(("status", "body"), [(204, ""), (405, "<html>"), (200, "{}")])
    def test_refused_request_names_the_permission_when_options_is_unavailable(self, authentik, status, body):
        """A reverse proxy may answer OPTIONS requests itself."""
        key = authentik.key_of_a_user_with(*self.SEEING)
        authentik.wired.fleet.authentik.observed.faults.append(Fault("OPTIONS", ".*", status, body, times=9))
        message = authentik.refused("group", name="others", token=key)
        assert (
            "POST /core/groups/ was refused with 403" in message
            and "lacks the permission authentik_core.add_group" in message
        )

    def test_server_error_disguised_as_405_is_reported_as_such(self, authentik):
        authentik.wired.fleet.authentik.observed.faults.append(
            Fault("POST", "/api/v3/core/users/", 405, "", {"Content-Type": "text/html", "X-authentik-id": "1b2c"})
        )
        message = authentik.refused("user", username="ann")
        assert "authentik returned a response that hides an internal error; check its log (request 1b2c)" in message

    def test_setup_urls_use_the_address_of_the_request(self, authentik):
        told = authentik.run(("application", APP), ("info", {"gather": ["setup_urls", "version"]}))[1]
        url = authentik.wired.fleet.authentik.url
        assert told["setup_urls"]["app"]["issuer"] == f"{url}/application/o/app/"
        assert told["setup_urls"]["app"]["provider_info"] == f"{url}/application/o/app/.well-known/openid-configuration"
        assert told["version"] == "2026.8"

    def test_info_result_can_be_declared_without_changes(self, authentik):
        """Also when lists of the server span several pages."""
        users = [{"username": f"user{number}", "groups": ["staff"]} for number in range(120)]
        authentik.run(
            (
                "state",
                {
                    "groups": [{"name": "staff"}],
                    "users": users,
                    "applications": [APP],
                    "bindings": [{"application": "app", "group": "staff"}],
                },
            )
        )
        told = authentik.run(("info", {}))[0]
        assert len(told["users"]) == 121
        kinds = ("users", "groups", "applications", "bindings", "tokens")
        again = authentik.run(("state", {kind: told[kind] for kind in kinds}))[0]
        assert not again["changed"], again["plan"]
