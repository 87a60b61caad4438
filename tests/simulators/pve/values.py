"""Values as the product's Perl code interprets them, which decides several edge cases of the API."""

from __future__ import annotations


def true(value: object) -> bool:
    """Perl's truth: the empty string and "0" are false."""
    return value not in (None, "", "0", 0)


def split_list(value: object) -> list[str]:
    """The entries of a `-list` parameter, separated by comma, semicolon, NUL or white space."""
    text = "" if value is None else str(value)
    if "\0" in text:
        return [entry for entry in text.split("\0") if entry]
    return text.replace(",", " ").replace(";", " ").split()


def number(value: str | int | None) -> int:
    """A boolean or integer as the configuration files store it."""
    return int(value or 0)
