"""Rules that protect, and stand where they are not asked."""

from collections.abc import Iterator

from polyrules.language.actions import protects
from polyrules.language.analysis.scene import claim
from polyrules.language.analysis.subject import Find, Subject
from polyrules.language.strategy import HitPolicy


def late_protection(subject: Subject) -> Iterator[Find]:
    """Yield what protects behind a rule that acts, where both may be TRUE."""
    if subject.strategy.hit_policy is not HitPolicy.FIRST:
        return
    rules = subject.strategy.rules
    for index, rule in enumerate(rules):
        if not protects(rule.then):
            continue
        for earlier in rules[:index]:
            facts = subject.firing[earlier.id]
            if protects(earlier.then) or not facts.possible:
                continue
            if facts.allows([claim(rule.when)]):
                message = (
                    f'rule "{rule.id}" keeps from nothing that "{earlier.id}" does:'
                    f' both can be TRUE, and "{earlier.id}" is asked before it'
                )
                hint = (
                    "put it first, or give it the higher priority: the highest number"
                    " is asked first"
                )
                yield Find((*subject.rule_path(rule), "id"), message, hint)
                break
