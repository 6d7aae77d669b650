"""Openings as iCalendar (RFC 5545) and notices as Atom (RFC 4287). Text in, text out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

from storage.kernel.clock import to_wire

_OPENING_LASTS = timedelta(hours=1)
_LINE_OCTETS = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One opening."""

    uid: str
    at: datetime
    title: str
    place: str
    url: str
    stamped_at: datetime
    revision: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One notice."""

    uid: str
    title: str
    body: str
    author: str
    url: str
    published_at: datetime


def _ical_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _fold(line: str) -> str:
    """Lines of at most 75 octets, never cut inside a character (RFC 5545 §3.1)."""
    folded, width = "", 0
    for sign in line:
        octets = len(sign.encode())
        if width + octets > _LINE_OCTETS:
            folded, width = folded + "\r\n ", 1
        folded, width = folded + sign, width + octets
    return folded


def _ical_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _event(event: Event) -> list[str]:
    return [
        "BEGIN:VEVENT", f"UID:{event.uid}", f"DTSTAMP:{_ical_time(event.stamped_at)}",
        f"DTSTART:{_ical_time(event.at)}", f"DTEND:{_ical_time(event.at + _OPENING_LASTS)}",
        f"SEQUENCE:{event.revision}", f"SUMMARY:{_ical_text(event.title)}", f"LOCATION:{_ical_text(event.place)}",
        f"URL:{event.url}", f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}", "END:VEVENT"]


def icalendar(name: str, events: Iterable[Event]) -> str:
    """A calendar of openings, CRLF line ends."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//yunkai//openings//ZH", "CALSCALE:GREGORIAN",
             f"X-WR-CALNAME:{_ical_text(name)}"]
    for event in events:
        lines += _event(event)
    return "\r\n".join(map(_fold, [*lines, "END:VCALENDAR"])) + "\r\n"


def _visible(text: str) -> str:
    """Without the characters that XML 1.0 cannot carry: controls, halves of pairs, non-characters."""
    return "".join(sign for sign in text if sign in "\n\t" or (
        ord(sign) >= 32 and not 0xD800 <= ord(sign) <= 0xDFFF and ord(sign) not in {0xFFFE, 0xFFFF}))


def _entry(story: Story) -> str:
    moment = to_wire(story.published_at)
    return (f"<entry><id>urn:uuid:{story.uid}</id><title>{escape(_visible(story.title))}</title>"
            f"<link href={quoteattr(story.url)}/><published>{moment}</published><updated>{moment}</updated>"
            f"<author><name>{escape(_visible(story.author))}</name></author>"
            f"<content type=\"text\">{escape(_visible(story.body))}</content></entry>")


def atom(name: str, address: str, stories: list[Story], now: datetime) -> str:
    """A feed of notices; updated when its newest was published."""
    updated = to_wire(stories[0].published_at if stories else now)
    return ("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
            "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"zh-CN\">"
            f"<id>{escape(address)}/api/notices.atom</id><title>{escape(name)}</title><updated>{updated}</updated>"
            f"<link rel=\"self\" href={quoteattr(address + '/api/notices.atom')}/>"
            f"{''.join(map(_entry, stories))}</feed>")
