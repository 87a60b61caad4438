"""authentik: tables for the tests of all modules."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.modules import any_state as states
from tests.modules.systems.shared import LOGO, LOGOS
from tests.simulators.authentik import AuthentikSimulator


def server(wired):
    """The server that tasks connect to."""
    return wired.fleet.authentik


def connection(wired):
    return {
        "url": server(wired).url,
        "token": wired.fleet.authentik_token,
        "ca_path": str(wired.fleet.authority.bundle),
    }


def start_anew(wired):
    """The server as it was on its first day."""
    server(wired).observed.app = AuthentikSimulator(token=wired.fleet.authentik_token).app()


PVE, PBS = "https://pve1.example.org:8006", "https://pbs1.example.org:8007"
SELF_SIGNED = "authentik Self-signed Certificate"

# principals that the states of any_state refer to
ANY_COMPANY = {
    "users": [{"username": "ann"}, {"username": "bob"}],
    "groups": [{"name": "staff", "users": ["ann"]}, {"name": "others"}],
    "applications": [{"slug": "desk", "name": "Desk", "redirect_uris": [PVE]}],
    "bindings": [{"application": "desk", "group": "staff"}],
}


def any_state():
    """Each kind of object with a strategy for entries of it; what they refer to is in ANY_COMPANY or built in."""
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.authentik.system import AUTHENTIK

    kinds = {kind.plural: kind for kind in AUTHENTIK.resources}
    company = st.lists(st.sampled_from(("staff", "others")), unique=True)
    scopes = st.lists(st.sampled_from(("openid", "email", "profile", "offline_access")), min_size=1, unique=True)
    grants = st.lists(st.sampled_from(("authorization_code", "refresh_token", "implicit")), min_size=1, unique=True)
    flows = [f"default-provider-authorization-{how}-consent" for how in ("implicit", "explicit")]
    application = {
        "client_id": None,
        "client_secret": None,
        "invalidation_flow": None,
        "signing_key": None,
        "property_mappings": scopes,
        "grant_types": grants,
        "redirect_uris": st.lists(st.sampled_from((PVE, PBS)), min_size=1, unique=True),
        "authorization_flow": st.sampled_from(flows),
        "redirect_uri_patterns": st.lists(st.sampled_from((r"https://pve[0-9]:8006", r"https://.*:8007")), unique=True),
        "authentication_flow": st.sampled_from(("", "default-authentication-flow")),
        "encryption_key": st.sampled_from(("", SELF_SIGNED)),
        "meta_icon": st.sampled_from(("", "fa://fa-server")),
        "name": st.sampled_from(("App", "The app")),
    }
    made = {
        "users": states.entries(
            kinds["users"], ["rita", "sam"], {"groups": company, "email": st.sampled_from(("", "a@example.org"))}, {}
        ),
        "groups": states.entries(kinds["groups"], ["readers", "writers"], {"parents": company, "users": None}, {}),
        "applications": states.entries(
            kinds["applications"], ["one", "two"], application, {"name": "App", "redirect_uris": [PVE]}
        ),
        "bindings": states.entries(
            kinds["bindings"], [("desk", "others", "", ""), ("desk", "", "ann", "")], {"order": None}, {}
        ),
        "tokens": states.entries(kinds["tokens"], ["pipeline"], {"user": None}, {"user": "ann"}),
    }
    return [(kinds[plural], strategy) for plural, strategy in made.items()]


def as_left(plural, one, declared):
    """An undeclared object after the declared state is applied: groups contain the users that list them."""
    if plural != "groups":
        return one
    users = set(one["users"])
    for user in declared.get("users", ()):
        if user.get("state") == "absent" or user.get("groups") is not None:
            users.discard(user["username"])
            users |= {user["username"]} if one["name"] in user.get("groups", ()) else set()
    return {**one, "users": sorted(users)}


# a task that creates an object, for tests of failures
ONE = ("authentik_user", {"username": "new", "email": "n@example.org"})

# kind of object: options that identify, create, update and unset
LIVES = {
    "authentik_user": (
        {"username": "rita"},
        {"email": "rita@example.org", "name": "Rita R", "groups": ["staff"], "password": "a-password-of-rita"},
        {
            "email": "r@example.org",
            "is_active": False,
            "groups": ["others"],
            "append": ["groups"],
            "attributes": {"team": "night"},
            "path": "fleet/night",
            "type": "external",
        },
        {"email": "", "name": "", "groups": [], "attributes": {}, "is_active": True},
    ),
    "authentik_group": (
        {"name": "readers"},
        {"users": ["staff"], "parents": ["staff"]},
        {
            "users": ["other"],
            "append": ["users"],
            "parents": ["others"],
            "attributes": {"floor": 2},
            "is_superuser": True,
        },
        {"users": [], "parents": [], "attributes": {}, "is_superuser": False},
    ),
    "authentik_application": (
        {"slug": "app"},
        {
            "name": "App",
            "redirect_uris": [PVE],
            "client_secret": "a-chosen-client-secret",
            "meta_icon": "fa://fa-server",
        },
        {
            "name": "The App",
            "redirect_uris": [PBS],
            "append": ["redirect_uris", "property_mappings"],
            "redirect_uri_patterns": [r"https://pve[0-9]+\.example\.org:8006"],
            "logout_redirect_uris": ["https://app.example.org/bye"],
            "group": "Fleet",
            "meta_launch_url": PVE,
            "open_in_new_tab": True,
            "meta_hide": True,
            "meta_description": "What we all use",
            "meta_publisher": "Us",
            "icon": str(LOGOS / "picture.png"),
            "policy_engine_mode": "all",
            "client_id": "the-app",
            "client_secret": "another-client-secret",
            "grant_types": ["authorization_code", "refresh_token"],
            "property_mappings": ["offline_access"],
            "sub_mode": "user_username",
            "authorization_flow": "default-provider-authorization-explicit-consent",
            "authentication_flow": "default-authentication-flow",
            "encryption_key": "authentik Self-signed Certificate",
            "include_claims_in_id_token": False,
            "access_code_validity": "minutes=2",
            "access_token_validity": "minutes=30",
            "refresh_token_validity": "days=7;hours=12",
            "refresh_token_threshold": "hours=1",
            "logout_uri": "https://app.example.org/logout",
            "logout_method": "frontchannel",
            "issuer_mode": "global",
        },
        {
            "redirect_uri_patterns": [],
            "logout_redirect_uris": [],
            "group": "",
            "meta_launch_url": "",
            "meta_description": "",
            "meta_publisher": "",
            "meta_icon": "",
            "authentication_flow": "",
            "encryption_key": "",
            "logout_uri": "",
            "open_in_new_tab": False,
        },
    ),
    "authentik_binding": (
        {"application": "desk", "group": "others"},
        {"enabled": False},
        {"enabled": True, "order": 7, "negate": True, "policy_timeout": 5, "failure_result": True},
        {"negate": False, "failure_result": False, "policy_timeout": 0},
    ),
    "authentik_token": (
        {"identifier": "pipeline"},
        {"user": "staff", "description": "Pipeline", "expiring": False, "return_secret": True},
        {"description": "The pipeline", "key": "a-key-that-was-chosen-for-it"},
        {"description": ""},
    ),
}
# options that 2025.12 does not support
NEWER = {"authentik_application": ("logout_redirect_uris", "meta_hide")}

# principals that the objects above refer to
COMPANY = (
    ("authentik_user", {"username": "staff", "email": "staff@example.org", "name": "Staff"}),
    ("authentik_user", {"username": "other", "email": "other@example.org", "name": "Other"}),
    ("authentik_group", {"name": "staff", "users": ["staff"]}),
    ("authentik_group", {"name": "others"}),
    ("authentik_application", {"slug": "desk", "name": "Desk", "redirect_uris": [PVE]}),
    ("authentik_binding", {"application": "desk", "group": "staff"}),
)

# given to modules or kept by servers, and never to be seen
HIDDEN = ("a-password-of-carla", "an-authentik-client-secret", "a-key-for-the-kitchens-token")

# tasks that use every module, in an order in which they can run
EVERY_MODULE = [
    ("authentik_user", {"username": "carla", "email": "carla@example.org", "password": "a-password-of-carla"}),
    ("authentik_group", {"name": "cooks", "users": ["carla"]}),
    (
        "authentik_application",
        {
            "slug": "kitchen",
            "name": "Kitchen",
            "redirect_uris": [PVE],
            "icon": LOGO,
            "client_secret": "an-authentik-client-secret",
        },
    ),
    ("authentik_binding", {"application": "kitchen", "group": "cooks"}),
    ("authentik_token", {"identifier": "kitchen", "user": "carla", "key": "a-key-for-the-kitchens-token"}),
    (
        "authentik_state",
        {
            "users": [{"username": "dora", "groups": ["dancers"]}],
            "groups": [{"name": "dancers", "parents": ["artists"]}, {"name": "artists"}],
            "applications": [{"slug": "stage", "name": "Stage", "redirect_uris": [PVE]}],
            "bindings": [{"application": "stage", "group": "dancers"}, {"application": "stage", "user": "dora"}],
            "tokens": [{"identifier": "stage", "user": "dora", "expiring": False}],
        },
    ),
    ("authentik_info", {}),
]

# existing objects that bad input refers to
THERE = [
    ("authentik_group", {"name": "readers"}),
    ("authentik_user", {"username": "reader"}),
    ("authentik_application", {"slug": "library", "name": "Library", "redirect_uris": [PVE]}),
    ("authentik_binding", {"application": "library", "group": "readers", "order": 3}),
    ("authentik_token", {"identifier": "library", "user": "reader"}),
]
_APP = {"slug": "app", "name": "App", "redirect_uris": [PVE]}

# case: module, options, pattern of the message
BAD_INPUT = {
    "authentik: a wrong token": (
        "authentik_user",
        {"username": "ann", "token": "nobodys-token"},
        r"the token is not accepted \(Token invalid/expired\); it is wrong, has expired",
    ),
    "authentik: no token": ("authentik_user", {"username": "ann", "token": None}, "token: must be given"),
    "authentik: an address without a scheme": (
        "authentik_user",
        {"username": "ann", "url": "id.example.org"},
        "url: 'id.example.org' must begin with https://",
    ),
    "authentik: a token with a line break": (
        "authentik_user",
        {"username": "ann", "token": "a-key-from-a-block\n"},
        "token: must be a single line",
    ),
    "authentik: a member that does not exist": (
        "authentik_group",
        {"name": "band", "users": ["nobody"]},
        "group band: user nobody does not exist",
    ),
    "authentik: a group that does not exist": (
        "authentik_user",
        {"username": "ann", "groups": ["nobody"]},
        "user ann: group nobody does not exist",
    ),
    "authentik: a path with a trailing slash": (
        "authentik_user",
        {"username": "ann", "path": "users/"},
        "path: 'users/' must not begin or end with a slash",
    ),
    "authentik: no e-mail address": (
        "authentik_user",
        {"username": "ann", "email": "ann"},
        "email: 'ann' is not an e-mail address",
    ),
    "authentik: a domain without a dot": (
        "authentik_user",
        {"username": "ann", "email": "ann@b"},
        "email: 'ann@b' is not an e-mail address",
    ),
    "authentik: a group in itself": (
        "authentik_group",
        {"name": "readers", "parents": ["readers"]},
        "parents: 'readers' cannot be its own parent",
    ),
    "authentik: removing the calling user": (
        "authentik_user",
        {"username": "akadmin", "state": "absent"},
        "user akadmin: this user owns the token of this task",
    ),
    "authentik: no redirect URI": (
        "authentik_application",
        {"slug": "app", "name": "App"},
        "redirect_uris: must not be empty, because authentik would adopt",
    ),
    "authentik: the last redirect URI": (
        "authentik_application",
        {"slug": "library", "redirect_uris": []},
        "redirect_uris: must not be empty",
    ),
    "authentik: no name": (
        "authentik_application",
        {"slug": "app", "redirect_uris": [PVE]},
        "name: is required to create application app",
    ),
    "authentik: a redirect URI without a scheme": (
        "authentik_application",
        {**_APP, "redirect_uris": ["pve1:8006"]},
        "redirect_uris: 'pve1:8006' must be a URL with its scheme",
    ),
    "authentik: an invalid pattern": (
        "authentik_application",
        {**_APP, "redirect_uri_patterns": ["https://(a"]},
        r"redirect_uri_patterns: 'https://\(a' is not a valid regular expression",
    ),
    "authentik: a reserved slug": ("authentik_application", {**_APP, "slug": "token"}, "slug: 'token' is reserved"),
    "authentik: an invalid time span": (
        "authentik_application",
        {**_APP, "access_token_validity": "1h"},
        "access_token_validity: '1h' must be a time span such as 'minutes=5'",
    ),
    "authentik: a flow that does not exist": (
        "authentik_application",
        {**_APP, "authorization_flow": "nope"},
        "application app: flow nope does not exist",
    ),
    "authentik: a key that does not exist": (
        "authentik_application",
        {**_APP, "signing_key": "nope"},
        "application app: key pair nope does not exist",
    ),
    "authentik: a scope that does not exist": (
        "authentik_application",
        {**_APP, "property_mappings": ["groups"]},
        "application app: scope mapping groups does not exist",
    ),
    "authentik: no signing key": (
        "authentik_application",
        {**_APP, "signing_key": ""},
        "signing_key: must not be empty",
    ),
    "authentik: no scopes": (
        "authentik_application",
        {**_APP, "property_mappings": []},
        "property_mappings: must not be empty",
    ),
    "authentik: no grant types": (
        "authentik_application",
        {"slug": "library", "grant_types": []},
        "grant_types: must not be empty",
    ),
    "authentik: a secret of a public client": (
        "authentik_application",
        {**_APP, "client_type": "public", "return_secret": True},
        "client_secret: must not be set for a public client",
    ),
    "authentik: a missing icon file": (
        "authentik_application",
        {**_APP, "icon": "no-such.svg"},
        "icon: .*no-such.svg' cannot be read",
    ),
    "authentik: an icon of an unknown type": (
        "authentik_application",
        {**_APP, "icon": __file__},
        r"icon: '.*\.py' must have one of the extensions svg, png",
    ),
    "authentik: an empty icon file": (
        "authentik_application",
        {**_APP, "icon": "/dev/null"},
        "icon: '/dev/null' is empty",
    ),
    "authentik: an empty icon": ("authentik_application", {**_APP, "icon": ""}, "icon: must not be empty"),
    "authentik: an icon as file and as URL": (
        "authentik_application",
        {**_APP, "icon": LOGO, "meta_icon": ""},
        "icon: and meta_icon are mutually exclusive",
    ),
    "authentik: a binding without a subject": (
        "authentik_binding",
        {"application": "library"},
        "group: exactly one of group, user and policy must be given",
    ),
    "authentik: a binding with two subjects": (
        "authentik_binding",
        {"application": "library", "group": "readers", "user": "reader"},
        "group: exactly one of group, user and policy must be given",
    ),
    "authentik: an application that does not exist": (
        "authentik_binding",
        {"application": "nope", "group": "readers"},
        "application nope does not exist",
    ),
    "authentik: the order of another binding": (
        "authentik_binding",
        {"application": "library", "user": "reader", "order": 3},
        "order: 3 is already used by another binding of this application",
    ),
    "authentik: the last binding": (
        "authentik_binding",
        {"application": "library", "group": "readers", "state": "absent"},
        "application library would have no binding left and be open to everybody",
    ),
    "authentik: the last binding, disabled": (
        "authentik_binding",
        {"application": "library", "group": "readers", "enabled": False},
        "application library would have no binding left",
    ),
    "authentik: the last group of an application": (
        "authentik_group",
        {"name": "readers", "state": "absent"},
        "application library would have no binding left",
    ),
    "authentik: a token without an owner": (
        "authentik_token",
        {"identifier": "x", "user": ""},
        "user: must not be empty",
    ),
    "authentik: no identifier": ("authentik_token", {"identifier": ""}, "identifier: must not be empty"),
    "authentik: no user name": ("authentik_user", {"username": ""}, "username: must not be empty"),
    "authentik: no client secret": (
        "authentik_application",
        {"slug": "library", "client_secret": ""},
        "client_secret: must not be empty",
    ),
    "authentik: a token of another user": (
        "authentik_token",
        {"identifier": "library", "user": "akadmin"},
        "user: is 'reader' on the server and cannot be changed to 'akadmin'",
    ),
    "authentik: two bindings with the same order": (
        "authentik_state",
        {
            "bindings": [
                {"application": "library", "user": "reader", "order": 5},
                {"application": "library", "user": "akadmin", "order": 5},
            ]
        },
        "order: binding of library to user akadmin uses order 5",
    ),
}
