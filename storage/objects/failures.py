"""What the store's failures mean to the rest: away, not there, already there, or refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from minio.error import InvalidResponseError, MinioException, S3Error
from urllib3.exceptions import HTTPError

from storage.kernel.errors import Conflict, NotFound, Refused, Unavailable

_MISSING = {"NoSuchKey", "NoSuchUpload", "NoSuchBucket", "NoSuchVersion"}
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
_REFUSED = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "EntityTooLarge", "BadDigest", "InvalidRange",
            "InvalidArgument", "MalformedXML", "XAmzContentSHA256Mismatch"}


@contextmanager
def translated(key: str) -> Iterator[None]:
    """Turns the client's errors into the project's own; nothing of a signature enters a message."""
    try:
        yield
    except S3Error as error:
        raise _meaning(error.code or "", key) from error
    except (HTTPError, InvalidResponseError, MinioException, OSError) as error:
        raise Unavailable("对象存储暂时无法访问", key=key, cause=type(error).__name__) from error


def _meaning(code: str, key: str) -> NotFound | Conflict | Refused | Unavailable:
    if code in _MISSING:
        return NotFound("对象不存在", key=key)
    if code in _TAKEN:
        return Conflict("对象已存在，不得覆盖", key=key)
    if code in _REFUSED:
        return Refused("对象存储拒绝了数据", key=key, cause=code)
    return Unavailable("对象存储暂时无法访问", key=key, cause=code)
