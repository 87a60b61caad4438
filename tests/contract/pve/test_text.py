"""Non-ASCII text in user.cfg (pve-access-control 9.1.1, AccessControl.pm, write_user_config)."""

from __future__ import annotations

import pytest

from .test_directories import Server


def test_non_ascii_names_are_kept_and_non_ascii_email_addresses_dropped() -> None:
    server = Server()
    assert server.ask("POST", "/access/users", userid="ann@pve", firstname="語", email="語@example.org")[0] == 200
    _status, user = server.ask("GET", "/access/users/ann@pve")
    assert user["firstname"] == "語"
    assert user["email"] == "語@example.org".encode().decode("latin-1")


@pytest.mark.parametrize(("version", "kept"), [("8.4", {"comment": "CI"}), ("9.2", {})])
def test_an_empty_comment_of_a_token_clears_it_since_9(version: str, kept: dict) -> None:
    server, token = Server(version=version), "/access/users/root@pam/token/ci"
    assert server.ask("POST", token, comment="CI")[0] == server.ask("PUT", token, comment="")[0] == 200
    _status, found = server.ask("GET", token)
    assert {name: value for name, value in found.items() if name == "comment"} == kept


@pytest.mark.parametrize("path", ["/access/users/ann@pve", "/access/groups/crew"])
def test_comments_keep_line_breaks_and_lose_outer_blanks(path: str) -> None:
    server, (collection, name) = Server(), path.rsplit("/", 1)
    body = {"userid" if "users" in collection else "groupid": name, "comment": "  two\nlines "}
    assert server.ask("POST", collection, **body)[0] == 200
    assert server.ask("GET", path)[1]["comment"] == "two\nlines"
