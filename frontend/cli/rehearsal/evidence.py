"""The evidence of a rehearsal, and its verification by a program that has neither network nor database."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile
from typing import Any

from frontend.cli.embedded import ROOT
from frontend.cli.environment import PREFIX
from frontend.cli.rehearsal.follower import CUT_AT
from frontend.cli.rehearsal.opening import Hall
from frontend.cli.rehearsal.platform import Platform
from frontend.cli.rehearsal.report import Report, Stage
from frontend.cli.rehearsal.witnesses import Witnesses
from storage.crypto.canonical import from_base64
from storage.ledger.verification import decode_entry

ARCHIVE = "archive.json"


@dataclass
class Evidence:
    """A folder of what the platform gave out, and the anchors that were pinned at the beginning."""

    folder: Path
    platform: Platform
    witnesses: Witnesses
    receipts: list[Path] = field(default_factory=list)

    def file(self, name: str) -> Path:
        """A file of it."""
        return self.folder / name

    def write(self, name: str, document: Any) -> Path:
        """Keeps a JSON document."""
        path = self.file(name)
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
        return path

    @property
    def witness_words(self) -> list[str]:
        """What asks the verifier for both witnesses' signatures."""
        return [word for key in self.witnesses.keys for word in ("--witness", key)]

    def pin(self) -> None:
        """Before anything else: key, roots and the checkpoint of this moment."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file("roots.pem").write_text("\n".join(self.platform.about["certificates"]))
        self.file("ledger.key").write_text(self.platform.ledger_key)
        trust = self.file("trust")
        trust.mkdir(exist_ok=True)
        for path in (self.platform.folder / "trust").iterdir():
            copyfile(path, trust / path.name)
        copyfile(self.file("roots.pem"), trust / "platform.pem")
        for number, crl in enumerate(self.platform.about["crls"]):
            (trust / f"platform-{number}.crl").write_bytes(from_base64(crl, "crls"))


def collect(hall: Hall, evidence: Evidence) -> None:
    """Receipts with their proofs, the record, the exported lot, and two checkpoints with the proof of growth."""
    with hall.report.stage("取证 evidence") as stage:
        witnessed = _wait_for_witnesses(hall, evidence, stage)
        evidence.receipts = hall.company.keep_receipts(hall.lot["id"], evidence.file("receipts"))
        public = hall.staff.public
        bundle = public.get(f"{hall.path}/bundle")
        evidence.write("bundle.json", bundle)
        evidence.write("record.json", public.get(f"{hall.path}/opening-record"))
        evidence.file("record.pdf").write_bytes(public.get_bytes(f"{hall.path}/opening-record/pdf"))
        _keep_checkpoints(hall, evidence, witnessed)
        stage.bytes = sum(path.stat().st_size for path in evidence.folder.rglob("*") if path.is_file())
        proofs = [json.loads(path.read_text())["proof"] for path in evidence.receipts if path.suffix == ".json"]
        stage.prove(all(proofs), f"{len(proofs)} 张回执（JSON 与签名 PDF）均带账本证明")
        _compare_streams(hall, bundle, stage)


def _wait_for_witnesses(hall: Hall, evidence: Evidence, stage: Stage) -> dict[str, Any]:
    """The checkpoint over all that the lot did, once both cosigned it; what is fetched later carries both of these."""
    size = hall.staff.public.get("/api/ledger/checkpoints", limit=1)["newest"]["size"]
    found = evidence.witnesses.cosigned(hall.staff.public, size)
    stage.prove(evidence.witnesses.are_calm, "两个见证人（监督部门、招标人）各为独立进程，只用 Python 标准库，"
                f"全程跟随账本：只增不改，未有警报，前 {found['size']} 条由二者会签")
    return found


def _keep_checkpoints(hall: Hall, evidence: Evidence, newer: dict[str, Any]) -> None:
    """``newer`` is the one that both cosigned: since then one of them may have cosigned another."""
    older = hall.staff.public.get("/api/ledger/checkpoints", limit=1)["checkpoints"][0]
    evidence.file("older.checkpoint").write_text(older["note"])
    evidence.file("newer.checkpoint").write_text(newer["note"])
    growth = hall.staff.public.get("/api/ledger/consistency", old=older["size"], new=newer["size"])
    evidence.write("growth.json", growth)


def _compare_streams(hall: Hall, bundle: dict[str, Any], stage: Stage) -> None:
    exported = [(decode_entry(each["entry"]).seq, each["leaf"]) for each in bundle["ledger"]["entries"]]
    hall.viewer.wait_for_seq(exported[-1][0], 10)
    cuts = sum(each.action == CUT_AT for each in hall.viewer.seen)
    live = [(each.seq, each.leaf) for each in hall.viewer.seen][:len(exported)]
    stage.prove(live == exported, f"旁观进程经 WebSocket 逐条校验 {len(live)} 条，中途断线重连 {cuts} 次，"
                "与导出的账本流逐条相同")


def verify_all(report: Report, evidence: Evidence, *, is_stopped: bool) -> None:
    """``yunkai verify`` on everything; and on a copy with one price changed, which must not pass."""
    with report.stage("独立验证 verify") as stage:
        receipts = [path for path in evidence.receipts if path.suffix == ".json"]
        papers = [path for path in evidence.receipts if path.suffix == ".pdf"]
        documents = [evidence.file(name) for name in ("bundle.json", "record.json", "record.pdf")]
        archived = evidence.file(ARCHIVE).exists()
        stage.bytes = sum(path.stat().st_size for path in (*evidence.receipts, *documents))
        everything = _verify(evidence, *receipts, *papers, *documents, "--trust", evidence.file("trust"))
        growth = _verify(evidence, evidence.file("older.checkpoint"), evidence.file("newer.checkpoint"),
                         "--proof", evidence.file("growth.json"), *evidence.witness_words)
        seen = _verify(evidence, *receipts[:2], *evidence.witness_words)
        forged = _verify(evidence, _forged(evidence))
        state = "平台、数据库、存储均已停止；" if is_stopped else ""
        holds, fault = _outcome(everything)
        stage.prove(holds, f"{state}yunkai verify 另起进程核验：{len(receipts)} 张回执的签名、时间戳、账本证明；"
                    f"{len(papers)} 张回执 PDF、开标记录 PDF 的三个签名；导出包中的清单、封存集合、"
                    f"用公开密钥重新解密的开标一览表、确认签名{fault}")
        holds, fault = _outcome(growth)
        stage.prove(holds, f"演练首尾两个检查点：账本只增不改，后者由两个见证人会签{fault}")
        holds, fault = _outcome(seen)
        stage.prove(holds, f"回执所附检查点由两个见证人会签{fault}")
        stage.prove(not _outcome(forged)[0], "反证：导出包中改动一个唱标数字的一位，验证即失败")
        if archived:
            _verify_archive(evidence, stage)


def _verify_archive(evidence: Evidence, stage: Stage) -> None:
    """The package alone, recomputed; with one score changed it must not hold."""
    papers = _unpacked(evidence)
    whole = _verify(evidence, evidence.file(ARCHIVE), *papers, "--trust", evidence.file("trust"))
    forged = _verify(evidence, _forged_score(evidence))
    holds, fault = _outcome(whole)
    stage.prove(holds, "yunkai verify 只凭归档包重算：封存集合、系数抽取、专家抽取、逐项评分、排名、候选人、中标人、"
                f"合同价，均与公布的一致；{len(papers)} 份签署文件（含评标报告、合同）的每个签名有效{fault}")
    stage.prove(not _outcome(forged)[0], "反证：归档包中改动一个总分，验证即失败")


def _verify(evidence: Evidence, *words: str | Path) -> subprocess.Popen[str]:
    """``yunkai verify`` at work on the files, with pinned anchors and no settings of a platform."""
    command = [sys.executable, "-m", "frontend.cli", "verify", "--key", evidence.platform.ledger_key,
               "--root", evidence.file("roots.pem"), *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.Popen([str(word) for word in command], cwd=ROOT, env=environment, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _outcome(process: subprocess.Popen[str]) -> tuple[bool, str]:
    """Whether it accepted the files; what it said when it did not."""
    said, _ = process.communicate()
    broken = [line.strip() for line in said.splitlines() if "✗" in line or "Error" in line]
    return process.returncode == 0, "" if process.returncode == 0 else "：" + "；".join(broken)[:300]


def _unpacked(evidence: Evidence) -> list[Path]:
    """The signed papers of the package as files."""
    folder, found = evidence.file("papers"), []
    folder.mkdir(exist_ok=True)
    for each in json.loads(evidence.file(ARCHIVE).read_text())["files"]:
        found.append(folder / Path(str(each["name"])).name)
        found[-1].write_bytes(from_base64(each["content"], "content"))
    return found


def _forged_score(evidence: Evidence) -> Path:
    package = json.loads(evidence.file(ARCHIVE).read_text())
    row = next(row for row in package["evaluation"]["outcome"]["rows"] if row["total"])
    row["total"]["value"] = f"{float(row['total']['value']) + 1:.2f}"
    path = evidence.folder.parent / "forged-archive.json"
    path.write_text(json.dumps(package, ensure_ascii=False))
    return path


def _forged(evidence: Evidence) -> Path:
    bundle = json.loads(evidence.file("bundle.json").read_text())
    rows = [*bundle["announced"], *(bundle.get("prices") or {"announced": []})["announced"]]
    places = [(row, "price") for row in rows if row["price"]]
    # Of two envelopes whose prices are sealed still, nothing but the technical lines was announced.
    places += [(each, "value") for row in rows for each in row["fields"] if each["key"] == "duration"]
    place, name = places[0]
    place[name] = str(int(place[name][0]) % 9 + 1) + place[name][1:]
    path = evidence.folder.parent / "forged.json"
    path.write_text(json.dumps(bundle, ensure_ascii=False))
    return path
