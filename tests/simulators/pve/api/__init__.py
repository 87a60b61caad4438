"""The methods of the API, by HTTP method and path of the schema."""

from __future__ import annotations

from ..call import Routes
from . import acl, groups, jobs, login, nodes, openid, pools, realms, roles, tfa, tokens, users

MODULES = (acl, groups, jobs, login, nodes, openid, pools, realms, roles, tfa, tokens, users)
ROUTES: Routes = {route: method for module in MODULES for route, method in module.ROUTES.items()}
