"""Strategies as handed in: their texts, their parameters, the lists they ask for."""

from collections.abc import Iterable, Mapping

import msgspec

from polyrules.documents.words import did_you_mean
from polyrules.domain.ids import StrategyId
from polyrules.errors import ConfigError
from polyrules.language.chain import among
from polyrules.language.load import load
from polyrules.language.strategy import Strategy
from polyrules.venues.polymarket.wallets.addresses import problem_with


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy as handed in: what to call it, its text, its parameters.

    `bases` are the texts of the files it stands on, by path; none for most.
    """

    path: str
    text: str
    settings: dict[str, str] = {}
    bases: dict[str, str] = {}


def with_settings(
    sources: tuple[Source, ...], settings: tuple[str, ...]
) -> tuple[Source, ...]:
    """Return the strategies with `[STRATEGY.]PARAM=VALUE` settings handed out.

    A setting without a strategy goes to every strategy that has the parameter.

    Raises:
        StrategyError: A file is wrong.
        ConfigError: A setting is malformed, or no strategy has its parameter.
    """
    strategies = [
        load(source.text, path=source.path, find=among(source.bases))
        for source in sources
    ]
    params = [{param.name for param in strategy.params} for strategy in strategies]
    given: list[dict[str, str]] = [dict(source.settings) for source in sources]
    for setting in settings:
        target, equals, value = setting.partition("=")
        owner, _, name = target.rpartition(".")
        if not equals or not name:
            raise ConfigError(
                f"--set {setting}: expected PARAM=VALUE or STRATEGY.PARAM=VALUE"
            )
        takers = [
            index
            for index, strategy in enumerate(strategies)
            if name in params[index] and owner in ("", strategy.id)
        ]
        if not takers:
            raise _no_taker(setting, owner, name, strategies)
        for index in takers:
            given[index][name] = value
    return tuple(
        msgspec.structs.replace(source, settings=own)
        for source, own in zip(sources, given, strict=True)
    )


def _no_taker(
    setting: str, owner: str, name: str, strategies: list[Strategy]
) -> ConfigError:
    """Return what to say of a setting that no strategy takes, and what was meant."""
    ids = [strategy.id for strategy in strategies]
    if owner and owner not in ids:
        return ConfigError(
            f"--set {setting}: no strategy of this run is called {owner}",
            hint=f"{did_you_mean(owner, ids)} strategies: {', '.join(ids)}".strip(),
        )
    asked = [s for s in strategies if owner in ("", s.id)]
    known = sorted({param.name for strategy in asked for param in strategy.params})
    all_of_them = ", ".join(known) or "none"
    whose = f"{owner} has no parameter" if owner else "no strategy has a parameter"
    return ConfigError(
        f"--set {setting}: {whose} {name}",
        hint=f"{did_you_mean(name, known)} parameters: {all_of_them}".strip(),
    )


def load_all(sources: Iterable[Source]) -> tuple[Strategy, ...]:
    """Check strategies and fold their parameters in, in the order given.

    Raises:
        StrategyError: A file is wrong.
        ConfigError: A setting does not fit, or two strategies share an id.
    """
    loaded: dict[StrategyId, Strategy] = {}
    for source in sources:
        strategy = load(
            source.text,
            path=source.path,
            settings=source.settings,
            find=among(source.bases),
        )
        if strategy.id in loaded:
            raise ConfigError(
                f"{source.path} and {loaded[strategy.id].path} are both called "
                f"{strategy.id}",
                hint="give one of them another strategy.id",
            )
        loaded[strategy.id] = strategy
    return tuple(loaded.values())


def inputs_for(
    strategies: Iterable[Strategy], lists: Mapping[str, tuple[str, ...]]
) -> dict[str, list[str]]:
    """Return the lists that strategies ask for, as the desk has them.

    Raises:
        ConfigError: The desk lacks one, or it holds what is no wallet's address.
    """
    found: dict[str, list[str]] = {}
    for strategy in strategies:
        for wanted in strategy.inputs:
            if wanted.name not in lists:
                example = '["0x..."]' if wanted.type == "wallet_set" else "[a-slug]"
                raise ConfigError(
                    f"{strategy.id} asks for the list {wanted.name}"
                    f" ({wanted.type}), and the desk has none of that name",
                    hint=f"write inputs: {{{wanted.name}: {example}}} in the desk",
                )
            entries = list(lists[wanted.name])
            if wanted.type == "wallet_set":
                _check_wallets(wanted.name, entries)
            found[wanted.name] = entries
    return found


def _check_wallets(name: str, entries: Iterable[str]) -> None:
    for index, entry in enumerate(entries):
        if problem := problem_with(entry):  # what is no address may be a key: not told
            raise ConfigError(f"inputs.{name}[{index}] of the desk: {problem}")
