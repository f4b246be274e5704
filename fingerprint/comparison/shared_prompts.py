"""The responses of two cases to the prompts that both answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import normalised
from fingerprint.data.response import Response


@dataclass(frozen=True, slots=True)
class SharedPrompt:
    """A prompt that both cases answered.

    Attributes:
        prompt: Its text, or its id where no response has the text.
        first: The responses of the first case to it, at least one.
        second: Those of the second case, at least one.
        by_id: Whether only the id says that it is the same prompt.
    """

    prompt: str
    first: tuple[Response, ...]
    second: tuple[Response, ...]
    by_id: bool

    @property
    def is_same_system(self) -> bool:
        """Whether both cases answered under the same system prompts."""
        return {normalised(r.system) for r in self.first} == {normalised(r.system) for r in self.second}


@dataclass(frozen=True)
class Pooled:
    """The N responses to P shared prompts as parallel arrays.

    Attributes:
        texts: N texts.
        prompt: (N,) the prompt of each, from 0 to P - 1.
        second: (N,) whether each is of the second case.
    """

    texts: list[str]
    prompt: NDArray[np.int64]
    second: NDArray[np.bool_]


@dataclass(frozen=True)
class SharedPrompts:
    """All prompts that two cases share.

    Attributes:
        prompts: In the order of the first case.
        n_unmatched: Responses of each case to prompts that the other did not answer, or to no known prompt.
    """

    prompts: tuple[SharedPrompt, ...]
    n_unmatched: tuple[int, int]

    @property
    def first(self) -> tuple[Response, ...]:
        """The responses of the first case to shared prompts."""
        return tuple(response for prompt in self.prompts for response in prompt.first)

    @property
    def second(self) -> tuple[Response, ...]:
        """The responses of the second case to shared prompts."""
        return tuple(response for prompt in self.prompts for response in prompt.second)

    @property
    def n_by_id(self) -> int:
        """How many prompts only their ids match. Files that number their rows can have such a match by chance."""
        return sum(prompt.by_id for prompt in self.prompts)

    @property
    def n_other_system(self) -> int:
        """How many prompts the two cases answered under different system prompts, which change the style too."""
        return sum(not prompt.is_same_system for prompt in self.prompts)

    @property
    def are_most(self) -> bool:
        """Whether half of the smaller case answers them: one match by chance must not leave all others out."""
        matched = len(self.first), len(self.second)
        sizes = [(known + left, known) for known, left in zip(matched, self.n_unmatched, strict=True)]
        size, known = min(sizes)
        return 2 * known >= size > 0

    def pooled(self) -> Pooled:
        """Return the responses as parallel arrays, those of each prompt together and the first case's first."""
        sides = [(p, is_second, prompt.second if is_second else prompt.first)
                 for p, prompt in enumerate(self.prompts) for is_second in (False, True)]  # fmt: skip
        size = [len(responses) for _, _, responses in sides]
        return Pooled(
            [response.response for _, _, responses in sides for response in responses],
            np.repeat(np.array([p for p, _, _ in sides], np.int64), size),
            np.repeat(np.array([is_second for _, is_second, _ in sides], np.bool_), size),
        )


def shared_prompts(first: Sequence[Response], second: Sequence[Response]) -> SharedPrompts:
    """Match the responses of two cases by their prompts.

    The text of a prompt decides, in Unicode's normal form C and with one space for any white space. The id of a
    prompt decides where one case does not have the text. The system prompt is no part of the match.

    Args:
        first: The responses of one case, several a prompt allowed. `Case.records` counts a repeated text once; a
            two-sample test of these is a little less powerful, and its p-values stay valid.
        second: Those of the other case.

    Returns:
        The prompts that both answered; empty if there are none.
    """
    texts = _texts_by_id((*first, *second))
    sides: list[dict[str, list[Response]]] = []
    named: dict[str, str] = {}
    only_id: set[str] = set()
    for responses in (first, second):
        by_prompt: dict[str, list[Response]] = {}
        for response in responses:
            key, shown, is_id = _key(response, texts)
            by_prompt.setdefault(key, []).append(response)
            named.setdefault(key, shown)
            if is_id:
                only_id.add(key)
        sides.append(by_prompt)
    both = [key for key in sides[0] if key and key in sides[1]]
    prompts = tuple(
        SharedPrompt(named[key], tuple(sides[0][key]), tuple(sides[1][key]), key in only_id) for key in both
    )
    matched = [sum(len(side[key]) for key in both) for side in sides]
    return SharedPrompts(prompts, (len(first) - matched[0], len(second) - matched[1]))


def prompt_key(response: Response) -> str:
    """Return what tells the prompt of a response from the other prompts of its case; empty if nothing does."""
    return _key(response, {})[0]


def _key(response: Response, texts: dict[str, str]) -> tuple[str, str, bool]:
    """What a prompt is matched by, what it is shown as, and whether its id alone decides."""
    text = normalised(response.prompt)
    if text:
        return f"text {text}", response.prompt, False
    known = texts.get(response.prompt_id, "")
    if known:
        return f"text {normalised(known)}", known, True
    return (f"id {response.prompt_id}", response.prompt_id, True) if response.prompt_id else ("", "", False)


def _texts_by_id(responses: Sequence[Response]) -> dict[str, str]:
    """The text of each prompt id that stands with one text alone."""
    found: dict[str, dict[str, str]] = {}
    for response in responses:
        text = normalised(response.prompt)
        if response.prompt_id and text:
            found.setdefault(response.prompt_id, {}).setdefault(text, response.prompt)
    return {prompt_id: next(iter(texts.values())) for prompt_id, texts in found.items() if len(texts) == 1}
