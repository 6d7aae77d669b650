"""Addresses that carry their own permission, against the published example of AWS Signature Version 4."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from storage.objects.presign import Signer, object_address

AT = datetime(2013, 5, 24, tzinfo=UTC)
AMAZON = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def sign(**changes: object) -> dict[str, list[str]]:
    given = {"at": AT, "seconds": 86400, "query": {}, "headers": {}} | changes
    return parse_qs(urlsplit(AMAZON.presign("GET", "https://examplebucket.s3.amazonaws.com/test.txt", **given)).query)


def test_the_published_example_is_signed_to_the_published_signature():
    assert sign()["X-Amz-Signature"] == ["aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"]


def test_the_signature_covers_query_headers_time_and_method():
    signatures = [sign()["X-Amz-Signature"][0], sign(query={"partNumber": "1"})["X-Amz-Signature"][0],
                  sign(headers={"x-amz-checksum-sha256": "AA=="})["X-Amz-Signature"][0],
                  sign(seconds=60)["X-Amz-Signature"][0]]
    assert len(set(signatures)) == 4
    assert sign(headers={"X-Amz-Checksum-Sha256": "AA=="})["X-Amz-SignedHeaders"] == ["host;x-amz-checksum-sha256"]


def test_keys_with_any_letters_become_addresses():
    assert object_address("http://store:1", "vault", "标段/a b+c") == (
        "http://store:1/vault/%E6%A0%87%E6%AE%B5/a%20b%2Bc")


def test_a_signer_does_not_print_its_secret():
    assert "EXAMPLEKEY" not in repr(AMAZON)
