"""The JSON Schema of trial files against the reader of the program: the samples are valid for both, mistakes for neither, and both
know the same keys and words."""

import copy
import glob
import json
import os
import re
import subprocess
import tempfile
import unittest

import jsonschema
import yaml

SOURCE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TRIALS = os.path.join(SOURCE, "etc", "trials")
with open(os.path.join(SOURCE, "etc", "trial.schema.json"), encoding="utf-8") as _file:
    SCHEMA = json.load(_file)


class _Loader(yaml.SafeLoader):
    """YAML 1.2's words: yes and no are texts, dates too, as the program reads them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, _Loader)


def is_valid(trial):
    return jsonschema.Draft7Validator(SCHEMA).is_valid(trial)


def is_accepted(trial):
    """By the program, beside the registers of the samples."""
    with tempfile.NamedTemporaryFile("w", dir=TRIALS, prefix=".schema-test-", suffix=".yaml") as file:
        json.dump(trial, file)
        file.flush()
        done = subprocess.run([os.environ["TRIALGATE_PROGRAM"], "check-config", file.name], capture_output=True, text=True)
        return done.returncode == 0


def keys_of_schema(node):
    """Every key that the schema gives to a map, at any depth."""
    if isinstance(node, list):
        return set().union(*(keys_of_schema(item) for item in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    own = set(node.get("properties", {})) if isinstance(node.get("properties"), dict) else set()
    return own.union(*(keys_of_schema(item) for item in node.values()))


def keys_of_reader():
    """Every key that the reader of trial files asks a map for."""
    keys = set()
    for path in glob.glob(os.path.join(SOURCE, "rules", "trial", "*.cpp")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        keys |= set(re.findall(r'(?:take|need)\("(\w+)"\)', text)) | set(re.findall(r'read_(?:policy|size)\(map, "(\w+)"', text))
    return keys


def names_in(table):
    with open(os.path.join(SOURCE, "rules", "trial", "test.cpp"), encoding="utf-8") as file:
        text = file.read()
    return set(re.findall(r'"(\w+)"', re.search(rf"{table}{{{{(.*?)}}}};", text, re.S).group(1)))


class TrialSchema(unittest.TestCase):
    samples = sorted(glob.glob(os.path.join(TRIALS, "*.yaml")))

    def test_the_samples_are_valid_for_both(self):
        self.assertEqual(len(self.samples), 3)
        for path in self.samples:
            with self.subTest(os.path.basename(path)):
                errors = [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(load(path))]
                self.assertEqual(errors, [])
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(file.readline().strip(), "# yaml-language-server: $schema=../trial.schema.json")
                done = subprocess.run([os.environ["TRIALGATE_PROGRAM"], "check-config", path], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_samples_speak_both_languages_and_say_what_to_do(self):
        def sentences(node):
            if isinstance(node, dict):
                if "en" in node and not isinstance(node["en"], dict):
                    yield node
                for key, value in node.items():
                    if key != "sites":
                        yield from sentences(value)
            elif isinstance(node, list):
                for item in node:
                    yield from sentences(item)

        for path in self.samples:
            trial = load(path)
            for sentence in sentences(trial):
                self.assertEqual(set(sentence), {"en", "zh"}, sentence)
                self.assertNotEqual(sentence["en"], sentence["zh"])
            for check in trial["study"]["checks"] + [check for slot in trial["series"] for check in slot["checks"]]:
                severity = check.get("severity", "query")
                worst = severity["acceptable"] if isinstance(severity, dict) else severity
                if worst in ("query", "reject"):
                    self.assertIn("remedy", check, f"{os.path.basename(path)}: {check['id']}")
            for slot in trial["series"]:
                self.assertIn("name", slot)
                if slot["required_at"] != "none":
                    self.assertIn("remedy", slot)

    def test_mistakes_are_mistakes_for_both(self):
        trial = load(os.path.join(TRIALS, "ONC-301.yaml"))

        def with_change(change):
            changed = copy.deepcopy(trial)
            change(changed)
            return changed

        first = lambda changed: changed["series"][0]
        mistakes = {
            "an unknown section": lambda t: t.update(sereis=[]),
            "an unknown key of a series": lambda t: first(t).update(requird_at="all"),
            "a series without select": lambda t: first(t).pop("select"),
            "an unknown severity": lambda t: first(t)["checks"][0].update(severity="fatal"),
            "an unknown operator": lambda t: first(t)["checks"][0].update(SliceThickness={"maximum": 5}),
            "an unknown quantity": lambda t: first(t)["checks"][2].update(mising_slices=0),
            "a range of one": lambda t: first(t)["checks"][0].update(SliceThickness={"between": [1]}),
            "an unknown option": lambda t: t["deidentify"]["options"].append("retain_names"),
            "an unknown presentation": lambda t: t["readers"].update(presentation="random"),
            "no sponsor": lambda t: t["trial"].pop("sponsor"),
            "a severity of no tier": lambda t: first(t)["checks"][0].update(severity={"best": "warn"}),
            "a mask without approval": lambda t: t["deidentify"].update(
                pixels={"masks": [{"id": "m", "manufacturer": "X", "model": "Y", "sop_class": "UltrasoundImageStorage", "rows": 1, "columns": 1, "blank": []}]}
            ),
            "a tolerance in words": lambda t: first(t)["checks"][0].update(SliceThickness={"same_as": "BL", "tolerance": "few"}),
        }
        self.assertTrue(is_accepted(trial))
        for name, change in mistakes.items():
            with self.subTest(name):
                self.assertFalse(is_valid(with_change(change)))
                self.assertFalse(is_accepted(with_change(change)))

    def test_both_know_the_same_words(self):
        defs = SCHEMA["$defs"]
        self.assertEqual(set(defs["quantity"]["enum"]), names_in("quantity_names"))
        self.assertEqual(set(defs["operators"]["properties"]) - {"tolerance"}, names_in("operator_names"))

    def test_both_know_the_same_keys(self):
        words = names_in("quantity_names") | names_in("operator_names")
        tiers = {"acceptable", "target", "ideal"}
        self.assertEqual(keys_of_schema(SCHEMA) - words - tiers, keys_of_reader() - words)


if __name__ == "__main__":
    unittest.main(verbosity=2)
