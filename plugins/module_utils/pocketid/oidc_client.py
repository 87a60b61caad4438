# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""OIDC clients of Pocket ID (2.14.0, oidc_controller), with their allowed groups, logos and secrets."""

from __future__ import annotations

import os

from ..core.errors import FleetgateError
from ..core.fields import Field, Flag, Names, Number, Path, Text
from ..core.resource import OneTimeSecret, Reference, Step
from .images import same_picture
from .resource import Nullable, PocketIdResource

_MINUTES = Number(1, 525600)
# the server takes HOST:PORT for a scheme and something of it, which then matches nothing that a browser sends
_CALLBACK = Text(
    pattern=r"\*|(?!(?i:javascript|data):)[A-Za-z*][A-Za-z0-9+.*-]*:(?![0-9]+(/|$)).+",
    rule="must be a URL with its scheme, such as https://pve1.example.org:8006, or a pattern of one",
)
_SECRET = Text(pattern=r"[\x20-\x7e]+", rule="may only have printable ASCII characters", shortest=16)
# the value of the parameter "light" for each logo
_LOGOS = {"logo": "true", "dark_logo": "false"}


# the server counts the whole request, 2 MiB, to which the upload adds a little
LARGEST_LOGO = 2 * 1024 * 1024 - 1024


class OidcClient(PocketIdResource):
    name = "client"
    plural = "clients"
    key = ("id",)
    collection = ("api", "oidc", "clients")
    uploads = tuple(_LOGOS)
    told = ("id", "hasLogo", "hasDarkLogo", "clientType", "pkceSupported", "allowedUserGroups")
    fields = (
        Field(
            "id",
            Text(
                pattern=r"[a-zA-Z0-9._-]+",
                rule="may only have letters, digits, '.', '_' and '-'",
                shortest=2,
                longest=128,
            ),
        ),
        Field("name", Text(longest=50), needed=True),
        Field("description", Text(longest=150)),
        Field("callback_urls", Names(_CALLBACK), wire="callbackURLs"),
        Field("logout_callback_urls", Names(_CALLBACK), wire="logoutCallbackURLs"),
        Field("launch_url", Nullable(pattern=r"https?://.+", rule="must be an http or https URL"), wire="launchURL"),
        Field("is_public", Flag(), wire="isPublic"),
        Field("pkce_enabled", Flag(), wire="pkceEnabled"),
        Field("requires_reauthentication", Flag(), wire="requiresReauthentication"),
        Field("requires_pushed_authorization_requests", Flag(), wire="requiresPushedAuthorizationRequests"),
        Field("skip_consent", Flag(), wire="skipConsent"),
        Field("access_token_duration_minutes", _MINUTES, wire="accessTokenDurationMinutes", default=60),
        Field("refresh_token_duration_minutes", _MINUTES, wire="refreshTokenDurationMinutes", default=43200),
        Field("is_group_restricted", Flag(), wire="isGroupRestricted"),
        Field("allowed_groups", Names()),
        Field("logo", Path(), write_only=True),
        Field("dark_logo", Path(), write_only=True),
        Field("secret", _SECRET, write_only=True, secret=True),
        Field("secret_candidates", Names(), local=True, secret=True),
        Field("return_secret", Flag(), local=True),
        Field("replace_secret", Flag(), local=True),
    )

    # -- declared entries --------------------------------------------------------------------------------------

    def spec(self):
        spec = super().spec()
        spec["id"]["required"] = False
        return spec

    def normalise(self, entry):
        entry = super().normalise(entry)
        restricted = entry["is_group_restricted"]
        if restricted is None and entry["allowed_groups"]:
            restricted = True
        return {
            **entry,
            "is_group_restricted": restricted,
            "pkce_enabled": True if entry["is_public"] else entry["pkce_enabled"],
        }

    def problems(self, entry):
        problems = super().problems(entry)
        if not (entry["id"] or entry["name"]):
            problems.append(("id", "or name must be given"))
        if entry["is_group_restricted"] is False and entry["allowed_groups"]:
            problems.append(
                ("is_group_restricted", "is false, so the server would forget allowed_groups; leave one of them out")
            )
        if entry["is_public"] and (entry["secret"] or entry["return_secret"]):
            problems.append(("secret", "cannot be had by a public client"))
        for option in _LOGOS:
            if entry[option]:
                problems += [(option, rule) for rule in _unreadable(entry[option])]
        return problems

    def identify(self, entry, world):
        """A client without a declared id is found by its name, which need not be unique on the server."""
        if entry["id"]:
            return entry
        ids = [
            one["id"]
            for one in world.client.read_all(*self.collection, sort="name", search=entry["name"])
            if one["name"] == entry["name"]
        ]
        if len(ids) > 1:
            return {**entry, "ambiguous": ids}
        return {**entry, "id": ids[0]} if ids else entry

    def key_of(self, entry):
        return (entry["id"] or f"with the name {entry['name']}",)

    # -- the server --------------------------------------------------------------------------------------------

    def read(self, world, keys):
        """Lists leave out the allowed groups, so each client is read by itself."""
        ids = (
            [one["id"] for one in world.client.read_all(*self.collection, sort="createdAt")]
            if keys is None
            else [key[0] for key in keys]
        )
        for one in ids:
            try:
                yield world.client.read(*self.collection, one)
            except FleetgateError as error:
                if error.status != 404:
                    raise

    def found(self, raw):
        return super().found({**raw, "allowed-groups": [group["name"] for group in raw.get("allowedUserGroups") or ()]})

    def compare(self, world, entry, found):
        values, problems = super().compare(world, entry, found)
        if entry.get("ambiguous"):
            problems.append(
                (
                    "name",
                    f"'{entry['name']}' is the name of several clients ({', '.join(entry['ambiguous'])}); give the id",
                )
            )
        if found:
            values.update(
                {
                    option: entry[option]
                    for option in _LOGOS
                    if entry[option] is not None and self._other_logo(world.client, entry, option, found)
                }
            )
        if {**(found.values if found else {}), **values}.get("is_public") and entry["pkce_enabled"] is False:
            problems.append(("pkce_enabled", "cannot be false, because the client is public"))
        if entry["secret"] or entry["return_secret"]:
            known = self._known_secret(world.client, entry, found)
            if found and not known:
                problems += self._without_a_known_secret(world.client, entry)
            # an empty secret asks the server to make one
            values.pop("secret", None)
            if known:
                entry["known_secret"] = known
            else:
                values["secret"] = entry["secret"] or ""
        return values, problems

    def _other_logo(self, client, entry, option, found):
        there = found.raw["hasLogo" if option == "logo" else "hasDarkLogo"]
        if not (there and entry[option]):
            return bool(there) != bool(entry[option])
        with open(entry[option], "rb") as source:
            return not same_picture(
                source.read(), client.read_bytes(*self.collection, found.raw["id"], "logo", light=_LOGOS[option])
            )

    def _known_secret(self, client, entry, found):
        """The first of the secrets given that the server accepts."""
        if not found:
            return None
        candidates = [entry["secret"]] if entry["secret"] else dict.fromkeys(entry["secret_candidates"] or ())
        return next((one for one in candidates if one and client.accepts_secret(found.raw["id"], one)), None)

    def _without_a_known_secret(self, client, entry):
        """What stands against having a secret made for an existing client."""
        problems = []
        if entry["secret"]:
            return problems
        if entry["secret_candidates"] is None:
            problems.append(
                (
                    "secret_candidates",
                    "must be given for a client that exists (it may be empty), or every run would make a new secret",
                )
            )
        if client.version < (2, 14) and not entry["replace_secret"]:
            server = f"this server ({'.'.join(map(str, client.version))}) keeps one secret"
            why = f"must be true: {server}, and whoever has the one of now could not sign in any more"
            problems.append(("replace_secret", why))
        return problems

    def references(self, key, values):
        return [Reference("group", (name,)) for name in values.get("allowed_groups") or ()]

    # -- requests ----------------------------------------------------------------------------------------------

    def written(self, change):
        body = super().written(change)
        for option in ("allowed_groups", *_LOGOS, "secret"):
            body.pop(self.field(option).name, None)
        if change.creates and not change.entry["id"]:
            body.pop("id", None)
        return body

    def links(self, change, world):
        steps, item = [], self.item(change.key)
        groups = change.values.get("allowed_groups")
        if groups or (groups is not None and not change.creates):
            ids = {"userGroupIds": [Reference("group", (name,)) for name in dict.fromkeys(groups)]}
            steps.append(Step("PUT", (*item, "allowed-user-groups"), f"{change.label}: allowed groups", body=ids))
        for option, light in _LOGOS.items():
            logo = change.values.get(option)
            if logo:
                steps.append(
                    Step("POST", (*item, "logo"), f"{change.label}: {option}", body={"light": light}, upload=logo)
                )
            elif logo is not None and not change.creates:
                steps.append(Step("DELETE", (*item, "logo"), f"{change.label}: {option}", body={"light": light}))
        if change.values.get("secret") is not None:
            steps.append(self._secret_step(change, world))
        return steps

    def _secret_step(self, change, world):
        chosen = change.values["secret"]
        route = "secrets" if world.client.version >= (2, 14) else "secret"
        returned = OneTimeSecret("!".join(change.key), "secret", None, True) if change.entry["return_secret"] else None
        reason = f"{change.label}: {'the declared secret is not accepted' if chosen else 'no secret is known that it accepts'}"
        return Step(
            "POST", (*self.item(change.key), route), reason, body={"secret": chosen} if chosen else {}, secret=returned
        )


def _unreadable(path):
    """Why a file cannot be sent as a logo."""
    try:
        with open(path, "rb") as source:
            size = os.fstat(source.fileno()).st_size
    except OSError as error:
        return [f"'{path}' cannot be read on the node that runs the task ({error.strerror})"]
    if size > LARGEST_LOGO:
        return [f"'{path}' has {size} bytes, and the server takes {LARGEST_LOGO} at the most"]
    known = ("jpg", "jpeg", "png", "svg", "ico", "gif", "webp", "avif", "heic")
    if path.rpartition(".")[2].lower() not in known:
        return [f"'{path}' must end in one of {', '.join(known)}, which is how the server tells its type"]
    return []
