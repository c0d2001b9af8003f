"""Every state that a job and its latest attempt can be left in when a process dies, and its one rule.

A process can die between any two lines. What the books say then is one of the rows below, and the
row's rule is all that is done about it. In short, by what the job's latest attempt is:

    attempt   job         rule
    ────────  ──────────  ─────────────────────────────────────────────────────────────────────────
    none      planned     build        refused: ask again        failed, rejected: nothing
    held      building    read by reference where one is noted, else look up by input
    unknown   unknown     the same
    failed    planned     build        refused: ask again        failed, rejected: nothing
    built     built       inspect      accepted: review          approved: release
    built     in_review   wait for a person
    built     planned     build        refused: ask again        failed, rejected, released: nothing

`flows.recovery` goes by this table for open attempts. That `flows.passes` and `flows.stages` go by
it for all others, and that no other state can be written, is proven in tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ledger import AttemptState, JobState


class Rule(StrEnum):
    """What is done about a job that was left behind."""

    BUILD = "build"
    """The next attempt is held for and sent."""
    INSPECT = "inspect"
    """The staged bytes are judged."""
    REVIEW = "review"
    """It is passed on, or to a person where the order asks for one."""
    RELEASE = "release"
    """The bytes are put under their public key; what is there already is left as it is."""
    LOOK_UP_BY_INPUT = "look up by input"
    """The hold stays until the provider's list shows the run, or surely lacks it."""
    READ_BY_REF = "read by reference"
    """The hold stays until the provider says how the very run ended."""
    ASK_AGAIN = "ask again"
    """The next run plans it again: it is held for once more, should there be room by then."""
    WAIT_FOR_PERSON = "wait for a person"
    """Only `mintage review` moves it."""
    NOTHING = "nothing"
    """It has come to its end."""

    @property
    def is_stage(self) -> bool:
        """Whether a stage of this name takes the job on."""
        return self in {Rule.BUILD, Rule.INSPECT, Rule.REVIEW, Rule.RELEASE}


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """One state that a job can be left in. There is no second row of the same state."""

    attempt: AttemptState | None
    """The job's latest attempt; None when it has had none."""
    job: JobState
    rule: Rule
    died: str
    """Between which two steps the process ended."""
    then: str
    """What that means, and what becomes of it."""
    ref_known: bool | None = None
    """Whether the provider's reference of an open attempt is noted; None where that changes nothing."""


_A, _J = AttemptState, JobState

TABLE: tuple[LeftBehind, ...] = (
    # No attempt yet.
    LeftBehind(
        None,
        _J.PLANNED,
        Rule.BUILD,
        "between planning the order and the job's first hold",
        "Nothing was held and nothing was sent.",
    ),
    LeftBehind(
        None,
        _J.REFUSED,
        Rule.ASK_AGAIN,
        "after a cap had no room for the first hold",
        "Nothing was held and nothing was sent.",
    ),
    LeftBehind(
        None,
        _J.FAILED,
        Rule.NOTHING,
        "after the job was given up before its first attempt",
        "Nothing was held and nothing was sent.",
    ),
    LeftBehind(
        None,
        _J.REJECTED,
        Rule.NOTHING,
        "after the job was turned down before its first attempt",
        "Nothing was held and nothing was sent.",
    ),
    # An attempt is open: money is held, and only the provider knows what it bills.
    LeftBehind(
        _A.HELD,
        _J.BUILDING,
        Rule.LOOK_UP_BY_INPUT,
        "between the commit of the hold and the answer to the request, or the note of its reference",
        "It may never have been sent, be under way, or have ended; it becomes unknown, and the run "
        "is looked for by its exact input.",
        ref_known=False,
    ),
    LeftBehind(
        _A.HELD,
        _J.BUILDING,
        Rule.READ_BY_REF,
        "between the note of the reference and the booking of the outcome, staging included",
        "It was sent and is billed as it ends; it becomes unknown, and its own run is read.",
        ref_known=True,
    ),
    LeftBehind(
        _A.UNKNOWN,
        _J.UNKNOWN,
        Rule.LOOK_UP_BY_INPUT,
        "between the loss of the answer and what the provider's list says",
        "The same as before: the run is looked for by its exact input.",
        ref_known=False,
    ),
    LeftBehind(
        _A.UNKNOWN,
        _J.UNKNOWN,
        Rule.READ_BY_REF,
        "between the loss of the answer, or the finding of the run, and the booking of its outcome",
        "Its own run is read, until it has ended and its output is there or gone.",
        ref_known=True,
    ),
    # The latest attempt gave no bytes; its hold has ended.
    LeftBehind(
        _A.FAILED,
        _J.PLANNED,
        Rule.BUILD,
        "between a failed attempt's booking and the next hold",
        "It is charged or voided, and the job has attempts left.",
    ),
    LeftBehind(
        _A.FAILED,
        _J.REFUSED,
        Rule.ASK_AGAIN,
        "after a cap had no room for another hold",
        "It is charged or voided, and the job waits for money.",
    ),
    LeftBehind(
        _A.FAILED,
        _J.FAILED,
        Rule.NOTHING,
        "after the last attempt's booking",
        "It is charged or voided, and another attempt would not help or is not left.",
    ),
    LeftBehind(
        _A.FAILED,
        _J.REJECTED,
        Rule.NOTHING,
        "after a job that a gate had failed before was given up",
        "It is charged or voided, and no money is left for another attempt.",
    ),
    # The latest attempt is charged and its bytes are staged.
    LeftBehind(
        _A.BUILT,
        _J.BUILT,
        Rule.INSPECT,
        "between the booking of the charge, or of a mend, and the writing of the last verdicts",
        "The staged bytes are judged, those that a mend made if the books name them; without them the "
        "job goes back to build.",
    ),
    LeftBehind(
        _A.BUILT,
        _J.ACCEPTED,
        Rule.REVIEW,
        "between the writing of the verdicts and review",
        "Every criterion passed.",
    ),
    LeftBehind(
        _A.BUILT,
        _J.IN_REVIEW,
        Rule.WAIT_FOR_PERSON,
        "while a person was to look at it",
        "Every criterion passed; no process moves it.",
    ),
    LeftBehind(
        _A.BUILT,
        _J.APPROVED,
        Rule.RELEASE,
        "between approval and the record of the release, with nothing, the file or all of it put",
        "Puts happen once under names of their own, so it is released as if for the first time.",
    ),
    LeftBehind(
        _A.BUILT,
        _J.RELEASED,
        Rule.NOTHING,
        "after the release was recorded",
        "It is in the store.",
    ),
    LeftBehind(
        _A.BUILT,
        _J.PLANNED,
        Rule.BUILD,
        "between a failed gate, or the loss of the staged bytes, and the next hold",
        "The attempt stays charged, and the job has attempts left.",
    ),
    LeftBehind(
        _A.BUILT,
        _J.REFUSED,
        Rule.ASK_AGAIN,
        "after a gate was failed and a cap had no room for another hold",
        "The attempt stays charged, and the job waits for money.",
    ),
    LeftBehind(
        _A.BUILT,
        _J.REJECTED,
        Rule.NOTHING,
        "after a gate was failed by the last attempt",
        "The attempt stays charged.",
    ),
    LeftBehind(
        _A.BUILT,
        _J.FAILED,
        Rule.NOTHING,
        "after a job with staged bytes was given up",
        "The attempt stays charged.",
    ),
)
"""All of it, each state once."""

_RULES: dict[tuple[AttemptState | None, JobState, bool | None], Rule] = {
    (row.attempt, row.job, row.ref_known): row.rule for row in TABLE
}

_JOB_OF: dict[AttemptState, JobState] = {
    row.attempt: row.job for row in TABLE if row.attempt is not None and row.ref_known is not None
}
"""Which state a job is in while an attempt of it is open: there is one for each."""


def rule_for(attempt: AttemptState | None, job: JobState, *, ref_known: bool) -> Rule:
    """Give the rule of a job in this state with this latest attempt.

    Raises:
        KeyError: the books cannot be in such a state.
    """
    key = (attempt, job)
    return _RULES[(*key, None)] if (*key, None) in _RULES else _RULES[(*key, ref_known)]


def rule_for_open(attempt: AttemptState, *, ref_known: bool) -> Rule:
    """Give the rule of an attempt whose hold is open; its job can only be in one state.

    Raises:
        KeyError: the hold of such an attempt has ended.
    """
    return rule_for(attempt, _JOB_OF[attempt], ref_known=ref_known)
