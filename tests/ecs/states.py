"""A walk over a state machine's definition, for the part of the language that ours uses; whatever else stands in one is refused.

Tasks are played by a function; waits are noted, not waited. <https://states-language.net/spec.html>
"""

import fnmatch
import json
import re
from datetime import datetime


class TaskError(Exception):
    """What a task answers instead of a result."""

    def __init__(self, error, cause):
        super().__init__(error)
        self.error, self.cause = error, cause


class Walk:
    """One execution: where it went, what it waited for, how it ended."""

    def __init__(self, definition, play, context):
        self.states, self.play, self.context = definition["States"], play, context
        self.visited, self.waits, self.data = [], [], {}
        name = definition["StartAt"]
        while name is not None:
            assert len(self.visited) < 100, "it never ends"
            self.visited.append(name)
            name = self.step(self.states[name])

    def step(self, state):
        return getattr(self, "_" + state["Type"].lower())(state)

    def _pass(self, state):
        known(state, "Parameters")
        self.data = self.payload(state["Parameters"])
        return state["Next"]

    def _succeed(self, state):
        known(state)
        self.outcome = "succeeded"

    def _fail(self, state):
        known(state, "Error", "Cause")
        self.outcome = "failed"

    def _wait(self, state):
        known(state, "Seconds", "TimestampPath")
        self.waits.append(state["Seconds"] if "Seconds" in state else self.at(state["TimestampPath"]))
        return state["Next"]

    def _choice(self, state):
        known(state, "Choices", "Default")
        for choice in state["Choices"]:
            if self.holds(choice):
                return choice["Next"]
        return state["Default"]

    def _task(self, state):
        known(state, "Resource", "Parameters", "ResultPath", "ResultSelector", "Catch", "Retry", "TimeoutSeconds")
        asked = self.payload(state["Parameters"])
        try:
            result = self.play(state["Resource"], asked)
            if "ResultSelector" in state:
                result = self.payload(state["ResultSelector"], result)
        except TaskError as error:
            for catch in state.get("Catch", []):
                if error.error in catch["ErrorEquals"] or "States.ALL" in catch["ErrorEquals"]:
                    self.put(catch["ResultPath"], {"Error": error.error, "Cause": error.cause})
                    return catch["Next"]
            self.outcome = "failed"
            return None
        self.put(state.get("ResultPath", "$"), result)
        return state["Next"]

    def put(self, path, value):
        if path == "$":
            self.data = value
        else:
            assert re.fullmatch(r"\$\.\w+", path), path
            self.data = {**self.data, path[2:]: value}

    def at(self, path, data=None):
        """The value under a reference path; KeyError where there is none."""
        if path.startswith("$$."):
            path, data = path[1:], self.context
        found = self.data if data is None else data
        parts = re.findall(r"\.(\w+)|\[(\d+)\]|\[\?\(@\.(\w+) == '([^']*)'\)\]", path)
        for name, index, member, wanted in parts:
            if member:
                # A filter gives a list, an empty one where nothing is meant.
                found = [one for one in found if one.get(member) == wanted]
                continue
            try:
                found = found[name] if name else found[int(index)]
            except (IndexError, TypeError) as error:
                raise KeyError(path) from error
        return found

    def holds(self, choice):
        if "And" in choice:
            return all(self.holds(one) for one in choice["And"])
        if "Or" in choice:
            return any(self.holds(one) for one in choice["Or"])
        [operator] = set(choice) - {"Variable", "Next"}
        wanted = choice[operator]
        try:
            value = self.at(choice["Variable"])
        except KeyError:
            assert operator == "IsPresent", f"{choice} asks about what is not there: the execution would fail"
            return not wanted
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return {
            "IsPresent": lambda: wanted,
            "IsTimestamp": lambda: is_timestamp(value) == wanted,
            "NumericEquals": lambda: number and value == wanted,
            "NumericGreaterThanEquals": lambda: number and wanted <= value,
            "NumericLessThanEquals": lambda: number and value <= wanted,
            "StringMatches": lambda: isinstance(value, str) and fnmatch.fnmatchcase(value, wanted.replace("[", "[[]")),
        }[operator]()

    def payload(self, template, data=None):
        if isinstance(template, dict):
            return {
                name.removesuffix(".$"): self.expression(inner, data) if name.endswith(".$") else self.payload(inner, data)
                for name, inner in template.items()
            }
        if isinstance(template, list):
            return [self.payload(inner, data) for inner in template]
        return template

    def expression(self, text, data):
        text = text.strip()
        call = re.fullmatch(r"States\.(\w+)\((.*)\)", text, re.DOTALL)
        if not call:
            return data if text == "$" and data is not None else self.at(text, data) if text != "$" else self.data
        arguments = [self.argument(one, data) for one in split(call.group(2))]
        return {
            "Format": lambda text, *values: text.format(*values),
            "StringToJson": json.loads,
            "JsonToString": lambda value: json.dumps(value, separators=(",", ":")),
            "MathAdd": lambda one, other: one + other,
        }[call.group(1)](*arguments)

    def argument(self, text, data):
        if text.startswith("'"):
            return text[1:-1]
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        return self.expression(text, data)


def split(text):
    """Arguments of a call: by comma, but for those in quotes or parentheses."""
    parts, depth, quoted, part = [], 0, False, ""
    for letter in text:
        quoted ^= letter == "'"
        depth += (letter == "(") - (letter == ")") if not quoted else 0
        if letter == "," and not quoted and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    return [*parts, part.strip()]


def is_timestamp(value):
    """RFC 3339 with capital T and Z, as the language wants it."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
        return False
    datetime.fromisoformat(value.replace("Z", "+00:00"))
    return True


def known(state, *names):
    assert set(state) <= {"Type", "Next", *names}, state
