import fc from 'fast-check';

/** A small project with a fault, written in one of many ways. */
export interface Variant {
  readonly files: Readonly<Record<string, string>>;
  /** The rule that speaks, and whose fix ends it. */
  readonly rule: string;
  /** The file that is mended. */
  readonly path: string;
  /** What is written in it then. */
  readonly written: RegExp;
  /** What others use as well, and is left to them. */
  readonly kept?: RegExp;
}

/** A Celery app with one task. */
export const APP: Readonly<Record<string, string>> = {
  'requirements.txt': 'celery==5.4.0\nredis==5.0.1\n',
  'app/__init__.py': '',
  'app/celery.py': "from celery import Celery\n\napp = Celery('app', broker='redis://cache:6379/0')\napp.conf.task_time_limit = 100\n\n\n@app.task\ndef export(user):\n    work(user)\n",
};
export const DOCKERFILE = 'FROM python:3.12-slim\nWORKDIR /srv\nCOPY . .\nCMD ["celery", "-A", "app.celery", "worker"]\n';

/** The line ends and the end of a file. */
export const ends = fc.record({ lineBreak: fc.constantFrom('\n', '\r\n'), end: fc.constantFrom('', '\n', '\n\n') });
export type Ends = { readonly lineBreak: string; readonly end: string };
export const ended = (text: string, { lineBreak, end }: Ends): string => (text.trimEnd() + end).replaceAll('\n', lineBreak);
