"""A draw repeated from its published inputs by someone who trusts nobody. Imports no database."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bidding.opening.verification import Proven
from evaluation.committees.draw import Draw, Pool, candidate_digest, draw_key
from evaluation.committees.model import Stratum, alias
from storage.crypto.drawing import commitment
from storage.ledger.model import LedgerBroken

Document = Mapping[str, Any]


def verify_committee(acts: Mapping[str, Sequence[Document]], set_sha256: str) -> Iterator[Proven]:
    """Each proof as it succeeds; raises ``LedgerBroken`` at the first that fails.

    ``acts``: ledger payloads of the lot by action, in order; ``set_sha256``: the frozen set that the opening proved.
    The last round is the one that evaluated; earlier rounds were dissolved for want of candidates.
    """
    drawn = acts["committee.drawn"][-1]
    requests = [each for each in acts["committee.requested"] if each["round"] == drawn["round"]]
    if not requests or requests[-1]["commitment"] != drawn["commitment"]:
        raise LedgerBroken("抽取所用的承诺与申请时公布的不符", seq=None)
    replaced = [each for each in acts.get("committee.replaced", []) if each["round"] == drawn["round"]]
    called = verify_draw(requests[-1], drawn, set_sha256, replaced)
    yield Proven(f"评标专家抽取：种子与预先承诺一致，重算得到相同的 {len(drawn['chosen'])} 名专家、"
                 f"{len(replaced)} 次补抽",
                 f"expert draw: seed as committed; repeated, it gives the same {len(drawn['chosen'])} experts and "
                 f"{len(replaced)} replacements")
    for document in acts.get("committee.disclosed", []):
        verify_names(drawn, called, document["members"])
        yield Proven("评标委员会名单：与抽中的匿名编号一致", "committee names: they stand behind the drawn digests")


def verify_draw(request: Document, drawn: Document, set_sha256: str,
                replaced: Sequence[Document] = ()) -> dict[str, str]:
    """The candidate drawn for each alias, recomputed; raises ``LedgerBroken`` where the record says otherwise."""
    seed = bytes.fromhex(drawn["seed"])
    if commitment(seed) != drawn["commitment"] or drawn["set_sha256"] != set_sha256:
        raise LedgerBroken("抽取的种子与承诺不符，或没有混入封存的投标集合", seq=None)
    asked = [{"region": each["region"], "count": each["count"]} for each in request["strata"]]
    if asked != [{"region": each["region"], "count": each["count"]} for each in drawn["strata"]]:
        raise LedgerBroken("抽取的名额与申请的不符", seq=None)
    draw = _draw(drawn)
    chosen = draw.first()
    places = draw.places(len(chosen) + len(drawn["representatives"]))
    expected = [{"stratum": each.stratum, "candidate": each.candidate, "alias": alias(place)}
                for each, place in zip(chosen, places, strict=False)]
    if expected != [dict(each) for each in drawn["chosen"]]:
        raise LedgerBroken("重算的抽取结果与记录不符", seq=None)
    if [alias(place) for place in places[len(chosen):]] != list(drawn["representatives"]):
        raise LedgerBroken("招标人代表的代号与重算结果不符", seq=None)
    called = {str(each["alias"]): str(each["candidate"]) for each in expected}
    _check_replacements(draw, called, replaced)
    return called


def _draw(drawn: Document) -> Draw:
    key = draw_key(bytes.fromhex(drawn["seed"]), drawn["set_sha256"], bytes.fromhex(drawn["nonce"]))
    pools = tuple(Pool(Stratum(each["region"], each["count"]), tuple(each["candidates"])) for each in drawn["strata"])
    return Draw(drawn["lot"], drawn["round"], key, pools)


def _check_replacements(draw: Draw, called: dict[str, str], replaced: Sequence[Document]) -> None:
    """Each replacement is the next of its stratum after those passed over; ``called`` grows with them."""
    used = set(called.values())
    for each in replaced:
        if each["stratum"] is None:
            continue
        for skipped in each["skipped"]:
            _expect(draw, each["stratum"], used, skipped)
            used.add(skipped)
        _expect(draw, each["stratum"], used, each["candidate"])
        if each["candidate"] is not None:
            used.add(each["candidate"])
            called[each["alias"]] = each["candidate"]


def _expect(draw: Draw, stratum: int, used: set[str], candidate: str | None) -> None:
    following = draw.next(stratum, used)
    if (following.candidate if following else None) != candidate:
        raise LedgerBroken("补抽的专家不是该层次的下一名", seq=None)


def verify_names(drawn: Document, called: Mapping[str, str], members: Sequence[Document]) -> None:
    """The members told after the result are those drawn; raises ``LedgerBroken``. Representatives carry no salt."""
    for member in members:
        if member["salt"] is None:
            continue
        if called.get(member["alias"]) != candidate_digest(drawn["lot"], member["number"], member["salt"]):
            raise LedgerBroken("公布的评标委员会成员与抽中的不符", seq=None)
