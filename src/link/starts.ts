import type { ConsumerCommand, Container, EcsService, FactStore, Join, LinkOptions, Platform, Setting, StartChain, UnauditedConsumer, Unresolved } from '../model/index.js';
import type { Lookup } from './modules.js';

/** One consumer or scheduler command that a deployed (or development) start reaches, before its app is known. */
export interface Start {
  readonly id: string;
  readonly name: string;
  readonly environment?: string;
  readonly platform: Platform;
  readonly role: 'deployed' | 'development';
  readonly service?: EcsService;
  readonly container?: Container;
  readonly command: ConsumerCommand;
  readonly chain: StartChain;
  /** s; the format's default included. */
  readonly stopTime: Setting<number>;
  /** The environment of the process: container, image ENV, script exports, program environment. */
  readonly lookup: Lookup;
  /** Every variable written anywhere on the way, by name. */
  readonly variables: ReadonlyMap<string, { readonly value: string | undefined; readonly at: import('../model/index.js').SourceLocation; readonly slot?: import('../model/index.js').Slot }>;
  /** Folders of the repository that the process's working directory (and PYTHONPATH) can be, best first; '' is the root. */
  readonly directories: readonly string[];
  readonly joins: readonly Join[];
}

export interface Starts {
  readonly starts: readonly Start[];
  readonly services: readonly EcsService[];
  readonly unaudited: readonly UnauditedConsumer[];
  readonly unresolved: readonly Unresolved[];
}

export declare function findStarts(store: FactStore, options: LinkOptions): Starts;
