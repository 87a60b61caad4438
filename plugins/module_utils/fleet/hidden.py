# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets in what is declared of a fleet. The argument_spec cannot describe them: such options take what a variable has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .declaration import CLIENT, GROUP, USER, secrets_in
from .emergency import OPTIONS as EMERGENCY
from .products import PRODUCTS
from .providers import PROVIDERS

_DECLARED = (
    *(("api", product.system.connection) for product in PRODUCTS.values()),
    *(("idp", provider.system.connection) for provider in PROVIDERS.values() if provider.system),
    ("client", CLIENT),
    ("users", USER),
    ("groups", GROUP),
    ("emergency", EMERGENCY),
)


def hidden(params: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in those of the options that a module has."""
    for option, spec in _DECLARED:
        yield from secrets_in(spec, params.get(option))
