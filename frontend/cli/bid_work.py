"""A bidder's whole work in one lot, without a browser: seal, upload, try, submit, withdraw."""

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bidding.bids.model import PRICE, WHOLE, envelope_of, fields_in, statement_in
from bidding.bids.receipt_verification import VerifiedReceipt, verify_receipt
from bidding.bids.statement import statement_bytes
from bidding.bids.withdrawing import withdrawal_bytes
from frontend.cli.bid_content import Content, bytes_content, content_of
from frontend.cli.bid_keeping import Keeper
from frontend.cli.bid_sealing import Terms, opening_of, terms_of
from frontend.cli.bid_state import BidState, fingerprints_of
from frontend.cli.bid_upload import Upload
from frontend.cli.client import ApiClient
from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import Json, to_base64
from storage.crypto.certificates import parse_certificate
from storage.crypto.context import Secrets
from storage.crypto.envelope import Sealing, open_trial
from storage.crypto.errors import SealBroken
from storage.crypto.header import Header, read_header
from storage.crypto.recovery import unwrap_under
from storage.kernel.errors import Refused

Contents = dict[str, Content]
Tell = Callable[[str, int, int], None]  # kind of object, plaintext bytes sent, bytes in all
_PROOF_PATIENCE = 15.0


def _nothing(version: int) -> None:
    """There is no code to show."""


def silent(kind: str, sent: int, total: int) -> None:
    """Tells nobody."""


def _contents(asked: Mapping[str, Any], files: Sequence[Path], price_files: Sequence[Path],
              values: Mapping[str, str], guarantee: Json) -> tuple[Contents, Contents]:
    """Bodies and statements by kind; raises ``Refused`` where files of prices are missing or not asked for, and
    ``Invalid`` for a statement with faults. What belongs into the price envelope is in no other (R-318)."""
    envelopes = list(asked["envelopes"])
    if bool(price_files) != (PRICE in envelopes):
        raise Refused("本标段采用双信封：报价文件须用 --price-file 单独给出" if PRICE in envelopes
                      else "本标段只有一个信封，没有单独的报价文件")
    bodies = {each: content_of(price_files if each == PRICE else files) for each in envelopes}
    priced = {str(field["key"]) for field in fields_in(asked["announced_fields"], PRICE)}
    statements = {}
    for each in envelopes:
        own = {key: text for key, text in values.items() if each == WHOLE or (key in priced) == (each == PRICE)}
        kind = statement_in(each)
        statements[kind] = bytes_content(statement_bytes(
            own, fields_in(asked["announced_fields"], each), size=asked["statement_sizes"][kind],
            guarantee=None if each == PRICE else guarantee))
    return bodies, statements


@dataclass
class BidWork:
    """One bidder in one lot; ``path`` is where the state of an upload under way is kept, ``keepers`` take what their
    owner wants kept of each object that is sealed, for a remedy (R-144). ``code``: the recovery code that everything is
    sealed under as well; ``show_code`` gives it to its owner, with the number of the version, before that."""

    api: ApiClient
    identity: ClientIdentity
    lot: str
    path: Path
    tell: Tell = silent
    keepers: list[Keeper] = field(default_factory=list)
    code: str | None = None
    show_code: Callable[[int], None] = _nothing

    def desk(self) -> dict[str, Any]:
        """What the lot asks, and what this bidder has (A-87)."""
        found: dict[str, Any] = self.api.get(f"/api/lots/{self.lot}/bid")
        return found

    def send(self, files: Sequence[Path], values: Mapping[str, str], guarantee: Json = None,
             letter: Path | None = None, price_files: Sequence[Path] = ()) -> BidState:
        """Seals and uploads every object, and waits until the platform has checked them; nothing is submitted.

        ``guarantee``: a letter ``{data, pdf}`` that goes sealed into the first opening statement; ``letter``: its file,
        remembered so that the statement that is sealed anew after a cut line carries it again. ``price_files``: the
        body of the price envelope, where the lot asks for two (R-318).

        An upload begun before over the same files goes on where it was cut; other files begin a new version.
        """
        desk = self.desk()
        bodies, statements = _contents(desk["requirements"], files, price_files, values, guarantee)
        state, terms = self._begin(desk)
        state.letter = str(letter.resolve()) if letter else ""
        state.save(self.path)
        for kind, body in bodies.items():
            if self._goes_on(state, kind, body):
                self._check_kept(state.objects[kind].header)
        self.show_code(state.number)
        for kind, body in bodies.items():
            self._bring_body(state, terms, kind, body)
        # A page of figures is sealed anew each time: nothing of it, not even a digest, is kept on this computer, but in
        # a recipe that its owner asked for, locked under the body.
        for kind, statement in statements.items():
            sealed = self._upload(state, kind, statement)
            sealed.begin(self._seal(terms, kind, bodies[envelope_of(kind)], statement), [], resumable=False)
            self._finish(sealed)
        for kind, content in (bodies | statements).items():
            self._upload(state, kind, content).wait_for_check()
        return state

    def _begin(self, desk: Mapping[str, Any]) -> tuple[BidState, Terms]:
        state = BidState.load(self.path)
        version = self._version_at_work(desk, state)
        if state is not None and version is not None:
            return state, terms_of(desk["requirements"], version, state.opens_at)
        version = self.api.act(f"/api/lots/{self.lot}/bid/versions", {"certificate": self.identity.fingerprint})
        opens_at = opening_of(desk["requirements"])
        # Kept only once it is agreed: a deadline extended between the two calls costs a second try, no more.
        terms = terms_of(desk["requirements"], version, opens_at)
        state = BidState(self.api.origin, self.lot, version["id"], version["number"], opens_at)
        state.save(self.path)
        return state, terms

    def _version_at_work(self, desk: Mapping[str, Any], state: BidState | None) -> dict[str, Any] | None:
        """The version the state speaks of, where the platform still takes uploads for it."""
        if state is None or state.platform != self.api.origin or state.lot != self.lot or desk["bid"] is None:
            return None
        return next((each for each in desk["bid"]["versions"]
                     if each["id"] == state.version and "upload" in each["may"]), None)

    def _bring_body(self, state: BidState, terms: Terms, kind: str, body: Content) -> None:
        upload = self._upload(state, kind, body)
        if not self._goes_on(state, kind, body):
            upload.begin(self._seal(terms, kind, body, body), fingerprints_of(body.files), resumable=True)
        if not upload.kept.is_complete:
            self._finish(upload)

    def _goes_on(self, state: BidState, kind: str, body: Content) -> bool:
        """True for a body that was sealed before, over the same files."""
        return kind in state.objects and state.objects[kind].files == fingerprints_of(body.files)

    def _check_kept(self, text: str) -> None:
        """Raises ``Refused`` where a body sealed before lacks the backup or code that is wanted now, or has another."""
        if not all(keeper.holds(text) for keeper in self.keepers):
            raise Refused("续传的投标文件加密时没有留存备份：请换用新的 --state 重新加密，"
                          "或不带 --key-backup、--recipe 续传")
        header = read_header(text.encode())
        if (header.recovery is None) != (self.code is None):
            raise Refused("续传的投标文件加密时" + ("没有恢复码" if self.code else "用了恢复码") +
                          "：请同样带或不带 --recovery-code 续传，或换用新的 --state 重新加密")
        if header.recovery is not None and self.code is not None:
            header.check_bidder_secret(unwrap_under(self.code, header.recovery, header.ctx.ch))

    def _finish(self, upload: Upload) -> None:
        upload.send()
        for keeper in self.keepers:
            keeper.finish(upload.kept)
        upload.complete(self.identity.sign)

    def _seal(self, terms: Terms, kind: str, body: Content, content: Content) -> Sealing:
        """Seals one object; ``body`` is that of its envelope, ``content`` its own plaintext."""
        def keep(header: Header, both: Secrets) -> None:
            for keeper in self.keepers:
                keeper.keep(header, both, body, content)
        return terms.seal(kind, keep, self.code)

    def _upload(self, state: BidState, kind: str, content: Content) -> Upload:
        return Upload(self.api, state, self.path, kind, content,
                      lambda sent, total: self.tell(kind, sent, total))

    def kept_letter(self, version: str | None = None) -> Path | None:
        """The letter that goes with the bid under way, or with this very version, as remembered on this computer."""
        state = BidState.load(self.path)
        if state is None or state.platform != self.api.origin or state.lot != self.lot or not state.letter:
            return None
        return Path(state.letter) if version in (None, state.version) else None

    def trial(self, version: str) -> None:
        """Proves on the stored bid that this certificate opens it, and tells the platform so (R-1105).

        Raises ``SealBroken`` when it does not.
        """
        found = self.api.get(f"/api/bid-versions/{version}")
        try:
            for envelope in found["envelopes"]:
                self._try(self.api.get(f"/api/envelopes/{envelope['id']}/sealed")["header"])
        except SealBroken as error:
            self.api.act(f"/api/bid-versions/{version}/trial", {"result": "failed", "detail": error.message})
            raise
        self.api.act(f"/api/bid-versions/{version}/trial", {"result": "ok"})

    def _try(self, text: str) -> None:
        header = read_header(text.encode())
        own = next((each for each in header.wraps_for("bidder") if each.cert == self.identity.recipient.tag), None)
        if own is None:
            raise SealBroken("这份投标文件没有封给当前证书", part="wrap")
        open_trial(header, self.identity.unwrap(own, header.ctx))

    def submit(self, version: str) -> dict[str, Any]:
        """Submits an uploaded version; the key is the version's own, so a repeat gives the same receipt."""
        key = str(uuid.uuid5(uuid.UUID(version), "submit"))
        receipt: dict[str, Any] = self.api.post(f"/api/bid-versions/{version}/submit", idempotency_key=key)
        return receipt

    def withdraw(self) -> dict[str, Any]:
        """Takes the submitted bid back under this certificate's signature (R-223)."""
        desk = self.desk()
        submitted = (desk["bid"] or {}).get("submitted")
        if submitted is None:
            raise Refused("没有已提交的投标文件")
        signed = withdrawal_bytes(desk["requirements"]["lot"]["code"], uuid.UUID(desk["bid"]["id"]),
                                  submitted["version"], submitted["receipt"])
        answer: dict[str, Any] = self.api.act(f"/api/bids/{desk['bid']['id']}/withdraw", {
            "signature": to_base64(self.identity.sign(signed)), "certificate": self.identity.fingerprint})
        return answer

    def receipt(self, number: str, *, with_proof: bool = True) -> dict[str, Any]:
        """A receipt; waits some seconds for its ledger proof."""
        until = time.monotonic() + _PROOF_PATIENCE
        while True:
            found: dict[str, Any] = self.api.get(f"/api/receipts/{number}")
            if found["proof"] is not None or not with_proof or time.monotonic() > until:
                return found
            time.sleep(0.3)

    def check_receipt(self, receipt: Mapping[str, Any], root: str | None, ledger_key: str | None) -> VerifiedReceipt:
        """Verifies a receipt as a stranger would; ``root`` is the PEM of a trusted root, None: not compared."""
        roots = None if root is None else {parse_certificate(root).fingerprint}
        return verify_receipt(receipt, roots=roots, ledger_key=ledger_key)

    def save_receipt(self, number: str, folder: Path) -> tuple[Path, Path]:
        """Keeps the receipt as JSON and as signed PDF."""
        folder.mkdir(parents=True, exist_ok=True)
        data, paper = folder / f"{number}.json", folder / f"{number}.pdf"
        data.write_text(json.dumps(self.receipt(number), ensure_ascii=False, indent=1), encoding="utf-8")
        paper.write_bytes(self.api.get_bytes(f"/api/receipts/{number}/pdf"))
        return data, paper
