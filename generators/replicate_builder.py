"""The Replicate builder: one POST per attempt, followed to its end, priced by the model's card.

What can be known decides what is returned. Nothing was sent, or the provider refused: the attempt
failed or the provider is halted, and nothing is charged. An answer was lost: the attempt is `Lost`,
whatever the chances, until the provider's own record answers (`generators.replicate_recovery`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from generators.cards import ModelCard
from generators.contract import (
    Brief,
    BuildFailed,
    Built,
    Finding,
    Halted,
    Lost,
    LostBuild,
    MaySend,
    Outcome,
    Quote,
    UsageLine,
    always,
)
from generators.errors import ProviderUnavailable, TokenRefused
from generators.pacing import Pace
from generators.replicate_patience import Clocks, Patience
from generators.replicate_prediction import Prediction, read_prediction
from generators.replicate_wire import (
    Answer,
    Fetched,
    Forbidden,
    Gone,
    NoAnswer,
    NotSent,
    ReplicateWire,
    Withheld,
)
from generators.steering import avoiding

if TYPE_CHECKING:
    from generators.replicate_recovery import Recovery

CREATES_PER_MINUTE = 600
"""Replicate's limit on creates (replicate.com/docs/topics/predictions/rate-limits)."""

_SHORTEST_THROTTLE_S = 1.0

_OLDEST_RUN = timedelta(days=366)
_CLOCKS_DIFFER = timedelta(days=1)


class ReplicateGenerator:
    """One model on Replicate. Use it from one event loop; close it with `aclose`."""

    def __init__(
        self,
        card: ModelCard,
        wire: ReplicateWire,
        *,
        pace: Pace | None = None,
        patience: Patience | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self.card = card
        self.wire = wire
        self.patience = patience or Patience()
        self.clocks = clocks or Clocks()
        self._pace = pace or Pace(
            CREATES_PER_MINUTE,
            clock=self.clocks.monotonic,
            sleep=self.clocks.sleep,
        )
        self._reached_at: float | None = None
        self._recovery: Recovery | None = None

    @property
    def provider(self) -> str:
        """`replicate`."""
        return self.card.provider

    @property
    def model(self) -> str:
        """`owner/name`."""
        return self.card.model

    def problems(self, brief: Brief) -> list[str]:
        """Say, a sentence each, why this brief cannot be built."""
        return self.card.problems(brief, today=self.clocks.today())

    def avoiding(self, brief: Brief, words: Sequence[str], *, chars_max: int) -> Brief:
        """Tell the model what to leave out, in its negative prompt if it has one."""
        return avoiding(self.card.input, brief, words, chars_max)

    def quote(self, brief: Brief) -> Quote:
        """Price one attempt of this brief at today's prices."""
        return self.card.quote(brief, today=self.clocks.today())

    def request(self, brief: Brief) -> Mapping[str, object]:
        """Return path, deadline and body of the POST for this brief, and which token sends it."""
        body: dict[str, object] = {"input": self.card.inputs(brief)}
        path = f"/v1/models/{self.card.model}/predictions"
        if self.card.endpoint.version is not None:
            path = "/v1/predictions"
            body["version"] = self.card.endpoint.version
        return {
            "path": path,
            "cancel_after_s": self.card.seconds_max,
            "body": body,
            "token_mark": self.wire.token_mark,
        }

    async def build(
        self,
        attempt_id: str,
        brief: Brief,
        created: Callable[[str], Awaitable[None]],
        may_send: MaySend = always,
    ) -> Outcome:
        """Build once, with one POST that reaches Replicate, or none."""
        del attempt_id  # Replicate takes no id of ours; the seed in the input is what tells apart.
        problems = self.problems(brief)
        if problems:
            return BuildFailed(reason=" ".join(problems), retryable=False)
        posted = await self._post(brief, may_send)
        if not isinstance(posted, Prediction):
            return posted
        if not posted.ended:
            await created(posted.ref)
            followed = await self._follow(posted.ref)
            if isinstance(followed, Lost):
                return followed
            posted = followed
        return await self.conclude(posted, brief)

    async def find(
        self, lost: Sequence[LostBuild], known_refs: Collection[str]
    ) -> Mapping[str, Finding]:
        """Look lost attempts up in Replicate's record.

        Raises:
            ProviderUnavailable: the record cannot be read now.
        """
        if self._recovery is None:
            from generators.replicate_recovery import Recovery

            self._recovery = Recovery(self)
        return await self._recovery.find(lost, known_refs)

    async def check(self) -> str:
        """Ask who the token belongs to, for `mintage doctor`; costs nothing.

        Raises:
            TokenRefused: Replicate does not accept the token.
            ProviderUnavailable: Replicate cannot be reached or does not say.
        """
        answer = await self.wire.get("/v1/account")
        if not isinstance(answer, Answer):
            raise ProviderUnavailable("Replicate", answer.reason)
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise TokenRefused("REPLICATE_API_TOKEN")
        body = answer.body
        if answer.status != HTTPStatus.OK or not isinstance(body, dict):
            raise ProviderUnavailable("Replicate", f"HTTP {answer.status}")
        return self.wire.clean(f"{body.get('type', 'account')} {body.get('username', '(unnamed)')}")

    def stop(self) -> None:
        """Send no request for a new build any more; those that wait for their turn end as Halted."""
        self._pace.close()

    async def aclose(self) -> None:
        """Let go of connections."""
        await self.wire.aclose()

    async def read(self, ref: str) -> Prediction | Answer | NotSent | NoAnswer:
        """Read one prediction; what is not a prediction is returned as it came."""
        answer = await self.wire.get(f"/v1/predictions/{ref}")
        if not isinstance(answer, Answer) or answer.status != HTTPStatus.OK:
            return answer
        return read_prediction(answer.body) or answer

    async def conclude(self, prediction: Prediction, brief: Brief) -> Built | BuildFailed | Lost:
        """Turn a prediction that has ended into bytes, usage, or the reason why there are none."""
        status, ref = prediction.status, prediction.ref
        if status == "aborted":
            return _again("Replicate did not start the run in time.", ref)
        canceled = status == "canceled"
        charged = self.card.canceled_is_charged if canceled else self.card.failed_is_charged
        if status == "succeeded" or charged:
            measured = await self._with_metrics(prediction)
            if measured is None:
                # What was used will be told later; a guess now would be booked for good.
                return Lost(
                    f"Replicate's run ended ({status}); what it used cannot be read now.", ref
                )
            prediction = measured
        if status == "succeeded":
            return await self._deliver(prediction, brief)
        usage = (
            self.card.usage(
                prediction.metrics, brief, today=self._priced_on(prediction), succeeded=False
            )
            if charged
            else ()
        )
        if canceled:
            return _again("Replicate canceled the run before its end.", ref, usage)
        said = self.wire.clean(prediction.error) or "no reason given"
        return BuildFailed(
            f"Replicate's run failed: {said}",
            retryable=prediction.worth_retrying(charged=charged),
            usage=usage,
            provider_ref=ref,
        )

    async def _post(
        self, brief: Brief, may_send: MaySend
    ) -> Prediction | BuildFailed | Lost | Halted:
        """Send the POST until it has arrived once, or provably cannot."""
        clock = self.clocks.monotonic
        waits = list(self.patience.connect_waits_s)
        throttled_since: float | None = None
        while True:
            if not await self._pace.turn():
                return Halted("The run was stopped before the request was sent.")
            answer = await self._post_once(brief, may_send)
            if isinstance(answer, Withheld):
                return Halted("The run was stopped before the request was sent.")
            if isinstance(answer, NotSent):
                if not waits:
                    return self._unreachable(answer)
                await self.clocks.sleep(waits.pop(0))
                continue
            self._reached_at = clock()
            if isinstance(answer, NoAnswer):
                return Lost(f"Replicate's answer was lost ({answer.reason}).")
            if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                return self._posted(answer)
            throttled_since = clock() if throttled_since is None else throttled_since
            pause_s = max(answer.retry_after_s or 0, _SHORTEST_THROTTLE_S)
            if clock() + pause_s - throttled_since > self.patience.throttled_max_s:
                return BuildFailed(
                    f"Replicate throttled every request for {self.patience.throttled_max_s:g} s; "
                    "lower the order's concurrency or top up the account's credit.",
                    retryable=True,
                )
            self._pace.pause(pause_s)

    async def _post_once(
        self, brief: Brief, may_send: MaySend
    ) -> Answer | NotSent | NoAnswer | Withheld:
        request = self.request(brief)
        body = request["body"]
        wait_s = min(self.patience.prefer_wait_s, self.card.seconds_max)
        return await self.wire.post(
            str(request["path"]),
            body if isinstance(body, dict) else {},
            {
                "Prefer": f"wait={wait_s}",
                "Cancel-After": f"{self.card.seconds_max}s",
            },
            read_timeout_s=wait_s + self.patience.answer_margin_s,
            may_send=may_send,
        )

    def _posted(self, answer: Answer) -> Prediction | BuildFailed | Lost | Halted:
        """Read the one answer to the POST. Whatever leaves doubt about a creation is lost."""
        status, said = answer.status, f": {answer.detail}" if answer.detail else ""
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            prediction = read_prediction(answer.body)
            return prediction or Lost(f"Replicate's answer (HTTP {status}) cannot be read.")
        halt = _HALTS.get(status)
        if halt is not None:
            return Halted(f"{halt.format(model=self.model)} (HTTP {status}{said}).")
        doubtful = {HTTPStatus.SEE_OTHER, HTTPStatus.REQUEST_TIMEOUT}
        if status in doubtful or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Lost(f"Replicate answered with HTTP {status}{said}; it may have started a run.")
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return Halted(
                f"{self.wire.base_url} redirects (HTTP {status}); set REPLICATE_BASE_URL."
            )
        return BuildFailed(f"Replicate refused the request (HTTP {status}{said}).", retryable=False)

    def _unreachable(self, answer: NotSent) -> BuildFailed | Halted:
        reached = self._reached_at
        if reached is None or (
            self.clocks.monotonic() - reached > self.patience.reached_recently_s
        ):
            return Halted(f"Replicate cannot be reached ({answer.reason}); check the network.")
        return BuildFailed(
            f"Replicate could not be reached for a while ({answer.reason}).", retryable=True
        )

    async def _follow(self, ref: str) -> Prediction | Lost:
        """Poll until the run ends."""
        clock, patience = self.clocks.monotonic, self.patience
        wait_s = patience.poll_first_s
        overdue_at = clock() + self.card.seconds_max + patience.overdue_max_s
        failing_since: float | None = None
        while True:
            await self.clocks.sleep(wait_s)
            wait_s = min(wait_s * 1.5, patience.poll_max_s)
            seen = await self.read(ref)
            if isinstance(seen, Prediction):
                if seen.ended:
                    return seen
                failing_since = None
                if clock() > overdue_at:
                    return Lost(f"Replicate's run is long overdue and still {seen.status}.", ref)
                continue
            failing_since = clock() if failing_since is None else failing_since
            if clock() - failing_since > patience.poll_failing_max_s:
                return Lost(f"Replicate's run cannot be followed ({_why(seen)}).", ref)

    async def _with_metrics(self, prediction: Prediction) -> Prediction | None:
        """Look again while priced metrics are missing: they can come after the status.

        None when they were missing and the last look saw nothing; a record that was seen to the end
        without them never had them.
        """
        today = self._priced_on(prediction)
        looked = True
        for wait_s in self.patience.metrics_waits_s:
            if not self.card.unreported(prediction.metrics, today=today):
                return prediction
            await self.clocks.sleep(wait_s)
            seen = await self.read(prediction.ref)
            looked = isinstance(seen, Prediction) and seen.status == prediction.status
            if isinstance(seen, Prediction) and looked:
                prediction = seen
        missing = self.card.unreported(prediction.metrics, today=today)
        return prediction if looked or not missing else None

    async def _deliver(self, prediction: Prediction, brief: Brief) -> Built | BuildFailed | Lost:
        ref = prediction.ref
        usage = self.card.usage(prediction.metrics, brief, today=self._priced_on(prediction))
        url = next(prediction.urls(), None)
        if url is None:
            why = "has removed the output" if prediction.data_removed else "gave no output"
            return _again(f"Replicate's run succeeded but {why}.", ref, usage)
        fetched = await self._fetch(url)
        match fetched:
            case Fetched(data, media_type):
                return Built(data, media_type, usage, ref)
            case Gone(reason):
                return _again(f"Replicate's run succeeded but {reason}.", ref, usage)
            case Forbidden(reason):
                return BuildFailed(
                    f"Replicate's run succeeded but {reason}.",
                    retryable=False,
                    usage=usage,
                    provider_ref=ref,
                )
            case NoAnswer(reason):
                # The file may well be there later; giving up now would mean to pay twice for it.
                return Lost(f"Replicate's output cannot be fetched now ({reason}).", ref)

    async def _fetch(self, url: str) -> Fetched | Gone | Forbidden | NoAnswer:
        for wait_s in (*self.patience.fetch_waits_s, None):
            fetched = await self.wire.fetch(url, bytes_max=self.patience.output_bytes_max)
            if not isinstance(fetched, NoAnswer) or wait_s is None:
                break
            await self.clocks.sleep(wait_s)
        return fetched

    def _priced_on(self, prediction: Prediction) -> date:
        moment, today = prediction.created_at, self.clocks.today()
        if moment is None or not today - _OLDEST_RUN <= moment.date() <= today + _CLOCKS_DIFFER:
            # No run that is settled here is that old or that new: its clock is wrong, not its price.
            return today
        return moment.date()


_HALTS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Replicate refused the token; set a valid REPLICATE_API_TOKEN",
    HTTPStatus.PAYMENT_REQUIRED: (
        "Replicate wants credit; top up at https://replicate.com/account/billing, wait a few "
        "minutes and resume"
    ),
    HTTPStatus.FORBIDDEN: (
        "Replicate does not let this token use {model}; set a REPLICATE_API_TOKEN that may"
    ),
    HTTPStatus.NOT_FOUND: "Replicate has no {model} any more; choose another model for the order",
}


def _why(seen: Answer | NotSent | NoAnswer) -> str:
    return f"HTTP {seen.status}" if isinstance(seen, Answer) else seen.reason


def _again(reason: str, ref: str, usage: tuple[UsageLine, ...] = ()) -> BuildFailed:
    return BuildFailed(reason, retryable=True, usage=usage, provider_ref=ref)
