"""Digests of OAuth 2 and OpenID Connect, which providers create and relying parties verify."""

from __future__ import annotations

import base64
import hashlib


def s256_challenge(verifier: str) -> str:
    """The code challenge for a verifier by the method S256 (RFC 7636, section 4.2)."""
    return _encoded(hashlib.sha256(verifier.encode("ascii")).digest())


def half_hash(token: str) -> str:
    """The value of `at_hash` for algorithms with SHA-256: the left half of the digest (OpenID Connect Core, 3.1.3.6)."""
    return _encoded(hashlib.sha256(token.encode("ascii")).digest()[:16])


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
