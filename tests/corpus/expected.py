"""What a rule must have come to."""

import re
from dataclasses import dataclass

FAIL, SILENT = "fail", "not_determinable"


@dataclass(frozen=True)
class Expected:
    """Result of one rule; `number`: what was measured, `text`: a regular expression for all that was found, `instances`: the
    SOP Instance UIDs that it points at. None: not said."""

    result: str = FAIL
    number: float = None
    text: str = None
    instances: frozenset = None

    def difference(self, finding):
        """Why `finding` is not what was expected; empty when it is."""
        if finding["result"] != self.result:
            return f"result {finding['result']}"
        if self.number is not None:
            first = re.match(r"-?[\d.]+", finding["found"])
            if first is None or abs(float(first.group()) - self.number) > 0.02:
                return f"found '{finding['found']}' instead of {self.number:g}"
        if self.text is not None and not re.search(self.text, finding["found"]):
            return f"found '{finding['found']}' instead of {self.text}"
        if self.instances is not None and set(finding["subject"]["instances"]) != self.instances:
            return f"other instances: {len(finding['subject']['instances'])} instead of {len(self.instances)}"
        return ""


SILENCE = Expected(SILENT)


def silence(*rules):
    return {rule: SILENCE for rule in rules}
