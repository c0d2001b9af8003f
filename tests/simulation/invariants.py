"""What must hold after every single step, read from the books' file with nothing of Mintage's code.

B1  no budget is passed, and what it says is held and spent is what its holds say
B2  every hold is open exactly while its attempt is held or unknown
B3  what every order's entries moved is what its holds and charges say
P1  a run of ours at the provider has one attempt, whose hold was on disk when it was created
P2  no attempt has two runs
P3  charges and open holds cover the bill: a run that has ended is charged to the nano-dollar,
or its attempt is open with a hold that covers it
J1  no job has more attempts that count than its order allows, and none is held for while the
order is stopped
R1  released bytes, in store and books, passed every gate; what the provider made blank or broken
is never released, what it framed only mended, and where a person has to look, one has approved it
M1  what an attempt has was made, mend by mend and signed last, of what it was charged for, and no
way twice
F1  renditions are made of the master as it was before it was signed, and passed every gate of their
own; they are public before their master; where the house signs, every file that is public is signed
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from pathlib import Path

from simulation.provider_world import ProviderWorld, Run

OPEN = ("held", "unknown")
PASSED = ("accepted", "in_review", "approved", "released")
BOUND_S = 60
"""The seconds that the model cards allow a run."""


class Violation(AssertionError):
    """A promise was broken."""


def _must(holds: bool, told: str) -> None:
    if not holds:
        raise Violation(told)


class Invariants:
    """Reads the books after each commit, and the provider's side at each change there."""

    def __init__(
        self,
        ledger: Path,
        world: ProviderWorld,
        *,
        attempts_max: int,
        review_all: bool,
        signs: bool = False,
    ) -> None:
        self._attempts_max = attempts_max
        self._review_all = review_all
        self._signs = signs
        self._public: set[str] = set()
        """Digests of the files that were put under public keys."""
        self._before = (0, "open")
        """How many attempts there were after the last commit, and the order's state."""
        self._db = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
        self._db.row_factory = sqlite3.Row
        self._world = world
        self.checks = 0
        self.mends = 0
        self.signings = 0
        self._run_of: dict[tuple[str, int], str] = {}

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def rows(self, query: str, *parameters: object) -> list[sqlite3.Row]:
        """Read rows of the books."""
        return self._db.execute(query, parameters).fetchall()

    def after_commit(self) -> None:
        """Check the books, and the books against the provider."""
        self.checks += 1
        attempts = self.rows(
            "SELECT a.*, h.state AS hold_state, h.amount_nano FROM attempts a "
            "JOIN holds h USING (attempt_id)"
        )
        self._check_holds(attempts)
        self._check_jobs(attempts)
        self._check_budgets(attempts)
        self._check_entries(attempts)
        self._check_coverage(attempts)
        self._check_releases()
        self._check_mends(attempts)
        self._check_renditions()

    def _check_renditions(self) -> None:
        for row in self.rows(
            "SELECT f.*, j.job_id, j.state, a.sha256 AS master, "
            "(SELECT s.from_sha256 FROM signings s WHERE s.attempt_id = f.attempt_id "
            "AND s.number = 0) AS unsigned, "
            "(SELECT s.to_sha256 FROM signings s WHERE s.attempt_id = f.attempt_id "
            "AND s.number = f.number) AS signed, "
            "(SELECT count(*) FROM verdicts v WHERE v.attempt_id = f.attempt_id "
            "AND v.rendition = f.number AND v.sha256 = f.sha256) AS judged, "
            "(SELECT count(*) FROM verdicts v WHERE v.attempt_id = f.attempt_id "
            "AND v.rendition = f.number AND v.sha256 = f.sha256 AND NOT v.passed) AS failed "
            "FROM renditions f JOIN attempts a USING (attempt_id) "
            "JOIN jobs j ON j.attempt_id = f.attempt_id"
        ):
            _must(
                row["from_sha256"] == (row["unsigned"] or row["master"]) and row["judged"] > 0,
                f"F1: {row['name']} was made or judged as {tuple(row)}",
            )
            if row["state"] not in PASSED:
                continue
            _must(
                row["failed"] == 0 and (row["signed"] == row["sha256"]) == self._signs,
                f"F1: {row['name']} has passed as {tuple(row)}",
            )

    def _check_mends(self, attempts: list[sqlite3.Row]) -> None:
        charged = {
            row["attempt_id"]: row["sha256"]
            for row in self.rows("SELECT attempt_id, sha256 FROM entries WHERE kind = 'charge'")
        }
        chains: dict[str, list[sqlite3.Row]] = defaultdict(list)
        for mend in self.rows("SELECT * FROM mends ORDER BY attempt_id, number"):
            chains[mend["attempt_id"]].append(mend)
        self.mends = sum(map(len, chains.values()))
        signed = {
            row["attempt_id"]: row for row in self.rows("SELECT * FROM signings WHERE number = 0")
        }
        self.signings = len(signed)
        for one in attempts:
            name, chain = one["attempt_id"], chains[one["attempt_id"]]
            steps = [*chain, signed[name]] if name in signed else chain
            links = [charged.get(name), *(step["to_sha256"] for step in steps)]
            _must(
                [step["from_sha256"] for step in steps] == links[:-1]
                and links[-1] == one["sha256"]
                and len({mend["kind"] for mend in chain}) == len(chain),
                f"M1: attempt {name} has {one['sha256']}, its steps are {[tuple(c) for c in steps]}",
            )

    def _check_holds(self, attempts: list[sqlite3.Row]) -> None:
        for one in attempts:
            _must(
                (one["state"] in OPEN) == (one["hold_state"] == "open"),
                f"B2: attempt {one['attempt_id']} is {one['state']}, its hold {one['hold_state']}",
            )

    def _check_jobs(self, attempts: list[sqlite3.Row]) -> None:
        tried = Counter(one["job_id"] for one in attempts if one["counts"])
        for job_id, count in tried.items():
            _must(
                count <= self._attempts_max,
                f"J1: {job_id} has {count} attempts, {self._attempts_max} are allowed",
            )
        found = self.rows("SELECT state FROM orders")
        state = found[0]["state"] if found else "open"
        count_before, state_before = self._before
        _must(
            not (state == state_before == "stopped" and len(attempts) > count_before),
            "J1: an attempt was held for while the order was stopped",
        )
        self._before = (len(attempts), state)

    def _check_budgets(self, attempts: list[sqlite3.Row]) -> None:
        by_id = {one["attempt_id"]: one for one in attempts}
        held: Counter[str] = Counter()
        spent: Counter[str] = Counter()
        over: Counter[str] = Counter()
        for cover in self.rows("SELECT attempt_id, budget_id FROM hold_budgets"):
            one = by_id[cover["attempt_id"]]
            if one["state"] in OPEN:
                held[cover["budget_id"]] += one["hold_nano"]
            spent[cover["budget_id"]] += one["charged_nano"]
            over[cover["budget_id"]] += max(0, one["charged_nano"] - one["hold_nano"])
        for budget in self.rows("SELECT * FROM budgets"):
            name = budget["budget_id"]
            if budget["period"] == "":
                # A shared budget also counts what was under way before anybody set its cap.
                _must(
                    (budget["held_nano"], budget["spent_nano"] + budget["overrun_nano"])
                    == (held[name], spent[name]),
                    f"B1: {name} says {tuple(budget)}, its holds {held[name]}, {spent[name]}",
                )
            if budget["cap_nano"] is not None:
                _must(
                    # A provider that breaks its own bound passes caps; that much and no more is said.
                    held[name] + spent[name] - over[name] <= budget["cap_nano"],
                    f"B1: {name} is passed: {held[name]} + {spent[name]} > {budget['cap_nano']}",
                )

    def _check_entries(self, attempts: list[sqlite3.Row]) -> None:
        moved: Counter[tuple[str, str]] = Counter()
        for entry in self.rows("SELECT attempt_id, kind, amount_nano FROM entries"):
            if entry["attempt_id"]:
                moved[entry["attempt_id"], entry["kind"]] += entry["amount_nano"]
        for one in attempts:
            name = one["attempt_id"]
            out = sum(moved[name, kind] for kind in ("charge", "release", "void"))
            left = one["hold_nano"] if one["state"] in OPEN else 0
            _must(
                moved[name, "hold"] == one["hold_nano"] and moved[name, "hold"] - out == left,
                f"B3: the entries of attempt {name} leave {moved[name, 'hold'] - out}, not {left}",
            )
            _must(
                moved[name, "charge"] + moved[name, "overrun"] == one["charged_nano"],
                f"B3: attempt {name} is charged {one['charged_nano']}, its entries say otherwise",
            )

    def _check_coverage(self, attempts: list[sqlite3.Row]) -> None:
        by_input = self._by_input(attempts)
        for run in self._world.runs.values():
            if run.is_ours:
                self._covered(run, by_input.get(_key(run.input)))
        refs = Counter(one["provider_ref"] for one in attempts if one["provider_ref"])
        for ref, count in refs.items():
            found = self._world.runs.get(ref)
            _must(count == 1, f"P2: {count} attempts have run {ref}")
            _must(found is not None and found.is_ours, f"P1: somebody else's run {ref} was adopted")

    def _by_input(self, attempts: list[sqlite3.Row]) -> dict[str, sqlite3.Row]:
        return {_key(json.loads(one["request_json"])["body"]["input"]): one for one in attempts}

    def _covered(self, run: Run, one: sqlite3.Row | None) -> None:
        _must(one is not None, f"P1: run {run.ref} has no attempt")
        assert one is not None
        if one["state"] in OPEN:
            _must(
                run.billed_nano() <= one["hold_nano"] or run.seconds > BOUND_S,
                f"P3: run {run.ref} costs {run.billed_nano()}, its hold is {one['hold_nano']}",
            )
            return
        _must(
            self._world.has_ended(run),
            f"P3: attempt {one['attempt_id']} is {one['state']} and its run {run.ref} goes on",
        )
        _must(
            one["charged_nano"] == run.billed_nano() and one["provider_ref"] == run.ref,
            f"P3: run {run.ref} costs {run.billed_nano()}, attempt {one['attempt_id']} was charged "
            f"{one['charged_nano']} for {one['provider_ref']} ({one['reason']})",
        )

    def run_changed(self, run: Run) -> None:
        """Check that a run that is created now had its hold on disk before."""
        if not run.is_ours or run.ref in self._run_of.values():
            return
        attempts = self.rows("SELECT * FROM attempts")
        one = self._by_input(attempts).get(_key(run.input))
        _must(one is not None, f"P1: run {run.ref} was created before its hold was on disk")
        assert one is not None
        _must(
            one["state"] in OPEN,
            f"P1: run {run.ref} was created when its attempt was {one['state']} ({one['reason']})",
        )
        key = (one["job_id"], one["number"])
        _must(key not in self._run_of, f"P2: {key} was sent twice")
        self._run_of[key] = run.ref

    def _check_releases(self) -> None:
        for row in self.rows(
            "SELECT r.job_id, r.sha256, a.sha256 AS built, j.state, j.approved_by, a.provider_ref, "
            "(SELECT count(*) FROM verdicts v WHERE v.attempt_id = r.attempt_id "
            "AND v.sha256 = r.sha256) AS judged, (SELECT count(*) FROM verdicts v "
            "WHERE v.attempt_id = r.attempt_id AND v.sha256 = r.sha256 AND NOT v.passed)"
            " AS failed, (SELECT count(*) FROM mends m WHERE m.attempt_id = r.attempt_id) AS mends, "
            "(SELECT count(*) FROM signings s WHERE s.attempt_id = r.attempt_id "
            "AND s.to_sha256 = r.sha256) AS signed "
            "FROM releases r JOIN attempts a USING (attempt_id) JOIN jobs j "
            "ON j.job_id = r.job_id"
        ):
            _must(
                row["state"] == "released"
                and row["sha256"] == row["built"]
                and row["judged"] > 0
                and row["failed"] == 0,
                f"R1: {row['job_id']} was released as {tuple(row)}",
            )
            made = self._world.runs[row["provider_ref"]].ending
            _must(
                made == "succeeded" or (made == "framed" and row["mends"] > 0),
                f"R1: {row['job_id']} was released, and it is {made}",
            )
            _must(
                not self._review_all or bool(row["approved_by"]),
                f"R1: {row['job_id']} was released, and nobody has approved it",
            )
            _must(
                bool(row["signed"]) == self._signs,
                f"F1: {row['job_id']} was released, and whether it is signed is {row['signed']}",
            )

    def put(self, key: str, sha256: str) -> None:
        """Check that bytes which become public have passed every gate."""
        if not key.startswith("released/") or not key.endswith(".png"):
            return
        masters = self.rows(
            "SELECT a.attempt_id FROM jobs j JOIN attempts a ON a.attempt_id = j.attempt_id "
            "WHERE a.sha256 = ? AND j.state IN ('approved', 'released') AND NOT EXISTS "
            "(SELECT 1 FROM verdicts v WHERE v.attempt_id = a.attempt_id AND v.sha256 = a.sha256 "
            "AND NOT v.passed)",
            sha256,
        )
        renditions = self.rows(
            "SELECT f.attempt_id FROM jobs j JOIN renditions f ON f.attempt_id = j.attempt_id "
            "WHERE f.sha256 = ? AND j.state IN ('approved', 'released')",
            sha256,
        )
        _must(
            bool(masters or renditions), f"R1: {key} became public with bytes that passed no gate"
        )
        self._public.add(sha256)
        for one in masters:
            made = self.rows(
                "SELECT sha256 FROM renditions WHERE attempt_id = ?", one["attempt_id"]
            )
            _must(
                all(rendition["sha256"] in self._public for rendition in made),
                f"F1: {key} became public before its renditions",
            )

    def released_keys(self) -> set[str]:
        """Give the keys that masters and renditions are released under, as the books have them."""
        keys = set()
        for row in self.rows("SELECT attempt_id, release_key FROM releases"):
            keys.add(row["release_key"])
            folder = row["release_key"].rpartition("/")[0]
            for one in self.rows(
                "SELECT name FROM renditions WHERE attempt_id = ?", row["attempt_id"]
            ):
                keys.add(f"{folder}/{one['name']}.png")
        return keys

    def charges(self) -> dict[str, int]:
        """Give what was charged for each run, free ones left out."""
        found: dict[str, int] = defaultdict(int)
        for one in self.rows("SELECT provider_ref, charged_nano FROM attempts"):
            if one["charged_nano"]:
                found[one["provider_ref"]] += one["charged_nano"]
        return dict(found)


def _key(inputs: object) -> str:
    return json.dumps(inputs, sort_keys=True, default=str)
