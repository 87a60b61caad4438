# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""OpenID realms of PVE and PBS."""

from __future__ import annotations

from ..core.errors import FleetgateError
from ..core.fields import Field, Text
from ..core.oidc import ISSUER
from ..core.resource import Need, Resource

SCOPE = Text(pattern=r"[^\s,;]+", rule="is not one scope; give each scope as an entry of the list")
VALUE = Text(
    pattern=r"[^\s\x00-\x20\x7F<>#\",;]+", rule='may not have blanks, control characters, separators or any of <>#"'
)


class Realm(Resource):
    """An OpenID realm. `audit_path` is where the caller needs Sys.Audit to read it."""

    name = "realm"
    plural = "realms"
    key = ("realm",)
    unset_by = "delete"
    has_digest = True
    when_immutable = (
        "with on_immutable_change=recreate the realm is removed and made again, and users, groups and ACL entries stay"
    )
    audit_path = ""
    openid = (
        Field("type", Text(choices=("openid",)), immutable=True),
        Field("issuer_url", ISSUER, needed=True),
        Field("client_id", Text(longest=256), needed=True),
        Field("client_key", Text(longest=256), secret=True),
    )
    policies = (Field("on_immutable_change", Text(choices=("fail", "recreate")), local=True),)

    def spec(self):
        spec = super().spec()
        spec["type"]["default"] = "openid"
        spec["on_immutable_change"]["default"] = "fail"
        return spec

    def read(self, world, keys):
        """The list needs no rights but tells little, so each realm that matters is read by itself."""
        for listed in world.client.read("access", "domains"):
            name = listed["realm"]
            wanted = keys is None or (name,) in keys
            if wanted and listed["type"] == "openid":
                yield {"type": "openid", **self._detail(world, name), "realm": name}
            elif keys is not None:
                yield listed

    def _detail(self, world, name):
        try:
            return world.client.read(*self.item((name,)))
        except FleetgateError as error:
            if error.status == 403:
                world.client.check_rights(
                    [(Need((self.audit_path,), ("Sys.Audit", "Realm.Allocate")), f"to read realm {name}")]
                )
            raise

    def forbidden(self, entry, found):
        """The server would remove a realm of any type, and set a built-in one back to its defaults."""
        there = found.values["type"]
        return (
            [("type", f"is '{there}' on the server and not '{entry['type']}', so it is not removed")]
            if there != entry["type"]
            else []
        )

    def recreates(self, entry):
        return entry["on_immutable_change"] == "recreate"

    def built_in(self, found):
        return found.raw["realm"] in ("pam", "pve", "pbs")

    def clashes(self, entries):
        claimants = [entry["realm"] for entry in entries if entry["default"] and entry["state"] == "present"]
        return (
            [f"only one realm can be the default, and not {' and '.join(claimants)}"] if len(set(claimants)) > 1 else []
        )

    def steps(self, changes, world):
        """The realm that becomes the default comes last, because an update of the one that was it says so once more."""
        return super().steps(
            sorted(changes, key=lambda change: bool(change.values and change.values.get("default"))), world
        )

    def rights(self, change):
        return (Need((self.audit_path,), ("Realm.Allocate",)),)
