"""Section 14: SCIM providers, which receive the users and groups of a client."""

from __future__ import annotations

from typing import Any

import pytest

from .server import CLIENTS, Server, told

SCIM = "/api/scim/service-provider"
ENDPOINT = "https://app.example.org/scim"
NO_CLIENT = {
    "id": "",
    "name": "",
    "description": "",
    "hasLogo": False,
    "hasDarkLogo": False,
    "launchURL": None,
    "requiresReauthentication": False,
    "clientType": "",
}
BAD_PROVIDERS = [
    ({"endpoint": ""}, "endpoint", "required"),
    ({"endpoint": "nope"}, "endpoint", "invalid_format"),
    ({"oidcClientId": None}, "oidcClientId", "required"),
]


@pytest.fixture
def client(server: Server) -> str:
    return server.client()["id"]


def made(server: Server, client: str, **values: Any) -> dict[str, Any]:
    """A provider of the client, which is deleted with it."""
    return server.ask(f"POST {SCIM}", {"endpoint": ENDPOINT, "oidcClientId": client, **values}, 201)


def of(client: str) -> str:
    return f"GET {CLIENTS}/{client}/scim-service-provider"


def test_14_scim_provider_is_created_updated_and_deleted(server: Server, client: str) -> None:
    server.refused(of(client), status=404, code="not_found")
    provider = made(server, client, token="of the receiver")
    path = f"{SCIM}/{provider['id']}"
    shown = {"endpoint": ENDPOINT, "token": "of the receiver", "lastSyncedAt": None, "oidcClient": NO_CLIENT}
    assert {name: provider[name] for name in shown} == shown
    read = server.ask(of(client))
    assert read == {**provider, "createdAt": read["createdAt"]} and read["createdAt"] != provider["createdAt"]

    moved = {"endpoint": f"{ENDPOINT}/v2", "oidcClientId": client}
    assert server.ask(f"PUT {path}", moved, 200) == {**read, "endpoint": f"{ENDPOINT}/v2", "token": ""}
    assert server.ask(of(client)) == {**read, "endpoint": f"{ENDPOINT}/v2", "token": ""}
    server.ask(f"DELETE {path}", status=204)
    for request, body in ((of(client), None), (f"DELETE {path}", None), (f"PUT {path}", moved)):
        details = server.refused(request, body, status=404, code="not_found")
        assert details == {"resource": "SCIM service provider"}


def test_14_client_with_several_providers_returns_one(server: Server, client: str) -> None:
    several = [made(server, client, endpoint=f"{ENDPOINT}/{number}") for number in range(4)]
    first, *_others = sorted(several, key=lambda one: one["id"])
    assert server.ask(of(client))["id"] == first["id"]


def test_14_provider_can_be_moved_to_another_client(server: Server, client: str) -> None:
    provider, other = made(server, client), server.client()["id"]
    server.ask(f"PUT {SCIM}/{provider['id']}", {"endpoint": ENDPOINT, "oidcClientId": other}, 200)
    assert server.ask(of(other))["id"] == provider["id"]
    server.refused(of(client), status=404, code="not_found")


def test_14_provider_is_deleted_with_its_client(server: Server, client: str) -> None:
    provider = made(server, client)
    server.ask(f"DELETE {CLIENTS}/{client}", status=204)
    server.refused(f"DELETE {SCIM}/{provider['id']}", status=404, code="not_found")


@pytest.mark.parametrize(("body", "field_", "code"), BAD_PROVIDERS)
def test_14_invalid_providers_are_refused(server: Server, client: str, body: dict, field_: str, code: str) -> None:
    provider = made(server, client)
    for request in (f"POST {SCIM}", f"PUT {SCIM}/{provider['id']}"):
        given = {"endpoint": ENDPOINT, "oidcClientId": client, **body}
        assert told(server.refused(request, given, status=400, code="validation_failed")) == [(field_, code)]


def test_14_provider_requires_a_client(server: Server, client: str) -> None:
    provider, nobodys = made(server, client), {"endpoint": "mailto:any@example.org", "oidcClientId": "none"}
    for request in (f"POST {SCIM}", f"PUT {SCIM}/{provider['id']}"):
        assert server.refused(request, nobodys, status=404, code="not_found") == {"resource": "OIDC client"}
    # clients without a provider and missing clients get the same response
    details = server.refused(of("none"), status=404, code="not_found")
    assert details == {"resource": "SCIM service provider"}
    server.refused(f"PUT {SCIM}/none", nobodys, status=404, code="not_found")
    server.refused(f"POST {SCIM}", {**nobodys, "endpoint": 5}, status=400, code="invalid_request_body")


def test_14_provider_requires_an_administrator(server: Server, client: str) -> None:
    session = server.session(server.user()["id"])
    for request in (of(client), f"POST {SCIM}", f"PUT {SCIM}/x", f"DELETE {SCIM}/x"):
        server.refused(request, {}, status=401, code="not_signed_in", key="")
        server.refused(request, {}, status=403, code="forbidden", key="", headers=session)
