# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ..modules.adopt_host import MODULE
from ..plugin_utils.adopt import AdoptHostAction


class ActionModule(AdoptHostAction):
    module = MODULE
