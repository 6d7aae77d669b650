"""What no source may do: run text, build markup, shells or statements from text, take secrets from a poor source."""

import ast
import re

from tests.architecture.sources import ROOT, Source, sources

FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.load", "pickle.loads",
                   "marshal.loads", "yaml.load", "yaml.unsafe_load", "random.random", "random.choice", "random.randint",
                   "tempfile.mktemp", "hashlib.md5", "hashlib.sha1", "Markup", "markupsafe.Markup", "shelve.open"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "random", "xml.etree.ElementTree", "xml.dom.minidom", "xml.sax",
                     "lxml", "lxml.etree", "jinja2", "mako", "markupsafe", "telnetlib", "ftplib", "uuid.uuid1"}
WEB = ROOT / "frontend" / "web"
# A free port and a rehearsal's invented bids are no secrets; the S3 protocol asks for MD5 of one kind of request
# and answers in XML, which expat reads without fetching anything.
EXCUSED = {("storage.embedded.ports", "random"), ("storage.embedded.ports", "random.choice"),
           ("frontend.cli.rehearsal.model", "random"), ("frontend.cli.rehearsal.papers", "random"),
           ("storage.objects.client", "hashlib.md5"),
           ("storage.objects.multipart", "xml.etree.ElementTree")}
MARKUP = re.compile(r"v-html|\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write|new Function|\beval\(")


def _calls(source: Source) -> list[tuple[str, ast.Call]]:
    return [(ast.unparse(node.func), node) for node in ast.walk(source.tree) if isinstance(node, ast.Call)]


def _imports(source: Source) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _is_constant(node: ast.expr) -> bool:
    """A text of the source: a literal, names of literals joined, or a module's own upper-case constant."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and _is_constant(node.left) and _is_constant(node.right)
    if isinstance(node, ast.JoinedStr):
        return all(isinstance(each, ast.Constant) or (isinstance(each, ast.FormattedValue) and _is_constant(each.value))
                   for each in node.values)
    return isinstance(node, ast.Name) and node.id.isupper()


def _is_constant_name(node: ast.expr) -> bool:
    return _is_constant(node) or (isinstance(node, ast.Name) and node.id.lstrip("_").isupper())


def test_no_source_runs_text_or_takes_chance_from_a_poor_source() -> None:
    called = {(source.module, name) for source in sources() for name, _ in _calls(source) if name in FORBIDDEN_CALLS}
    imported = {(source.module, name) for source in sources() for name in _imports(source) & FORBIDDEN_MODULES}
    assert called | imported <= EXCUSED, sorted((called | imported) - EXCUSED)


def test_no_program_is_called_through_a_shell() -> None:
    assert [(source.module, name) for source in sources() for name, call in _calls(source)
            for keyword in call.keywords
            if keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
            ] == []
    assert [source.module for source in sources() for name, _ in _calls(source)
            if name.endswith("create_subprocess_shell")] == []


def test_no_statement_is_formatted() -> None:
    """SQL given as text is a constant; values are bound."""
    assert [(source.module, ast.unparse(call)[:90]) for source in sources() for name, call in _calls(source)
            if name in {"text", "sa.text", "sqlalchemy.text"} and call.args and not _is_constant(call.args[0])] == []


def test_no_pattern_is_built_from_what_somebody_sent() -> None:
    assert [(source.module, ast.unparse(call)[:90]) for source in sources() for name, call in _calls(source)
            if name in {"re.compile", "re.match", "re.fullmatch", "re.search", "re.sub", "re.findall"}
            and not isinstance(call.args[0], ast.JoinedStr | ast.Constant | ast.Name | ast.BinOp)] == []
    assert [(source.module, ast.unparse(call)[:90]) for source in sources() for name, call in _calls(source)
            if name.startswith("re.") and call.args and isinstance(call.args[0], ast.JoinedStr)
            and not all(isinstance(each, ast.Constant) or ast.unparse(each).strip("{}").lstrip("_").isupper()
                        for each in call.args[0].values)] == []


def test_no_text_is_filled_in_by_what_somebody_sent() -> None:
    """``format`` is called on texts of the source alone: one that somebody sent could read attributes."""
    made = [(source.module, ast.unparse(call)[:90]) for source in sources() for _, call in _calls(source)
            if isinstance(call.func, ast.Attribute) and call.func.attr in {"format", "format_map"}
            and (call.args or call.keywords) and not _is_constant_name(call.func.value)]
    assert made == []


def test_the_server_sends_nobody_elsewhere() -> None:
    assert [source.module for source in sources() if source.module.startswith(
        ("frontend.server", "trading", "bidding", "evaluation")) for name in _imports(source)
        if "redirect" in name.lower()] == []
    assert [(source.module, name) for source in sources() for name, call in _calls(source) for keyword in call.keywords
            if keyword.arg == "status_code" and isinstance(keyword.value, ast.Constant)
            and 300 <= keyword.value.value < 400] == []


def test_certificates_of_servers_are_always_judged_and_debug_is_never_on() -> None:
    for source in sources():
        for name, call in _calls(source):
            off = {keyword.arg for keyword in call.keywords
                   if isinstance(keyword.value, ast.Constant) and keyword.value.value is False}
            on = {keyword.arg for keyword in call.keywords
                  if isinstance(keyword.value, ast.Constant) and keyword.value.value is True}
            assert not ("httpx" in name and "verify" in off), f"{source.module}: {name} judges no certificate"
            assert not (name == "Litestar" and "debug" in on), f"{source.module}: debug"


def test_cryptography_lies_in_one_room() -> None:
    """Primitives of the library are used below ``storage/crypto``; elsewhere only what that room offers."""
    inside = ("storage.crypto", "storage.objects.presign", "storage.ledger", "storage.kernel", "trading.trust",
              "storage.embedded")
    assert [source.module for source in sources() if not source.module.startswith(inside)
            for name in _imports(source) if name.startswith("cryptography.hazmat.primitives.ciphers")] == []


def test_pages_show_text_as_text() -> None:
    files = [*WEB.glob("src/**/*.vue"), *WEB.glob("src/**/*.ts")]
    assert len(files) > 100
    assert [(file.name, found[0]) for file in files if (found := MARKUP.search(file.read_text(encoding="utf-8")))] == []


def test_pages_carry_no_style_or_handler_that_the_policy_would_refuse() -> None:
    inline = re.compile(r"<[a-z-]+[^>]*\s(?:style|onclick|onload|onerror)=", re.IGNORECASE)
    files = [*WEB.glob("src/**/*.vue"), WEB / "index.html"]
    assert [file.name for file in files if inline.search(file.read_text(encoding="utf-8"))] == []
    assert "'vue/no-v-html': 'error'" in (WEB / "eslint.config.js").read_text(encoding="utf-8")
