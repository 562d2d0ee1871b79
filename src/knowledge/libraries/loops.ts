/** What a loop walks: names of methods and functions, and whether what they give has an end. */

/** Asked for where many rows are expected: docs.djangoproject.com/en/5.2/ref/models/querysets/#iterator */
export const ITERATORS: ReadonlySet<string> = new Set(['iterator', 'aiterator', 'yield_per']);
export const QUERYSET_METHODS: ReadonlySet<string> = new Set(['all', 'filter', 'filter_by', 'exclude', 'order_by', 'values', 'values_list', 'only', 'defer', 'annotate', 'select_related', 'prefetch_related', 'distinct', 'iterator', 'aiterator', 'scalars', 'execute', 'fetchall', 'yield_per', 'join', 'outerjoin', 'options', 'group_by', 'having', 'mappings', 'unique', 'partitions', 'where', 'select_from', 'using', 'union', 'none', 'reverse', 'to_list', 'find', 'aggregate', 'with_for_update', 'select_for_update', 'query', 'raw', 'tuples']);
export const BOUNDING_METHODS: ReadonlySet<string> = new Set(['limit', 'first', 'last', 'one', 'one_or_none', 'get', 'slice', 'fetchmany', 'fetchone', 'paginate', 'earliest', 'latest', 'scalar', 'scalar_one', 'scalar_one_or_none', 'none', 'in_bulk', 'head', 'most_common', 'sample', 'top']);
/** Listings without an end of their own. */
export const LISTING_METHODS: ReadonlySet<string> = new Set(['paginate', 'scan_iter', 'hscan_iter', 'sscan_iter', 'zscan_iter', 'list_objects', 'list_objects_v2', 'iter_pages', 'list_blobs']);
/** Functions that hand their argument on, item by item. */
export const PASS_THROUGH: ReadonlySet<string> = new Set(['list', 'sorted', 'set', 'tuple', 'reversed', 'enumerate', 'iter', 'frozenset', 'tqdm', 'tqdm.tqdm', 'tqdm.auto.tqdm', 'filter', 'map', 'zip', 'itertools.chain', 'chain']);
/** What opens a file as text: walking it takes as long as the file is. */
export const FILE_OPENERS = /^(open|io\.open|codecs\.open|gzip\.open|bz2\.open|lzma\.open|smart_open(\.open|\.smart_open)?)$/;
/** Functions that hand on pieces of a known size. */
export const CHUNKERS = /(^|\.)(chunk(s|ed|ify)?|batch(es|ed|ify)?|grouper|get_chunk\w*|chunk_\w+|iter_chunks|make_batches|batched)$/i;
