"""Prints, as JSON, what the Celery that is installed beside this interpreter knows of itself.

Usage: PYTHON scripts/celery/print-knowledge.py. Reads the package alone: no broker, no configuration.
"""
import ast
import importlib.metadata
import importlib.util
import inspect
import json
import math
import textwrap
import warnings
from datetime import timedelta

import click

warnings.simplefilter('ignore')

from celery.app import autoretry, base, defaults, task  # noqa: E402
from celery.bin import celery as command_line  # noqa: E402
from kombu.transport import redis  # noqa: E402

# Attributes of Task that a class holds for itself: a stack of requests, the list of what configuration fills.
NO_OPTIONS = {'request_stack', 'from_config'}


def plain(value):
    """A default as JSON: a timedelta is {'seconds': n}, no limit is {'infinite': true}, what is no plain value {'text': …}."""
    if isinstance(value, timedelta):
        return {'seconds': value.total_seconds()}
    if isinstance(value, float) and math.isinf(value):
        return {'infinite': True}
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(entry) for entry in value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return {'text': str(value)}


def settings():
    """Every setting in the order of celery.app.defaults, with all of its old names."""
    old_names = {}
    for old, new, _ in defaults.flatten(defaults.NAMESPACES, keyfilter=defaults._to_compat):
        old_names.setdefault(new, []).append(old)
    return [
        {'name': name, 'old': sorted(old_names[name]), 'type': getattr(option.type, '__name__', option.type), 'default': plain(option.default)}
        for name, option in defaults.flatten(defaults.NAMESPACES)
    ]


def options(command):
    """The options of a click command, one entry for each parameter: 5.2 declares --uid twice."""
    found = {}
    for option in command.get_params(click.Context(command)):
        if not isinstance(option, click.Option):
            continue
        entry = found.setdefault(option.name, {'name': option.name, 'spellings': [], 'value': not (option.is_flag or option.count), 'envvar': option.envvar})
        entry['spellings'] += [name for name in [*option.opts, *option.secondary_opts] if name not in entry['spellings']]
    return list(found.values())


def envvar_prefix():
    """What the variables of all further options begin with, as `celery` tells click."""
    told = {}
    group, command_line.celery = command_line.celery, lambda **how: told.update(how)
    try:
        command_line.main()
    finally:
        command_line.celery = group
    return told['auto_envvar_prefix']


def tree(thing):
    return ast.parse(textwrap.dedent(inspect.getsource(thing)))


def literal(node):
    try:
        return plain(ast.literal_eval(node))
    except ValueError:
        return {'text': ast.unparse(node)}


def parameters(function):
    """(name, default) of the parameters of a function's syntax that have a default."""
    named = function.args.args[len(function.args.args) - len(function.args.defaults):]
    return [(argument.arg, literal(value)) for argument, value in zip(named, function.args.defaults)]


def decorator_options():
    """What app.task() itself takes, then what makes the class of it."""
    functions = [node for source in (base.Celery.task, base.Celery._task_from_fun) for node in ast.walk(tree(source))
                 if isinstance(node, ast.FunctionDef) and node.name in ('inner_create_task_cls', '_task_from_fun')]
    return [pair for function in functions for pair in parameters(function)]


def class_options():
    """The public data attributes of Task; a property counts where it can be set."""
    for name, value in vars(task.Task).items():
        if name.startswith('_') or name in NO_OPTIONS or name.endswith('Error'):
            continue
        if isinstance(value, property):
            if value.fset:
                yield name, None
        elif not callable(value) and not hasattr(value, '__get__'):
            yield name, plain(value)


def autoretry_options():
    """`options.get('retry_backoff', getattr(task, 'retry_backoff', False))` in add_autoretry_behaviour."""
    calls = [node for node in ast.walk(tree(autoretry.add_autoretry_behaviour)) if isinstance(node, ast.Call) and ast.unparse(node.func) == 'options.get']
    for call in sorted(calls, key=lambda node: node.lineno):
        name, fallback = call.args
        yield name.value, literal(fallback.args[2])


def message_options():
    """Attributes of Task that are options of each message it sends."""
    return [(name, None) for name in task.extract_exec_options.__closure__[0].cell_contents]


def task_options():
    """Every option once, by the first place that names it, and the setting that fills it where it is None."""
    filled = dict(task.Task.from_config)
    places = [('decorator', decorator_options()), ('class', class_options()), ('autoretry', autoretry_options()), ('message', message_options()), ('class', [(name, None) for name in filled])]
    found = {}
    for place, pairs in places:
        for name, value in pairs:
            found.setdefault(name, {'name': name, 'of': place, 'default': value, 'setting': filled.get(name)})
    return list(found.values())


def sqs_visibility_timeout():
    """Read from the text: importing the transport needs boto3."""
    with open(importlib.util.find_spec('kombu.transport.SQS').origin) as source:
        for node in ast.walk(ast.parse(source.read())):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == 'default_visibility_timeout':
                return ast.literal_eval(node.value)
    raise LookupError('kombu.transport.SQS names no default_visibility_timeout')


group = command_line.celery
print(json.dumps({
    'versions': {name: importlib.metadata.version(name) for name in ('celery', 'kombu')},
    'settings': settings(),
    'options': {'global': options(group), 'worker': options(group.commands['worker']), 'beat': options(group.commands['beat'])},
    'envvar_prefix': envvar_prefix(),
    'task_options': task_options(),
    'visibility_timeout': {'redis': redis.Channel.visibility_timeout, 'sqs': sqs_visibility_timeout()},
}))
