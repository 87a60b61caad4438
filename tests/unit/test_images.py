"""Equality of pictures, which decides about an upload."""

from __future__ import annotations

from pathlib import Path

import pytest

LOGOS = Path(__file__).resolve().parents[1] / "modules/logos"


@pytest.fixture(scope="module")
def same():
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pocketid.images import same_picture

    return same_picture


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg", "picture.webp"])
def test_picture_stripped_by_the_server_is_equal(same, name):
    from tests.simulators.pocketid.images import stripped

    sent = (LOGOS / name).read_bytes()
    kept = stripped(sent, name.rpartition(".")[2])
    assert kept != sent
    assert same(sent, kept)


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg", "picture.webp", "plain.svg"])
def test_different_picture_is_not_equal(same, name):
    sent = (LOGOS / name).read_bytes()
    # a byte of the compressed picture, which in PNG and WebP begins after the name of its chunk
    places = {"png": b"IDAT", "webp": b"VP8L"}
    chunk = places.get(name.rpartition(".")[2])
    place = sent.index(chunk) + 12 if chunk else len(sent) - 4
    other = sent[:place] + bytes([sent[place] ^ 1]) + sent[place + 1 :]
    assert same(sent, sent)
    assert not same(sent, other)
    assert not any(same(sent, file.read_bytes()) for file in LOGOS.iterdir() if file.name != name)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\xff\xff", b"\x89PNG\r\n\x1a\n\0\0"])
def test_damaged_files_are_compared_byte_by_byte(same, data):
    assert same(data, data)
    assert not same(data, b"x" + data)
