"""What went wrong at an S3 server, in one sentence that says what to do and holds no secret."""

from __future__ import annotations

from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    NoAuthTokenError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
    SSOError,
    TokenRetrievalError,
)

from assets.errors import StoreError, StoreUnavailable

NOT_FOUND: Final = frozenset({"NoSuchKey", "404", "NotFound"})
TAKEN: Final = frozenset({"PreconditionFailed", "412"})
CONFLICT: Final = frozenset({"ConditionalRequestConflict", "OperationAborted", "409"})

_WRONG_KEY: Final = (
    "refuses the access key or its secret; correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
)
_EXPIRED: Final = "says that the credentials have expired; sign in again or renew AWS_SESSION_TOKEN"
_DENIED: Final = (
    "denies access; allow these credentials s3:PutObject, s3:GetObject and s3:ListBucket on the "
    "bucket"
)
_WRONG_REGION: Final = "keeps the bucket in another region; set AWS_REGION to it"
_BUSY: Final = "is too busy or failed, after several tries; run again later, nothing is lost"
_FULL: Final = "has no space left; free some or raise its quota, then run again"
_NO_CONDITION: Final = (
    "does not support conditional writes (If-None-Match), without which nothing can be written "
    "just once; use one that does"
)
_DAMAGED: Final = "received other bytes than were sent; check the network or proxy between"

_BY_CODE: Final = {
    "InvalidAccessKeyId": _WRONG_KEY,
    "SignatureDoesNotMatch": _WRONG_KEY,
    "AuthorizationHeaderMalformed": _WRONG_REGION,
    "PermanentRedirect": _WRONG_REGION,
    "301": _WRONG_REGION,
    "ExpiredToken": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DENIED,
    "403": _DENIED,
    "Forbidden": _DENIED,
    "RequestTimeTooSkewed": "finds that this computer's clock is wrong; set it",
    "SlowDown": _BUSY,
    "ServiceUnavailable": _BUSY,
    "InternalError": _BUSY,
    "RequestTimeout": _BUSY,
    "500": _BUSY,
    "502": _BUSY,
    "503": _BUSY,
    "504": _BUSY,
    "507": _FULL,
    "InsufficientStorage": _FULL,
    "QuotaExceeded": _FULL,
    "NotImplemented": _NO_CONDITION,
    "501": _NO_CONDITION,
    "BadDigest": _DAMAGED,
    "InvalidDigest": _DAMAGED,
    "XAmzContentSHA256Mismatch": _DAMAGED,
}

_NO_KEYS: Final = (
    "There are no usable credentials for s3://{bucket}; set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run under a role."
)
_NO_CREDENTIALS: Final = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
    NoAuthTokenError,
)

_BY_KIND: Final[tuple[tuple[tuple[type[BotoCoreError], ...], str], ...]] = (
    (
        _NO_CREDENTIALS,
        _NO_KEYS,
    ),
    (
        (ConfigNotFound, ConfigParseError),
        "The AWS config file cannot be read; correct it or AWS_CONFIG_FILE.",
    ),
    (
        (ParamValidationError,),
        "{bucket!r} cannot be a bucket's name; correct MINTAGE_STORE_URL (s3://BUCKET/PREFIX).",
    ),
    (
        (SSLError,),
        "The certificate of {endpoint} is not trusted; set AWS_CA_BUNDLE to its authority.",
    ),
)


def code_of(error: ClientError) -> str:
    """Give the S3 error code of an answer, or its HTTP status where it has no body."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def explain(error: ClientError | BotoCoreError, *, endpoint: str, bucket: str) -> StoreError:
    """Turn a library's exception into the warehouse's own.

    The server's free text is left out: some servers repeat keys in it.

    Args:
        error: what boto3 raised.
        endpoint: the server's URL without user name and password.
        bucket: the bucket that was asked for.
    """
    if isinstance(error, ClientError):
        return StoreUnavailable(f"The S3 server {endpoint} {_said(error, bucket)}.")
    for kinds, sentence in _BY_KIND:
        if isinstance(error, kinds):
            return StoreUnavailable(sentence.format(endpoint=endpoint, bucket=bucket))
    if isinstance(error, FlexibleChecksumError):
        return StoreError(
            f"Bytes from s3://{bucket} do not fit their checksum; they were damaged on the way or "
            "in the store and are not used."
        )
    return StoreUnavailable(
        f"The S3 server {endpoint} cannot be reached ({type(error).__name__}); check the network "
        "and AWS_ENDPOINT_URL_S3."
    )


def _said(error: ClientError, bucket: str) -> str:
    code = code_of(error)
    if code == "NoSuchBucket":
        return f"has no bucket {bucket!r}; make it, or correct MINTAGE_STORE_URL"
    if not code:
        return "does not speak S3 there; correct AWS_ENDPOINT_URL_S3"
    status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    known = _BY_CODE.get(code) or _BY_CODE.get(status)
    return known or f"answered {code} (HTTP {status or 'unknown'}) to {error.operation_name}"
