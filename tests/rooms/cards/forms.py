"""Forms as a browser without script sends them: only what a page offers can be filled in."""

from html.parser import HTMLParser

import attrs


@attrs.define
class Form:
    """One form of a page: what is in it as it came, and what may be chosen."""

    action: str
    values: dict[str, list[str]] = attrs.field(factory=dict)
    free: set[str] = attrs.field(factory=set)
    offered: dict[str, set[str]] = attrs.field(factory=dict)

    def filled(self, fields):
        """Return what is sent; fails for a field or a choice that the form does not have."""
        sent = {name: list(values) for name, values in self.values.items()}
        for name, value in fields.items():
            chosen = [value] if isinstance(value, str) else list(value)
            if name in self.offered:
                assert set(chosen) <= self.offered[name], (self.action, name, value)
            else:
                assert name in self.free, (self.action, name, sorted(self.free))
            sent[name] = chosen
        return sent


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = []
        self.select = ""

    def handle_starttag(self, tag, attrs):
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found["action"]))
        elif self.forms and tag == "input":
            self._input(self.forms[-1], found)
        elif tag == "textarea":
            self.forms[-1].free.add(found["name"])
        elif tag == "select":
            self.select = found["name"]
            self.forms[-1].offered[self.select] = set()
        elif tag == "option":
            self._option(self.forms[-1], found)
        elif tag == "button" and "name" in found:
            self.forms[-1].offered.setdefault(found["name"], set()).add(found["value"])

    def _input(self, form, found):
        name, kind, value = found["name"], found.get("type", "text"), found.get("value", "")
        if kind in {"checkbox", "radio"}:
            form.offered.setdefault(name, set()).add(value)
            if "checked" in found:
                form.values.setdefault(name, []).append(value)
        elif kind != "file":
            form.values[name] = [value]
            if kind != "hidden":
                form.free.add(name)

    def _option(self, form, found):
        first = not form.offered[self.select]
        form.offered[self.select].add(found["value"])
        if first or "selected" in found:
            form.values[self.select] = [found["value"]]


def form_of(page, action):
    """Return the form of a page that is sent to an address."""
    reader = _Reader()
    reader.feed(page)
    found = [form for form in reader.forms if form.action == action]
    assert found, (action, page)
    return found[0]
