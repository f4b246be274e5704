"""Every form of files that is read, as one table: the most telling first, for the last fit much."""

from __future__ import annotations

from fingerprint.data.formats import agents, api, chats, evaluations, tables, texts
from fingerprint.data.formats.base import Format, Group, Shape

_BY_KIND = (*evaluations.FORMATS, *agents.FORMATS, *api.FORMATS, *chats.FORMATS, *tables.FORMATS, *texts.FORMATS)
FORMATS: dict[str, Format] = {form.name: form for form in _BY_KIND}

__all__ = ["FORMATS", "Format", "Group", "Shape"]
