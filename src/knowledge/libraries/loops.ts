/** What a loop walks: names of methods and functions, and whether what they give has an end. */

/** Asked for where many rows are expected: docs.djangoproject.com/en/5.2/ref/models/querysets/#iterator */
export const ITERATORS: ReadonlySet<string> = new Set(['iterator', 'aiterator', 'yield_per']);
export const QUERYSET_METHODS: ReadonlySet<string> = new Set(['all', 'filter', 'filter_by', 'exclude', 'order_by', 'values', 'values_list', 'only', 'defer', 'annotate', 'select_related', 'prefetch_related', 'distinct', 'iterator', 'aiterator', 'scalars', 'execute', 'fetchall', 'yield_per', 'join', 'outerjoin', 'options', 'group_by', 'having', 'mappings', 'unique', 'partitions', 'where', 'select_from', 'using', 'union', 'none', 'reverse', 'to_list', 'find', 'aggregate', 'with_for_update', 'select_for_update', 'query', 'raw', 'tuples']);
export const BOUNDING_METHODS: ReadonlySet<string> = new Set(['limit', 'first', 'last', 'one', 'one_or_none', 'get', 'slice', 'fetchmany', 'fetchone', 'paginate', 'earliest', 'latest', 'scalar', 'scalar_one', 'scalar_one_or_none', 'none', 'in_bulk', 'head', 'most_common', 'sample', 'top']);
/** Listings without an end of their own, by names that nothing else has: stripe's auto_paging_iter, gspread's get_all_records, Salesforce's query_all_iter. */
export const LISTING_METHODS: ReadonlySet<string> = new Set(['paginate', 'scan_iter', 'hscan_iter', 'sscan_iter', 'zscan_iter', 'list_objects', 'list_objects_v2', 'iter_pages', 'list_blobs', 'auto_paging_iter', 'get_all_records', 'get_all_values', 'query_all_iter']);
/** Clients that answer with all there is, by the full name of the call: each asks for further pages itself, or there are none. */
export const LISTINGS = new RegExp([
  String.raw`^arango\.ArangoClient\(\)\.db\(\)\.(users|databases|collections|graphs)$`,
  String.raw`^github\.Github\(\)\..*\.get_(repos|issues|pulls|commits|members|teams|branches|tags|releases|contributors)$`,
  String.raw`^gitlab\.Gitlab\(\)\..*\.list$`,
  String.raw`^(elasticsearch|opensearchpy)\.helpers\.(async_)?scan$`,
  String.raw`^google\.cloud\.bigquery\.(\w+\.)*Client\(\)\.(query\(\)\.result|list_rows|query_and_wait)$`,
  String.raw`^google\.cloud\.(\w+\.)*Client\(\)\..*\.?(list_\w+|stream|collection_group)$`,
  String.raw`^(ldap\.initialize\(\)|ldap\.ldapobject\.\w+\(\))\.search(_ext)?_s$`,
  String.raw`^imap_tools\.MailBox\w*\(\)(\.login\(\))?\.fetch$`,
  String.raw`^simple_salesforce\.(\w+\.)*Salesforce\(\)\.query_all$`,
  String.raw`^(boto3|aioboto3|boto3\.session\.Session\(\)|boto3\.Session\(\))\.resource\(\)\..*\.(objects|object_versions|instances|volumes|snapshots|images|buckets|queues|tables)\.(all|filter)$`,
  String.raw`(^|[._])(redis|valkey|Redis|StrictRedis|get_redis_connection)\b.*\.(smembers|hgetall|hkeys|hvals)$`,
].join('|'));
/** Folders of a file system, here or on another machine, and what an archive holds. */
export const FOLDERS = /^(os\.(listdir|scandir|walk)|glob\.i?glob|pathlib\.Path\(\)(\..*)?\.(r?glob|iterdir)|zipfile\.ZipFile\(\)\.(namelist|infolist)|tarfile\.open\(\)\.(getmembers|getnames)|ftplib\.FTP(_TLS)?\(\)\.(nlst|mlsd)|paramiko\..*\.(listdir|listdir_attr|listdir_iter)|pysftp\.Connection\(\)\.listdir(_attr)?)$/;
/** Rows of a file or a table that was read whole: pandas, openpyxl, csv. */
export const TABLES = /^(csv\.(reader|DictReader)|pandas\.read_\w+\(\)(\..*)?\.(iterrows|itertuples)|openpyxl\.load_workbook\(\)\..*(iter_rows|rows|values))$/;
/** Functions that hand their argument on, item by item. */
export const PASS_THROUGH: ReadonlySet<string> = new Set(['list', 'sorted', 'set', 'tuple', 'reversed', 'enumerate', 'iter', 'frozenset', 'tqdm', 'tqdm.tqdm', 'tqdm.auto.tqdm', 'filter', 'map', 'zip', 'itertools.chain', 'chain']);
/** What opens a file as text: walking it takes as long as the file is. */
export const FILE_OPENERS = /^(open|io\.open|codecs\.open|gzip\.open|bz2\.open|lzma\.open|smart_open(\.open|\.smart_open)?)$/;
/** Functions that hand on pieces of a known size. */
export const CHUNKERS = /(^|\.)(chunk(s|ed|ify)?|batch(es|ed|ify)?|grouper|get_chunk\w*|chunk_\w+|iter_chunks|make_batches|batched)$/i;
