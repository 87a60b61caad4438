"""Section 5: secrets of clients and tests of a secret."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import requests

from .server import CLIENTS, PVE, Server, oauth_error, told


def works(server: Server, client: str, secret: str) -> bool:
    """Whether introspection takes the secret; it has no side effect."""
    answer = server.introspect((client, secret))
    if answer.status_code == 200:
        assert answer.json() == {"active": False}
        return True
    assert oauth_error(answer) == (401, "request_unauthorized")
    return False


def test_5_generated_and_chosen_secrets_work(server: Server) -> None:
    client = server.client()["id"]
    assert not works(server, client, "")
    generated = server.secret(client)
    assert re.fullmatch("[A-Za-z0-9]{32}", generated)
    assert works(server, client, generated) and not works(server, client, generated[:-1])
    chosen = "chosen by the caller"
    assert server.secret(client, chosen) == chosen
    assert works(server, client, chosen)
    assert works(server, client, generated) is server.several_secrets
    path = f"{CLIENTS}/{client}/{'secrets' if server.several_secrets else 'secret'}"
    for body, code in (({"secret": "x" * 15}, "too_short"), ({"secret": "\u00fc" * 16}, "printascii")):
        assert told(server.refused(f"POST {path}", body, status=400, code="validation_failed")) == [("secret", code)]
    server.refused(f"POST {path}", status=400, code="invalid_request_body", data=b'{"secret": "0123456789abcdef"}')
    server.ask(f"POST {path}", data=b"", headers={"Content-Type": "text/plain"})
    server.refused(f"POST {path.replace(client, 'nope')}", status=404, code="not_found")


def test_5_secrets_survive_updates(server: Server) -> None:
    client = server.client()["id"]
    secret = server.secret(client)
    server.ask(f"PUT {CLIENTS}/{client}", {"name": "x"})
    assert works(server, client, secret)
    for public in (True, False):
        server.ask(f"PUT {CLIENTS}/{client}", {"name": "x", "isPublic": public})
        assert works(server, client, secret) and not works(server, client, "anything at all")


def test_5_client_has_several_secrets_with_their_own_expiry(server: Server) -> None:
    client = server.client()["id"]
    path = f"{CLIENTS}/{client}/secrets"
    if not server.several_secrets:
        assert server.call(f"GET {path}").json().keys() == {"error"}
        assert server.call(f"POST {path}").status_code == 404
        server.secret(client)
        assert server.ask(f"GET {CLIENTS}/{client}")["credentials"] == {}
        return
    assert server.call(f"POST {CLIENTS}/{client}/secret").json().keys() == {"error"}
    assert server.ask(f"GET {path}") == []
    later = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    values = ["first-secret-of-many", "first-secret-of-many", "short-lived-secret"]
    ends = [None, None, later]
    made = [server.ask(f"POST {path}", {"secret": value, "expiresAt": end}, 201) for value, end in zip(values, ends)]
    assert [(row["prefix"], row["secret"], row["isActive"]) for row in made] == [(v[:4], v, True) for v in values]
    assert [bool(row["expiresAt"]) for row in made] == [False, False, True]
    shown = [{name: value for name, value in row.items() if name != "secret"} for row in made]
    assert shown == server.ask(f"GET {path}") == server.ask(f"GET {CLIENTS}/{client}")["credentials"]["secrets"]

    server.ask(f"DELETE {path}/{made[0]['id']}", status=204)
    assert works(server, client, values[1])
    server.ask(f"DELETE {path}/{made[1]['id']}", status=204)
    assert not works(server, client, values[1])
    details = server.refused(f"DELETE {path}/{made[1]['id']}", status=404, code="not_found")
    assert details == {"resource": "Client secret"}
    assert works(server, client, values[2])
    time.sleep(2.5)
    assert not works(server, client, values[2])
    assert [row["isActive"] for row in server.ask(f"GET {path}")] == [False]

    for _each in range(19):
        server.ask(f"POST {path}", {"secret": "the-same-for-all"}, 201)
    server.refused(f"POST {path}", status=400, code="validation_failed")
    past = {"expiresAt": "2020-01-01T00:00:00Z"}
    server.refused(f"POST {path}", past, status=400, code="validation_failed")
    server.refused(f"POST {path}", {"expiresAt": "tomorrow"}, status=400, code="invalid_request_body")


@pytest.mark.parametrize("redirect_uri", [PVE, "https://not.registered.example", None])
@pytest.mark.parametrize("basic", [True, False])
def test_5_secret_can_be_tested_with_an_impossible_code(server: Server, basic: bool, redirect_uri: str | None) -> None:
    client = server.client(callbackURLs=[PVE])["id"]
    secret = server.secret(client)

    def answer(client_id: str, value: str) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": "cannot-exist"}
        if redirect_uri:
            form["redirect_uri"] = redirect_uri
        if basic:
            return server.token((client_id, value), **form)
        return server.token(**form, client_id=client_id, client_secret=value)

    assert oauth_error(answer(client, secret)) == (400, "invalid_grant")
    assert oauth_error(answer(client, "wrong")) == (401, "invalid_client")
    assert oauth_error(answer(client, "")) == (401, "invalid_client")
    assert oauth_error(answer("no-such-client", secret)) == (401, "invalid_client")
    assert "WWW-Authenticate" not in answer(client, "wrong").headers
    assert answer(client, secret).headers["Cache-Control"] == "no-store"


def test_5_other_requests_do_not_test_a_secret(server: Server) -> None:
    client = server.client()["id"]
    secret = server.secret(client)
    form = {"grant_type": "authorization_code", "code": "cannot-exist"}
    assert oauth_error(server.token(**form)) == (400, "invalid_request")
    for value in (secret, "wrong"):
        assert oauth_error(server.token((client, value), grant_type="nonsense")) == (400, "invalid_request")
        assert oauth_error(server.token((client, value))) == (400, "invalid_request")
    answer = server.call("POST /api/oidc/token", form, key="", auth=(client, secret))
    assert oauth_error(answer) == (400, "invalid_request")
    both = server.token((client, ""), **form, client_id=client, client_secret=secret)
    assert oauth_error(both) == (401, "invalid_client")
    server.ask(f"PUT {CLIENTS}/{client}", {"name": "x", "isPublic": True})
    assert oauth_error(server.token((client, "wrong"), **form)) == (400, "invalid_grant")
    assert oauth_error(server.token(**form, client_id=client)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("secret", "plain"),
    [
        ("all-printable ~!@#$^&*()_=[]{}|;:,./<>?", (400, "invalid_grant")),
        ("a+plus+sign+in+it", (401, "invalid_client")),
        ("a%2Bplus-sign-coded", (401, "invalid_client")),
        ("a%per-cent-sign-xx", (400, "invalid_request")),
    ],
)
def test_5_http_basic_credentials_are_form_encoded(server: Server, secret: str, plain: tuple[int, str]) -> None:
    client = server.client()["id"]
    server.secret(client, secret)
    form = {"grant_type": "authorization_code", "code": "cannot-exist"}
    assert oauth_error(server.token((client, secret), **form)) == plain
    assert oauth_error(server.token((client, quote(secret, safe="")), **form)) == (400, "invalid_grant")
    assert oauth_error(server.token(**form, client_id=client, client_secret=secret)) == (400, "invalid_grant")
    assert works(server, client, secret) is (plain[0] == 400 and "%" not in secret)
    assert works(server, client, quote(secret, safe=""))
