"""The `llm` tool's SQLite log (logs.db): the table `responses`, and the messages of `turns` since version 0.32."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from fingerprint.corpora.importing.found import Found
from fingerprint.errors import InputError

NAME = "llm log"
MAGIC = b"SQLite format 3\0"
_OLD = "SELECT response, model, prompt FROM responses"
_NEW = """
SELECT
    (SELECT group_concat(text, char(10)) FROM
        (SELECT text FROM parts WHERE message_hash = tip.hash AND type = 'text' ORDER BY position)),
    coalesce(turns.resolved_model, turns.model),
    (SELECT group_concat(text, char(10)) FROM
        (SELECT text FROM parts WHERE message_hash = tip.parent_hash AND type = 'text' ORDER BY position))
FROM turns JOIN messages AS tip ON tip.hash = turns.tip_message_hash AND tip.role = 'assistant'
"""
_NEEDED = {_OLD: {"responses"}, _NEW: {"turns", "messages", "parts"}}


def read(path: Path) -> Iterator[Found]:
    """Every logged response. Raises InputError for another database, or a damaged one."""
    # Nothing is written beside it, and nothing that the file defines is run.
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as log:
            log.execute("PRAGMA trusted_schema = OFF")
            log.execute("PRAGMA cell_size_check = ON")
            log.text_factory = lambda data: data.decode("utf-8", "replace")
            tables = {name for (name,) in log.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            queries = [query for query, needed in _NEEDED.items() if needed <= tables]
            if not queries:
                raise InputError(str(path), "is an SQLite database, but no log of the llm tool")
            for query in queries:
                for response, model, prompt in log.execute(query):
                    if isinstance(response, str):
                        yield Found(
                            response, model if isinstance(model, str) else "", prompt if isinstance(prompt, str) else ""
                        )
    except sqlite3.Error as error:
        raise InputError(str(path), f"is no whole log of the llm tool ({error})") from None
