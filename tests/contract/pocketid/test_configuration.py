"""Section 13: the application configuration."""

from __future__ import annotations

from .server import CONFIGURATION, USERS, Server, names, told


def test_13_configuration_is_read_and_replaced(server: Server, configuration: dict[str, str]) -> None:
    rows = server.ask(f"GET {CONFIGURATION}/all")
    assert {(row["type"], row["isPublic"]) for row in rows} == {("", False)}
    changed = {**configuration, "smtpHost": "mail", "accentColor": "default"}
    answer = server.ask(f"PUT {CONFIGURATION}", {**changed, "accentColor": "", "unknown": "x"}, 200)
    assert {row["key"]: row["value"] for row in answer} == changed
    assert answer == server.ask(f"GET {CONFIGURATION}/all")
    public = {row["key"]: row["value"] for row in server.ask(f"GET {CONFIGURATION}", key="")}
    assert "smtpHost" not in public and public["appName"] == configuration["appName"]
    assert public["uiConfigDisabled"] == "false"

    broken = {"status": 400, "code": "validation_failed"}
    needed = told(server.refused(f"PUT {CONFIGURATION}", {"appName": "x"}, **broken))
    strict = server.version >= (2, 14)
    assert {("sessionDuration", "required"), ("ldapEnabled", "required")} <= set(needed)
    assert (("ldapSkipCertVerify", "required") in needed) is strict and len(needed) == (20 if strict else 17)
    bad = [("allowUserSignups", "maybe", "oneof"), ("smtpFrom", "x", "invalid_format")]
    if strict:
        bad += [("sessionDuration", "x", "invalid_format"), ("ldapEnabled", "yes", "invalid_format")]
    for name, value, code in bad:
        assert told(server.refused(f"PUT {CONFIGURATION}", {**configuration, name: value}, **broken)) == [(name, code)]
    number = {**configuration, "sessionDuration": 60}
    server.refused(f"PUT {CONFIGURATION}", number, status=400, code="invalid_request_body")
    server.refused(f"POST {CONFIGURATION}/sync-ldap", status=409, code="ldap_disabled")


def test_13_new_users_get_the_configured_defaults(server: Server, configuration: dict[str, str]) -> None:
    group = server.group()
    server.ask(
        f"PUT {CONFIGURATION}",
        {
            **configuration,
            "requireUserEmail": "false",
            "signupDefaultUserGroupIDs": f'["{group["id"]}"]',
            "signupDefaultCustomClaims": '[{"key": "k", "value": "v"}]',
        },
    )
    user = server.user(email=None)
    assert user["email"] is None and user["customClaims"] == [] and names(user["userGroups"]) == {group["id"]}
    assert server.ask(f"GET {USERS}/{user['id']}")["customClaims"] == [{"key": "k", "value": "v"}]
