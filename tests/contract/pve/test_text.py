"""What becomes of text beyond ASCII in user.cfg (pve-access-control 9.1.1, AccessControl.pm, write_user_config)."""

from __future__ import annotations

from .test_directories import Server


def test_names_are_kept_and_addresses_are_not() -> None:
    server = Server()
    assert server.ask("POST", "/access/users", userid="ann@pve", firstname="語", email="語@example.org")[0] == 200
    _status, user = server.ask("GET", "/access/users/ann@pve")
    assert user["firstname"] == "語"
    assert user["email"] == "語@example.org".encode().decode("latin-1")
