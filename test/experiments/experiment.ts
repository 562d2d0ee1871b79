import type { Verdict } from './events.js';

/** One experiment, as data: a subject, and what is done with it. Seconds are those of the run, already scaled. */
export interface Experiment {
  /** `group/version/broker/…`, the first column of the measured tables. */
  readonly id: string;
  readonly subject: Subject;
  readonly steps: readonly Step[];
  /** s that `settle` waits at most. */
  readonly patience: number;
  /** Minutes, or settings that cannot be had twice on one server: left out of the core set. */
  readonly slow?: boolean;
}

/** What runs in the containers. */
export interface Subject {
  readonly broker: 'redis' | 'rabbitmq' | 'sqs';
  /** s a consumer of RabbitMQ may keep a message, where it is not the default. */
  readonly consumerTimeout?: number;
  /** Settings of the redis-server, as on its command line. */
  readonly redis?: Readonly<Record<string, string>>;
  /** Files that the image adds to this machine's: absolute path in the container, and the text; a folder of this machine for `tree`. */
  readonly image: readonly ImagePart[];
  /** Of PID 1, worked out for the container of this name. */
  command(worker: string): readonly string[];
  /** `CMD` of the sender. */
  readonly sender: Sender;
  readonly environment: Readonly<Record<string, string>>;
  readonly queues: readonly string[];
  readonly stopSignal?: NodeJS.Signals;
  /** Celery: as the venv is called, and billiard where it is another than the venv's. */
  readonly python?: { readonly celery: string; readonly billiard?: string };
  /** A worker says that it is ready; otherwise it is taken for ready once it runs. */
  readonly saysReady: boolean;
}
export type ImagePart = { readonly at: string; readonly text: string; readonly executable?: boolean } | { readonly at: string; readonly tree: string } | { readonly at: string; readonly link: string };
/** `tree`: a folder of this machine whose code sends, where it is not the code that the worker runs. */
export type Sender = { readonly is: 'celery'; readonly app: string; readonly task: string; readonly tree?: string } | { readonly is: 'bullmq' | 'amqp' | 'sqs'; readonly queueAttributes?: Readonly<Record<string, string>> };

/** `args`: of the task function. `block`: the work keeps Node's event loop. `failsFirst`: its first try throws. */
export interface Message { readonly id: string; readonly seconds: number; readonly mebibytes?: number; readonly countdown?: number; readonly block?: boolean; readonly failsFirst?: boolean; readonly task?: string; readonly args?: readonly unknown[]; readonly queue?: string }

export type Step =
  | { readonly do: 'start' | 'kill' | 'kill-child'; readonly worker: string }
  /** `ends`: whether PID 1 gives up at once is what is asked. */
  | { readonly do: 'boot'; readonly worker: string; readonly seconds: number }
  | { readonly do: 'send'; readonly messages: readonly Message[] }
  /** Runs Python as code of the sender's tree; what that publishes are the messages, in this order. */
  | { readonly do: 'call'; readonly python: string; readonly messages: readonly Message[] }
  | { readonly do: 'begun'; readonly id: string }
  | { readonly do: 'executions'; readonly count: number }
  | { readonly do: 'sleep' | 'settle-for'; readonly seconds: number }
  /** look: what the broker holds after the event. snapshot: what it holds is judged now. */
  | { readonly do: 'mark' | 'drop' | 'look' | 'snapshot' | 'settle' }
  | { readonly do: 'stop'; readonly worker: string; readonly seconds: number }
  /** Kills every execution 0.1 s after it began, for that long. */
  | { readonly do: 'kill-children'; readonly worker: string; readonly seconds: number }
  /** Writes that many MiB into Redis as a cache would, and takes them out again. */
  | { readonly do: 'fill'; readonly mebibytes: number };

/** What is expected of one tree or setting. */
export interface Expected {
  /** Of each message, in the order they were sent. */
  readonly each?: readonly Verdict[];
  /** At least one of the messages. */
  readonly some?: Verdict;
  readonly all?: Verdict;
  /** SIGKILL was needed. */
  readonly killed?: boolean;
  /** PID 1 ended by itself in `boot`. */
  readonly boots?: boolean;
}
