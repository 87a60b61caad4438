# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets of single hosts in the environment. That of all hosts is the fallback of the option `api_token_secret` itself."""

from __future__ import annotations

import os

import yaml

from ..module_utils.core.errors import FleetgateError
from ..module_utils.fleet.products import Product


def variable_of(product: Product) -> str:
    """The environment variable with the secrets of the hosts of a product."""
    (fallback,) = product.system.connection["api_token_secret"]["fallback"][1]
    return f"{fallback}S"


def secrets_of_hosts(product: Product) -> dict[str, str]:
    """The secrets of tokens by inventory host."""
    name = variable_of(product)
    try:
        # with this loader every value is text
        found = yaml.load(os.environ.get(name) or "{}", Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(secret, str) for secret in found.values()):
        # what is in it is secret
        raise FleetgateError(f"{name}: must have a line 'HOST: SECRET' for each inventory host with a token of its own")
    return found
