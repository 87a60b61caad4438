"""Pocket ID: tables for the tests of all modules."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.modules import any_state as states
from tests.modules.systems.shared import LOGO, LOGOS
from tests.simulators.pocketid import PocketIdSimulator


def server(wired):
    """The server that tasks connect to."""
    return wired.fleet.pocketid


def connection(wired):
    return {"url": server(wired).url, "api_key": wired.fleet.api_key, "ca_path": str(wired.fleet.authority.bundle)}


# a task that creates an object, for tests of failures
ONE = ("pocketid_user", {"username": "new", "email": "n@example.org"})

# principals that the states of any_state refer to
ANY_COMPANY = {
    # an administrator stays, whatever the states declare of others
    "users": [{"username": "ann"}, {"username": "bob"}, {"username": "root", "is_admin": True}],
    "groups": [{"name": "staff", "users": ["ann"]}, {"name": "others"}],
    "clients": [{"id": "shared", "name": "Shared"}, {"id": "wiki", "name": "Wiki", "allowed_groups": ["staff"]}],
}


def start_anew(wired):
    """An empty server on which users need no e-mail address."""
    simulator = PocketIdSimulator(issuer=server(wired).url, api_key=wired.fleet.api_key)
    simulator.state.configuration["requireUserEmail"] = "false"
    server(wired).observed.app = simulator.app()


def any_state():
    """Each kind of object with a strategy for entries of it; what they refer to is in ANY_COMPANY."""
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pocketid.system import POCKETID

    users, groups, clients, providers = POCKETID.resources
    urls = st.sampled_from(
        [f"https://{host}.example.org{path}" for host in ("a", "b", "*") for path in ("", ":8006", "/back")]
    )
    some_urls = st.lists(urls, max_size=3, unique=True)
    claims = st.dictionaries(
        st.sampled_from(["team", "level", "site", "on call"]),
        st.booleans() | st.integers() | st.sampled_from(["5", "x", "[", "ä"]),
    )
    identity = st.fixed_dictionaries(
        {"issuer": urls},
        optional={
            "subject": st.sampled_from(["", "x"]),
            "audience": st.just("y"),
            "jwks": st.just("https://a.example.org/k"),
            "replay_protection": st.booleans(),
        },
    )
    of_clients = {
        "callback_urls": some_urls,
        "logout_callback_urls": some_urls,
        "launch_url": st.just("") | urls,
        "is_public": None,
        "name": st.sampled_from(["App", "Zürich"]),
        "federated_identities": st.lists(identity, max_size=2),
        "allowed_groups": st.lists(st.sampled_from(["staff", "others"]), unique=True),
    }
    members = st.lists(st.sampled_from(["ann", "bob"]), unique=True)
    emails = st.just("") | st.uuids().map("{}@example.org".format)
    return [
        (users, states.entries(users, ["rita", "sam"], {"email": emails, "custom_claims": claims}, {})),
        (groups, states.entries(groups, ["readers", "writers"], {"users": members, "custom_claims": claims}, {})),
        (
            clients,
            states.entries(clients, ["app", "bar"], of_clients, {"name": "App"}).map(
                lambda drawn: [_sensible(one) for one in drawn]
            ),
        ),
        (
            providers,
            states.entries(providers, ["shared", "wiki"], {"endpoint": urls}, {"endpoint": "https://scim.example.org"}),
        ),
    ]


def _sensible(client):
    """Listing groups restricts a client, which then cannot be declared unrestricted."""
    return {
        option: value
        for option, value in client.items()
        if option != "is_group_restricted" or not client.get("allowed_groups")
    }


def as_left(plural, one, declared):
    """An undeclared object after the declared state is applied; None if it is removed."""
    said = next((entry for entry in declared.get("clients", ()) if entry["id"] == one.get("id")), {})
    return {**one, "is_group_restricted": True} if plural == "clients" and said.get("allowed_groups") else one


# kind of object: options that identify, create, update and unset
LIVES = {
    "pocketid_user": (
        {"username": "rita"},
        {
            "email": "rita@example.org",
            "first_name": "Rita",
            "last_name": "R",
            "one_time_access": "new",
            "one_time_access_seconds": 60,
        },
        {
            "email": "r@example.org",
            "display_name": "Rita R",
            "disabled": True,
            "locale": "en",
            "custom_claims": {"team": "ops", "level": 5},
        },
        {"last_name": "", "disabled": False, "locale": "", "custom_claims": {}},
    ),
    "pocketid_group": (
        {"name": "readers"},
        {"users": ["staff"], "custom_claims": {"site": "north", "shifts": ["early", "late"]}},
        {"friendly_name": "Readers", "users": ["other"], "append": ["users"], "custom_claims": {"site": "south"}},
        {"users": [], "custom_claims": {}},
    ),
    "pocketid_client": (
        {"id": "app"},
        {
            "name": "App",
            "callback_urls": ["https://app.example.org/back"],
            "logo": str(LOGOS / "plain.svg"),
            "secret": "a-chosen-client-secret",
        },
        {
            "name": "The App",
            "callback_urls": ["https://app.example.org:8443/"],
            "append": ["callback_urls"],
            "launch_url": "https://app.example.org",
            "allowed_groups": ["staff"],
            "pkce_enabled": True,
            "logo": str(LOGOS / "picture.png"),
            "dark_logo": str(LOGOS / "picture.jpg"),
            "description": "What we all use",
            "access_token_duration_minutes": 10,
            "secret": "another-client-secret",
            "logout_callback_urls": ["https://app.example.org/out"],
            "requires_reauthentication": True,
            "skip_consent": True,
            "requires_pushed_authorization_requests": True,
            "refresh_token_duration_minutes": 20,
            "federated_identities": [
                {"issuer": "https://ci.example.org", "subject": "repo", "replay_protection": True},
                {"issuer": "https://b.example.org"},
            ],
        },
        {
            "callback_urls": [],
            "launch_url": "",
            "allowed_groups": [],
            "pkce_enabled": False,
            "logo": "",
            "dark_logo": "",
            "description": "",
            "is_group_restricted": False,
            "federated_identities": [],
            "requires_reauthentication": False,
            "logout_callback_urls": [],
        },
    ),
    "pocketid_scim_provider": (
        {"client": "shared"},
        {"endpoint": "https://app.example.org/scim", "token": "a-token-of-a-receiver"},
        {"endpoint": "https://app.example.org/scim/v2"},
        {"token": ""},
    ),
    "pocketid_api_key": (
        {"username": "staff", "name": "pipeline"},
        {"description": "For the pipeline", "valid_days": 30, "return_secret": True},
        None,
        None,
    ),
    "pocketid_settings": (
        {},
        {
            "settings": {"appName": "Sign-on", "sessionDuration": 30, "disableAnimations": True},
            "smtp_password": "a-password-for-mail",
        },
        {"settings": {"appName": "Sign in", "smtpHost": "mail.example.org"}, "signup_default_groups": ["staff"]},
        {
            "settings": {"appName": "", "sessionDuration": None, "smtpHost": "", "disableAnimations": False},
            "signup_default_groups": [],
            "smtp_password": "",
        },
    ),
}

# principals that the objects above refer to
COMPANY = (
    ("pocketid_user", {"username": "staff", "email": "staff@example.org", "first_name": "Staff"}),
    ("pocketid_user", {"username": "other", "email": "other@example.org", "first_name": "Other"}),
    ("pocketid_group", {"name": "staff", "users": ["staff"]}),
    ("pocketid_client", {"id": "shared", "name": "Shared"}),
)

# given to modules or kept by servers, and never to be seen
HIDDEN = ("a-chosen-client-secret", "the-blue-client-secret", "a-token-of-a-receiver", "a-password-for-mail")

# tasks that use every module, in an order in which they can run
EVERY_MODULE = [
    ("pocketid_user", {"username": "carla", "email": "carla@example.org"}),
    ("pocketid_group", {"name": "cooks", "users": ["carla"]}),
    (
        "pocketid_client",
        {
            "id": "kitchen",
            "name": "Kitchen",
            "allowed_groups": ["cooks"],
            "logo": LOGO,
            "secret": "a-chosen-client-secret",
        },
    ),
    (
        "pocketid_state",
        {
            "users": [{"username": "dora", "email": "dora@example.org"}],
            "groups": [{"name": "dancers", "users": ["dora"]}],
        },
    ),
    (
        "pocketid_client",
        {
            "id": "bar",
            "name": "Bar",
            "secrets": [{"name": "blue", "value": "the-blue-client-secret", "expires_at": "2035-01-01T00:00:00Z"}],
            "secret_overlap": 0,
        },
    ),
    (
        "pocketid_scim_provider",
        {"client": "kitchen", "endpoint": "https://app.example.org/scim", "token": "a-token-of-a-receiver"},
    ),
    ("pocketid_api_key", {"username": "carla", "name": "pipeline", "return_secret": True}),
    ("pocketid_settings", {"settings": {"appName": "Sign-on"}, "smtp_password": "a-password-for-mail"}),
    ("pocketid_info", {"claims": [{"client": "kitchen", "username": "carla"}]}),
]

# existing objects that bad input refers to
THERE = [
    ("pocketid_user", dict(username="dora", email="dora@example.org")),
    ("pocketid_client", dict(id="public", name="Public", is_public=True)),
    ("pocketid_client", dict(id="private", name="Private")),
]

# case: module, options, pattern of the message
BAD_INPUT = {
    "a wrong API key": (
        "pocketid_user",
        {"username": "ann", "api_key": "nobodys-key"},
        "the API key is not accepted; it is wrong, has expired or was removed",
    ),
    "no API key": ("pocketid_user", {"username": "ann", "api_key": None}, "api_key: must be given"),
    "an address without a scheme": (
        "pocketid_user",
        {"username": "ann", "url": "id.example.org"},
        "url: 'id.example.org' must begin with https://",
    ),
    "an API key with a line break": (
        "pocketid_user",
        {"username": "ann", "api_key": "a-key-from-a-block\n"},
        "api_key: must be a single line",
    ),
    "a name that differs in case only": (
        "pocketid_user",
        {"username": "Dora", "email": "d@example.org"},
        "username: 'Dora' exists as 'dora' on the server",
    ),
    "a user without an e-mail address": (
        "pocketid_user",
        {"username": "ann"},
        "email: is required by the server's setting requireUserEmail",
    ),
    "a reserved claim": (
        "pocketid_group",
        {"name": "band", "custom_claims": {"sub": "x"}},
        "custom_claims: 'sub' is a claim that the server generates",
    ),
    "an empty claim": (
        "pocketid_group",
        {"name": "band", "custom_claims": {"a": ""}},
        "custom_claims: 'a' must not be empty",
    ),
    "an identity without an issuer": (
        "pocketid_client",
        {"id": "app", "name": "App", "federated_identities": [{"subject": "x"}]},
        "missing required arguments: issuer",
    ),
    "an id reserved for self-registered clients": (
        "pocketid_client",
        {"id": "https://app.example.org", "name": "App"},
        "is only possible for a client that registers itself",
    ),
    "a token lifetime beyond the maximum": (
        "pocketid_user",
        {"username": "dora", "one_time_access": "always", "one_time_access_seconds": 10**7},
        "one_time_access_seconds: must be from 2 to 2678400",
    ),
    "a SCIM provider without a client": (
        "pocketid_scim_provider",
        {"client": "none", "endpoint": "https://x.example.org"},
        "client none does not exist",
    ),
    "a SCIM provider without an address": (
        "pocketid_scim_provider",
        {"client": "private"},
        "endpoint: is required to create scim_provider private",
    ),
    "an API key without a place to store it": (
        "pocketid_api_key",
        {"username": "nobody", "name": "key"},
        "secret_file: or return_secret is required",
    ),
    "an unknown setting": ("pocketid_settings", {"settings": {"appNam": "x"}}, "settings: 'appNam' is unknown to"),
    "a password among the settings": (
        "pocketid_settings",
        {"settings": {"smtpPassword": "x"}},
        "'smtpPassword' has an option of its own; use smtp_password",
    ),
    "a token lifetime of zero": (
        "pocketid_client",
        {"id": "app", "name": "App", "access_token_duration_minutes": 0},
        "access_token_duration_minutes: must be from 1 to 525600",
    ),
    "no PKCE for a public client": (
        "pocketid_client",
        {"id": "public", "pkce_enabled": False},
        "pkce_enabled: cannot be false, because the client is public",
    ),
    "a new secret on every run": (
        "pocketid_client",
        {"id": "private", "return_secret": True},
        "secret_candidates: must be given for an existing client",
    ),
    "a user name that Pocket ID refuses": (
        "pocketid_user",
        {"username": "-ann"},
        "username: '-ann' may only have letters",
    ),
    "a member that does not exist": (
        "pocketid_group",
        {"name": "band", "users": ["nobody"]},
        "group band: user nobody does not exist",
    ),
    "an allowed group that does not exist": (
        "pocketid_client",
        {"id": "app", "name": "App", "allowed_groups": ["nobody"]},
        "client app: group nobody does not exist",
    ),
    "allowed groups that would be forgotten": (
        "pocketid_client",
        {"id": "app", "name": "App", "allowed_groups": ["x"], "is_group_restricted": False},
        "is_group_restricted: is false, but allowed_groups is given",
    ),
    "a secret that is too short": (
        "pocketid_client",
        {"id": "app", "name": "App", "secret": "short"},
        "secret: must have at least 16 characters",
    ),
    "a secret of a public client": (
        "pocketid_client",
        {"id": "app", "name": "App", "is_public": True, "return_secret": True},
        "secret: must not be set for a public client",
    ),
    "a missing logo file": (
        "pocketid_client",
        {"id": "app", "name": "App", "logo": "no-such.svg"},
        "logo: .*no-such.svg' cannot be read",
    ),
    "an invalid callback URL": (
        "pocketid_client",
        {"id": "app", "name": "App", "callback_urls": ["pve1"]},
        "callback_urls: 'pve1' must be a URL",
    ),
    "a callback URL without a scheme": (
        "pocketid_client",
        {"id": "app", "name": "App", "callback_urls": ["pve1:8006"]},
        "callback_urls: 'pve1:8006' must be a URL",
    ),
}
