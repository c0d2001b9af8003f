"""The command that tells of a file found anywhere whether it is ours, unchanged, approved, withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from console.arguments import Json, a_path, open_house

if TYPE_CHECKING:
    from assets import Claim, Credentials
    from assets.labels import Label
    from flows.proving import Proof, ProofReport
    from flows.release_registers import KnownRelease

PROVEN, NOT_PROVEN, UNREADABLE = 0, 1, 2


def prove(
    *files: Annotated[Path, a_path("Files, found anywhere.")],
    json: Json = False,
) -> int:
    """Say whether files are ours, unchanged, approved, and not withdrawn.

    Exit code 0: all of it holds for every file; 1: it does not; 2: a file cannot be read.
    """
    from console.output import print_json, say
    from flows import BadSettings
    from flows.proving import prove as prove_files

    if not files:
        raise BadSettings("Name at least one file: mintage assets prove banner.webp")
    report = prove_files(open_house(), files)
    if json:
        print_json(
            {
                "ok": _exit_code(report) == PROVEN,
                "asked": report.asked,
                "notes": report.notes,
                "problems": report.problems,
                "files": [_fields(proof) for proof in report.proofs],
            }
        )
    else:
        _print(report)
        for note in report.notes:
            say(f"mintage: {note}")
    for problem in report.problems:
        say(f"mintage: {problem}")
    return _exit_code(report)


def _exit_code(report: ProofReport) -> int:
    if report.problems:
        return UNREADABLE
    return PROVEN if all(proof.holds for proof in report.proofs) else NOT_PROVEN


def _fields(proof: Proof) -> dict[str, Any]:
    from assets.receipts import plain_decimal

    evidence, release, claim = proof.evidence, proof.release, proof.claim
    made = release or claim
    order_id = proof.job_id.partition("#")[0]
    taken = release.withdrawn if release else None
    return {
        "file": str(evidence.file),
        "sha256": evidence.sha256,
        "verdict": proof.verdict.value,
        "because": proof.because,
        "approved": proof.holds,
        "job_id": proof.job_id or None,
        "order_id": (release.order_id if release else order_id) or None,
        "campaign": release.campaign if release else None,
        "released_as": release.key if release else None,
        "released_sha256": release.sha256 if release else None,
        "released_at": release.released_at if release else None,
        "rendition_of": (release.master if release else "") or None,
        "provider": (made.provider if made else "") or None,
        "model": (made.model if made else "") or None,
        "approved_by": (release.approved_by if release else "") or None,
        "verified_by": list(release.verified_by if release else claim.verdicts if claim else ()),
        "withdrawn": taken and {"at": taken.at, "because": taken.because, "by": taken.by or None},
        "cost_usd": plain_decimal(release.cost_usd)
        if release and release.cost_usd is not None
        else None,
        "credentials": evidence.credentials and _credentials(evidence.credentials),
        "label": evidence.label and _label(evidence.label),
        "note": evidence.note or None,
    }


def _credentials(found: Credentials) -> dict[str, Any]:
    return {
        "state": found.state.value,
        "signer": found.signer or None,
        "signed_at": found.signed_at or None,
        "generator": found.generator or None,
        "source_type": found.source_type or None,
        "problems": list(found.problems),
        "claim": found.claim,
        "parents": [
            {
                "generator": one.generator or None,
                "signer": one.signer or None,
                "source_type": one.source_type or None,
                "state": one.state.value,
            }
            for one in found.parents
        ],
    }


def _label(label: Label) -> dict[str, Any]:
    return {
        "title": dict(label.title),
        "alt": dict(label.alt),
        "description": dict(label.description),
        "rights": dict(label.rights),
        "credit": label.credit,
        "creator_tool": label.creator_tool,
        "source_type": label.source_type,
        "job_id": label.job_id,
    }


def _print(report: ProofReport) -> None:
    from rich.table import Table
    from rich.text import Text

    from console.escaping import shown
    from console.output import indented, screen

    out = screen()
    for proof in report.proofs:
        headline = _headline(proof, asked=bool(report.asked))
        out.print(f"{proof.evidence.file}: {headline}", style="bold", soft_wrap=True)
        out.print(indented(proof.because, 2))
        rows = Table.grid(padding=(0, 2))
        rows.add_column(no_wrap=True)
        rows.add_column(overflow="fold")
        for name, text in _told(proof):
            rows.add_row(f"  {name}", Text(shown(text)))
        if rows.row_count:
            out.print(rows)
        if proof.evidence.note:
            out.print(indented(proof.evidence.note, 2))
    if not report.asked and not report.notes:
        out.print(
            "Neither books nor store were asked: MINTAGE_STORE_URL names the store where we release.",
            style="dim",
        )


def _headline(proof: Proof, *, asked: bool) -> str:
    if proof.holds:
        return "ours, unchanged, approved"
    return {
        "ours": "ours, but NEVER RELEASED"
        if asked
        else "ours, but nothing shows that it was approved",
        "changed": "CHANGED",
        "withdrawn": "WITHDRAWN",
        "unknown": "unknown",
    }[proof.verdict.value]


def _told(proof: Proof) -> Iterator[tuple[str, str]]:
    """Tell what is known of a file, name by name."""
    evidence = proof.evidence
    if proof.release is not None:
        yield from _of_release(proof.release, changed=proof.verdict.value == "changed")
    elif proof.claim is not None:
        yield from _of_claim(proof.claim)
    if evidence.credentials is not None:
        yield "credentials", _credentials_text(evidence.credentials)
        for one in evidence.credentials.parents:
            by = f", signed by {one.signer}" if one.signer else ""
            yield "came from", f"{one.generator or 'somebody'}{by} ({one.state.value})"
    if evidence.label is not None:
        title = next(iter(evidence.label.title.values()), "")
        named = f"job {evidence.label.job_id}" if evidence.label.job_id else "no job"
        yield "label", f"{title}, {named}" if title else named


def _of_release(release: KnownRelease, *, changed: bool) -> Iterator[tuple[str, str]]:
    from assets.receipts import plain_decimal

    when = f" on {release.released_at:%Y-%m-%d %H:%M} UTC" if release.released_at else ""
    yield ("was released" if changed else "released"), f"as {release.key}{when}"
    if changed:
        yield "its SHA-256", release.sha256
    yield "job", release.job_id
    yield "campaign", release.campaign
    if release.model:
        yield "made by", f"{release.model} at {release.provider}"
    if release.master:
        yield "rendition of", release.master
    if release.verified_by:
        yield "passed", ", ".join(release.verified_by)
    yield "approved by", release.approved_by or "its order's rules; no person was asked to look"
    if release.cost_usd is not None:
        yield "cost", f"${plain_decimal(release.cost_usd)}"


def _of_claim(claim: Claim) -> Iterator[tuple[str, str]]:
    yield "job", claim.job_id
    if claim.model:
        yield "made by", f"{claim.model} at {claim.provider}"
    if claim.verdicts:
        yield "passed", ", ".join(claim.verdicts)


def _credentials_text(found: Credentials) -> str:
    signer = f", signed by {found.signer}" if found.signer else ""
    at = f" at {found.signed_at}" if found.signed_at else ""
    problems = f": {'; '.join(found.problems)}" if found.problems else ""
    return f"{found.state.value}{signer}{at}{problems}"
