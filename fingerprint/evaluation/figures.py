"""The figures of a report: every metric at every level and number of responses, with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.evaluation import open_set
from fingerprint.evaluation.levels import LEVELS, Level
from fingerprint.evaluation.predictions import Predictions
from fingerprint.metrics import metrics
from fingerprint.metrics.bootstrap import Doubles, Resamples, interval
from fingerprint.model.verdict import ATTRIBUTIONS


def figures(
    answers: Predictions, protocol: str, part: str, rows: NDArray, seed: int, resamples: int = 300
) -> list[dict[str, Any]]:
    """One figure for each number of responses in `answers` and each level, in the form of the report's "figures".

    protocol, part: what all of the answers are of, as the report is to call it. rows: (R,) training responses of each
    release, 0 for one that is not an answer. Intervals hold 95 % and come from a bootstrap over groups of releases
    (`Names.group`), the same at every level, by `seed`; they are None where all suspects are of one group. That of
    macro F1 may lie beside its value: a resample lacks a third of the groups, and with them the false alarms that
    they raised against the names that are left.

    suspects, releases: of all that were asked. chance: 1 / the number of names with training responses. majority: the
    share of suspects right for one who always says the name with the most of them. Like top-1, top-3, macro recall
    and macro F1, it is of the suspects whose true name the model knows, and these metrics are missing where there are
    none. All others are of all suspects. What needs unknown labs is missing without them, and what is about claims
    and unknown labs is at the lab level alone. None is what is not defined, such as false claims without any claim.
    """
    read = {level: Level.read(answers, level) for level in LEVELS}
    group = answers.names.group[answers.release]
    out = []
    for count in np.unique(answers.count):
        at = answers.count == count
        # A stream for each number of responses, so that a figure does not depend on which others there are.
        rng = np.random.default_rng([seed, int(count)])
        samples = Resamples.draw(group[at], resamples, rng)
        if samples.weight.shape[1] == 1:
            # Resamples of one group are all the same, which looks like certainty and is the lack of it.
            samples = Resamples(samples.weight[:1], samples.group)
        asked = answers.of(at)
        for level, everything in read.items():
            seen = everything.of(at)
            found = _naming(seen, samples) | _probabilities(seen, samples)
            if level == "lab":
                found |= _claims(asked, seen, samples) | _unknown(asked, seen, samples)
            chance, majority = _guesses(seen, _training(answers, rows, level))
            out.append(
                {
                    "protocol": protocol,
                    "part": part,
                    "responses": int(count),
                    "level": level,
                    "suspects": len(asked.release),
                    "releases": len(np.unique(asked.release)),
                    "chance": chance,
                    "majority": majority,
                    "metrics": {name: interval(values) for name, values in found.items()},
                }
            )
    return out


def _training(answers: Predictions, rows: NDArray, level: str) -> Doubles:
    """Training responses of each name at the level."""
    names = answers.names
    if level == "release":
        return np.asarray(rows, np.float64)
    code, of = (names.lab, names.labs) if level == "lab" else (names.family, names.families)
    return np.bincount(code, np.asarray(rows, np.float64), len(of)).astype(np.float64)


def _guesses(seen: Level, training: Doubles) -> tuple[float | None, float | None]:
    """(chance, majority) of those who have not read the responses."""
    choices = int((training > 0).sum())
    if not choices:
        return None, None
    name = seen.name[seen.nameable]
    return 1 / choices, float(np.mean(name == training.argmax())) if len(name) else None


def _naming(seen: Level, samples: Resamples) -> dict[str, Doubles]:
    if not seen.nameable.any():
        return {}
    known, of = seen.of(seen.nameable), samples.of(seen.nameable)
    return {
        "top-1": of.mean(known.rank < 1),
        "top-3": of.mean(known.rank < 3),
        "macro recall": metrics.macro_recall(known.name, known.first, known.size, of),
        "macro F1": metrics.macro_f1(known.name, known.first, known.size, of),
    }


def _probabilities(seen: Level, samples: Resamples) -> dict[str, Doubles]:
    return {
        "log-loss": metrics.log_loss(seen.true, samples),
        "Brier": metrics.brier(seen.true, seen.squares, samples),
        "ECE": metrics.calibration_error(seen.probability, seen.right, samples),
    }


def _claims(asked: Predictions, seen: Level, samples: Resamples) -> dict[str, Doubles]:
    """Of the lab level. An unknown lab is a class of its own for C_llr."""
    attributed = asked.said(*ATTRIBUTIONS)
    return {
        "C_llr": metrics.c_llr(seen.true, np.where(asked.lab_known, seen.name, seen.size), seen.size + 1, samples),
        "c@1": metrics.c_at_1(seen.right, attributed, samples),
        "coverage": samples.mean(attributed),
        "false claims": metrics.false_attributions(seen.right, attributed, samples),
        "false of the surest half": metrics.false_among_surest(seen.probability, seen.right, samples),
        "said unknown": samples.mean(asked.said("unknown")),
        "said new": samples.mean(asked.said("new-release")),
    }


def _unknown(asked: Predictions, seen: Level, samples: Resamples) -> dict[str, Doubles]:
    """Of the lab level: P(unknown) as a score of being unknown."""
    known = asked.lab_known
    if known.all() or not known.any():
        return {}
    return {
        "AUROC of unknown": open_set.auroc(asked.unknown, ~known, samples),
        "FPR at 95 % TPR of unknown": open_set.false_alarms(asked.unknown, ~known, samples),
        "OSCR": open_set.oscr(seen.probability, seen.right, known, samples),
    }
