"""The handlers of the API."""

from __future__ import annotations

from ..call import ROUTES
from . import acl, groups, jobs, login, nodes, openid, pools, realms, roles, tasks, tfa, tokens, users

# Importing these modules fills the table of routes.
HANDLERS = (acl, groups, jobs, login, nodes, openid, pools, realms, roles, tasks, tfa, tokens, users)

__all__ = ["HANDLERS", "ROUTES"]
