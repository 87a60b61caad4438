"""The OpenID provider: issuers, logins through the flow executor, tokens, and tests of a client secret."""

from __future__ import annotations

import pytest

from tests.simulators.browser import Refused

from .server import CHALLENGE, EXPLICIT, PVE, VERIFIER, Server, oauth_error


def test_11_issuer_of_an_application_ends_in_a_slash(server: Server) -> None:
    slug = server.application(server.provider())["slug"]
    told = server.discovery(slug)
    base = f"{server.url}/application/o"
    assert told["issuer"] == f"{base}/{slug}/"
    assert told["jwks_uri"] == f"{base}/{slug}/jwks/"
    assert (told["authorization_endpoint"], told["token_endpoint"], told["userinfo_endpoint"]) == (
        f"{base}/authorize/",
        f"{base}/token/",
        f"{base}/userinfo/",
    )
    assert set(told["scopes_supported"]) == {"openid", "email", "profile"}
    assert {"email", "preferred_username", "groups"} <= set(told["claims_supported"])
    assert server.call("GET //application/o/no-such-slug/.well-known/openid-configuration", token="").status_code == 404


def test_5_global_issuer_has_no_discovery_document(server: Server) -> None:
    slug = server.application(server.provider(issuer_mode="global"))["slug"]
    assert server.discovery(slug)["issuer"] == f"{server.url}/"
    assert server.call("GET //.well-known/openid-configuration", token="").status_code == 404


def test_2_provider_without_a_key_uses_hs256_and_has_no_key_set(server: Server) -> None:
    slug = server.application(server.provider(signing_key=None))["slug"]
    assert server.discovery(slug)["id_token_signing_alg_values_supported"] == ["HS256"]
    assert server.ask(f"GET //application/o/{slug}/jwks/", token="") == {}


def test_2_key_type_determines_the_algorithm(server: Server) -> None:
    slug = server.application(server.provider(signing_key=server.key("ecdsa")["pk"]))["slug"]
    assert server.discovery(slug)["id_token_signing_alg_values_supported"] == ["ES256"]
    if server.version >= (2026, 2):
        slug = server.application(server.provider(signing_key=server.key("ed25519")["pk"]))["slug"]
        broken = server.call(f"GET //application/o/{slug}/.well-known/openid-configuration", token="")
        assert (broken.status_code, broken.headers["Content-Type"].partition(";")[0]) == (500, "text/html")


@pytest.mark.parametrize("flow", [None, EXPLICIT])
def test_11_login_returns_tokens(server: Server, flow: str | None) -> None:
    provider = server.provider(**({"authorization_flow": server.flow(flow)} if flow else {}))
    application, user = server.application(provider), server.user()
    group = server.group(users=[user["pk"]])
    back = server.returned(user, provider, code_challenge=CHALLENGE, code_challenge_method="S256")
    assert back.keys() == {"code", "state"} and back["state"] == "the-state"
    assert oauth_error(server.redeem(provider, back["code"], code_verifier="w" * 43)) == (400, "invalid_grant")
    answer = server.redeem(provider, back["code"], code_verifier=VERIFIER)
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    claims = server.verified(application["slug"], tokens["id_token"])
    assert claims["iss"] == f"{server.url}/application/o/{application['slug']}/"
    assert (claims["aud"], claims["nonce"], claims["sub"]) == (provider["client_id"], "the-nonce", user["uid"])
    assert (claims["preferred_username"], claims["email"], claims["groups"]) == (
        user["username"],
        user["email"],
        [group["name"]],
    )
    assert claims["email_verified"] is (server.version < (2025, 10))
    userinfo = server.ask(
        "GET //application/o/userinfo/", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert userinfo["groups"] == [group["name"]] and userinfo["sub"] == claims["sub"]
    assert oauth_error(server.redeem(provider, back["code"], code_verifier=VERIFIER)) == (400, "invalid_grant")


def test_11_flow_of_a_signed_in_user_requires_referer_and_csrf_token(server: Server) -> None:
    provider, user = server.provider(authorization_flow=server.flow(EXPLICIT)), server.user()
    server.application(provider)
    browser = server.browser(user)
    browser.authorize(server.authorization_url(provider))
    executor, referer = f"/api/v3/flows/executor/{EXPLICIT}/", {"Referer": f"{server.url}/if/flow/{EXPLICIT}/"}
    for headers in ({}, referer):
        refusal = browser.post(executor, {}, **headers)
        assert (refusal.status_code, refusal.json().keys()) == (200, {"component", "request_id"})
        assert refusal.json()["component"] == "ak-stage-flow-error"
    token = {"X-authentik-CSRF": browser.cookie("authentik_csrf")}
    assert browser.post(executor, {}, **referer, **token).json()["component"] == "ak-stage-consent"


def test_7_member_of_a_child_group_passes_the_binding_of_its_parent_without_the_claim(server: Server) -> None:
    provider, user = server.provider(), server.user()
    application, parent = server.application(provider), server.group()
    inherits = {"parents": [parent["pk"]]} if server.version >= (2025, 12) else {"parent": parent["pk"]}
    child = server.group(users=[user["pk"]], **inherits)
    server.bind(application, group=parent["pk"])
    tokens = server.redeem(provider, server.returned(user, provider)["code"]).json()
    assert server.verified(application["slug"], tokens["id_token"])["groups"] == [child["name"]]


def test_9_unmapped_scopes_are_dropped(server: Server) -> None:
    provider, user = server.provider(property_mappings=[server.mappings["openid"]]), server.user()
    application = server.application(provider)
    code = server.returned(user, provider, scope="openid email profile groups")["code"]
    tokens = server.redeem(provider, code).json()
    claims = server.verified(application["slug"], tokens["id_token"])
    assert not {"email", "preferred_username", "groups"} & claims.keys()
    assert set(tokens["scope"].split()) == {"openid"}


def test_1_login_without_a_grant_type_is_refused(server: Server) -> None:
    provider = server.bare_provider(signing_key=server.rsa_key)
    server.application(provider)
    back = server.returned(server.user(), provider)
    if server.version >= (2026, 5):
        assert (back["error"], back["error_description"]) == ("invalid_request", "The request is otherwise malformed")
        # and a secret cannot be tested
        assert oauth_error(server.redeem(provider, "x", secret="wrong")) == (400, "invalid_grant")
    else:
        assert back["code"]


def test_3_first_login_sets_an_empty_redirect_uri(server: Server) -> None:
    """An empty list stores the redirect URI of the first request, whoever sends it."""
    provider = server.provider(redirect_uris=[])
    server.application(provider)
    taken = "https://evil.example.test/"
    answer = server.call(
        f"GET /{server.authorization_url(provider, redirect_uri=taken).removeprefix(server.url)}", token=""
    )
    assert answer.status_code == 302
    assert [one["url"] for one in server.ask(f"GET /providers/oauth2/{provider['pk']}/")["redirect_uris"]] == [taken]


@pytest.mark.parametrize(
    "uri", [f"{PVE}/", "https://other.example.org:8006", PVE.replace("pve1", "PVE1"), "https://pve1.example.org"]
)
def test_3_redirect_uris_are_compared_exactly(server: Server, uri: str) -> None:
    provider = server.provider()
    server.application(provider)
    answer = server.call(
        f"GET /{server.authorization_url(provider, redirect_uri=uri).removeprefix(server.url)}", token=""
    )
    assert answer.status_code == 400 and "Redirect URI Error" in answer.text


def test_3_patterns_match_the_whole_uri(server: Server) -> None:
    provider = server.provider(redirect_uris=[{"matching_mode": "regex", "url": r"https://pve[0-9]\.example\.org"}])
    server.application(provider)
    path = server.authorization_url(provider).removeprefix(server.url)
    assert server.call(f"GET /{path}", token="").status_code == 400
    good = server.authorization_url(provider, redirect_uri="https://pve2.example.org").removeprefix(server.url)
    assert server.call(f"GET /{good}", token="").status_code == 302


def test_7_bindings_decide_about_access(server: Server) -> None:
    provider, member, stranger = server.provider(), server.user(), server.user()
    application = server.application(provider)
    server.bind(application, group=server.group(users=[member["pk"]])["pk"])
    assert server.returned(member, provider)["code"]
    with pytest.raises(Refused, match="does not redirect"):
        server.returned(stranger, provider)


def test_inactive_user_cannot_sign_in(server: Server) -> None:
    provider, user = server.provider(), server.user(is_active=False)
    server.application(provider)
    with pytest.raises(Refused, match="ak-stage-(password|access-denied)"):
        server.returned(user, provider)


def test_secret_can_be_tested_with_a_registered_redirect_uri(server: Server) -> None:
    """The secret is checked before the redirect URI, with the same error."""
    provider = server.provider()
    server.application(provider)
    assert oauth_error(server.redeem(provider, "no-such-code")) == (400, "invalid_grant")
    assert oauth_error(server.redeem(provider, "no-such-code", secret="wrong")) == (400, "invalid_client")
    assert oauth_error(server.redeem(provider, "no-such-code", redirect_uri=f"{PVE}/")) == (400, "invalid_client")


def test_6_sessions_of_a_user_are_listed_and_deleted(server: Server) -> None:
    user, other = server.user(), server.user()
    provider = server.provider()
    server.application(provider)
    for person in (user, other):
        assert "code" in server.returned(person, provider)
    path = "/core/authenticated_sessions/"
    (session,) = server.ask(f"GET {path}?user__username={user['username']}")["results"]
    assert session["user"] == user["pk"] and session["current"] is False
    assert {"uuid", "user_agent", "last_ip", "last_used", "expires"} <= session.keys()
    server.ask(f"DELETE {path}{session['uuid']}/", status=204)
    answer = server.ask(f"DELETE {path}{session['uuid']}/", status=404)
    assert answer == {"detail": "No AuthenticatedSession matches the given query."}
    assert server.ask(f"GET {path}?user__username={user['username']}")["pagination"]["count"] == 0
    assert server.ask(f"GET {path}?user__username={other['username']}")["pagination"]["count"] == 1


def test_6_sessions_end_when_a_user_is_deactivated_with_patch_only(server: Server) -> None:
    provider = server.provider()
    server.application(provider)
    for verb, left in (("PATCH", 0), ("PUT", 1)):
        user = server.user()
        assert "code" in server.returned(user, provider)
        body = {"username": user["username"], "name": user["name"], "is_active": False}
        server.ask(f"{verb} /core/users/{user['pk']}/", body, 200)
        listed = server.ask(f"GET /core/authenticated_sessions/?user__username={user['username']}")
        assert listed["pagination"]["count"] == left


def test_8_tokens_are_listed_by_their_user(server: Server) -> None:
    user, other = server.user(), server.user()
    keys = [server.api_token(one) for one in (user, other)]
    listed = server.ask(f"GET /core/tokens/?user__username={user['username']}")["results"]
    assert [one["user"] for one in listed] == [user["pk"]]
    server.ask(f"PATCH /core/users/{user['pk']}/", {"is_active": False}, 200)
    assert server.ask("GET /core/users/me/", status=403, token=keys[0]) == {"detail": "Token invalid/expired"}
    server.ask("GET /core/users/me/", status=200, token=keys[1])
