"""From a store's URL to the store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from assets.directory_store import DirectoryStore
from assets.errors import BadStoreUrl
from assets.store import Store, check_key

_FORMS = "use file:FOLDER or s3://BUCKET/PREFIX"


def open_store(url: str) -> Store:
    """Open the store that a URL names; nothing is touched before its first use.

    `file:.mintage/store` is relative to the working directory, `file:/srv/store` and
    `file:///srv/store` are absolute, `file:~/store` is below the home folder; what follows is taken
    as it is, without percent signs decoded. `s3://bucket/prefix` takes region, keys and endpoint
    as boto3 does: `AWS_*`, `AWS_ENDPOINT_URL_S3`, shared files, roles.

    Raises:
        BadStoreUrl: the URL is of neither form. The message never repeats a password.
        StoreUnavailable: boto3's own settings are wrong.
    """
    scheme, colon, rest = url.strip().partition(":")
    match scheme.lower() if colon else "":
        case "file":
            return DirectoryStore(_folder(rest))
        case "s3":
            return _s3_store(url.strip())
        case "":
            raise BadStoreUrl(f"The store URL has no scheme; {_FORMS}.")
        case other:
            raise BadStoreUrl(f"There is no store of kind {other!r}; {_FORMS}.")


def place_of(url: str, key: str) -> str:
    """Say where a person finds an object, as `Store.locate` does, with no store opened.

    `url` is a store's own, as `Store.url` gives it and the books keep it.
    """
    base = url.removeprefix("file:")
    return f"{base}{check_key(key)}" if base.endswith((":", "/")) else f"{base}/{check_key(key)}"


def _folder(rest: str) -> Path:
    if rest.startswith("//"):
        rest = rest[2:].removeprefix("localhost")
        if not rest.startswith("/"):
            raise BadStoreUrl(
                "A file: URL with two slashes names another computer; write file:FOLDER, or three "
                "slashes for an absolute folder."
            )
    if not rest or "\0" in rest:
        raise BadStoreUrl(f"The store URL names no folder; {_FORMS}.")
    try:
        return Path(rest).expanduser()
    except RuntimeError as error:
        raise BadStoreUrl("The store URL names a home folder that is not known.") from error


def _s3_store(url: str) -> Store:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadStoreUrl(f"The store URL cannot be read; {_FORMS}.") from error
    if "@" in parts.netloc or ":" in parts.netloc:
        raise BadStoreUrl(
            "An s3:// URL holds a bucket and a prefix only; give keys as AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, and an endpoint as AWS_ENDPOINT_URL_S3."
        )
    if parts.query or parts.fragment or not parts.netloc:
        raise BadStoreUrl("An s3:// URL is s3://BUCKET or s3://BUCKET/PREFIX and nothing else.")
    # boto3 takes about a quarter of a second to import.
    from assets.s3_store import open_s3_store

    return open_s3_store(parts.netloc, parts.path.strip("/"))
