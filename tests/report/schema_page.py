"""Writes the JSON Schema of the verdict: python -m tests.report.schema_page docs/verdict.schema.json"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fingerprint.report.json import schema

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(schema(), indent=2) + "\n")
