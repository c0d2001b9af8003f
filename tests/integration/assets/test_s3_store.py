"""What is particular to S3, against a real server."""

from __future__ import annotations

import base64
import hashlib

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from warehouse_parts import make_form, released_order

from assets import BadKey, KeyTaken, PutOutcome, StoreUnavailable, open_store, release, stage
from assets.s3_store import S3Store

pytestmark = pytest.mark.s3

DATA = b"webp bytes" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


def test_a_released_object_has_type_checksum_cache_headers_and_ids(
    bucket: str, client: BaseClient
) -> None:
    store = open_store(f"s3://{bucket}/shop")
    form = make_form(DATA, "krûs/eik-1", job_id="product-photos@0123abcdef#krûs/eik-1")
    released = release(store, form, DATA)
    head = client.head_object(Bucket=bucket, Key=f"shop/{released.key}", ChecksumMode="ENABLED")
    assert head["ContentType"] == "image/webp"
    assert head["CacheControl"] == "public, max-age=31536000, immutable"
    assert base64.b64decode(head["ChecksumSHA256"]).hex() == SHA256
    assert head["Metadata"] == {
        "mintage-job": "product-photos@0123abcdef#kr%C3%BBs/eik-1",
        "mintage-order": "product-photos@0123abcdef",
    }
    known = store.head(released.key)
    assert known is not None
    assert known.metadata["mintage-job"] == form.job_id
    assert known.sha256 == SHA256
    receipt = client.head_object(Bucket=bucket, Key=f"shop/{released.receipt_key}")
    assert receipt["ContentType"] == "application/json"


def test_staged_bytes_and_manifests_are_not_cached(bucket: str, client: BaseClient) -> None:
    store = open_store(f"s3://{bucket}")
    sha256 = stage(store, DATA)
    released_order(store, count=1)
    staged = client.head_object(Bucket=bucket, Key=f"staging/{sha256[:2]}/{sha256}")
    assert (staged["CacheControl"], staged["ContentType"]) == (
        "no-store",
        "application/octet-stream",
    )
    folder = "released/autumn-2026/product-photos/0123abcdef"
    manifest = client.head_object(Bucket=bucket, Key=f"{folder}/manifest.json")
    table = client.head_object(Bucket=bucket, Key=f"{folder}/manifest.csv")
    assert manifest["CacheControl"] == table["CacheControl"] == "no-cache"
    assert table["ContentType"] == "text/csv; charset=utf-8"


def test_the_server_itself_refuses_bytes_with_another_checksum(
    bucket: str, client: BaseClient
) -> None:
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    with pytest.raises(ClientError):
        client.put_object(Bucket=bucket, Key="x", Body=DATA, ChecksumSHA256=wrong)


def test_an_object_that_another_program_put_without_a_checksum_is_compared_by_its_bytes(
    bucket: str, client: BaseClient
) -> None:
    store = open_store(f"s3://{bucket}")
    for key, data in (("same", DATA), ("other", b"other")):
        upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        part = client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=data)
        client.complete_multipart_upload(
            Bucket=bucket,
            Key=key,
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
        )
        head = store.head(key)
        assert head is not None
        assert head.sha256 is None
    assert store.put_once("same", DATA, sha256=SHA256, media_type="x/y") is PutOutcome.SAME
    with pytest.raises(KeyTaken):
        store.put_once("other", DATA, sha256=SHA256, media_type="x/y")


def test_keys_are_signed_with_version_4_in_path_style(bucket: str) -> None:
    store = open_store(f"s3://{bucket}")
    assert isinstance(store, S3Store)
    url = store._client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "x"})
    assert "X-Amz-Signature=" in url
    assert f"/{bucket}/x?" in url


def test_two_prefixes_of_a_bucket_are_two_stores(bucket: str) -> None:
    one, two = open_store(f"s3://{bucket}/one"), open_store(f"s3://{bucket}/one-more/")
    one.put_once("x", DATA, sha256=SHA256, media_type="x/y")
    assert two.head("x") is None
    assert [head.key for head in one.walk("")] == ["x"]
    assert list(two.walk("")) == []
    assert (one.url, two.url) == (f"s3://{bucket}/one", f"s3://{bucket}/one-more")
    assert two.locate("x") == f"s3://{bucket}/one-more/x"


def test_the_prefix_counts_towards_a_keys_length(bucket: str) -> None:
    store = open_store(f"s3://{bucket}/" + "p" * 200)
    key = "/".join(["k" * 200] * 4) + "/" + "k" * 60
    with pytest.raises(BadKey, match="prefix"):
        store.put_once(key, DATA, sha256=SHA256, media_type="x/y")


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_said_and_not_made(client: BaseClient) -> None:
    store = open_store("s3://mintage-nowhere")
    with pytest.raises(StoreUnavailable, match="has no bucket 'mintage-nowhere'"):
        store.check()
    with pytest.raises(StoreUnavailable, match="has no bucket"):
        list(store.walk(""))
    with pytest.raises(StoreUnavailable, match="has no bucket"):
        store.get("x")
    names = {found["Name"] for found in client.list_buckets()["Buckets"]}
    assert "mintage-nowhere" not in names


@pytest.mark.usefixtures("s3")
def test_a_name_that_no_bucket_can_have_is_said() -> None:
    with pytest.raises(StoreUnavailable, match="cannot be a bucket's name"):
        open_store("s3://Not_a_Bucket!").check()


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_wrong_key_is_said_and_never_shown(
    bucket: str, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "hunter2hunter2")
    with pytest.raises(StoreUnavailable, match="refuses the access key") as caught:
        open_store(f"s3://{bucket}").check()
    assert "hunter2" not in str(caught.value)


def test_missing_credentials_are_said(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreUnavailable, match="no usable credentials"):
        open_store(f"s3://{bucket}").check()


def test_half_of_the_credentials_is_said(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreUnavailable, match="no usable credentials"):
        open_store(f"s3://{bucket}").check()


def test_a_profile_that_is_not_there_is_said(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StoreUnavailable, match="AWS_PROFILE"):
        open_store(f"s3://{bucket}").check()


def test_an_endpoint_that_is_no_url_is_said(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "user:hunter2@nowhere")
    with pytest.raises(StoreUnavailable, match="AWS_ENDPOINT_URL_S3") as caught:
        open_store(f"s3://{bucket}").check()
    assert "hunter2" not in str(caught.value)
