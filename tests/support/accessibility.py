"""Rules of WCAG 2.2 AA that can be read from a page: its elements, and the colours of its style sheet in both themes.

They hold for the page as it is written and for the page as a browser has rendered it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import pairwise

VOID = ("meta", "input", "br", "link", "img", "hr")
# form controls other than buttons, whose names are labels
CONTROLS = ("input", "select", "textarea")


class Element(dict[str, str]):
    """The attributes of an element, its tag, the text in it, and the elements around it."""

    def __init__(self, tag: str, attributes: dict[str, str], parents: list[Element]) -> None:
        super().__init__(attributes)
        self.tag, self.parents, self.text = tag, parents, ""

    def within(self, *tags: str) -> bool:
        return any(parent.tag in tags for parent in self.parents)

    @property
    def shown(self) -> str:
        attributes = "".join(f' {name}="{value}"' for name, value in list(self.items())[:3])
        return f"<{self.tag}{attributes}>"


class Page(HTMLParser):
    """Every element in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        if self._open:
            raise ValueError(f"{self._open[-1].shown} is not closed")
        self.style = "".join(one.text for one in self.all("style"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, list(self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if self._open.pop().tag != tag:
            raise ValueError(f"</{tag}> closes another element")

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]

    def with_role(self, role: str, tag: str) -> list[Element]:
        return [one for one in self.elements if one.get("role") == role or (one.tag == tag and "role" not in one)]

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.elements if "id" in one]

    def named(self, element: Element) -> bool:
        """Whether a label, an attribute or its own text names an element."""
        by = element.get("aria-labelledby", "").split()
        if by:
            return any(one.text.strip() for one in self.elements if one.get("id") in by)
        return bool(element.get("aria-label", "").strip() or element.text.strip())


# -- rules: each yields what is wrong ----------------------------------------------------------------------------------


def _language(page: Page) -> Iterator[str]:
    if not re.fullmatch(r"[a-z]{2,3}(-\w+)*", page.all("html")[0].get("lang", "")):
        yield "html has no lang"


def _title(page: Page) -> Iterator[str]:
    if not any(one.text.strip() for one in page.all("title")):
        yield "the page has no title"


def _zoom(page: Page) -> Iterator[str]:
    for one in page.all("meta"):
        if one.get("name") == "viewport" and re.search(r"user-scalable\s*=\s*no|maximum-scale", one["content"]):
            yield "the page cannot be enlarged"


def _landmarks(page: Page) -> Iterator[str]:
    for role, tag in (("banner", "header"), ("main", "main"), ("contentinfo", "footer")):
        if len(page.with_role(role, tag)) != 1:
            yield f"there is not one landmark {role}"
    outside = [one for one in page.all("h1", "h2", "h3", "p", "table") if not one.within("header", "main", "footer")]
    yield from (f"{one.shown} is outside of all landmarks" for one in outside)


def _headings(page: Page) -> Iterator[str]:
    headings = page.all("h1", "h2", "h3", "h4", "h5", "h6")
    levels = [int(one.tag[1]) for one in headings]
    if levels.count(1) != 1 or levels[:1] != [1]:
        yield "the first heading, and no other, must have level 1"
    yield from (
        f"a heading of level {after} follows one of level {before}"
        for before, after in pairwise(levels)
        if after > before + 1
    )
    yield from (f"{one.shown} is empty" for one in headings if not one.text.strip())


def _skip_link(page: Page) -> Iterator[str]:
    controls = page.all("a", "button", *CONTROLS)
    first = controls[0]
    if first.tag != "a" or not first.get("href", "").startswith("#") or first.within("header", "nav", "main"):
        yield "the first control is no link to the content"


def _links(page: Page) -> Iterator[str]:
    for one in page.all("a"):
        if not page.named(one):
            yield f"{one.shown} has no name"
        if one.get("href", "").startswith("#") and one["href"][1:] not in page.ids:
            yield f"{one.shown} leads nowhere"


def _labels(page: Page) -> Iterator[str]:
    labels = {one["for"] for one in page.all("label") if "for" in one and one.text.strip()}
    for one in page.all(*CONTROLS):
        if one.get("id") not in labels and not one.get("aria-label") and not one.get("aria-labelledby"):
            yield f"{one.shown} has no label"


def _buttons(page: Page) -> Iterator[str]:
    for one in page.all("button", "summary"):
        if not page.named(one):
            yield f"{one.shown} has no name"
        if one.tag == "button" and one.get("type") not in ("button", "reset", "submit"):
            yield f"{one.shown} has no type"
    yield from (
        f"{one.shown} has a handler and is no button"
        for one in page.elements
        if "onclick" in one and one.tag != "button"
    )


def _tables(page: Page) -> Iterator[str]:
    for table in page.all("table"):
        inside = [one for one in page.elements if table in one.parents]
        if not any(one.tag == "caption" and one.text.strip() for one in inside):
            yield f"{table.shown} has no caption"
        if not any(one.tag == "th" for one in inside) and any(one.tag == "td" for one in inside):
            yield f"{table.shown} has no headers"
    for one in page.all("th"):
        if one.get("scope") not in ("col", "row"):
            yield f"header {one.text.strip()!r} has no scope"
        if not one.text.strip():
            yield "a header is empty"


def _identifiers(page: Page) -> Iterator[str]:
    yield from (f"id {one} is used twice" for one in sorted({one for one in page.ids if page.ids.count(one) > 1}))


def _references(page: Page) -> Iterator[str]:
    for one in page.elements:
        for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            yield from (
                f"{one.shown}: {attribute} names {name}, which does not exist"
                for name in one.get(attribute, "").split()
                if name not in page.ids
            )


def _regions(page: Page) -> Iterator[str]:
    for one in page.elements:
        region = one.tag in ("nav", "section", "form") or one.get("role") in ("region", "group", "search", "navigation")
        if region and not (one.get("aria-label", "").strip() or one.get("aria-labelledby")):
            yield f"{one.shown} has no name"


def _scrolling(page: Page) -> Iterator[str]:
    for one in page.elements:
        if "scroll" in one.get("class", "").split() and one.get("tabindex") != "0":
            yield f"{one.shown} can be scrolled with a mouse only"


def _focus_order(page: Page) -> Iterator[str]:
    for one in page.elements:
        if one.get("tabindex", "0") not in ("0", "-1"):
            yield f"{one.shown} changes the order of the focus"
        if "autofocus" in one:
            yield f"{one.shown} takes the focus"


def _alternatives(page: Page) -> Iterator[str]:
    for one in page.all("img", "svg", "canvas", "video"):
        if "alt" not in one and one.get("aria-hidden") != "true" and not one.get("aria-label", "").strip():
            yield f"{one.shown} has no alternative text"


def _focus_style(page: Page) -> Iterator[str]:
    if not re.search(r":focus-visible\s*\{[^}]*outline:\s*[2-9]px solid var\(--focus\)", page.style):
        yield "the focus has no outline of two pixels or more"
    if re.search(r"outline(-style|-width)?:\s*(none|0)\b", page.style):
        yield "an outline is removed"


def _themes(page: Page) -> Iterator[str]:
    if (
        "@media screen and (prefers-color-scheme: dark)" not in page.style
        or "color-scheme: light dark" not in page.style
    ):
        yield "there is no dark theme, for screens only"
    for dark in (False, True):
        known, theme = colours(page.style, dark), "dark" if dark else "light"
        for text, surface in sorted(text_pairs(page.style)):
            if text not in known or surface not in known:
                yield f"--{text} or --{surface} has no value"
            elif (found := contrast(known[text], known[surface])) < 4.5:
                yield f"{theme}: --{text} on --{surface} has the contrast {found:.2f}, less than 4.5"
        for shape in ("line", "focus"):
            for surface in NEUTRAL:
                if (found := contrast(known.get(shape, "#ffffff"), known.get(surface, "#ffffff"))) < 3:
                    yield f"{theme}: --{shape} on --{surface} has the contrast {found:.2f}, less than 3"
    rest = re.sub(r":root \{.*?\}", "", page.style, flags=re.DOTALL)
    yield from (
        f"colour {one} is no variable of the themes" for one in re.findall(r"#[0-9a-f]{3,8}\b|rgba?\([^)]*\)", rest)
    )


RULES: dict[str, Callable[[Page], Iterator[str]]] = {
    "language": _language,
    "title": _title,
    "zoom": _zoom,
    "landmarks": _landmarks,
    "headings": _headings,
    "skip link": _skip_link,
    "links": _links,
    "labels": _labels,
    "buttons": _buttons,
    "tables": _tables,
    "identifiers": _identifiers,
    "references": _references,
    "regions": _regions,
    "scrolling": _scrolling,
    "focus order": _focus_order,
    "alternatives": _alternatives,
    "focus style": _focus_style,
    "themes": _themes,
}


def problems(text: str) -> dict[str, list[str]]:
    """What is wrong with a page, by rule."""
    page = Page(text)
    found = {name: list(rule(page)) for name, rule in RULES.items()}
    return {name: texts for name, texts in found.items() if texts}


# -- colours -----------------------------------------------------------------------------------------------------------

# the surfaces that text may be on whose rule has no background
NEUTRAL = ("page", "surface", "control")


def colours(style: str, dark: bool) -> dict[str, str]:
    """The variables of a theme; the dark one has others where the second rule of the root has them."""
    roots = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    found: dict[str, str] = {}
    for root in roots[: 2 if dark else 1]:
        found.update(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", root))
    return found


def text_pairs(style: str) -> set[tuple[str, str]]:
    """The colours of text with those behind it: of the rule itself, or else each neutral one."""
    pairs = {("text", surface) for surface in NEUTRAL}
    for block in re.findall(r"\{([^{}]*)\}", style):
        colour = re.search(r"(?:^|[;\s])color: var\(--([a-z-]+)\)", block)
        behind = re.search(r"background: var\(--([a-z-]+)\)", block)
        texts = [colour[1]] if colour else ["text"] if behind else []
        surfaces = [behind[1]] if behind else list(NEUTRAL)
        pairs |= {(text, surface) for text in texts for surface in surfaces}
    return pairs


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one: str, other: str) -> float:
    """By the formula of WCAG 2.2, section 1.4.3."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
