# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an OpenID issuer says about itself, and whether a client's secret is right."""

from __future__ import annotations

from .fields import Text

LOOPBACK = r"(localhost|127(\.[0-9]+){3}|\[::1\])"

# PVE and PBS take any text and fail only when somebody signs in; an empty one damages PVE's realm file.
ISSUER = Text(
    pattern=rf"https://[^\s/?#]+[^\s?#]*|http://{LOOPBACK}(:[0-9]+)?(/[^\s?#]*)?",
    rule="must be an https:// URL (http:// only for the machine itself): sign-on secrets travel over it",
    longest=256,
)
