"""An object of the store as a file that can be read from any place, for libraries that want one."""

import asyncio
import io
from collections.abc import Awaitable, Callable

ReadRange = Callable[[int, int], Awaitable[bytes]]


class SeekableObject(io.RawIOBase):
    """Reads ranges as asked. Used in a thread; ``read`` waits for the loop that owns the store."""

    def __init__(self, read_range: ReadRange, size: int, loop: asyncio.AbstractEventLoop) -> None:
        """``read_range(start, length)`` runs on ``loop``; ``size`` is the object's, in bytes."""
        super().__init__()
        self._read_range, self._size, self._loop, self._at = read_range, size, loop, 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves within the object; raises ``ValueError`` before its beginning."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("before the beginning")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fills what it can; 0 at the end."""
        length = min(len(buffer), max(self._size - self._at, 0))
        if not length:
            return 0
        data = asyncio.run_coroutine_threadsafe(self._fetch(self._at, length), self._loop).result()
        buffer[:len(data)] = data
        self._at += len(data)
        return len(data)

    async def _fetch(self, start: int, length: int) -> bytes:
        return await self._read_range(start, length)


async def in_thread(read_range: ReadRange, size: int, use: Callable[[io.BufferedReader], None]) -> None:
    """Calls ``use`` with the object as a buffered file, in a thread."""
    file: io.BufferedReader = io.BufferedReader(SeekableObject(read_range, size, asyncio.get_running_loop()), 1 << 20)
    await asyncio.to_thread(use, file)
