# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declared state of a fleet, which is in the words of Pocket ID, as entries for the modules of authentik.

So the kind of the identity provider can be changed without anything else. What both have goes by one name, what only
Pocket ID has is left out, and the rest are options of authentik's modules.
"""

from __future__ import annotations

import re

from ..module_utils.authentik.application import Application
from ..module_utils.authentik.group import Group
from ..module_utils.authentik.user import User
from ..module_utils.core.errors import refuse
from ..module_utils.pocketid.group import Group as PocketIdGroup
from ..module_utils.pocketid.oidc_client import OidcClient
from ..module_utils.pocketid.user import User as PocketIdUser

# options of Pocket ID, and what they are at authentik: the option and its value
_CLIENT = {
    "callback_urls": lambda urls: ("redirect_uris", urls),
    "logout_callback_urls": lambda urls: ("logout_redirect_uris", urls),
    "description": lambda text: ("meta_description", text),
    "launch_url": lambda url: ("meta_launch_url", url),
    "logo": lambda path: ("icon", path) if path else ("meta_icon", ""),
    "secret": lambda secret: ("client_secret", secret),
    "is_public": lambda public: ("client_type", "public" if public else "confidential"),
    "access_token_duration_minutes": lambda minutes: ("access_token_validity", f"minutes={minutes}"),
    "refresh_token_duration_minutes": lambda minutes: ("refresh_token_validity", f"minutes={minutes}"),
}
_USER = {"disabled": lambda disabled: ("is_active", not disabled), "display_name": lambda name: ("name", name)}

# what PVE and PBS cannot do without, whoever made the provider; an encrypted token they cannot read
_NEEDED = {
    "grant_types": ["authorization_code"],
    "property_mappings": ["openid", "email", "profile"],
    "include_claims_in_id_token": True,
    "encryption_key": "",
}


def slug(client_id):
    """The slug of the application of a client: authentik takes fewer characters than others for an id."""
    return re.sub(r"[^-a-zA-Z0-9_]", "-", client_id)


def applications(clients):
    """Entries for authentik_state: an application for each client, bound to the groups that may use it."""
    found = {"applications": [], "bindings": []}
    problems = []
    for client in clients:
        where = f"fleetgate_client: {client['id']}"
        problems += [
            f"{where}: callback_urls: '{url}' has a pattern as Pocket ID has them; name each URL, or give redirect_uri_patterns"
            for url in client["callback_urls"]
            if "*" in url
        ]
        if client.get("issuer_mode") == "global":
            problems.append(
                f"{where}: issuer_mode: 'global' cannot be used by PVE and PBS, because authentik has no discovery document at that issuer"
            )
        declared = {option: value for option, value in client.items() if option != "append"}
        application = _translated(declared, _CLIENT, Application(), OidcClient())
        added = [option for option in ("grant_types", "property_mappings") if option not in application]
        found["applications"].append(
            {
                **_NEEDED,
                **application,
                "slug": slug(client["id"]),
                "client_id": client["id"],
                # a run for some of the hosts must not take away what the others need
                "append": ["redirect_uris", *added],
            }
        )
        if client.get("is_group_restricted") is not False:
            found["bindings"] += [
                {"application": slug(client["id"]), "group": group} for group in client.get("allowed_groups") or ()
            ]
    refuse(problems)
    return found


def people(declared):
    """Users and groups, as `people` of fleet.py makes them, for authentik_state."""
    users = []
    for user in declared["users"]:
        full_name = " ".join(user[option] for option in ("first_name", "last_name") if user.get(option))
        named = {"name": full_name} if full_name else {}
        users.append({**named, **_translated(user, _USER, User(), PocketIdUser())})
    return {
        "users": users,
        "groups": [_translated(group, {}, Group(), PocketIdGroup()) for group in declared["groups"]],
    }


def _translated(entry, words, resource, elsewhere):
    """An entry in the words of authentik. What is no option of either stays, so that it is refused and not overlooked."""
    ours, theirs = resource.spec(), elsewhere.spec()
    translated = {}
    for option, value in entry.items():
        if option in words:
            name, value = words[option](value)
            translated[name] = value
        elif option in ours or option not in theirs:
            translated[option] = value
    return translated
