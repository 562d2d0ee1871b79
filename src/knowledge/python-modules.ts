/** Modules of Python's own library, 2.7 to 3.14, that programs import (sys.stdlib_module_names of 3.11, and those that came or went). */
export const STANDARD_MODULES: ReadonlySet<string> = new Set((
  '__future__ abc argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect builtins bz2 cgi cgitb chunk cmath cmd code codecs codeop collections ' +
  'colorsys compileall compression concurrent configparser ConfigParser contextlib contextvars copy copyreg cProfile csv ctypes curses dataclasses datetime dbm decimal difflib dis ' +
  'distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc getopt getpass gettext glob graphlib grp gzip ' +
  'hashlib heapq hmac html http httplib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox marshal math mimetypes mmap ' +
  'modulefinder multiprocessing netrc numbers opcode operator optparse os pathlib pdb pickle pickletools pkgutil platform plistlib poplib posixpath pprint profile pstats pty pwd ' +
  'py_compile pyclbr pydoc Queue queue quopri random re readline reprlib resource runpy sched secrets select selectors shelve shlex shutil signal site smtpd smtplib socket ' +
  'socketserver sqlite3 ssl stat statistics string StringIO stringprep struct subprocess symtable sys sysconfig syslog tarfile telnetlib tempfile termios textwrap threading time ' +
  'timeit tkinter token tokenize tomllib trace traceback tracemalloc types typing unicodedata unittest urllib urllib2 urlparse uuid venv warnings wave weakref webbrowser wsgiref ' +
  'xml xmlrpc zipapp zipfile zipimport zlib zoneinfo'
).split(' '));
