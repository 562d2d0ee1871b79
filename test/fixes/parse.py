"""Reads files as those who run them do. stdin: a JSON list of {path, text}; stdout: what cannot be read, as a JSON list of {index, error}."""

import ast
import configparser
import json
import re
import subprocess
import sys

import hcl2
import yaml


class Strict(yaml.SafeLoader):
    """With the short forms of CloudFormation, and without keys that are there twice."""

    def construct_mapping(self, node, deep=False):
        names = [key.value for key, _ in node.value if key.value != "<<"]
        if len(names) != len(set(names)):
            raise ValueError(f"a key is there twice: {names}")
        return super().construct_mapping(node, deep)


Strict.add_multi_constructor("!", lambda loader, suffix, node: suffix)


def read_json(text):
    def once(pairs):
        if len(pairs) != len(dict(pairs)):
            raise ValueError(f"a key is there twice: {pairs}")
        return dict(pairs)

    json.loads(text, object_pairs_hook=once)


def read_hcl(text):
    hcl2.loads(text.replace("\r\n", "\n") + "\n")
    for template in re.findall(r"<<-?EOF\r?\n(.*?)\n\s*EOF", text, re.S):
        read_json(re.sub(r"\$\{[^}]*\}", "x", template))
    for objects in re.findall(r"\{([^{}]*)\}", text):
        names = re.findall(r"^\s*(\w+)\s*=(?!=)", objects, re.M)
        if len(names) != len(set(names)):
            raise ValueError(f"an argument is there twice: {names}")


def read_shell(text):
    run = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    if run.returncode:
        raise ValueError(run.stderr)


def read_ini(text):
    configparser.RawConfigParser(strict=True, inline_comment_prefixes=(";",)).read_string(text)


def read_unit(text):
    configparser.RawConfigParser(strict=True, delimiters=("=",)).read_string(text)


READERS = {
    "py": lambda text: compile(ast.parse(text), "x", "exec"),
    "json": read_json,
    "tf": read_hcl,
    "yml": lambda text: list(yaml.load_all(text, Strict)),
    "yaml": lambda text: list(yaml.load_all(text, Strict)),
    "sh": read_shell,
    "conf": read_ini,
    "service": read_unit,
}

failures = []
for index, file in enumerate(json.load(sys.stdin)):
    try:
        READERS[file["path"].rsplit(".", 1)[1]](file["text"])
    except Exception as error:  # noqa: BLE001: whatever it is, the file cannot be read
        failures.append({"index": index, "error": f"{type(error).__name__}: {error}"})
json.dump(failures, sys.stdout)
