import type { LibraryCall } from './types.js';

/** The standard library and green threads: waiting and processes. */
export const PYTHON_CALLS: readonly LibraryCall[] = [
  { name: /^(time|gevent|eventlet|asyncio|anyio|trio)\.sleep$/, kind: 'sleep' },
  { name: /^subprocess\.(run|call|check_call|check_output|Popen)$/, kind: 'subprocess' },
  { name: /^os\.(system|popen)$/, kind: 'subprocess' },
];

/** Calls that take no time worth counting and reach nothing outside the process. */
export const PURE = /^(print|len|str|int|float|bool|list|dict|set|tuple|range|enumerate|zip|map|filter|sorted|min|max|sum|abs|round|repr|isinstance|issubclass|getattr|setattr|hasattr|type|format|any|all|iter|next|super|id|hash|vars|callable|ValueError|Exception|RuntimeError|TypeError|KeyError|datetime\..*|uuid\..*|json\.(dumps|loads)|logging\..*|math\..*|re\..*|itertools\..*|functools\..*|collections\..*|django\.utils\.timezone\..*|celery\.utils\.log\..*|structlog\..*|os\.path\..*|os\.environ.*|os\.getenv|random\..*|time\.(time|monotonic|perf_counter)|copy\..*|hashlib\..*|decimal\..*)$/;
