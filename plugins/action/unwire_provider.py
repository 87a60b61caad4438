# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ..modules.unwire_provider import MODULE
from ..plugin_utils.unwire import UnwireProviderAction


class ActionModule(UnwireProviderAction):
    module = MODULE
