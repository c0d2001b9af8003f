"""What a file's credentials say of it, and how that is written as a C2PA manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

GATES: Final = "org.mintage.gates"
"""The label of the assertion that is Mintage's own: order, job, and the gates that were passed."""
ACTIONS: Final = "c2pa.actions.v2"
PARENT: Final = "generator_credentials"
"""What is said there of credentials that the generator's file came with and that are not kept."""
UNREADABLE: Final = "unreadable"

_SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_NAME_AND_VERSION: Final = re.compile(r"(?P<name>.*\S)\s+v?(?P<version>\d[\w.+-]*)")


@dataclass(frozen=True, slots=True)
class Claim:
    """What is signed. An empty text is left out.

    `title` names the file; `source_type` is a term of IPTC's digital source types, such as
    `assets.labels.TRAINED`; `rules_sha256` is the digest of the definition of done and `verdicts`
    are the criteria that were passed; `creator_tool` is the program and its version, as in
    "Mintage 0.1.0"; `rendition_of` is the SHA-256 of the master that the file was made from;
    `parent_unreadable` says that the generator's file came with credentials that nobody can read.
    """

    title: str
    job_id: str
    order_id: str
    provider: str
    model: str
    source_type: str
    rules_sha256: str
    verdicts: tuple[str, ...]
    creator_tool: str
    rendition_of: str | None = None
    parent_unreadable: bool = False


def definition(claim: Claim, *, action: str) -> dict[str, object]:
    """Write a claim as the definition that the library signs.

    `action` is what was done: `c2pa.created`, or after a parent was opened what came of it. There is no
    time in it, and no name of a person.
    """
    agent = _agent(claim.creator_tool)
    done: dict[str, object] = {"action": action, "softwareAgent": agent}
    if claim.source_type:
        done["digitalSourceType"] = f"{_SOURCE_TYPES}{claim.source_type}"
    if claim.model:
        by = f" of {claim.provider}" if claim.provider else ""
        done["description"] = f"Made by {claim.model}{by}"
    return {
        "claim_version": 2,
        "claim_generator_info": [agent],
        "title": claim.title,
        "assertions": [
            {"label": ACTIONS, "created": True, "data": {"actions": [done]}},
            {"label": GATES, "created": True, "data": _gates(claim)},
        ],
    }


def claim_of(manifest: Mapping[str, object]) -> Claim | None:
    """Read a claim back from a manifest, or None where Mintage's own assertion is not in it."""
    assertions = _by_label(manifest)
    gates = assertions.get(GATES)
    if gates is None:
        return None
    agents = manifest.get("claim_generator_info")
    agent = agents[0] if isinstance(agents, list) and agents else {}
    verdicts = gates.get("verdicts")
    rendition_of = gates.get("rendition_of")
    return Claim(
        title=_text(manifest.get("title")),
        job_id=_text(gates.get("job_id")),
        order_id=_text(gates.get("order_id")),
        provider=_text(gates.get("provider")),
        model=_text(gates.get("model")),
        source_type=source_type_of(manifest),
        rules_sha256=_text(gates.get("rules_sha256")),
        verdicts=tuple(map(_text, verdicts)) if isinstance(verdicts, list) else (),
        creator_tool=agent_name(agent),
        rendition_of=_text(rendition_of) or None,
        parent_unreadable=gates.get(PARENT) == UNREADABLE,
    )


def source_type_of(manifest: Mapping[str, object]) -> str:
    """Find the term of the digital source type of the first action that has one."""
    data = _by_label(manifest).get(ACTIONS, {})
    actions = data.get("actions")
    for action in actions if isinstance(actions, list) else ():
        if isinstance(action, dict) and (found := _text(action.get("digitalSourceType"))):
            return found.rpartition("/")[2]
    return ""


def agent_name(agent: object) -> str:
    """Give a program and its version as one text."""
    if not isinstance(agent, dict):
        return ""
    return f"{_text(agent.get('name'))} {_text(agent.get('version'))}".strip()


def _gates(claim: Claim) -> dict[str, object]:
    values: dict[str, object] = {
        "job_id": claim.job_id,
        "order_id": claim.order_id,
        "provider": claim.provider,
        "model": claim.model,
        "rules_sha256": claim.rules_sha256,
        "verdicts": list(claim.verdicts),
        "rendition_of": claim.rendition_of,
        PARENT: UNREADABLE if claim.parent_unreadable else "",
    }
    return {name: value for name, value in values.items() if value}


def _agent(creator_tool: str) -> dict[str, object]:
    found = _NAME_AND_VERSION.fullmatch(creator_tool.strip())
    if found is None:
        return {"name": creator_tool.strip() or "Mintage"}
    return {"name": found["name"], "version": found["version"]}


def _by_label(manifest: Mapping[str, object]) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    assertions = manifest.get("assertions")
    for one in assertions if isinstance(assertions, list) else ():
        if isinstance(one, dict) and isinstance(one.get("data"), dict):
            # The first of a label counts; a second one has another label in a sound manifest.
            found.setdefault(_text(one.get("label")), one["data"])
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
