"""Section 2: tokens, tickets, passwords."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pyotp
import pytest

from .language import BOB, MADE, ROOT_PASSWORD, TOKEN, USER, USERS, grant, has
from .server import Server

# An Authorization header, and the answer to it.
TOKEN_HEADERS = [
    ("PBSAPIToken={id}:{secret}", 200),
    ("PBSAPIToken {id}:{secret}", 200),
    ("PBSAPIToken={id}:{coded}", 200),
    ("PBSAPIToken={id}={secret}", 401),
    ("PBSAPIToken={coded_id}:{secret}", 401),
    ("PBSAPIToken={id}:wrong", 401),
    ("PBSAPIToken={id}x:{secret}", 401),
    ("PVEAPIToken={id}:{secret}", 401),
    ("Bearer {secret}", 401),
]

# The caller, the change of a password, and the status.
PASSWORD_CHANGES = [
    ("root", {"userid": BOB[0]}, 200),
    ("root", {"userid": "root@pam"}, 200),
    ("root", {"userid": "nobody@pbs"}, 401),
    ("root", {"userid": BOB[0], "password": "short"}, 400),
    (BOB, {"userid": BOB[0]}, 401),
    (BOB, {"userid": BOB[0], "confirmation-password": "wrong"}, 401),
    (BOB, {"userid": BOB[0], "confirmation-password": BOB[1]}, 200),
    (BOB, {"userid": "root@pam", "confirmation-password": BOB[1]}, 400),
    ("token of bob", {"userid": BOB[0]}, 401),
    ("token of bob", {"userid": BOB[0], "confirmation-password": BOB[1]}, 400),
    ("token of root", {"userid": BOB[0]}, 400),
]


@pytest.mark.parametrize(("header", "status"), TOKEN_HEADERS)
def test_2_token_header_formats(server: Server, header: str, status: int) -> None:
    token, _colon, secret = server.identity().partition(":")
    coded = "".join(f"%{ord(character):02X}" for character in secret)
    credentials = header.format(id=token, secret=secret, coded=coded, coded_id=quote(token))
    assert server.call("GET /version", Authorization=credentials).status_code == status


@pytest.mark.parametrize("path", [TOKEN, USER])
@pytest.mark.parametrize("change", [{"enable": False}, {"expire": 1}])
def test_2_disabled_or_expired_token_or_owner_is_rejected(server: Server, path: str, change: dict) -> None:
    token = server.identity()
    server.ask((f"PUT {path}", change))
    server.ask(("GET /version", None, 401), token=token)
    server.ask((f"PUT {path}", {"enable": True, "expire": 0}))
    server.ask(("GET /version",), token=token)


def test_2_old_secret_and_token_of_a_deleted_user_are_rejected(server: Server) -> None:
    token, _colon, secret = server.identity().partition(":")
    new = server.data(f"PUT {TOKEN}", {"regenerate": True})["secret"]
    server.ask(("GET /version", None, 401), token=f"{token}:{secret}")
    server.ask(("GET /version",), token=f"{token}:{new}")
    orphan = server.data(f"POST {USERS}/{{n}}-2@pbs/token/t")
    server.ask(("GET /version", None, 401), token=f"{orphan['tokenid']}:{orphan['value']}")
    server.ask((f"DELETE {USERS}/{{n}}-2@pbs/token/t",))


def test_2_stale_cookie_takes_precedence_over_a_valid_token(server: Server) -> None:
    server.ask(("GET /version", None, 401), Cookie="PBSAuthCookie=PBS:root@pam:00000000::c2lnbmF0dXJl")


def test_2_tickets(simulated: Callable[..., Server]) -> None:
    server = simulated()
    answer = server.call("POST /access/ticket", {"username": "root@pam", "password": ROOT_PASSWORD}, token="").json()
    assert (answer["status"], answer["success"]) == (200, True)
    made = answer["data"]
    assert re.fullmatch("PBS:root@pam:[0-9A-F]{8}::[A-Za-z0-9+/]+=*", made["ticket"])
    cookie = {"token": "", "Cookie": f"PBSAuthCookie={quote(made['ticket'])}"}
    server.ask(("GET /nodes",), **cookie)
    server.ask((*MADE, 401), **cookie)
    server.ask((*MADE, 401), **cookie, CSRFPreventionToken="00000000:x")
    server.ask(MADE, **cookie, CSRFPreventionToken=made["CSRFPreventionToken"])
    server.ask(("GET /version", None, 401), token="", Cookie=f"PBSAuthCookie={made['ticket'][:-4]}AAA=")
    again = {"username": "root@pam", "password": made["ticket"]}
    server.ask(
        ("POST /access/ticket", again),
        ("POST /access/ticket", {**again, "username": BOB[0]}, 401),
        ("POST /access/ticket", {**again, "tfa-challenge": made["ticket"]}, 401),
        token="",
    )
    bob = server.by_ticket(*BOB)
    server.ask((f"PUT {USERS}/{BOB[0]}", {"enable": False}))
    server.ask(("GET /version", None, 401), **bob)
    server.clock.ahead = 7210
    server.ask(("GET /nodes", None, 401), ("POST /access/ticket", again, 401), **cookie)


def test_2_second_factor_is_required_for_a_ticket(simulated: Callable[..., Server]) -> None:
    secret = pyotp.random_base32()
    server = simulated(totp={BOB[0]: secret})
    asked = {"username": BOB[0], "password": BOB[1]}
    half = server.data("POST /access/ticket", asked, token="")
    assert (
        half["ticket"].startswith("PBS:!tfa!%7B") and half["CSRFPreventionToken"] == "invalid" and "NeedTFA" not in half
    )
    server.ask(("GET /version", None, 401), token="", Cookie=f"PBSAuthCookie={quote(half['ticket'])}")

    def answered(code: str, **more: str) -> tuple:
        return "POST /access/ticket", {
            "username": BOB[0],
            "tfa-challenge": half["ticket"],
            "password": f"totp:{code}",
            **more,
        }

    server.ask(("GET /access/tfa", None, 200, lambda rows: [one["type"] for one in rows[0]["entries"]] == ["totp"]))
    code = pyotp.TOTP(secret).now()
    server.ask(
        (*answered(code, username="root@pam"), 401),
        (*answered("000000"), 401),
        (*answered(code, password=code), 401),
        (*answered(code), 200, {"ticket": re.compile("^PBS:bob@pbs:")}),
        (*answered(code), 401),
        token="",
    )
    server.ask(*[(*answered("000000"), 401)] * 8, token="")
    server.clock.ahead = 120
    half = server.data("POST /access/ticket", asked, token="")
    late = pyotp.TOTP(secret).at(int(server.clock()))
    server.ask((*answered(late), 401), token="")
    server.ask(
        (f"GET {USERS}", None, 200, has(userid=BOB[0], **{"totp-locked": True})),
        (f"PUT {USERS}/{BOB[0]}/unlock-tfa", {}, 200, True),
        (f"PUT {USERS}/{BOB[0]}/unlock-tfa", {}, 200, False),
    )
    server.ask(answered(late), token="")


def test_2_http_only_tickets(simulated: Callable[..., Server]) -> None:
    server = simulated()
    answer = server.call("POST /access/ticket", {"username": "root@pam", "password": ROOT_PASSWORD, "http-only": True})
    assert "ticket" not in answer.json()["data"]
    assert answer.json()["data"]["ticket-info"].startswith("PBS:root@pam:")
    name, _mark, ticket = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
    assert name == "__Host-PBSAuthCookie" and answer.headers["Set-Cookie"].endswith("HttpOnly; Path=/;")
    server.ask(("GET /nodes",), token="", Cookie=f"PBSAuthCookie=stale; {name}={ticket}")
    server.ask(("POST /access/ticket", {"username": "root@pam", "http-only": True}), Cookie=f"{name}={ticket}")
    assert "Expires=Thu, 01 Jan 1970" in server.call("DELETE /access/ticket", token="").headers["Set-Cookie"]
    older = simulated(version="3.4")
    older.ask(("GET /version",), Cookie=f"{name}={ticket}")
    made = older.call("POST /access/ticket", {"username": "root@pam", "password": ROOT_PASSWORD}).json()
    assert made.keys() == {"data"}


def test_2_older_releases_explain_rejected_credentials(simulated: Callable[..., Server]) -> None:
    answer = simulated(version="4.0").call("GET /version", token="")
    assert answer.text == "authentication failed - no authentication credentials provided."
    assert "Set-Cookie" not in simulated(version="3.4").call("GET /version", token="").headers


@pytest.mark.parametrize(("caller", "body", "status"), PASSWORD_CHANGES)
def test_2_change_of_password_requires_confirmation(
    simulated: Callable[..., Server], caller: Any, body: dict, status: int
) -> None:
    server = simulated()
    token = server.data(f"POST {USERS}/{BOB[0]}/token/t")
    options = {
        "root": server.by_ticket(),
        BOB: server.by_ticket(*BOB),
        "token of root": {},
        "token of bob": {"token": f"{token['tokenid']}:{token['value']}"},
    }[caller]
    server.ask(("PUT /access/password", {"password": "a new password", **body}, status), **options)


def test_2_changing_passwords_of_others_requires_rights_on_the_root_path(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask(MADE, grant(BOB[0], "/access", "Admin"))
    body = {"userid": "{n}@pbs", "password": "a new password", "confirmation-password": BOB[1]}
    server.ask(("PUT /access/password", body, 400), **server.by_ticket(*BOB))
    server.ask(grant(BOB[0], "/", "Admin"))
    server.ask(
        ("PUT /access/password", body),
        ("PUT /access/password", {**body, "userid": "root@pam"}, 400),
        **server.by_ticket(*BOB),
    )
