"""What one place holds, whatever its form: recognised by content, parsed, cleaned, and counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from fingerprint.data.cleaning import SAID, clean, looks_like_html
from fingerprint.data.containers import Contents, Place, contents, first_of
from fingerprint.data.formats import FORMATS, Format, Shape
from fingerprint.data.formats.tables import Columns, parse_rows
from fingerprint.data.formats.values import Item, mappings
from fingerprint.data.message import Kind, LeftOut, Message
from fingerprint.data.names import MASK
from fingerprint.data.response import Part, is_count
from fingerprint.data.streams import Limits
from fingerprint.errors import InputError

_HEAD = 20
_HOLDERS = ("results", "data", "responses", "outputs", "items", "rows", "records", "samples", "examples", "answers",
            "completions", "generations", "predictions", "instances", "sessions", "chats")  # fmt: skip
_FENCE = re.compile(
    r"^(?P<ticks> {0,3}(?:`{3,}|~{3,}))[^\n]*\n(?P<code>.*?)(?:^(?P=ticks)[`~]*[ \t]*$|\Z)", re.S | re.M
)
# What a client writes in the model's place.
_ERROR = re.compile(
    r"API Error\b|Error code: \d{3}|Error: \d{3}\b|HTTP(?:Error| Error)? \d{3}\b|\{\"error\":|litellm\.\w+"
    r"|(?:openai|anthropic)\.\w*Error|(?:RateLimit|APIConnection|APIStatus|Timeout|InternalServer)Error\b"
    r"|429 Too Many|5\d\d (?:Bad Gateway|Internal)"
)
_LONGEST_ERROR = 1_000
TOOL_CALLS = "tool-calls"


# What is judged and trained on where nothing is said: the model that ships learned no tool calls.
DEFAULT_PARTS = (Part.PROSE, Part.CODE)
_PART_WORDS = {Part.PROSE: "passage of prose", Part.CODE: "block of code", Part.TOOLS: "tool call"}


_JSON_STRING = "json string"
# Answers in quotes at the beginning of a file that are in memory until another row tells what they are.
_MOST_WAITING = 1_000


@dataclass(frozen=True)
class Options:
    """How files are read.

    Attributes:
        format: Name of one of FORMATS; empty for what the content looks like.
        columns: Field to names of columns, for tables.
        parts: What of a message counts.
        limits: What the reading of each file may take.

    Raises:
        InputError: There is no such format.
    """

    format: str = ""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parts: Collection[Part] = DEFAULT_PARTS
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.format and self.format not in FORMATS:
            raise InputError("--format-in", f"{self.format!r} is none of {', '.join(FORMATS)}")


@dataclass
class Rows:
    """What one place holds, cleaned; the counts are whole once all of it was read.

    Attributes:
        place: Where.
        format: What it was taken for.
        columns: Theirs by our fields, where it is a table whose columns were looked for.
        left_out: What was no answer.
        mended: How many texts each step of cleaning changed.
        parts: How many of each part there were, whether they count or not.
        options: How it is read.
        models: How many messages are of each model, as the file names them.
        messages: How many were read.
        html: How many texts look like HTML.
    """

    place: Place
    format: Format
    columns: Mapping[str, tuple[str, ...]]
    left_out: LeftOut
    mended: Counter[str] = field(default_factory=Counter)
    parts: Counter[Part] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    options: Options = field(default_factory=Options)
    messages: int = 0
    html: int = 0
    _parsed: Iterator[Message] = field(default_factory=lambda: iter(()))
    _tools: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[Message]:
        """Yield every message that is left, its text cleaned."""
        # A JSON string without an escape looks like an answer in quotes. Other rows of the file tell which it is.
        waiting: list[Message] = []
        for message in self._parsed:
            found = self._cleaned(message)
            if found is None:
                continue
            self.messages += 1
            self.models[found.model] += 1
            waiting.append(found)
            if self.mended[_JSON_STRING] or not _is_quoted(waiting[0].text) or len(waiting) > _MOST_WAITING:
                yield from map(self._unquoted, waiting)
                waiting = []
        yield from map(self._unquoted, waiting)

    def chosen(self) -> Iterator[Message]:
        """Yield what counts of every message: its text, and each turn's tool calls as a message of their own domain.

        Names of tools, which the harness gave, are masked.
        """
        for message in self:
            self._tools |= {call.name for call in message.calls if _is_telling(call.name)}
            self.parts[Part.TOOLS] += len(message.calls)
            text = self._counted_text(message.text)
            if text.strip() or is_count(message.domain, message.usage):
                text = self._masked(text)
                same = text == message.text and not message.calls
                yield message if same else replace(message, text=text, calls=())
            if message.calls and Part.TOOLS in self.options.parts:
                said = "\n".join(self._masked(call.text(MASK)) for call in message.calls)
                yield replace(message, text=clean(said).text, calls=(), domain=TOOL_CALLS)

    def summary(self) -> str:
        """Return in one line what was read: "3 responses of OpenAI chat completions; 1 error row left out"."""
        unit = self.format.unit
        read = f"{self.messages:,} {unit}{'' if self.messages == 1 else 's'} of {self.format.title}"
        return "; ".join([read, *self.not_judged()])

    def not_judged(self) -> list[str]:
        """Return what was left out, and the parts that do not count, in words."""
        said = [f"{left_out_text(self.left_out)} left out"] if +self.left_out else []
        for part, what in _PART_WORDS.items():
            count = self.parts[part]
            if count and part not in self.options.parts:
                said.append(f"{_counted(count, what)} not judged (--parts {part})")
        return said

    def warnings(self) -> list[str]:
        """Return what was done to the texts, a sentence each."""
        said = [f"{_counted(count, 'response')}: {SAID[name]}" for name, count in self.mended.items()]
        if self.html:
            said.append(f"{_counted(self.html, 'response')}: looks like HTML, whose tags are judged as style")
        return said

    def _cleaned(self, message: Message) -> Message | None:
        found = clean(message.text)
        for name in found.mended:
            self.mended[name] += 1
        self.html += looks_like_html(found.text)
        if len(found.text) <= _LONGEST_ERROR and _ERROR.match(found.text.lstrip()):
            self.left_out[Kind.ERROR] += 1
            return None
        if is_count(message.domain, message.usage):
            return replace(message, text=found.text)
        if not found.text.strip() and not message.calls:
            self.left_out[Kind.ONLY_REASONING if "reasoning" in found.mended else Kind.EMPTY] += 1
            return None
        if not found.text.strip() and Part.TOOLS not in self.options.parts:
            self.left_out[Kind.TOOL_TURN] += 1
            self.parts[Part.TOOLS] += len(message.calls)
            return None
        return replace(message, text=found.text) if found.text != message.text else message

    def _unquoted(self, message: Message) -> Message:
        if not self.mended[_JSON_STRING] or not _is_quoted(message.text):
            return message
        self.mended[_JSON_STRING] += 1
        return replace(message, text=clean(message.text.strip()[1:-1]).text)

    def _counted_text(self, text: str) -> str:
        """The parts of a text that count, and the count of those that are there."""
        wanted = self.options.parts
        pieces = [m["code"] for m in _FENCE.finditer(text)] if "```" in text or "~~~" in text else []
        prose = _FENCE.sub("", text) if pieces else text
        self.parts[Part.PROSE] += bool(prose.strip())
        self.parts[Part.CODE] += len(pieces)
        if Part.PROSE in wanted:
            return text if Part.CODE in wanted else prose
        return "\n".join(pieces) if Part.CODE in wanted else ""

    def _masked(self, text: str) -> str:
        for name in self._tools:
            if name in text:
                text = re.sub(rf"\b{re.escape(name)}\b", MASK, text)
        return text


@contextmanager
def opened_rows(place: Place, options: Options | None = None) -> Iterator[Rows]:
    """Open a place and recognise what it holds.

    Args:
        place: A file, "-", or a data set of the Hub.
        options: How to read; None recognises all by content and takes every part.

    Raises:
        InputError: It cannot be read, or is nothing that is known; while the rows are iterated: it is damaged.
    """
    options = options or Options()
    left_out: LeftOut = Counter()
    shape = FORMATS[options.format].shape if options.format else None
    with contents(place, left_out, shape, options.limits) as found:
        yield _recognised(place, found, options, left_out)


def rows_of(items: Iterable[Item], place: Place, options: Options | None = None) -> Rows:
    """Recognise objects that are in memory already.

    Raises:
        InputError: They are of no form that is known.
    """
    found = Contents(Shape.ITEMS, iter(items))
    return _recognised(place, found, options or Options(), Counter())


def left_out_text(left_out: LeftOut) -> str:
    """Return counts as words: "240 tool results, 12 reasoning blocks and 3 error rows"."""
    words = [kind.counted(count) for kind, count in left_out.items() if count > 0]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _recognised(place: Place, found: Contents, options: Options, left_out: LeftOut) -> Rows:
    rows = Rows(place, FORMATS["rows"], {}, left_out, options=options)
    if options.format and FORMATS[options.format].shape is not found.shape:
        raise InputError(place.name, f"is no file of the form {options.format}: it holds {found.shape}")
    if found.shape is Shape.DATABASE:
        rows.format = FORMATS["llm"]
        rows._parsed = rows.format.parse(found.path, left_out)
    elif found.shape is Shape.TEXT:
        rows.format = _of_text(place, found.text, options.format)
        rows._parsed = rows.format.parse(found.text, left_out)
    else:
        _recognise_items(rows, found, options)
    return rows


def _of_text(place: Place, text: str, wanted: str) -> Format:
    if wanted:
        return FORMATS[wanted]
    fitting = (form for form in FORMATS.values() if form.shape is Shape.TEXT and form.fits(text))
    form = next(fitting, None)
    if form is None:
        raise InputError(place.name, "is empty; expected responses")
    return form


def _recognise_items(rows: Rows, found: Contents, options: Options) -> None:
    head, items = first_of(found.items, _HEAD)
    if not head:
        raise InputError(rows.place.name, "holds nothing; expected responses")
    if options.columns:
        rows.columns = _columns(rows.place, head[0], options.columns)
        rows._parsed = parse_rows(items, rows.left_out, options.columns)
        return
    form = FORMATS[options.format] if options.format else _fitting(head)
    if len(head) == 1 and (form is None or (form.name == "rows" and not _is_answered(head[0]))):
        inner = _unwrapped(head[0])
        within = _fitting(inner[:_HEAD]) if inner else None
        if within is not None:
            form, head, items = FORMATS[options.format] if options.format else within, inner[:_HEAD], inner
    if form is None:
        names = ", ".join(str(key) for key in list(head[0])[:20])
        raise InputError(
            rows.place.name,
            f"is of no form that is known, with {names}; say which holds the response (--column response=NAME)",
        )
    rows.format = form
    if form.name == "rows":
        rows.columns = _columns(rows.place, next((i for i in head if Columns.of(i, {})), head[0]), {})
    rows._parsed = form.parse(items, rows.left_out)


def _fitting(head: list[Item]) -> Format | None:
    for form in FORMATS.values():
        if form.shape is Shape.ITEMS and any(form.fits(item) for item in head):
            return form
    return None


def _is_answered(item: Item) -> bool:
    """Whether a row has a response that is text."""
    columns = Columns.of(item, {})
    return columns is not None and any(isinstance(item.get(name), str) for name in columns.names["response"])


def _unwrapped(item: Item) -> list[Item]:
    """The objects that one object holds in a list, each with what is said of all."""
    lists = {key: value for key, value in item.items() if mappings(value)}
    key = next((holder for holder in _HOLDERS if holder in lists), next(iter(lists)) if len(lists) == 1 else None)
    if key is None:
        return []
    shared = {k: v for k, v in item.items() if isinstance(v, str | int | float) and k not in ("id", "text", "content")}
    return [{**shared, **inner} for inner in mappings(lists[key])]


def _columns(place: Place, item: Item, given: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    try:
        found = Columns.of(item, given)
    except ValueError as error:
        raise InputError(place.name, str(error)) from None
    if found is None:
        names = ", ".join(str(key) for key in list(item)[:20])
        said = f"is a table with {names}; say which holds the response (--column response=NAME)"
        raise InputError(place.name, said)
    return found.names


def _is_telling(name: str) -> bool:
    """Whether a tool's name is no ordinary word."""
    return len(name) > 5 and (re.search(r"[_:]|[a-z][A-Z]|\w-\w", name) is not None)


def _is_quoted(text: str) -> bool:
    bare = text.strip()
    return len(bare) > 2 and bare[0] == bare[-1] == '"' and not {'"', "\\", "\n"} & set(bare[1:-1])


def _counted(count: int, what: str) -> str:
    first, _, rest = what.partition(" of ")
    plural = f"{first}s of {rest}" if rest else f"{first}s"
    return f"{count:,} {what if count == 1 else plural}"
