# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person has at an identity provider, and how it is ended. Each provider that the collection manages has a subclass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.checks import Check
from ..core.resource import Step


@dataclass(frozen=True)
class Removal:
    """What no resource of the collection describes: its name and its values for the diff, and the request that removes it."""

    label: str
    values: Mapping[str, Any]
    step: Step


class Offboarding(ABC):
    """One person. `user` is the user as the provider has it, None if there is none of that name."""

    user: Mapping[str, Any] | None

    def __init__(self, client: Any, person: str) -> None:
        self.client, self.person = client, person
        # what could not be looked at, in sentences
        self.notes: list[str] = []
        self.user = self._find()

    @property
    def existing(self) -> Mapping[str, Any]:
        if self.user is None:
            raise RuntimeError(f"{self.person} has no user at {self.client.title}")
        return self.user

    @abstractmethod
    def _find(self) -> Mapping[str, Any] | None:
        """The user of exactly this name."""

    @abstractmethod
    def names(self) -> Iterable[str]:
        """The names of all users, to suggest one for a name that is misspelt."""

    @abstractmethod
    def claims(self) -> dict[str, str]:
        """The values of the claims that PVE and PBS may take the user name from."""

    @abstractmethod
    def blockers(self) -> list[str]:
        """Why the user must not be disabled: sentences about the credentials of the run, and the last administrator."""

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """The options of the user, as an entry for its module, with which nobody can sign in as the person."""

    def removals_before(self) -> list[Removal]:
        """What can only be removed while the user is enabled."""
        return []

    def removals_after(self, left: Collection[str] = ()) -> list[Removal]:
        """What is removed when the user is disabled, but for memberships in groups that it has `left` in the meantime."""
        return []

    def requests(self) -> list[Check]:
        """Requests in the name of the person, which the provider must refuse by now."""
        return []

    @abstractmethod
    def remaining(self) -> list[str]:
        """What stays valid for a while and cannot be ended, in sentences."""
