# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rotation of the token that the playbooks work with, on one host of a fleet.

A token cannot replace its own secret safely: if the response is lost, nobody has the new one. So a second token of the same user
with the same permissions stands in for it. Its secret is stored first, and it is removed when the new secret of the token is
stored and verified. Of the old secret, that of the second token and the new one, one that works is on disk at any moment.

Both tokens have the name of the rotation in their comments, so the next run knows how far one that was killed came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from ..core.errors import FleetgateError, refuse
from ..core.module import Definition
from ..core.plan import ServerState, add_diff
from ..core.resource import STORE, Actual, Step
from ..core.secret_file import SecretFile, cannot_keep, kept_secret
from ..proxmox.client import ProxmoxClient
from ..proxmox.token import IF_INVALID, REGENERATE, date_in, dated, rotation_in
from .bootstrap import COMMENT, AutomationHost, automation_host, named_as_declared
from .bootstrap import SPEC as OF_BOOTSTRAP
from .bootstrap import hidden as hidden_of_bootstrap
from .host import with_warnings
from .rotation import AUTOMATION, Order, unknown_age

_TAKEN = ("product", "host", "api", "bootstrap", "token_file", "privileges")
SPEC: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "choices": ["preflight", "review", "apply"], "required": True},
    **{option: OF_BOOTSTRAP[option] for option in _TAKEN},
    "rotate": {"type": "raw"},
    "files": {"type": "list", "elements": "path", "default": []},
}
_RUN_BOOTSTRAP = "run the playbook bootstrap first"
_REMOVED = "it is not needed any more"


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    if params["stage"] == "review":
        raise FleetgateError("stage: review is done by the action plugin on the control node")
    order = Order.of(params["rotate"])
    if AUTOMATION not in order.what:
        return {"changed": False, "due": False, "identity": []}
    with named_as_declared():
        host = automation_host({**params, "ticket": None})
    with named_as_declared(host.secrets):
        rotation = _Rotation.of(host)
        if params["stage"] == "preflight":
            return _preflight(rotation, order, (params["api"] or {}).get("api_token_secret"))
        return _Steps(rotation, check_mode, params["files"]).run()


@dataclass
class _Rotation:
    """A token, the token that stands in for it, and which of their stored secrets work."""

    host: AutomationHost
    secret: str
    spare: str
    is_accepted: bool
    token: Actual | None
    stand_in: Actual | None
    client: ProxmoxClient

    @classmethod
    def of(cls, host: AutomationHost) -> _Rotation:
        secret, spare = host.stored(), host.stored(host.stand_in_file)
        accepted = host.accepts(secret)
        if not (accepted or host.accepts(spare, host.stand_in)):
            refuse(
                [
                    f"fleetgate_token_file: '{host.file}' has no secret that is accepted for {host.token}, so it cannot be"
                    f" rotated; {_RUN_BOOTSTRAP}"
                ]
            )
        client = host.by_token(secret) if accepted else host.by_token(spare, token=host.stand_in)
        state = ServerState(client, host.product.system.kinds)
        with client.understanding():
            tokens = state.actual("token")
        owner, _mark, name = host.token.rpartition("!")
        found = tokens.get((owner, name)), tokens.get((owner, host.stand_in.rpartition("!")[2]))
        return cls(host, secret, spare, accepted, *found, client)

    @property
    def created(self) -> datetime | None:
        return date_in(_comment(self.token))

    @property
    def name(self) -> str:
        """The same for all runs that replace this secret."""
        begun = rotation_in(_comment(self.stand_in))
        return begun or sha256(self.secret.encode()).hexdigest()[:8]

    @property
    def is_unfinished(self) -> bool:
        return self.stand_in is not None or self.host.is_being_rotated

    @property
    def is_replaced(self) -> bool:
        """Whether the secret was replaced by the rotation that is not finished, and is stored."""
        done = self.stand_in is None or rotation_in(_comment(self.token)) == rotation_in(_comment(self.stand_in))
        return self.is_accepted and self.is_unfinished and done


def _comment(token: Actual | None) -> str:
    return str(token.values["comment"]) if token else ""


def _preflight(rotation: _Rotation, order: Order, used: str | None) -> dict[str, Any]:
    """Whether the secret is to be replaced, and everything that stands against it; only reads are sent."""
    host, problems, warnings = rotation.host, [], []
    due = rotation.is_unfinished or order.is_due(rotation.created)
    if not due and rotation.created is None:
        warnings.append(unknown_age(host.name, host.token))
    if due:
        if used and used not in (rotation.secret, rotation.spare):
            problems.append(
                f"fleetgate_api.api_token_secret: is not the secret in '{host.file}', so the playbooks would go on with the old"
                " one; read it from fleetgate_token_file with a lookup"
            )
        problems += _file_problems(host)
        if rotation.is_accepted and not rotation.is_unfinished:
            differences = host.differences(rotation.secret)
            if differences:
                problems.append(f"{host.token} is not as declared ({'; '.join(differences)}); {_RUN_BOOTSTRAP}")
    refuse(problems)
    if due:
        # what the server would refuse is found by the plan
        _Steps(rotation, True).run()
    return {
        "changed": False,
        "due": due,
        "unfinished": rotation.is_unfinished,
        "created": rotation.created.isoformat() if rotation.created else None,
        "token_file": host.file,
        "identity": host.identity(rotation.client),
        **with_warnings(warnings),
    }


def _file_problems(host: AutomationHost) -> list[str]:
    vault_id = host.options["vault_id"]
    problems = [problem.at("fleetgate_token_file: ") for problem in cannot_keep(host.file, vault_id)]
    if kept_secret(host.file)[1] and not vault_id:
        problems.append(
            f"fleetgate_bootstrap: vault_id: must be given, because '{host.file}' is encrypted, and the new secret is to be as well"
        )
    return problems


@dataclass
class _Steps:
    """The requests of a rotation, in the order in which they are sent; those that a killed run sent are left out."""

    rotation: _Rotation
    check_mode: bool
    # the files of other hosts that have the same secret
    files: Iterable[str] = ()

    def __post_init__(self) -> None:
        self.host = self.rotation.host
        self.done: dict[str, Any] = {"changed": False, "diff": {"before": {}, "after": {}}, "plan": []}

    def run(self) -> dict[str, Any]:
        rotation, host = self.rotation, self.host
        try:
            if rotation.is_replaced:
                self._remove_stand_in(rotation.secret)
            else:
                client = self._with_stand_in()
                self._replace(client)
                self._copy()
                if not self.check_mode:
                    host.verify(self.done, stand_in={})
                self._remove_stand_in(host.stored())
        except FleetgateError as error:
            error.done, error.diff = self.done["plan"], self.done["diff"]
            raise
        return self.done

    def _with_stand_in(self) -> ProxmoxClient:
        """The client of the second token, which is created or completed as long as the first one works."""
        host, rotation = self.host, self.rotation
        if not rotation.is_accepted:
            return host.by_token(rotation.spare, self.check_mode, host.stand_in)
        with_secret = {
            "secret": IF_INVALID,
            "secret_file": host.stand_in_file,
            "secret_file_vault_id": host.options["vault_id"],
            "secret_comment": dated(COMMENT, rotation.name),
        }
        client = host.by_token(rotation.secret, self.check_mode)
        self._converge(client, host.desired(stand_in=with_secret))
        if not self.check_mode:
            return host.by_token(host.stored(host.stand_in_file), token=host.stand_in, read_only=False)
        # the requests to come are those of a token that may not exist yet
        planning = copy(client)
        planning.caller = host.stand_in
        return planning

    def _replace(self, client: ProxmoxClient) -> None:
        with_secret = {
            "secret": REGENERATE,
            "secret_file": self.host.file,
            "secret_file_vault_id": self.host.options["vault_id"],
            "secret_comment": dated(COMMENT, self.rotation.name),
        }
        # in check mode the plan that creates the second token is known already
        stand_in: Mapping[str, Any] | None = {} if self.rotation.stand_in or not self.check_mode else None
        self._converge(client, self.host.desired(stand_in=stand_in, **with_secret))

    def _remove_stand_in(self, secret: str) -> None:
        host, rotation = self.host, self.rotation
        if self.check_mode and not (rotation.stand_in and rotation.is_accepted):
            userid, _mark, name = host.stand_in.rpartition("!")
            step = Step("DELETE", ("access", "users", userid, "token", name), f"token {host.stand_in}: {_REMOVED}")
            self.done["plan"].append(step.to_diff())
            return
        self._converge(host.by_token(secret, self.check_mode), host.desired())
        if not self.check_mode:
            host.end_rotation()

    def _copy(self) -> None:
        """Store the new secret for the other nodes of the cluster too, encrypted or not as it is in the first file."""
        for file in self.files:
            step = {"verb": STORE, "path": file, "reason": f"token {self.host.token}: it has another secret"}
            self.done["plan"].append(step)
            if not self.check_mode:
                with open(self.host.file, encoding="utf-8") as stored, closing(SecretFile(file)) as copied:
                    copied.keep(stored.read().strip())

    def _converge(self, client: ProxmoxClient, desired: list[Any]) -> None:
        try:
            result = self.host.converge(client, desired, self.check_mode)
        except FleetgateError as error:
            self._note({"plan": error.done, "diff": error.diff})
            raise
        self._note(result)

    def _note(self, result: Mapping[str, Any]) -> None:
        self.done["plan"] += result["plan"]
        self.done["changed"] |= bool(result["plan"])
        add_diff(self.done["diff"], result["diff"])


ROTATE_TOKEN = Definition(SPEC, run, hidden=hidden_of_bootstrap)
