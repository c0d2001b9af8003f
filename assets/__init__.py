"""The warehouse: staging and release on S3 or in a folder, with receipts and manifests.

A `Store` holds whole objects under keys and writes each once. `stage` and `staged` pass bytes
between the stages of an order, `release` puts accepted bytes under their public key beside their
receipt, `write_manifest` says what an order released, `listing` and `pull` bring assets to those
who use them, and `audit` compares the store with the books. `write_label` and `read_label` put into a
file, and find in it, what it says of itself.
"""

from __future__ import annotations

from assets.asset_filter import CONDITION_NAMES, AssetFilter, Condition, read_condition
from assets.audit import AuditKind, AuditProblem, AuditReport, audit
from assets.credentials import (
    BadCertificate,
    Claim,
    Credentials,
    CredentialsError,
    CredentialsMissing,
    CredentialsState,
    ParentCredentials,
    Signer,
    SigningFailed,
    open_signer,
    read_credentials,
)
from assets.directory_store import DirectoryStore
from assets.errors import (
    AssetsError,
    BadFilter,
    BadKey,
    BadStoreUrl,
    DigestMismatch,
    KeyTaken,
    ManifestError,
    Missing,
    NoLink,
    StoreError,
    StoreUnavailable,
)
from assets.labels import (
    ALGORITHMIC,
    LABEL_ENTRIES,
    TRAINED,
    Label,
    Texts,
    has_credentials,
    read_label,
    without_credentials,
    write_label,
)
from assets.layout import (
    NAME_BYTES_MAX,
    edition_prefix,
    manifest_key,
    receipt_key,
    release_key,
    staging_key,
)
from assets.listing import Edition, editions, listing
from assets.manifest import (
    Manifest,
    ManifestHeader,
    ManifestRow,
    Withdrawn,
    read_manifest,
    row_fields,
    write_manifest,
)
from assets.memory_store import MemoryStore
from assets.opening import open_store, place_of
from assets.places import place_of_release, places_of_release
from assets.pull import pull
from assets.pull_report import PullOutcome, PullReport, PullStep, Recall, RecallOutcome
from assets.receipts import Approval, Mend, ReleaseForm, Verification, receipt_json
from assets.release import Released, release
from assets.staging import stage, staged
from assets.store import Head, PutOutcome, Store

__all__ = [
    "ALGORITHMIC",
    "CONDITION_NAMES",
    "LABEL_ENTRIES",
    "NAME_BYTES_MAX",
    "TRAINED",
    "Approval",
    "AssetFilter",
    "AssetsError",
    "AuditKind",
    "AuditProblem",
    "AuditReport",
    "BadCertificate",
    "BadFilter",
    "BadKey",
    "BadStoreUrl",
    "Claim",
    "Condition",
    "Credentials",
    "CredentialsError",
    "CredentialsMissing",
    "CredentialsState",
    "DigestMismatch",
    "DirectoryStore",
    "Edition",
    "Head",
    "KeyTaken",
    "Label",
    "Manifest",
    "ManifestError",
    "ManifestHeader",
    "ManifestRow",
    "MemoryStore",
    "Mend",
    "Missing",
    "NoLink",
    "ParentCredentials",
    "PullOutcome",
    "PullReport",
    "PullStep",
    "PutOutcome",
    "Recall",
    "RecallOutcome",
    "ReleaseForm",
    "Released",
    "Signer",
    "SigningFailed",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "Texts",
    "Verification",
    "Withdrawn",
    "audit",
    "edition_prefix",
    "editions",
    "has_credentials",
    "listing",
    "manifest_key",
    "open_signer",
    "open_store",
    "place_of",
    "place_of_release",
    "places_of_release",
    "pull",
    "read_condition",
    "read_credentials",
    "read_label",
    "read_manifest",
    "receipt_json",
    "receipt_key",
    "release",
    "release_key",
    "row_fields",
    "stage",
    "staged",
    "staging_key",
    "without_credentials",
    "write_label",
    "write_manifest",
]
