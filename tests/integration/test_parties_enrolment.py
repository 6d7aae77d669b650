"""Enrolment over HTTP, from the agreement to a stop of business: certification points A-25 to A-33, and their
like for tenderees (A-01 to A-09) and agencies (A-14 to A-22), who enrol by the same door."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import psycopg
import pytest

from frontend.cli.client import ApiClient, ApiError
from storage.crypto import ed25519
from storage.crypto.canonical import canonical_bytes
from storage.kernel.clock import process_now
from storage.ledger.notes import COSIGNATURE_V1, KeyText
from tests.identities import People, declared, make_people
from tests.nodes import NodeProcess
from trading.parties.model import AGREEMENT_VERSION

NAME = "江苏苍梧建设有限公司"
WITNESS = KeyText("witness.example/1", ed25519.public_key(bytes(32)), COSIGNATURE_V1)


@pytest.fixture
def people(node: NodeProcess) -> People:
    """Those who speak to this test's node."""
    return make_people(node.settings, node.address)


def refused(error: pytest.ExceptionInfo[ApiError]) -> tuple[int, list[str]]:
    """The status of a refusal and the numbers of the rules it names."""
    return error.value.status, [rule["number"] for rule in error.value.rules]


def party_id(client: ApiClient) -> str:
    """The id of the client's enterprise."""
    return str(client.get("/api/me")["actor"]["party_id"])


@pytest.mark.cts("A-01", "A-14", "A-25")
def test_the_agreement_comes_first(people: People) -> None:
    agreement = people.client().get("/api/agreement")
    assert agreement["version"] == AGREEMENT_VERSION
    assert agreement["clauses"]
    client = people.client(people.identity(NAME))
    for role in ("bidder", "tenderee", "agency"):
        with pytest.raises(ApiError) as error:
            client.enrol(declared(NAME, roles=[role]), "")
        assert refused(error) == (422, ["R-224/1"])
    client.enrol(declared(NAME), agreement["version"])
    assert client.get("/api/me")["party"]["agreement_version"] == AGREEMENT_VERSION


@pytest.mark.cts("A-02", "A-15", "A-26")
def test_a_name_is_taken_however_its_brackets_and_spaces_are_typed(people: People) -> None:
    people.verified("苍梧（连云港）建设有限公司")
    spellings = ("苍梧（连云港）建设有限公司", "苍梧(连云港)建设有限公司",
                 " 苍梧 （连云港） 建设有限公司", "苍梧［连云港］建设有限公司")
    for typed in spellings:
        for role in ("bidder", "tenderee", "agency"):
            client = people.client(people.identity("另一家有限公司"))
            client.enrol(declared("另一家有限公司", name=typed, roles=[role]), AGREEMENT_VERSION)
            with pytest.raises(ApiError) as error:
                client.post("/api/me/enrolment/declare")
            assert refused(error) == (422, ["R-224/2"])
            client.delete("/api/me/enrolment")


@pytest.mark.cts("A-03", "A-16")
def test_a_credit_code_enrols_once_and_only_with_the_right_check_character(people: People) -> None:
    people.verified(NAME)
    with pytest.raises(ApiError) as error:
        people.enrolled(NAME)
    assert refused(error) == (409, [])
    wrong = declared("海州路桥有限公司")
    wrong["uscc"] = wrong["uscc"][:-1] + ("0" if wrong["uscc"][-1] != "0" else "1")
    with pytest.raises(ApiError) as error:
        people.client(people.identity("海州路桥有限公司")).enrol(wrong, AGREEMENT_VERSION)
    assert refused(error) == (422, ["R-804", "R-701/1"])


@pytest.mark.cts("A-04", "A-17", "A-27", "A-28")
def test_declarer_and_verifier_are_recorded_with_their_times(people: People) -> None:
    before = process_now() - timedelta(seconds=2)
    waiting, host = people.waiting(NAME), people.staff("host")
    subject = party_id(waiting)
    version = waiting.get("/api/me")["party"]["versions"][0]
    assert version["declared_by"] == f"party:{subject}"
    assert before < datetime.fromisoformat(version["declared_at"]) < process_now() + timedelta(seconds=2)
    assert version["verified_by"] is None
    verified = host.post(f"/api/parties/{subject}/verify", {"number": 1})["versions"][0]
    assert verified["verified_by"] == "演示公共资源交易中心开标一科"
    assert datetime.fromisoformat(verified["verified_at"]) >= datetime.fromisoformat(version["declared_at"])
    by_itself = people.verified("海州路桥有限公司").get("/api/me")["party"]["versions"][0]
    assert by_itself["verified_by"] == "平台"
    assert by_itself["verified_at"]


@pytest.mark.cts("A-05", "A-18", "A-29")
def test_business_needs_verification_and_a_refused_declaration_can_be_amended(people: People) -> None:
    client, host = people.waiting(NAME), people.staff("host")
    subject = party_id(client)
    assert client.get("/api/me")["actor"]["roles"] == []
    with pytest.raises(ApiError) as error:
        host.post(f"/api/parties/{subject}/refuse", {"number": 1})
    assert error.value.facts["field"] == "reason"
    host.post(f"/api/parties/{subject}/refuse", {"number": 1, "reason": "名称与证书不符"})
    found = client.get("/api/me")["party"]
    assert (found["status"], found["versions"][0]["reason"]) == ("refused", "名称与证书不符")
    client.put("/api/me/enrolment", declared(NAME, name=f"{NAME}（原名）"))
    done = client.post("/api/me/enrolment/declare")
    assert (done["party"]["status"], done["actor"]["roles"]) == ("verified", ["bidder"])
    assert [each["status"] for each in done["party"]["versions"]] == ["verified", "refused"]


@pytest.mark.cts("A-06", "A-19", "A-30")
def test_a_waiting_declaration_cannot_be_edited(people: People) -> None:
    client = people.waiting(NAME)
    for attempt in (lambda: client.put("/api/me/enrolment", declared(NAME, phone="1")),
                    lambda: client.delete("/api/me/enrolment"),
                    lambda: client.post("/api/me/enrolment/declare")):
        with pytest.raises(ApiError) as error:
            attempt()
        assert error.value.status == 409
    found = client.get("/api/me")["party"]
    assert found["versions"][0]["data"]["phone"] == "0518-85551234"
    assert not {"edit", "delete", "declare"} & set(found["may"])


@pytest.mark.cts("A-07", "A-20", "A-31")
def test_a_change_counts_only_after_verification_and_the_old_data_until_then(people: People) -> None:
    client, host = people.verified(NAME), people.staff("host")
    renamed = "江苏苍梧建设集团有限公司"
    client.put("/api/me/enrolment", declared(NAME, name=renamed))
    client.post("/api/me/enrolment/declare")
    waiting = client.get("/api/me")
    assert (waiting["actor"]["name"], waiting["actor"]["roles"]) == (NAME, ["bidder"])
    assert [(each["status"], each["in_effect"]) for each in waiting["party"]["versions"]] == [
        ("declared", False), ("verified", True)]
    assert [rule["number"] for rule in waiting["party"]["doubts"]] == ["R-701/2"]
    host.post(f"/api/parties/{party_id(client)}/verify", {"number": 2})
    after = client.get("/api/me")
    assert after["actor"]["name"] == renamed
    assert [(each["status"], each["in_effect"]) for each in after["party"]["versions"]] == [
        ("verified", True), ("superseded", False)]


@pytest.mark.cts("A-08", "A-21", "A-32")
def test_only_drafts_and_refused_declarations_are_edited_or_deleted(people: People) -> None:
    draft = people.enrolled(NAME)
    draft.put("/api/me/enrolment", declared(NAME, phone="0518-2"))
    assert draft.get("/api/me")["party"]["versions"][0]["data"]["phone"] == "0518-2"
    # A draft gets no office and registers no witness; what was proposed about its keys does not keep it from going.
    proposals, one = f"/api/parties/{party_id(draft)}/appointments", people.staff("security")
    for client, path, body in ((one, proposals, {"role": "centre", "reason": "调入"}),
                               (draft, "/api/ledger/witnesses", {"key": str(WITNESS)})):
        with pytest.raises(ApiError) as error:
            client.post(path, body)
        assert (error.value.status, error.value.facts["reason"]) == (409, "not-verified")
    one.post(proposals, {"role": "forget_keys", "reason": "钥匙遗失"})
    draft.delete("/api/me/enrolment")
    assert draft.get("/api/me")["signed_in"] is False
    refused_one, host = people.waiting(NAME), people.staff("host")
    host.post(f"/api/parties/{party_id(refused_one)}/refuse", {"number": 1, "reason": "补充材料"})
    assert {"edit", "delete"} <= set(refused_one.get("/api/me")["party"]["may"])
    refused_one.delete("/api/me/enrolment")
    verified = people.verified(NAME)
    with pytest.raises(ApiError) as error:
        verified.delete("/api/me/enrolment")
    assert error.value.status == 409
    assert verified.get("/api/me")["party"]["status"] == "verified"


@pytest.mark.cts("A-09", "A-22", "A-33")
def test_centre_staff_stop_and_allow_business(people: People) -> None:
    client, host = people.verified(NAME), people.staff("host")
    subject = party_id(client)
    for stranger in (client, people.verified("海州路桥有限公司"), people.staff("supervisor")):
        with pytest.raises(ApiError) as error:
            stranger.post(f"/api/parties/{subject}/stop", {"reason": "x"})
        assert error.value.status == 403
    office = party_id(people.staff("auditor"))
    assert "stop" not in host.get(f"/api/parties/{office}")["may"]
    with pytest.raises(ApiError) as error:
        host.post(f"/api/parties/{office}/stop", {"reason": "x"})
    assert [rule["number"] for rule in error.value.rules] == ["R-1011/2"], "who holds an office is dismissed by two"
    assert "stop" in host.get(f"/api/parties/{subject}")["may"]
    one, other = people.staff("security"), people.staff("security-2")
    made = one.post(f"/api/parties/{subject}/appointments", {"role": "centre", "reason": "调入"})
    host.post(f"/api/parties/{subject}/stop", {"reason": "行政处罚期内"})
    with pytest.raises(ApiError) as error:
        other.post(f"/api/appointments/{made['id']}/approve", {"reason": "同意"})
    assert error.value.facts["reason"] == "not-verified", "between the proposal and its approval it was stopped"
    assert client.get("/api/me")["signed_in"] is False, "whoever is stopped is signed out (ASVS 7.4.2)"
    client.login()
    stopped = client.get("/api/me")
    assert (stopped["actor"]["roles"], stopped["party"]["status"]) == ([], "stopped")
    assert stopped["party"]["status_reason"] == "行政处罚期内"
    host.post(f"/api/parties/{subject}/allow", {"reason": "处罚期满"})
    assert client.get("/api/me")["actor"]["roles"] == ["bidder"]


def test_a_declaration_with_gaps_is_refused_with_every_rule_it_breaks(people: People) -> None:
    people.verified("苍梧建设有限公司")
    client = people.client(people.identity(NAME))
    client.enrol(declared(NAME, name="苍梧建设有限公司", bank_account=" ", roles=["centre"]), AGREEMENT_VERSION)
    with pytest.raises(ApiError) as error:
        client.post("/api/me/enrolment/declare")
    assert refused(error) == (422, ["R-224/2", "R-224/3"])
    found = client.get("/api/me")["party"]
    assert [rule["number"] for rule in found["missing"]] == ["R-224/2", "R-224/3"]
    assert [rule["number"] for rule in found["doubts"]] == ["R-701/2"]


def test_the_centre_finds_what_waits_and_verifies_what_it_read(people: People) -> None:
    waiting, host = people.waiting(NAME), people.staff("host")
    people.verified("海州路桥有限公司")
    assert [item["name"] for item in host.get("/api/parties", status="declared")["items"]] == [NAME]
    assert host.get("/api/parties", q="路桥")["total"] == 1
    assert host.get("/api/parties", q="%")["total"] == 0
    with pytest.raises(ApiError) as error:
        host.post(f"/api/parties/{party_id(waiting)}/verify", {"number": 2})
    assert error.value.code == "conflict"
    for stranger, status in ((waiting, 403), (people.client(), 401)):
        with pytest.raises(ApiError) as error:
            stranger.get("/api/parties")
        assert error.value.status == status


def test_of_two_who_declare_one_name_at_the_same_instant_one_gets_it(people: People) -> None:
    rivals = [people.enrolled(f"第{number}家有限公司", certificate_name=NAME, name=NAME) for number in range(4)]
    gate = Barrier(len(rivals))

    def declare(client: ApiClient) -> str:
        gate.wait()
        try:
            return str(client.post("/api/me/enrolment/declare")["party"]["status"])
        except ApiError as error:
            return error.rules[0]["number"]

    with ThreadPoolExecutor(len(rivals)) as pool:
        assert sorted(pool.map(declare, rivals)) == ["R-224/2"] * 3 + ["verified"]


def test_neither_telephone_nor_account_enters_the_ledger(people: People, node: NodeProcess) -> None:
    client = people.verified(NAME)
    with psycopg.connect(node.settings.database_url.replace("+psycopg", "")) as connection:
        written = [str(row) for table in ("ledger_outbox", "ledger_payload", "ledger_entry", "sealed_act")
                   for row in connection.execute(f"select {table}::text from {table}".encode())]
        kept = connection.execute("select salt, data from party_version order by created_at desc").fetchone()
    acts = "".join(written)
    assert "party.verified" in acts
    data = declared(NAME)
    assert not [key for key in ("phone", "bank_account", "address", "contact") if data[key] in acts]
    assert kept is not None
    digest = hashlib.sha256(bytes.fromhex(kept[0]) + canonical_bytes(kept[1])).hexdigest()
    assert digest in acts, "the salted digest proves the data later"
    assert client.get("/api/me")["party"]["versions"][0]["data"]["phone"] == data["phone"]


def test_others_see_personal_data_masked_and_whole_only_for_a_recorded_purpose(people: People,
                                                                              node: NodeProcess) -> None:
    client, rival = people.verified(NAME), people.verified("赣榆第二建设有限公司")
    host, administrator = people.staff("host"), people.staff("security")
    path, data = f"/api/parties/{client.get('/api/me')['party']['id']}", declared(NAME)
    for staff in (host, people.staff("supervisor"), administrator):
        shown = staff.get(path)["versions"][0]["data"]
        assert (shown["name"], shown["legal_representative"]) == (NAME, data["legal_representative"])
        assert (shown["contact"], shown["phone"]) == ("李＊＊", "＊" * 9 + "1234")
        assert shown["bank_account"].endswith(data["bank_account"].replace(" ", "")[-3:])
        assert not [key for key in ("contact", "phone", "bank_account") if shown[key] == data[key]]
    assert client.get(path)["versions"][0]["data"]["phone"] == data["phone"]
    asked = f"{path}/personal-data"
    for refused, body, status in ((host, {"purpose": " 看 "}, 400), (administrator, {"purpose": "核对账号"}, 403),
                                  (rival, {"purpose": "核对账号"}, 403), (client, {"purpose": "核对账号"}, 403)):
        with pytest.raises(ApiError) as told:
            refused.post(asked, body)
        assert told.value.status == status
    whole = {key: data[key] for key in ("contact", "phone", "bank_account")}
    assert host.post(asked, {"purpose": "核对退款账号"}) == whole
    with psycopg.connect(node.settings.database_url.replace("+psycopg", "")) as connection:
        written = "".join(str(row) for table in ("ledger_outbox", "ledger_payload", "ledger_entry")
                          for row in connection.execute(f"select {table}::text from {table}".encode()))
    assert "party.personal_data_disclosed" in written
    assert "核对退款账号" in written
    assert not [key for key in ("phone", "bank_account", "contact") if data[key] in written]
