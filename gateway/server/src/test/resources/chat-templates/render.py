"""Renders the templates of this folder with jinja2 as the transformers library sets it up; writes expected.json."""
import json
import pathlib
from datetime import datetime

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.Scope(body, lineno=line)


def raise_exception(message):
    raise TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
)
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = lambda pattern: datetime(2026, 3, 4, 5, 6, 7).strftime(pattern)

SYSTEM = {"role": "system", "content": "  You are kind.\n"}
USER = {"role": "user", "content": " What is {{ 7 }} plus {% 5 %}?\n"}
ANSWER = {"role": "assistant", "content": "It is 12? Yes, é 🦙.  "}
AGAIN = {"role": "user", "content": "What's <b>\"that\"</b> & why?"}
CHATS = [[USER], [SYSTEM, USER], [USER, ANSWER, AGAIN], [SYSTEM, USER, ANSWER, AGAIN], [USER, USER]]

here = pathlib.Path(__file__).parent
cases = []
for path in sorted(here.glob("*.jinja")):
    template = environment.from_string(path.read_text())
    for chat in CHATS:
        for add in (True, False):
            case = {"template": path.name, "messages": chat, "add_generation_prompt": add}
            try:
                case["text"] = template.render(
                    messages=chat, add_generation_prompt=add, bos_token="<s>", eos_token="</s>"
                )
            except TemplateError as error:
                case["error"] = str(error)
            cases.append(case)
(here / "expected.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
