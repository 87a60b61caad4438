"""Pocket ID: what the tests of all modules do with its modules."""

from __future__ import annotations

from tests.modules.systems.shared import LOGO, LOGOS


def server(wired):
    """The server that the tasks go to."""
    return wired.fleet.pocketid


def connection(wired):
    return {"url": server(wired).url, "api_key": wired.fleet.api_key, "ca_path": str(wired.fleet.authority.bundle)}


# a task that makes something, for what may go wrong with any
ONE = ("pocketid_user", {"username": "new", "email": "n@example.org"})

# kind of object: the options that name it, those it is made with, those that change it, those that take options away
LIVES = {
    "pocketid_user": (
        {"username": "rita"},
        {"email": "rita@example.org", "first_name": "Rita", "last_name": "R"},
        {"email": "r@example.org", "display_name": "Rita R", "disabled": True, "locale": "en"},
        {"last_name": "", "disabled": False, "locale": ""},
    ),
    "pocketid_group": (
        {"name": "readers"},
        {"users": ["staff"]},
        {"friendly_name": "Readers", "users": ["staff", "other"]},
        {"users": []},
    ),
    "pocketid_client": (
        {"id": "app"},
        {"name": "App", "callback_urls": ["https://app.example.org/back"], "logo": str(LOGOS / "plain.svg"), "secret": "a-chosen-client-secret"},
        {
            "name": "The App", "callback_urls": ["https://app.example.org:8443/"], "append": ["callback_urls"], "launch_url": "https://app.example.org",
            "allowed_groups": ["staff"], "pkce_enabled": True, "logo": str(LOGOS / "picture.png"), "dark_logo": str(LOGOS / "picture.jpg"),
            "description": "What we all use", "access_token_duration_minutes": 10, "secret": "another-client-secret",
        },
        {"callback_urls": [], "launch_url": "", "allowed_groups": [], "pkce_enabled": False, "logo": "", "dark_logo": "", "description": ""},
    ),
}

# who the objects above refer to
COMPANY = (
    ("pocketid_user", {"username": "staff", "email": "staff@example.org", "first_name": "Staff"}),
    ("pocketid_user", {"username": "other", "email": "other@example.org", "first_name": "Other"}),
    ("pocketid_group", {"name": "staff", "users": ["staff"]}),
)

# given to modules or kept by servers, and never to be seen
HIDDEN = ("a-chosen-client-secret",)

# tasks that use every module, in an order in which they can run
EVERY_MODULE = [
    ("pocketid_user", {"username": "carla", "email": "carla@example.org"}),
    ("pocketid_group", {"name": "cooks", "users": ["carla"]}),
    ("pocketid_client", {"id": "kitchen", "name": "Kitchen", "allowed_groups": ["cooks"], "logo": LOGO, "secret": "a-chosen-client-secret"}),
    ("pocketid_state", {"users": [{"username": "dora", "email": "dora@example.org"}], "groups": [{"name": "dancers", "users": ["dora"]}]}),
    ("pocketid_info", {}),
]

# what is there already when bad input arrives
THERE = [
    ("pocketid_user", dict(username="dora", email="dora@example.org")),
    ("pocketid_client", dict(id="public", name="Public", is_public=True)),
    ("pocketid_client", dict(id="private", name="Private")),
]

# what is wrong: module, options, and what the message must say
BAD_INPUT = {
    "a wrong API key": ("pocketid_user", {"username": "ann", "api_key": "nobodys-key"}, "the API key is not accepted; it is wrong, has expired or was removed"),
    "no API key": ("pocketid_user", {"username": "ann", "api_key": None}, "api_key: must be given"),
    "an address without a scheme": ("pocketid_user", {"username": "ann", "url": "id.example.org"}, "url: 'id.example.org' must begin with https://"),
    "an API key with a line break": ("pocketid_user", {"username": "ann", "api_key": "a-key-from-a-block\n"}, "api_key: must be a single line"),
    "a name that differs in case only": ("pocketid_user", {"username": "Dora", "email": "d@example.org"}, "username: 'Dora' is called 'dora' on the server"),
    "a token that lasts no time": (
        "pocketid_client", {"id": "app", "name": "App", "access_token_duration_minutes": 0}, "access_token_duration_minutes: must be from 1 to 525600"
    ),
    "no PKCE for a public client": (
        "pocketid_client", {"id": "public", "pkce_enabled": False}, "pkce_enabled: cannot be false, because the client is public"
    ),
    "a new secret on every run": ("pocketid_client", {"id": "private", "return_secret": True}, "secret_candidates: must be given for a client that exists"),
    "a user name that Pocket ID refuses": ("pocketid_user", {"username": "-ann"}, "username: '-ann' may only have letters"),
    "a member that does not exist": ("pocketid_group", {"name": "band", "users": ["nobody"]}, "group band: user nobody does not exist"),
    "an allowed group that does not exist": (
        "pocketid_client", {"id": "app", "name": "App", "allowed_groups": ["nobody"]}, "client app: group nobody does not exist"
    ),
    "allowed groups that would be forgotten": (
        "pocketid_client", {"id": "app", "name": "App", "allowed_groups": ["x"], "is_group_restricted": False}, "is_group_restricted: is false, so"
    ),
    "a secret that is too short": ("pocketid_client", {"id": "app", "name": "App", "secret": "short"}, "secret: must have at least 16 characters"),
    "a secret of a public client": (
        "pocketid_client", {"id": "app", "name": "App", "is_public": True, "return_secret": True}, "secret: cannot be had by a public client"
    ),
    "a logo that is not there": ("pocketid_client", {"id": "app", "name": "App", "logo": "no-such.svg"}, "logo: .*no-such.svg' cannot be read"),
    "a callback that is no URL": ("pocketid_client", {"id": "app", "name": "App", "callback_urls": ["pve1"]}, "callback_urls: 'pve1' must be a URL"),
    "a callback whose scheme was forgotten": (
        "pocketid_client", {"id": "app", "name": "App", "callback_urls": ["pve1:8006"]}, "callback_urls: 'pve1:8006' must be a URL"
    ),
}
