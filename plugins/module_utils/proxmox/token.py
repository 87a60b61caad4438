# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API tokens of PVE and PBS. The server returns their secret only once, in the response to the request that creates it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..core.errors import Problem
from ..core.fields import CREDENTIAL, HIDDEN, HIDDEN_OTHER, Field, Flag, Kind, Names, Path, Text
from ..core.resource import STORE, OneTimeSecret, Probe, Reference, Step
from ..core.secret_file import cannot_keep, kept_secret
from .client import ROOT
from .identity import Identity, token_id

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change, Permission


KEEP, REGENERATE, IF_INVALID = "keep", "regenerate", "if_invalid"

_MARK = re.compile(r"\(secret of (\d{4}-\d\d-\d\d)(?:, rotation ([0-9a-f]+))?\)$")


def secret_options(comment: Kind) -> tuple[Field, ...]:
    """The fields for the secret of a token; `comment` is the kind of its comment."""
    return (
        Field("secret", Text(choices=(KEEP, REGENERATE, IF_INVALID)), task_only=True),
        Field("secret_candidates", Names(CREDENTIAL), task_only=True, secret=True),
        Field("secret_file", Path(), task_only=True),
        Field("secret_file_vault_id", task_only=True),
        Field("secret_comment", comment, task_only=True),
        Field("return_secret", Flag(), task_only=True),
    )


def dated(comment: str, rotation: str = "") -> str:
    """A comment that says since when a token has its secret, which no server reports, and by which rotation."""
    return f"{comment} (secret of {datetime.now(UTC):%Y-%m-%d}{f', rotation {rotation}' if rotation else ''})"


def date_in(comment: str) -> datetime | None:
    """The end of the day on which the secret of a token was created, as its comment says; None where it does not."""
    mark = _MARK.search(comment or "")
    return datetime.strptime(f"{mark[1]} 23:59:59", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) if mark else None


def rotation_in(comment: str) -> str:
    """The rotation that a comment names."""
    mark = _MARK.search(comment or "")
    return mark[2] or "" if mark else ""


def stand_in_for(token: str) -> str:
    """The name of the token that stands in for another one of the same user while that gets another secret."""
    return f"{token}.rotation"


class Token(Identity):
    """The values of a change include what to do with the secret of an existing token: REGENERATE it, or STORE it in its file."""

    name = "token"
    plural = "tokens"
    made_at_item = True
    # the first version of the server that can regenerate the secret of a token, and the key of the secret in its response
    audit_permission: Permission
    regenerates_since: tuple[int, ...] = ()
    regenerated = ""

    def item_path(self, key: tuple[str, ...]) -> tuple[Any, ...]:
        userid, token_name = key
        return ("access", "users", userid, "token", token_name)

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("user", key[:1])]

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        problems = super().problems(entry)
        if entry["secret_candidates"] and entry["secret"] != IF_INVALID:
            problems.append(Problem("secret_candidates", f"are only tried with secret={IF_INVALID}"))
        if entry["secret_file_vault_id"] and not entry["secret_file"]:
            problems.append(Problem("secret_file_vault_id", "needs secret_file"))
        if entry["secret_comment"] and entry["comment"] is not None:
            problems.append(Problem("secret_comment", "must not be given together with comment"))
        return problems

    def conflicts(self, entries: dict[str, list[dict[str, Any]]]) -> list[str]:
        """Refuse a file for the secrets of several tokens."""
        owners: dict[str, dict[str, bool]] = {}
        for entry in entries[self.name]:
            if entry["secret_file"] and entry["state"] == "present":
                owners.setdefault(os.path.abspath(entry["secret_file"]), {})[token_id(self.key_of(entry))] = True
        return [
            f"secret_file: '{file}' cannot contain the secrets of {' and '.join(tokens)}; set a different file for each token"
            for file, tokens in owners.items()
            if len(tokens) > 1
        ]

    def probe(self, server: ServerState, entry: dict[str, Any], actual: Actual | None, values: dict[str, Any]) -> Probe:
        """Decide what to do with the secret. `work` is the secret that is valid."""
        file, problems = entry["secret_file"], []
        task, known, unreadable = self._task_with_secret(server, entry, actual, values)
        if unreadable:
            return Probe(values, [Problem("secret_file", unreadable)])
        if actual and not task and self._was_interrupted(server, entry):
            task = REGENERATE
        if actual is None or task == REGENERATE:
            problems += self._secret_blockers(server.client, entry, actual)
        if file and (actual is None or task):
            problems += cannot_keep(file, entry["secret_file_vault_id"])
        elif file and not os.path.exists(file):
            problems.append(
                Problem("secret_file", f"'{file}' does not exist, but the token does, and {self._lost(entry)}")
            )
        if entry["secret_comment"] and (actual is None or task == REGENERATE):
            values = {**values, "comment": entry["secret_comment"]}
        return Probe(
            {**values, **({"secret": task} if task else {})},
            problems,
            {"!".join(self.key_of(entry)): known} if known and entry["return_secret"] else {},
            known,
        )

    def _task_with_secret(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None, values: dict[str, Any]
    ) -> tuple[str | None, str | None, str | None]:
        """Return what to do with the secret of an existing token (None: nothing), the valid secret, and why that cannot be decided.

        `values` are those about to change.
        """
        owner = token_id(self.key_of(entry))
        if actual is None or owner in server.minted or entry["secret"] in (None, KEEP):
            return None, None, None
        if entry["secret"] == REGENERATE:
            return REGENERATE, None, None
        file = entry["secret_file"]
        stored, encrypted, unreadable = kept_secret(file) if file else (None, False, None)
        if unreadable:
            return None, None, unreadable
        candidates = dict.fromkeys((stored, *(entry["secret_candidates"] or ())))
        possible = [candidate for candidate in candidates if candidate and not CREDENTIAL.problem(candidate)]
        if not self._accepts_secrets(server, actual.values):
            # none can be tried now; where none is known and the token will be usable, it needs another
            usable = self._accepts_secrets(server, {**actual.values, **values})
            return (REGENERATE if usable and not possible else None), None, None
        known = next((candidate for candidate in possible if server.client.accepts(owner, candidate)), None)
        if known is None:
            return REGENERATE, None, None
        as_declared = not file or (known == stored and (encrypted or not entry["secret_file_vault_id"]))
        return (None if as_declared else STORE), known, None

    @staticmethod
    def _lost(entry: dict[str, Any]) -> str:
        """Return what to do if the file is lost."""
        if entry["secret"] == IF_INVALID:
            return (
                "the token or its user is disabled or expired, so that no secret can be tested and the token keeps the one it has;"
                " enable it or set another expire, or set secret=regenerate to replace the secret in any case"
            )
        return "its secret cannot be read again; restore the file, or set secret=if_invalid to replace the secret"

    def _accepts_secrets(self, server: ServerState, values: dict[str, Any]) -> bool:
        """Whether any secret works: a token that is disabled or expired, or whose user is, accepts none."""
        user = server.actual("user")[self.key_of(values)[:1]].values
        return all(
            identity.get("enable", True) and not 0 < identity["expire"] <= time.time() for identity in (user, values)
        )

    def _was_interrupted(self, server: ServerState, entry: dict[str, Any]) -> bool:
        """Whether a run was interrupted between creating the token and storing its secret, so that nobody has the secret.

        Then the draft of the file exists, or nothing is granted to the token yet.
        """
        file, userid, owner = entry["secret_file"], self.key_of(entry)[0], "!".join(self.key_of(entry))
        if not file or os.path.exists(file) or entry["secret"] or owner in server.minted:
            return False
        acl = server.resources["acl"]
        if _has_draft(file):
            return True
        # root needs no ACL entry, and callers without permission read an empty ACL
        if userid == ROOT:
            return False
        if acl.audit_permission and server.client.missing_permissions([(acl.audit_permission, "")]):
            return False
        granted = {key[2] for key in server.actual("acl")}
        return not granted & {userid, owner} and not server.actual("user")[(userid,)].values.get("groups")

    def _secret_blockers(self, client: Any, entry: dict[str, Any], actual: Actual | None) -> list[Problem]:
        """Return why no secret can be created, as `Problem`s."""
        problems = []
        if not (entry["secret_file"] or entry["return_secret"]):
            what = "create a token" if actual is None else "replace its secret"
            problems.append(
                Problem(
                    "secret_file", f"or return_secret is required to {what}, because the server returns the secret once"
                )
            )
        if actual and client.caller == token_id(self.key_of(entry)):
            why = "cannot be replaced with the token itself, which would end its own access; use other credentials"
            problems.append(Problem("secret", why))
        return problems

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        if change.removes:
            return super().steps_for(change, server)
        entry, owner = change.entry, token_id(change.key)
        file, returned = entry["secret_file"], bool(entry["return_secret"])
        secret = OneTimeSecret(owner, "value", file, returned, vault_id=entry["secret_file_vault_id"])
        task = change.values.get("secret")
        if change.creates:
            return [replace(step, secret=secret) for step in super().steps_for(change, server)]
        if task == REGENERATE and self.regenerates(server.client):
            (step,) = super().steps_for(change, server)
            secret = replace(secret, answer=self.regenerated)
            return [replace(step, body={**step.body, "regenerate": True}, secret=secret)]
        if task == REGENERATE:
            return super().steps_for(replace(change, recreates=True), server)
        rest = {option: value for option, value in change.values.items() if option != "secret"}
        steps = super().steps_for(replace(change, values=rest), server) if rest else []
        if task == STORE:
            parts = tuple(os.path.abspath(file).split(os.sep)[1:])
            secret = replace(secret, known=change.work)
            steps.append(Step(STORE, parts, f"{change.label}: its valid secret is not in its file", secret=secret))
        return steps

    def regenerates(self, client: Any) -> bool:
        """Whether the server can regenerate the secret of a token."""
        return bool(client.version >= self.regenerates_since)

    def difference(
        self, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        old, new = super().difference(before, after)
        option = {REGENERATE: "secret", STORE: "secret_file"}.get((after or {}).get("secret", ""))
        if old and new and option:
            old[option], new[option] = HIDDEN, HIDDEN_OTHER
        return old, new


def _has_draft(file: str) -> bool:
    """Whether a run that was killed left the draft of a file behind."""
    folder, name = os.path.split(os.path.abspath(file))
    draft = re.compile(rf"\.{re.escape(name)}\.fleetgate-.*|{re.escape(name)}\.[0-9]+")
    return os.path.isdir(folder) and any(draft.fullmatch(other) for other in os.listdir(folder))
